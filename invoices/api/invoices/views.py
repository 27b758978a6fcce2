"""Contract 2: /api/invoices"""

import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from invoicedata.authentication import Principal, TokenAuthentication
from invoicedata.models import Permission
from invoicedata.permissions import HasTokenPermission
from invoicedata.sign_in import is_let_in
from invoicedata.staff import tenant_ids
from invoices.api.errors import handle_invoices_error
from invoices.api.invoices.filters import InvoiceFilter
from invoices.api.invoices.pages import SORTS, describe_page, filtered_ids, read_page
from invoices.api.invoices.serializers import (
    DetailSerializer,
    DocumentAcceptedSerializer,
    InvoiceDetailSerializer,
    InvoicesResponseSerializer,
    InvoiceSummarySerializer,
    UploadSerializer,
)
from invoices.api.renderers import JsonRenderer
from invoices.errors import MissingFileError, NotFoundError
from invoices.models import Document, Invoice, Pairing
from invoices.services import intake, quotas

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
WHOLE_NUMBER = re.compile(r"\d{1,30}", re.ASCII)
INVOICE_ID = re.compile(r"inv_[0-9a-z]{1,36}", re.ASCII)
DEFAULT_SORT = "-created_at"
LIST_PARAMETERS = [
    OpenApiParameter("status", str, enum=Invoice.Status.values, description="One status"),
    OpenApiParameter(
        "limit", int, default=DEFAULT_LIMIT, description=f"1 to {MAX_LIMIT}; more is taken as {MAX_LIMIT}"
    ),
    OpenApiParameter("offset", int, default=0),
    OpenApiParameter("sort", str, enum=[*SORTS, *(f"-{name}" for name in SORTS)], default=DEFAULT_SORT),
]


class NoInvoice(NotFoundError):
    message = "Invoice not found"


class MayReadOrSend(BasePermission):
    """A token that grants what the method needs, or a staff session that may see invoices (reading only)."""

    message = HasTokenPermission.message
    needed: ClassVar[dict[str, Permission]] = {"POST": Permission.INVOICES_WRITE}

    def has_permission(self, request: Request, view: APIView) -> bool:
        user: Any = request.user
        if isinstance(user, Principal):
            return self.needed.get(request.method or "", Permission.INVOICES_READ) in user.permissions
        return is_let_in(user) and request.method != "POST" and user.has_perm("invoices.view_invoice")


def plain_parameters(request: Request) -> dict[str, str]:
    """The query's parameters; blank ones are absent. Raises ValidationError for what no database takes, and where one
    is given twice: whichever was meant, the other would be ignored."""
    found = {}
    for name, values in request.query_params.lists():
        given = {text for value in values if (text := str(value).strip())}
        if not all(text.isprintable() for text in given):
            raise ValidationError(f"Invalid {name} parameter. Control characters are not allowed")
        if len(given) > 1:
            raise ValidationError(f"Invalid {name} parameter. Must be given once")
        if given:
            found[name] = given.pop()
    return found


def read_limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not WHOLE_NUMBER.fullmatch(text) or int(text) < 1:
        raise ValidationError("Invalid limit parameter. Must be a positive integer")
    return min(int(text), MAX_LIMIT)


def read_offset(text: str | None) -> int:
    if text is None:
        return 0
    if not WHOLE_NUMBER.fullmatch(text):
        raise ValidationError("Invalid offset parameter. Must be a non-negative integer")
    return int(text)


def read_sort(text: str | None) -> str:
    asked = text or DEFAULT_SORT
    if asked.removeprefix("-") not in SORTS:
        raise ValidationError(
            f"Invalid sort parameter. Must be one of: {', '.join(SORTS)} (- before it for descending)"
        )
    return asked


def read_status(text: str | None) -> str | None:
    if text is not None and text not in Invoice.Status.values:
        allowed = ", ".join(Invoice.Status.values)
        raise ValidationError(f"Invalid status parameter. Must be one of: {allowed}")
    return text


