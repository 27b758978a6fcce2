from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import types
from ..types import UNSET, File, Unset

T = TypeVar("T", bound="InvoiceUpload")


@_attrs_define
class InvoiceUpload:
    """
    Attributes:
        invoice (File): Invoice image (PDF, JPEG, PNG, TIFF), 50 KB to 10 MB, 300 DPI or more
        webhook_url (str | Unset): Callback URL for completion notification (https)
    """

    invoice: File
    webhook_url: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        invoice = self.invoice.to_tuple()

        webhook_url = self.webhook_url

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "invoice": invoice,
            }
        )
        if webhook_url is not UNSET:
            field_dict["webhookUrl"] = webhook_url

        return field_dict

    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        files.append(("invoice", self.invoice.to_tuple()))

        if not isinstance(self.webhook_url, Unset):
            files.append(
                ("webhookUrl", (None, str(self.webhook_url).encode(), "text/plain"))
            )

        for prop_name, prop in self.additional_properties.items():
            files.append((prop_name, (None, str(prop).encode(), "text/plain")))

        return files

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        invoice = File(payload=BytesIO(d.pop("invoice")))

        webhook_url = d.pop("webhookUrl", UNSET)

        invoice_upload = cls(
            invoice=invoice,
            webhook_url=webhook_url,
        )

        invoice_upload.additional_properties = d
        return invoice_upload

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
