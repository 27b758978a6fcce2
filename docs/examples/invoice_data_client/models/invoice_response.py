from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.invoice_response_source import InvoiceResponseSource
from ..models.invoice_response_status import InvoiceResponseStatus
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.invoice_data import InvoiceData
    from ..models.practice_system import PracticeSystem
    from ..models.validation_results import ValidationResults


T = TypeVar("T", bound="InvoiceResponse")


@_attrs_define
class InvoiceResponse:
    """Complete invoice processing response

    Attributes:
        request_id (str): Unique processing request identifier
        status (InvoiceResponseStatus): Processing status
        completed_at (datetime.datetime): Processing completion timestamp (UTC)
        source (InvoiceResponseSource | Unset): Data source
        pims (PracticeSystem | Unset): The practice system that has the invoice (added to the contract)
        validation_results (ValidationResults | Unset): Data validation results
        data (InvoiceData | Unset): Detailed invoice information
        additional_invoices (list[InvoiceData] | Unset): Further invoices in the same file (added to the contract)
    """

    request_id: str
    status: InvoiceResponseStatus
    completed_at: datetime.datetime
    source: InvoiceResponseSource | Unset = UNSET
    pims: PracticeSystem | Unset = UNSET
    validation_results: ValidationResults | Unset = UNSET
    data: InvoiceData | Unset = UNSET
    additional_invoices: list[InvoiceData] | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        request_id = self.request_id

        status = self.status.value

        completed_at = self.completed_at.isoformat()

        source: str | Unset = UNSET
        if not isinstance(self.source, Unset):
            source = self.source.value

        pims: dict[str, Any] | Unset = UNSET
        if not isinstance(self.pims, Unset):
            pims = self.pims.to_dict()

        validation_results: dict[str, Any] | Unset = UNSET
        if not isinstance(self.validation_results, Unset):
            validation_results = self.validation_results.to_dict()

        data: dict[str, Any] | Unset = UNSET
        if not isinstance(self.data, Unset):
            data = self.data.to_dict()

        additional_invoices: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.additional_invoices, Unset):
            additional_invoices = []
            for additional_invoices_item_data in self.additional_invoices:
                additional_invoices_item = additional_invoices_item_data.to_dict()
                additional_invoices.append(additional_invoices_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "requestId": request_id,
                "status": status,
                "completedAt": completed_at,
            }
        )
        if source is not UNSET:
            field_dict["source"] = source
        if pims is not UNSET:
            field_dict["pims"] = pims
        if validation_results is not UNSET:
            field_dict["validationResults"] = validation_results
        if data is not UNSET:
            field_dict["data"] = data
        if additional_invoices is not UNSET:
            field_dict["additionalInvoices"] = additional_invoices

        return field_dict

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        from ..models.invoice_data import InvoiceData
        from ..models.practice_system import PracticeSystem
        from ..models.validation_results import ValidationResults

        d = dict(src_dict)
        request_id = d.pop("requestId")

        status = InvoiceResponseStatus(d.pop("status"))

        completed_at = datetime.datetime.fromisoformat(d.pop("completedAt"))

        _source = d.pop("source", UNSET)
        source: InvoiceResponseSource | Unset
        if isinstance(_source, Unset):
            source = UNSET
        else:
            source = InvoiceResponseSource(_source)

        _pims = d.pop("pims", UNSET)
        pims: PracticeSystem | Unset
        if isinstance(_pims, Unset):
            pims = UNSET
        else:
            pims = PracticeSystem.from_dict(_pims)

        _validation_results = d.pop("validationResults", UNSET)
        validation_results: ValidationResults | Unset
        if isinstance(_validation_results, Unset):
            validation_results = UNSET
        else:
            validation_results = ValidationResults.from_dict(_validation_results)

        _data = d.pop("data", UNSET)
        data: InvoiceData | Unset
        if isinstance(_data, Unset):
            data = UNSET
        else:
            data = InvoiceData.from_dict(_data)

        _additional_invoices = d.pop("additionalInvoices", UNSET)
        additional_invoices: list[InvoiceData] | Unset = UNSET
        if _additional_invoices is not UNSET:
            additional_invoices = []
            for additional_invoices_item_data in _additional_invoices:
                additional_invoices_item = InvoiceData.from_dict(
                    additional_invoices_item_data
                )

                additional_invoices.append(additional_invoices_item)

        invoice_response = cls(
            request_id=request_id,
            status=status,
            completed_at=completed_at,
            source=source,
            pims=pims,
            validation_results=validation_results,
            data=data,
            additional_invoices=additional_invoices,
        )

        invoice_response.additional_properties = d
        return invoice_response

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