class InvoicesViewSet(GenericViewSet[Invoice]):
    """The tenant's invoices."""

    authentication_classes = (TokenAuthentication, SessionAuthentication)
    permission_classes = (MayReadOrSend,)
    renderer_classes = (JsonRenderer,)
    parser_classes = (MultiPartParser,)
    serializer_class = InvoiceSummarySerializer
    filterset_class = InvoiceFilter
    queryset = Invoice.objects.none()

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return handle_invoices_error

    def get_queryset(self) -> QuerySet[Invoice]:
        """Of the token's tenant; of staff's, who may be limited to some. With what an answer about one needs."""
        rows = self.visible_rows()
        standing = Pairing.objects.exclude(status=Pairing.Status.REJECTED).select_related("delivery_note")
        pairings = standing.order_by("-score", "delivery_note_id")
        return rows.select_related("document").prefetch_related(Prefetch("pairings", pairings, to_attr="standing"))

    def visible_rows(self) -> QuerySet[Invoice]:
        mgas = self.visible_mgas()
        return Invoice.objects.all() if mgas is None else Invoice.objects.filter(mga__in=mgas)

    def visible_mgas(self) -> Sequence[str] | None:
        """Ids of the tenants whose invoices may be seen; None: all."""
        user: Any = self.request.user
        if isinstance(user, Principal):
            return [user.mga.pk]
        ids = tenant_ids(user)
        return None if ids is None else sorted(ids)

    @extend_schema(
        operation_id="listInvoices",
        summary="List invoices, page by page, narrowed and sorted",
        tags=["Invoices"],
        parameters=LIST_PARAMETERS,
        responses={
            200: InvoicesResponseSerializer,
            400: DetailSerializer,
            401: DetailSerializer,
            403: DetailSerializer,
            429: DetailSerializer,
        },
    )
    def list(self, request: Request) -> Response:
        """The tenant's invoices, page by page."""
        parameters = plain_parameters(request)
        status = read_status(parameters.get("status"))
        limit, offset = read_limit(parameters.get("limit")), read_offset(parameters.get("offset"))
        sort = read_sort(parameters.get("sort"))
        if parameters.keys() & InvoiceFilter.base_filters.keys():
            rows = self.narrowed(parameters)
            total = rows.count()
            page = describe_page(filtered_ids(rows, sort, total, limit, offset))
        else:  # the usual call: from an index and the tally, without counting
            total, page = read_page(self.visible_mgas(), status, sort, limit, offset)
        return Response(
            {
                "invoices": page,
                "count": len(page),
                "total": total,
                "limit": limit,
                "offset": offset,
            }
        )

    def narrowed(self, parameters: dict[str, str]) -> QuerySet[Invoice]:
        """The rows that the parameters ask for. Raises ValidationError."""
        rows = self.visible_rows()
        if status := parameters.get("status"):
            rows = rows.filter(status=status)
        narrowing = InvoiceFilter(parameters, queryset=rows)
        if not narrowing.is_valid():
            name, problems = next(iter(narrowing.errors.items()))
            raise ValidationError(f"Invalid {name} parameter. {problems[0]}")
        return narrowing.qs

    @extend_schema(
        operation_id="getInvoice",
        summary="One invoice with its lines and delivery notes",
        parameters=[OpenApiParameter("id", str, OpenApiParameter.PATH, description="Invoice identifier")],
        tags=["Invoices"],
        responses={
            200: InvoiceDetailSerializer,
            401: DetailSerializer,
            403: DetailSerializer,
            429: DetailSerializer,
            404: OpenApiResponse(
                DetailSerializer, examples=[OpenApiExample("Not found", {"detail": "Invoice not found"})]
            ),
        },
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        """One invoice with its lines and deliveries."""
        rows = self.get_queryset().prefetch_related("lines")
        invoice = rows.filter(pk=pk).first() if INVOICE_ID.fullmatch(pk) else None
        if invoice is None:
            raise NoInvoice
        return Response(InvoiceDetailSerializer(invoice).data)

    @extend_schema(
        operation_id="sendDocument",
        summary="Send a document in",
        tags=["Invoices"],
        request={"multipart/form-data": UploadSerializer},
        responses={
            202: DocumentAcceptedSerializer,
            400: DetailSerializer,
            401: DetailSerializer,
            403: DetailSerializer,
            415: DetailSerializer,
            429: DetailSerializer,
            503: DetailSerializer,
        },
    )
    def create(self, request: Request) -> Response:
        """Sends a document in: it is stored and read; its invoices appear in the list."""
        files = request.FILES.getlist("file")
        if len(files) != 1 or len(request.FILES) != 1:
            raise MissingFileError("Send exactly one file in the part named file (multipart/form-data).")
        details = UploadSerializer(data=request.data)
        details.is_valid(raise_exception=True)
        file: UploadedFile = files[0]
        kind = details.validated_data.get("kind", "auto")
        user: Any = request.user
        quotas.take_upload(user.mga, file.size or 0)
        accepted = intake.accept_document(
            user.mga,
            file,  # type: ignore[arg-type]
            filename=file.name or "",
            source=Document.Source.API,
            kind_hint="" if kind == "auto" else kind,
            venue_hint=details.validated_data.get("venue", ""),
        )
        body = {
            "id": accepted.document.pk,
            "filename": accepted.document.filename,
            "status": "accepted",
            "duplicate": accepted.is_duplicate,
        }
        return Response(body, status=202)
