"""Contract 1: /api/v1/invoice/…"""

import re
from collections.abc import Callable
from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from invoicedata.authentication import Principal
from invoicedata.models import Permission
from invoicedata.permissions import HasTokenPermission
from invoices import answers
from invoices.api.errors import handle_invoice_data_error
from invoices.api.invoice_data.examples import ACCEPTED_EXAMPLE, COMPLETED_EXAMPLE, TOKEN_EXAMPLES, error_example
from invoices.api.invoice_data.serializers import (
    AcceptedSerializer,
    ErrorResponseSerializer,
    InvoiceResponseSerializer,
    UploadSerializer,
)
from invoices.api.renderers import JsonRenderer
from invoices.errors import (
    FileTooLargeError,
    InvalidRequestError,
    InvalidWebhookUrlError,
    InvoiceNotFoundError,
    MissingFileError,
    NotFoundError,
    OcrFailedError,
    PimsLookupFailedError,
)
from invoices.models import InvoiceRequest
from invoices.services import requests

REQUEST_ID = re.compile(r"req_[0-9a-f]{32}")
NO_CONTROL_CHARACTERS = r"^[^/\u0000-\u001F\u007F-\u009F]+$"  # in a schema: nor a slash
PERMISSIONS = {
    InvoiceRequest.Operation.PROCESS: Permission.INVOICE_PROCESS,
    InvoiceRequest.Operation.LOOKUP: Permission.INVOICE_LOOKUP,
}


class InvoiceDataView(APIView):
    """Speaks contract 1: its errors, and amounts with two decimals."""

    renderer_classes = (JsonRenderer,)
    http_method_names = ("get", "head", "post")
    required_permissions: ClassVar[dict[str, tuple[str, ...]]] = {}

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return handle_invoice_data_error


def principal_of(request: Request) -> Principal:
    principal: Any = request.user  # HasTokenPermission let nobody else in
    return cast(Principal, principal)


def answered(request: Request, found: InvoiceRequest, status: int, body: dict[str, Any] | str) -> Response:
    """The answer to `found`, whose id every header and log line of this answer carries."""
    request._request.request_id = found.pk  # type: ignore[attr-defined]
    headers = {"Location": status_url(request, found.pk)} if status == 202 else {}
    return Response(body, status=status, headers=headers)


def status_url(request: Request, request_id: str) -> str:
    path = reverse("invoice-request", args=[request_id])
    # Where a proxy ends TLS, the request itself does not know the address it was sent to.
    return settings.PUBLIC_URL + path if settings.HTTPS else request.build_absolute_uri(path)


def documented(**statuses: str) -> dict[int, OpenApiResponse]:
    """Responses by status, such as `_404="Invoice not found"`, each with its schema."""
    schemas: dict[int, Any] = {200: InvoiceResponseSerializer, 202: AcceptedSerializer}
    numbered = {int(name.removeprefix("_")): text for name, text in statuses.items()}
    return {
        status: OpenApiResponse(schemas.get(status, ErrorResponseSerializer), text) for status, text in numbered.items()
    }


def error_of(status: int, error: type[Any]) -> Any:
    return error_example(status, error.code, error.code, error.message)


CUSTOMER_ID = OpenApiParameter(
    "customer_id",
    {"type": "string", "minLength": 1, "maxLength": requests.CUSTOMER_ID_LENGTH, "pattern": NO_CONTROL_CHARACTERS},
    OpenApiParameter.PATH,
    description="Customer identifier",
)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": requests.KEY_LENGTH, "pattern": r"^[ -~]*$"},
    OpenApiParameter.HEADER,
    description="The same key with the same request within 24 hours gives the same answer, and is done once",
)
REQUEST_ID_HEADER = OpenApiParameter(
    "X-Request-ID", str, OpenApiParameter.HEADER, response=True, description="The requestId of the body"
)
LOCATION_HEADER = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[202], description="Where the answer will be"
)
COMMON_RESPONSES = {
    "_400": "Bad Request: invalid request parameters",
    "_401": "Unauthorized: authentication required",
    "_403": "Forbidden: the token lacks the permission",
    "_429": "Too Many Requests: a limit is used up; Retry-After tells until when",
    "_500": "Internal Server Error: processing failed",
}
UPLOAD_SCHEMA: dict[str, Any] = {
    "tags": ["Invoices"],
    "request": {"multipart/form-data": UploadSerializer},
    "parameters": [CUSTOMER_ID, IDEMPOTENCY_KEY, REQUEST_ID_HEADER, LOCATION_HEADER],
    "responses": documented(
        _200="OK: processing successful",
        _202="Accepted: async processing started (if webhook provided, or if it takes long)",
        _415="Unsupported Media Type: not multipart/form-data",
        _503="Service Unavailable: too many documents are waiting; Retry-After tells when",
        **COMMON_RESPONSES,
    ),
    "examples": [
        COMPLETED_EXAMPLE,
        ACCEPTED_EXAMPLE,
        error_of(400, FileTooLargeError),
        error_of(500, OcrFailedError),
        *TOKEN_EXAMPLES,
    ],
}


