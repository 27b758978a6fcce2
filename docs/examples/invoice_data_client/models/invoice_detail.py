from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.invoice_detail_status import InvoiceDetailStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.delivery_note import DeliveryNote
    from ..models.invoice_line import InvoiceLine


T = TypeVar("T", bound="InvoiceDetail")


@_attrs_define
class InvoiceDetail:
    """An invoice with its lines and deliveries.

    Attributes:
        id (str):
        filename (str):
        supplier (str):
        date (str):
        total_value (float):
        status (InvoiceDetailStatus):
        confidence (float):
        venue (str):
        issues_count (int):
        paired (bool):
        delivery_note_ids (list[str]):
        pairing_status (str):
        missing_fields (list[str]):
        line_items (list[InvoiceLine]):
        delivery_notes (list[DeliveryNote]):
        source_filename (str | Unset):
    """

    id: str
    filename: str
    supplier: str
    date: str
    total_value: float
    status: InvoiceDetailStatus
    confidence: float
    venue: str
    issues_count: int
    paired: bool
    delivery_note_ids: list[str]
    pairing_status: str
    missing_fields: list[str]
    line_items: list[InvoiceLine]
    delivery_notes: list[DeliveryNote]
    source_filename: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        filename = self.filename

        supplier = self.supplier

        date = self.date

        total_value = self.total_value

        status = self.status.value

        confidence = self.confidence

        venue = self.venue

        issues_count = self.issues_count

        paired = self.paired

        delivery_note_ids = self.delivery_note_ids

        pairing_status = self.pairing_status

        missing_fields = self.missing_fields

        line_items = []
        for line_items_item_data in self.line_items:
            line_items_item = line_items_item_data.to_dict()
            line_items.append(line_items_item)

        delivery_notes = []
        for delivery_notes_item_data in self.delivery_notes:
            delivery_notes_item = delivery_notes_item_data.to_dict()
            delivery_notes.append(delivery_notes_item)

        source_filename = self.source_filename

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "filename": filename,
                "supplier": supplier,
                "date": date,
                "total_value": total_value,
                "status": status,
                "confidence": confidence,
                "venue": venue,
                "issues_count": issues_count,
                "paired": paired,
                "delivery_note_ids": delivery_note_ids,
                "pairing_status": pairing_status,
                "missing_fields": missing_fields,
                "line_items": line_items,
                "delivery_notes": delivery_notes,
            }
        )
        if source_filename is not UNSET:
            field_dict["source_filename"] = source_filename

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.delivery_note import DeliveryNote
        from ..models.invoice_line import InvoiceLine

        d = dict(src_dict)
        id = d.pop("id")

        filename = d.pop("filename")

        supplier = d.pop("supplier")

        date = d.pop("date")

        total_value = d.pop("total_value")

        status = InvoiceDetailStatus(d.pop("status"))

        confidence = d.pop("confidence")

        venue = d.pop("venue")

        issues_count = d.pop("issues_count")

        paired = d.pop("paired")

        delivery_note_ids = cast(list[str], d.pop("delivery_note_ids"))

        pairing_status = d.pop("pairing_status")

        missing_fields = cast(list[str], d.pop("missing_fields"))

        line_items = []
        _line_items = d.pop("line_items")
        for line_items_item_data in _line_items:
            line_items_item = InvoiceLine.from_dict(line_items_item_data)

            line_items.append(line_items_item)

        delivery_notes = []
        _delivery_notes = d.pop("delivery_notes")
        for delivery_notes_item_data in _delivery_notes:
            delivery_notes_item = DeliveryNote.from_dict(delivery_notes_item_data)

            delivery_notes.append(delivery_notes_item)

        source_filename = d.pop("source_filename", UNSET)

        invoice_detail = cls(
            id=id,
            filename=filename,
            supplier=supplier,
            date=date,
            total_value=total_value,
            status=status,
            confidence=confidence,
            venue=venue,
            issues_count=issues_count,
            paired=paired,
            delivery_note_ids=delivery_note_ids,
            pairing_status=pairing_status,
            missing_fields=missing_fields,
            line_items=line_items,
            delivery_notes=delivery_notes,
            source_filename=source_filename,
        )

        invoice_detail.additional_properties = d
        return invoice_detail

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
