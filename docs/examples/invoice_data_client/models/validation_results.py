from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.validation_check import ValidationCheck


T = TypeVar("T", bound="ValidationResults")


@_attrs_define
class ValidationResults:
    """Data validation results

    Attributes:
        passed (bool | Unset): Overall validation status: no check failed
        checks (list[ValidationCheck] | Unset): List of validation checks
    """

    passed: bool | Unset = UNSET
    checks: list[ValidationCheck] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        passed = self.passed

        checks: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.checks, Unset):
            checks = []
            for checks_item_data in self.checks:
                checks_item = checks_item_data.to_dict()
                checks.append(checks_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update({})
        if passed is not UNSET:
            field_dict["passed"] = passed
        if checks is not UNSET:
            field_dict["checks"] = checks

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.validation_check import ValidationCheck

        d = dict(src_dict)
        passed = d.pop("passed", UNSET)

        _checks = d.pop("checks", UNSET)
        checks: list[ValidationCheck] | Unset = UNSET
        if _checks is not UNSET:
            checks = []
            for checks_item_data in _checks:
                checks_item = ValidationCheck.from_dict(checks_item_data)

                checks.append(checks_item)

        validation_results = cls(
            passed=passed,
            checks=checks,
        )

        validation_results.additional_properties = d
        return validation_results

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
