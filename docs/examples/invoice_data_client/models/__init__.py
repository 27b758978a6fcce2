"""Contains all the data models used in inputs/outputs"""

from .accepted_response import AcceptedResponse
from .address import Address
from .customer_data import CustomerData
from .delivery_note import DeliveryNote
from .detail import Detail
from .document_accepted import DocumentAccepted
from .document_accepted_status import DocumentAcceptedStatus
from .document_upload import DocumentUpload
from .document_upload_kind import DocumentUploadKind
from .error import Error
from .error_response import ErrorResponse
from .error_response_partial_data import ErrorResponsePartialData
from .health_state import HealthState
from .health_state_checks import HealthStateChecks
from .invoice_data import InvoiceData
from .invoice_detail import InvoiceDetail
from .invoice_detail_status import InvoiceDetailStatus
from .invoice_line import InvoiceLine
from .invoice_response import InvoiceResponse
from .invoice_response_source import InvoiceResponseSource
from .invoice_response_status import InvoiceResponseStatus
from .invoice_summary import InvoiceSummary
from .invoice_summary_status import InvoiceSummaryStatus
from .invoice_upload import InvoiceUpload
from .invoices_response import InvoicesResponse
from .line_item import LineItem
from .list_invoices_sort import ListInvoicesSort
from .list_invoices_status import ListInvoicesStatus
from .payment import Payment
from .practice_data import PracticeData
from .practice_system import PracticeSystem
from .validation_check import ValidationCheck
from .validation_results import ValidationResults

__all__ = (
    "AcceptedResponse",
    "Address",
    "CustomerData",
    "DeliveryNote",
    "Detail",
    "DocumentAccepted",
    "DocumentAcceptedStatus",
    "DocumentUpload",
    "DocumentUploadKind",
    "Error",
    "ErrorResponse",
    "ErrorResponsePartialData",
    "HealthState",
    "HealthStateChecks",
    "InvoiceData",
    "InvoiceDetail",
    "InvoiceDetailStatus",
    "InvoiceLine",
    "InvoiceResponse",
    "InvoiceResponseSource",
    "InvoiceResponseStatus",
    "InvoiceSummary",
    "InvoiceSummaryStatus",
    "InvoiceUpload",
    "InvoicesResponse",
    "LineItem",
    "ListInvoicesSort",
    "ListInvoicesStatus",
    "Payment",
    "PracticeData",
    "PracticeSystem",
    "ValidationCheck",
    "ValidationResults",
)
