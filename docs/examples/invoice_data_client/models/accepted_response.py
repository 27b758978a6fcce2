from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="AcceptedResponse")


@_attrs_define
class AcceptedResponse:
    """The request goes on in the background

    Attributes:
        request_id (str): Unique processing request identifier
        status (str): Always "accepted"
        accepted_at (datetime.datetime): When it was accepted (UTC)
        status_url (str): Where the answer will be; also in the Location header
    """

    request_id: str
    status: str
    accepted_at: datetime.datetime
    status_url: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        request_id = self.request_id

        status = self.status

        accepted_at = self.accepted_at.isoformat()

        status_url = self.status_url

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "requestId": request_id,
                "status": status,
                "acceptedAt": accepted_at,
                "statusUrl": status_url,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        request_id = d.pop("requestId")

        status = d.pop("status")

        accepted_at = datetime.datetime.fromisoformat(d.pop("acceptedAt"))

        status_url = d.pop("statusUrl")

        accepted_response = cls(
            request_id=request_id,
            status=status,
            accepted_at=accepted_at,
            status_url=status_url,
        )

        accepted_response.additional_properties = d
        return accepted_response

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
