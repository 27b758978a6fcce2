from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

T = TypeVar("T", bound="Payment")


@_attrs_define
class Payment:
    """Payment transaction details

    Attributes:
        payment_date (datetime.date): Payment date
        amount (float): Payment amount
        payment_id (str | Unset): Payment identifier
        method (str | Unset): Payment method
        status (str | Unset): Payment status: completed, pending, refunded, cancelled, unknown
    """

    payment_date: datetime.date
    amount: float
    payment_id: str | Unset = UNSET
    method: str | Unset = UNSET
    status: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        payment_date = self.payment_date.isoformat()

        amount = self.amount

        payment_id = self.payment_id

        method = self.method

        status = self.status

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "paymentDate": payment_date,
                "amount": amount,
            }
        )
        if payment_id is not UNSET:
            field_dict["paymentId"] = payment_id
        if method is not UNSET:
            field_dict["method"] = method
        if status is not UNSET:
            field_dict["status"] = status

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        payment_date = datetime.date.fromisoformat(d.pop("paymentDate"))

        amount = d.pop("amount")

        payment_id = d.pop("paymentId", UNSET)

        method = d.pop("method", UNSET)

        status = d.pop("status", UNSET)

        payment = cls(
            payment_date=payment_date,
            amount=amount,
            payment_id=payment_id,
            method=method,
            status=status,
        )

        payment.additional_properties = d
        return payment

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
