from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="LineItem")


@_attrs_define
class LineItem:
    """Invoice line item details

    Attributes:
        description (str): Service or product description
        total_price (float): Total line item price
        line_item_id (str | Unset): Line item identifier
        quantity (float | Unset): Quantity
        unit_price (float | Unset): Price per unit
        category (str | Unset): Item category
    """

    description: str
    total_price: float
    line_item_id: str | Unset = UNSET
    quantity: float | Unset = UNSET
    unit_price: float | Unset = UNSET
    category: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        description = self.description

        total_price = self.total_price

        line_item_id = self.line_item_id

        quantity = self.quantity

        unit_price = self.unit_price

        category = self.category

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "description": description,
                "totalPrice": total_price,
            }
        )
        if line_item_id is not UNSET:
            field_dict["lineItemId"] = line_item_id
        if quantity is not UNSET:
            field_dict["quantity"] = quantity
        if unit_price is not UNSET:
            field_dict["unitPrice"] = unit_price
        if category is not UNSET:
            field_dict["category"] = category

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        description = d.pop("description")

        total_price = d.pop("totalPrice")

        line_item_id = d.pop("lineItemId", UNSET)

        quantity = d.pop("quantity", UNSET)

        unit_price = d.pop("unitPrice", UNSET)

        category = d.pop("category", UNSET)

        line_item = cls(
            description=description,
            total_price=total_price,
            line_item_id=line_item_id,
            quantity=quantity,
            unit_price=unit_price,
            category=category,
        )

        line_item.additional_properties = d
        return line_item

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
