from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.document_accepted_status import DocumentAcceptedStatus

T = TypeVar("T", bound="DocumentAccepted")


@_attrs_define
class DocumentAccepted:
    """
    Attributes:
        id (str): The document's id
        filename (str):
        status (DocumentAcceptedStatus):
        duplicate (bool): The same bytes were sent before; they are not read again
    """

    id: str
    filename: str
    status: DocumentAcceptedStatus
    duplicate: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        filename = self.filename

        status = self.status.value

        duplicate = self.duplicate

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "filename": filename,
                "status": status,
                "duplicate": duplicate,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        id = d.pop("id")

        filename = d.pop("filename")

        status = DocumentAcceptedStatus(d.pop("status"))

        duplicate = d.pop("duplicate")

        document_accepted = cls(
            id=id,
            filename=filename,
            status=status,
            duplicate=duplicate,
        )

        document_accepted.additional_properties = d
        return document_accepted

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
