from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="InvoiceLine")


@_attrs_define
class InvoiceLine:
    """
    Attributes:
        sku (str):
        desc (str):
        qty (float):
        unit_price (float):
        total (float):
        uom (str):
    """

    sku: str
    desc: str
    qty: float
    unit_price: float
    total: float
    uom: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        sku = self.sku

        desc = self.desc

        qty = self.qty

        unit_price = self.unit_price

        total = self.total

        uom = self.uom

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "sku": sku,
                "desc": desc,
                "qty": qty,
                "unit_price": unit_price,
                "total": total,
                "uom": uom,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        sku = d.pop("sku")

        desc = d.pop("desc")

        qty = d.pop("qty")

        unit_price = d.pop("unit_price")

        total = d.pop("total")

        uom = d.pop("uom")

        invoice_line = cls(
            sku=sku,
            desc=desc,
            qty=qty,
            unit_price=unit_price,
            total=total,
            uom=uom,
        )

        invoice_line.additional_properties = d
        return invoice_line

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
