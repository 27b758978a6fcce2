"""An invoice's page beside the practice system's record of it."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_POST

from invoices.alteration import ALTERED, judge_alteration
from invoices.comparison import ALONE, SAME, LineRow, Row, header_rows, line_rows
from invoices.models import Invoice
from invoices.services.reconciling import compare_with_record
from invoices.services.refreshing import Refreshed, refresh
from pims.errors import PimsError
from pims.types import from_json


class ComparisonViews:
    """Views of InvoiceAdmin. Whoever may see invoices may compare them; whoever may change them may ask again."""

    admin_site: Any
    opts: Any
    get_queryset: Callable[[HttpRequest], QuerySet[Invoice]]
    message_user: Callable[..., None]
    has_view_permission: Callable[..., bool]

    def comparison_urls(self) -> list[URLPattern]:
        compare = self.admin_site.admin_view(require_GET(self.comparison_view))
        ask = self.admin_site.admin_view(require_POST(self.ask_again_view))
        return [
            path("<str:invoice_id>/comparison/", compare, name="invoices_invoice_comparison"),
            path("<str:invoice_id>/comparison/ask/", ask, name="invoices_invoice_ask_again"),
        ]

    def comparison_view(self, request: HttpRequest, invoice_id: str) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        invoice = get_object_or_404(
            self.get_queryset(request).select_related("mga", "document", "pims_connection"), pk=invoice_id
        )
        context = {
            **self.admin_site.each_context(request),
            "title": f"{invoice} beside the practice system",
            "opts": self.opts,
            "invoice": invoice,
            "may_change": request.user.has_perm("invoices.change_invoice"),
            **(describe(invoice) if invoice.pims_record is not None else {}),
        }
        return TemplateResponse(request, "admin/invoices/invoice/comparison.html", context)

    def ask_again_view(self, request: HttpRequest, invoice_id: str) -> HttpResponse:
        """Asks the practice system for its record as it is now."""
        if not request.user.has_perm("invoices.change_invoice"):
            raise PermissionDenied
        rows = self.get_queryset(request).filter(pims_connection__enabled=True)
        invoice = get_object_or_404(rows.select_related("pims_connection"), pk=invoice_id)
        outcome = Refreshed()
        try:
            refresh(invoice, outcome)
        except PimsError as error:
            self.message_user(request, f"The practice system could not be asked: {error}", messages.ERROR)
        else:
            told = "has changed" if outcome.changed else "is not there any more" if outcome.gone else "is as it was"
            self.message_user(request, f"The practice system's record {told}.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:invoices_invoice_comparison", args=[invoice.pk]))


def describe(invoice: Invoice) -> dict[str, Any]:
    """What the template shows of an invoice that has a record."""
    record = from_json(invoice.pims_record)
    lines = list(invoice.lines.all())
    checks = compare_with_record(invoice, record)
    alteration = judge_alteration(checks)
    header, items = list(header_rows(invoice, record, checks)), list(line_rows(lines, record, checks))
    rows: list[Row | LineRow] = [*header, *items]
    return {
        "record": record,
        "header": header,
        "lines": items,
        "differences": sum(row.result not in (SAME, ALONE) for row in rows),
        "alteration": alteration,
        "percent": round(100 * alteration.score),
        "is_altered": alteration.score >= ALTERED,
        "pages": [{"number": number, "marks": marks_of(number, rows)} for number in invoice.page_numbers],
        "versions": list(invoice.record_versions.order_by("-pk")[:20]),
    }


def marks_of(number: int, rows: Sequence[Row | LineRow]) -> list[dict[str, Any]]:
    """Boxes on one page in percent of it: x, y, width, height."""
    return [
        {
            "key": row.key,
            "result": row.result,
            "label": row.label,
            "x": round(100 * row.box[0], 2),
            "y": round(100 * row.box[1], 2),
            "width": round(100 * (row.box[2] - row.box[0]), 2),
            "height": round(100 * (row.box[3] - row.box[1]), 2),
        }
        for row in rows
        if row.page == number and row.box and row.result != ALONE
    ]
