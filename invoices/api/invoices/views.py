"""Contract 2: /api/invoices"""

import re
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.db.models import F, OrderBy, Prefetch, QuerySet
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
from invoicedata.staff import tenant_ids, visible
from invoices.api.errors import handle_invoices_error
from invoices.api.invoices.filters import InvoiceFilter
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
from invoices.services.tallies import count_invoices

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
WHOLE_NUMBER = re.compile(r"\d{1,30}", re.ASCII)
INVOICE_ID = re.compile(r"inv_[0-9a-z]{1,36}", re.ASCII)
SORTS = {
    "date": "issue_date",
    "supplier": "supplier_name",
    "total_value": "gross_total",
    "status": "status",
    "confidence": "confidence",
    "venue": "venue",
    "filename": "filename",
    "issues_count": "open_findings",
    "created_at": "created_at",
}
DEFAULT_SORT = "-created_at"
LEFT_OUT = ("reading", "corrected", "e_invoice", "pims_record")  # large, and not in the list
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
    """The query's parameters; blank ones are absent. Raises ValidationError for what no database takes."""
    given = {name: str(value).strip() for name, value in request.query_params.items()}
    found = {name: value for name, value in given.items() if value}
    for name, value in found.items():
        if not value.isprintable():
            raise ValidationError(f"Invalid {name} parameter. Control characters are not allowed")
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


def read_sort(text: str | None) -> tuple[OrderBy, ...]:
    """The order asked for; what is not known comes before everything else, and ties are broken by id."""
    asked = text or DEFAULT_SORT
    name, descending = asked.removeprefix("-"), asked.startswith("-")
    if name not in SORTS:
        raise ValidationError(
            f"Invalid sort parameter. Must be one of: {', '.join(SORTS)} (- before it for descending)"
        )
    column = F(SORTS[name])
    # Where nothing can be unknown, saying where the unknown come would only keep the database from using its index.
    known = not Invoice._meta.get_field(SORTS[name]).null
    if descending:
        return column.desc(nulls_last=None if known else True), F("id").desc()
    return column.asc(nulls_first=None if known else True), F("id").asc()


def read_page(rows: QuerySet[Invoice], order: tuple[OrderBy, ...], total: int, limit: int, offset: int) -> list[str]:
    """The ids on a page: from an index alone, and from its nearer end."""
    ids = rows.order_by(*order).values_list("pk", flat=True)
    end = min(offset + limit, total)
    if offset >= end:
        return []
    if offset <= total // 2:
        return list(ids[offset:end])
    return list(ids.reverse()[total - end : total - offset])[::-1]


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
        """Of the token's tenant; of staff's, who may be limited to some."""
        user: Any = self.request.user
        rows = (
            Invoice.objects.for_mga(user.mga) if isinstance(user, Principal) else visible(Invoice.objects.all(), user)
        )
        standing = Pairing.objects.exclude(status=Pairing.Status.REJECTED).select_related("delivery_note")
        pairings = standing.order_by("-score", "delivery_note_id")
        return rows.select_related("document").prefetch_related(Prefetch("pairings", pairings, to_attr="standing"))

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
        rows = self.narrowed(parameters)
        limit, offset = read_limit(parameters.get("limit")), read_offset(parameters.get("offset"))
        order = read_sort(parameters.get("sort"))
        total = self.total(rows, parameters)
        ids = read_page(rows, order, total, limit, offset)
        found = self.get_queryset().defer(*LEFT_OUT).in_bulk(ids)
        page = [found[pk] for pk in ids if pk in found]  # what was deleted meanwhile is not there any more
        return Response(
            {
                "invoices": InvoiceSummarySerializer(page, many=True).data,
                "count": len(page),
                "total": total,
                "limit": limit,
                "offset": offset,
            }
        )

    def total(self, rows: QuerySet[Invoice], parameters: dict[str, str]) -> int:
        """How many there are: counted only where more than the status narrows them."""
        if parameters.keys() & InvoiceFilter.base_filters.keys():
            return rows.count()
        user: Any = self.request.user
        mgas = [user.mga.pk] if isinstance(user, Principal) else tenant_ids(user)
        return count_invoices(mgas, parameters.get("status"))

    def narrowed(self, parameters: dict[str, str]) -> QuerySet[Invoice]:
        """The rows that the parameters ask for. Raises ValidationError."""
        rows = self.get_queryset()
        if status := parameters.get("status"):
            if status not in Invoice.Status.values:
                allowed = ", ".join(Invoice.Status.values)
                raise ValidationError(f"Invalid status parameter. Must be one of: {allowed}")
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
