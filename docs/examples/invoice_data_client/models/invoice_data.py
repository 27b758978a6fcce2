from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.customer_data import CustomerData
    from ..models.line_item import LineItem
    from ..models.payment import Payment
    from ..models.practice_data import PracticeData


T = TypeVar("T", bound="InvoiceData")


@_attrs_define
class InvoiceData:
    """Detailed invoice information

    Attributes:
        invoice_number (str): Original invoice number
        invoice_date (datetime.date): Invoice issue date
        total_amount (float): Total invoice amount
        currency (str): Currency code (ISO 4217)
        invoice_id (str | Unset): System-generated invoice identifier
        due_date (datetime.date | Unset): Payment due date
        status (str | Unset): Invoice status: paid, partially_paid, unpaid, void, credit_note, draft, unknown
        practice (PracticeData | Unset): Veterinary practice information
        customer (CustomerData | Unset): Pet owner information
        line_items (list[LineItem] | Unset): List of invoice items
        payments (list[Payment] | Unset): List of payments
        balance_due (float | Unset): Remaining balance
    """

    invoice_number: str
    invoice_date: datetime.date
    total_amount: float
    currency: str
    invoice_id: str | Unset = UNSET
    due_date: datetime.date | Unset = UNSET
    status: str | Unset = UNSET
    practice: PracticeData | Unset = UNSET
    customer: CustomerData | Unset = UNSET
    line_items: list[LineItem] | Unset = UNSET
    payments: list[Payment] | Unset = UNSET
    balance_due: float | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        invoice_number = self.invoice_number

        invoice_date = self.invoice_date.isoformat()

        total_amount = self.total_amount

        currency = self.currency

        invoice_id = self.invoice_id

        due_date: str | Unset = UNSET
        if not isinstance(self.due_date, Unset):
            due_date = self.due_date.isoformat()

        status = self.status

        practice: dict[str, Any] | Unset = UNSET
        if not isinstance(self.practice, Unset):
            practice = self.practice.to_dict()

        customer: dict[str, Any] | Unset = UNSET
        if not isinstance(self.customer, Unset):
            customer = self.customer.to_dict()

        line_items: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.line_items, Unset):
            line_items = []
            for line_items_item_data in self.line_items:
                line_items_item = line_items_item_data.to_dict()
                line_items.append(line_items_item)

        payments: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.payments, Unset):
            payments = []
            for payments_item_data in self.payments:
                payments_item = payments_item_data.to_dict()
                payments.append(payments_item)

        balance_due = self.balance_due

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "invoiceNumber": invoice_number,
                "invoiceDate": invoice_date,
                "totalAmount": total_amount,
                "currency": currency,
            }
        )
        if invoice_id is not UNSET:
            field_dict["invoiceId"] = invoice_id
        if due_date is not UNSET:
            field_dict["dueDate"] = due_date
        if status is not UNSET:
            field_dict["status"] = status
        if practice is not UNSET:
            field_dict["practice"] = practice
        if customer is not UNSET:
            field_dict["customer"] = customer
        if line_items is not UNSET:
            field_dict["lineItems"] = line_items
        if payments is not UNSET:
            field_dict["payments"] = payments
        if balance_due is not UNSET:
            field_dict["balanceDue"] = balance_due

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.customer_data import CustomerData
        from ..models.line_item import LineItem
        from ..models.payment import Payment
        from ..models.practice_data import PracticeData

        d = dict(src_dict)
        invoice_number = d.pop("invoiceNumber")

        invoice_date = datetime.date.fromisoformat(d.pop("invoiceDate"))

        total_amount = d.pop("totalAmount")

        currency = d.pop("currency")

        invoice_id = d.pop("invoiceId", UNSET)

        _due_date = d.pop("dueDate", UNSET)
        due_date: datetime.date | Unset
        if isinstance(_due_date, Unset):
            due_date = UNSET
        else:
            due_date = datetime.date.fromisoformat(_due_date)

        status = d.pop("status", UNSET)

        _practice = d.pop("practice", UNSET)
        practice: PracticeData | Unset
        if isinstance(_practice, Unset):
            practice = UNSET
        else:
            practice = PracticeData.from_dict(_practice)

        _customer = d.pop("customer", UNSET)
        customer: CustomerData | Unset
        if isinstance(_customer, Unset):
            customer = UNSET
        else:
            customer = CustomerData.from_dict(_customer)

        _line_items = d.pop("lineItems", UNSET)
        line_items: list[LineItem] | Unset = UNSET
        if _line_items is not UNSET:
            line_items = []
            for line_items_item_data in _line_items:
                line_items_item = LineItem.from_dict(line_items_item_data)

                line_items.append(line_items_item)

        _payments = d.pop("payments", UNSET)
        payments: list[Payment] | Unset = UNSET
        if _payments is not UNSET:
            payments = []
            for payments_item_data in _payments:
                payments_item = Payment.from_dict(payments_item_data)

                payments.append(payments_item)

        balance_due = d.pop("balanceDue", UNSET)

        invoice_data = cls(
            invoice_number=invoice_number,
            invoice_date=invoice_date,
            total_amount=total_amount,
            currency=currency,
            invoice_id=invoice_id,
            due_date=due_date,
            status=status,
            practice=practice,
            customer=customer,
            line_items=line_items,
            payments=payments,
            balance_due=balance_due,
        )

        invoice_data.additional_properties = d
        return invoice_data

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