class UploadView(InvoiceDataView):
    """Takes an invoice in, and answers when it is done; at once where a webhook will tell."""

    parser_classes = (MultiPartParser,)
    operation: ClassVar[InvoiceRequest.Operation]

    def submit(self, request: Request, customer_id: str) -> Response:
        requests.check_customer_id(customer_id)
        invoice, webhook_url = read_form(request)
        if webhook_url:
            found = self.take(request, customer_id, invoice, webhook_url)
            body = answers.accepted(found.pk, found.accepted_at, status_url(request, found.pk))
            return answered(request, found, 202, body)
        with requests.place_to_wait():
            found = self.take(request, customer_id, invoice)
            requests.wait(found, settings.SYNC_WAIT_SECONDS)
        return answered(request, found, *requests.answer(found, lambda pk: status_url(request, pk)))

    def take(self, request: Request, customer_id: str, invoice: UploadedFile, webhook_url: str = "") -> InvoiceRequest:
        return requests.submit(
            principal_of(request).mga,
            request_id=request.request_id,  # type: ignore[attr-defined]
            operation=self.operation,
            customer_id=customer_id,
            file=invoice,  # type: ignore[arg-type]
            filename=invoice.name or "",
            size=invoice.size or 0,
            webhook_url=webhook_url,
            idempotency_key=request.headers.get("Idempotency-Key") or None,
        )


def read_form(request: Request) -> tuple[UploadedFile, str]:
    """(the file, the webhook URL or blank). Raises for parts that are missing, doubled, or of a wrong kind."""
    if "Transfer-Encoding" in request.headers:
        raise InvalidRequestError("Send the request with its Content-Length; a body in chunks is not read.")
    form = request.data
    if not isinstance(form, QueryDict):  # no body at all
        raise MissingFileError
    files: list[Any] = form.getlist("invoice")
    urls: list[Any] = form.getlist("webhookUrl")
    if len(files) != 1 or not isinstance(files[0], UploadedFile):
        raise MissingFileError
    if len(urls) > 1 or not all(isinstance(url, str) for url in urls):
        raise InvalidWebhookUrlError("Send webhookUrl at most once, as text.")
    return files[0], "".join(urls).strip()


class ProcessView(UploadView):
    operation = InvoiceRequest.Operation.PROCESS
    required_permissions = {"POST": (Permission.INVOICE_PROCESS,)}

    @extend_schema(
        operation_id="processInvoice",
        summary="Process invoice image and return data from best available source",
        **UPLOAD_SCHEMA,
    )
    def post(self, request: Request, customer_id: str) -> Response:
        """The document is read, the invoice number looked up in the practice system, and its data returned; what was
        read where the practice system has nothing."""
        return self.submit(request, customer_id)


class LookupView(UploadView):
    operation = InvoiceRequest.Operation.LOOKUP
    required_permissions = {"POST": (Permission.INVOICE_LOOKUP,)}

    @extend_schema(
        operation_id="lookupInvoice",
        summary="Process invoice image and return PIMS data only",
        **UPLOAD_SCHEMA,
    )
    def post(self, request: Request, customer_id: str) -> Response:
        """The document is read for its number, and the practice system's data returned; without data where it has
        nothing."""
        return self.submit(request, customer_id)


class LookupByNumberView(InvoiceDataView):
    required_permissions = {"GET": (Permission.INVOICE_LOOKUP,)}

    @extend_schema(
        operation_id="lookupInvoiceByNumber",
        summary="Directly retrieve invoice data by number",
        tags=["Invoices"],
        parameters=[
            CUSTOMER_ID,
            REQUEST_ID_HEADER,
            OpenApiParameter(
                "invoice_number", str, OpenApiParameter.PATH, description="Invoice number, percent-encoded; any case"
            ),
        ],
        responses=documented(
            _200="OK: lookup successful", _404="Not Found: invoice or customer not found", **COMMON_RESPONSES
        ),
        examples=[
            COMPLETED_EXAMPLE,
            error_of(404, InvoiceNotFoundError),
            error_of(500, PimsLookupFailedError),
            *TOKEN_EXAMPLES,
        ],
    )
    def get(self, request: Request, customer_id: str, invoice_number: str) -> Response:
        """Data from the practice system."""
        request_id: str = request.request_id  # type: ignore[attr-defined]
        return Response(requests.look_up(principal_of(request).mga, customer_id, invoice_number, request_id))


class RequestView(InvoiceDataView):
    required_permissions = {"GET": tuple(PERMISSIONS.values())}

    @extend_schema(
        operation_id="getRequest",
        summary="Answer to an earlier request",
        tags=["Invoices"],
        parameters=[
            OpenApiParameter("request_id", str, OpenApiParameter.PATH, description="Request identifier"),
            REQUEST_ID_HEADER,
            LOCATION_HEADER,
        ],
        responses=documented(
            _200="OK: processing successful",
            _202="Accepted: still running",
            _404="Not Found: there is no such request",
            **COMMON_RESPONSES,
        ),
        examples=[
            COMPLETED_EXAMPLE,
            ACCEPTED_EXAMPLE,
            error_of(404, NotFoundError),
            error_of(500, OcrFailedError),
            *TOKEN_EXAMPLES,
        ],
    )
    def get(self, request: Request, request_id: str) -> Response:
        """As it would have been sent: 202 while it is running, then the response, or the error with its status."""
        found = None
        if REQUEST_ID.fullmatch(request_id):
            found = InvoiceRequest.objects.for_mga(principal_of(request).mga).filter(pk=request_id).first()
        if found is None:
            raise NotFoundError("There is no such request.")
        if PERMISSIONS[found.operation] not in principal_of(request).permissions:
            raise PermissionDenied(HasTokenPermission.message)
        return answered(request, found, *requests.answer(found, lambda pk: status_url(request, pk)))


class OddCustomerView(InvoiceDataView):
    """A customer id that is empty or holds `/`: refused in so many words rather than as an unknown address."""

    required_permissions = {method: tuple(PERMISSIONS.values()) for method in ("GET", "POST")}

    @extend_schema(exclude=True)
    def get(self, request: Request, customer_id: str, **rest: str) -> Response:
        requests.check_customer_id(customer_id)
        raise NotFoundError

    @extend_schema(exclude=True)
    def post(self, request: Request, customer_id: str, **rest: str) -> Response:
        return self.get(request, customer_id)
