from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.error import Error
    from ..models.error_response_partial_data import ErrorResponsePartialData
    from ..models.validation_results import ValidationResults


T = TypeVar("T", bound="ErrorResponse")


@_attrs_define
class ErrorResponse:
    """Error information

    Attributes:
        request_id (str): Request identifier
        status (str): Always "failed"
        error (Error):
        completed_at (datetime.datetime | Unset): Error timestamp (UTC)
        validation_results (ValidationResults | Unset): Data validation results
        partial_data (ErrorResponsePartialData | Unset): With OCR_INCOMPLETE: what could be read (added to the contract)
    """

    request_id: str
    status: str
    error: Error
    completed_at: datetime.datetime | Unset = UNSET
    validation_results: ValidationResults | Unset = UNSET
    partial_data: ErrorResponsePartialData | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        request_id = self.request_id

        status = self.status

        error = self.error.to_dict()

        completed_at: str | Unset = UNSET
        if not isinstance(self.completed_at, Unset):
            completed_at = self.completed_at.isoformat()

        validation_results: dict[str, Any] | Unset = UNSET
        if not isinstance(self.validation_results, Unset):
            validation_results = self.validation_results.to_dict()

        partial_data: dict[str, Any] | Unset = UNSET
        if not isinstance(self.partial_data, Unset):
            partial_data = self.partial_data.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "requestId": request_id,
                "status": status,
                "error": error,
            }
        )
        if completed_at is not UNSET:
            field_dict["completedAt"] = completed_at
        if validation_results is not UNSET:
            field_dict["validationResults"] = validation_results
        if partial_data is not UNSET:
            field_dict["partialData"] = partial_data

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.error import Error
        from ..models.error_response_partial_data import ErrorResponsePartialData
        from ..models.validation_results import ValidationResults

        d = dict(src_dict)
        request_id = d.pop("requestId")

        status = d.pop("status")

        error = Error.from_dict(d.pop("error"))

        _completed_at = d.pop("completedAt", UNSET)
        completed_at: datetime.datetime | Unset
        if isinstance(_completed_at, Unset):
            completed_at = UNSET
        else:
            completed_at = datetime.datetime.fromisoformat(_completed_at)

        _validation_results = d.pop("validationResults", UNSET)
        validation_results: ValidationResults | Unset
        if isinstance(_validation_results, Unset):
            validation_results = UNSET
        else:
            validation_results = ValidationResults.from_dict(_validation_results)

        _partial_data = d.pop("partialData", UNSET)
        partial_data: ErrorResponsePartialData | Unset
        if isinstance(_partial_data, Unset):
            partial_data = UNSET
        else:
            partial_data = ErrorResponsePartialData.from_dict(_partial_data)

        error_response = cls(
            request_id=request_id,
            status=status,
            error=error,
            completed_at=completed_at,
            validation_results=validation_results,
            partial_data=partial_data,
        )

        error_response.additional_properties = d
        return error_response

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
