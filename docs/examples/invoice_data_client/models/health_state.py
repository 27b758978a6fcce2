from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

if TYPE_CHECKING:
    from ..models.health_state_checks import HealthStateChecks


T = TypeVar("T", bound="HealthState")


@_attrs_define
class HealthState:
    """
    Attributes:
        status (str): ok or failed
        checks (HealthStateChecks): ok or failed, for each part
    """

    status: str
    checks: HealthStateChecks
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        status = self.status

        checks = self.checks.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "status": status,
                "checks": checks,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.health_state_checks import HealthStateChecks

        d = dict(src_dict)
        status = d.pop("status")

        checks = HealthStateChecks.from_dict(d.pop("checks"))

        health_state = cls(
            status=status,
            checks=checks,
        )

        health_state.additional_properties = d
        return health_state

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
