from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

T = TypeVar("T", bound="PracticeSystem")


@_attrs_define
class PracticeSystem:
    """The practice system that has the invoice (added to the contract)

    Attributes:
        connection (str): The connection's name
        kind (str): Its kind: local, ezyvet, provet, vetspire, rest_profile
        matched_on (str): By what the invoice was found there
    """

    connection: str
    kind: str
    matched_on: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        connection = self.connection

        kind = self.kind

        matched_on = self.matched_on

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "connection": connection,
                "kind": kind,
                "matchedOn": matched_on,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        d = dict(src_dict)
        connection = d.pop("connection")

        kind = d.pop("kind")

        matched_on = d.pop("matchedOn")

        practice_system = cls(
            connection=connection,
            kind=kind,
            matched_on=matched_on,
        )

        practice_system.additional_properties = d
        return practice_system

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
