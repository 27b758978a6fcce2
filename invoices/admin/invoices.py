"""Invoices with their lines, payments, findings and pairings; suppliers."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils.safestring import SafeString

from invoicedata.staff import OwnTenantsFilter, TenantAdmin
from invoices.admin.base import (
    ReadOnlyAdmin,
    ReadOnlyInline,
    ShowsConfidence,
    ShowsQuantities,
    ValuesFilter,
    pill_column,
)
from invoices.admin.comparison import ComparisonViews
from invoices.admin.dashboard import DashboardViews
from invoices.admin.documents import page_pictures
from invoices.admin.exports import EXPORT_ACTIONS
from invoices.admin.pairing import PairingViews
from invoices.admin.review import ReviewViews
from invoices.alteration import ALTERED
from invoices.models import Finding, Invoice, InvoiceLine, Pairing, Payment, Practice
from invoices.templatetags import invoice_display

SHOWN_VALUES = (
    "supplier_name",
    "invoice_number",
    "issue_date",
    "due_date",
    "delivery_date",
    "order_number",
    "venue",
    "customer_name",
    "currency",
    "net_total",
    "tax_total",
    "gross_total",
    "previous_balance",
    "amount_paid",
    "amount_due",
    "payment_terms",
)


class LineInline(ShowsConfidence, ShowsQuantities, ReadOnlyInline):
    model = InvoiceLine
    fields = (
        "position",
        "sku",
        "description",
        "shown_quantity",
        "unit",
        "shown_price",
        "net_amount",
        "category",
        "shown_confidence",
    )
    readonly_fields = fields


class PaymentInline(ShowsConfidence, ReadOnlyInline):
    model = Payment
    fields = ("payment_date", "amount", "payment_method", "status", "shown_confidence")
    readonly_fields = fields


class FindingInline(ReadOnlyInline):
    model = Finding
    fields = ("shown_severity", "message", "field", "line", "money_at_stake", "shown_state", "decided_by", "decided_at")
    readonly_fields = fields

    @admin.display(description="severity")
    def shown_severity(self, finding: Finding) -> SafeString:
        return invoice_display.status_pill(finding.severity, finding.get_severity_display())

    @admin.display(description="state")
    def shown_state(self, finding: Finding) -> SafeString:
        return invoice_display.status_pill(finding.state, finding.get_state_display())


class PairingInline(ReadOnlyInline):
    model = Pairing
    fields = ("delivery_note", "status", "score", "reasons", "decided_by", "decided_at")


class AlteredFilter(admin.SimpleListFilter):
    """Beside the practice system's record."""

    title = "practice system"
    parameter_name = "altered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Looks altered"), ("no", "Does not look altered"), ("unknown", "Has no record of it")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invoice]) -> QuerySet[Invoice]:
        narrowed: dict[str, dict[str, Any]] = {
            "yes": {"alteration_score__gte": ALTERED},
            "no": {"alteration_score__lt": ALTERED},
            "unknown": {"alteration_score": None},
        }
        return queryset.filter(**narrowed.get(self.value() or "", {}))


@admin.register(Invoice)
class InvoiceAdmin(ReviewViews, DashboardViews, ComparisonViews, PairingViews, ShowsConfidence, ReadOnlyAdmin):
    list_display = (
        "__str__",
        "supplier_name",
        "issue_date",
        "shown_total",
        pill_column("status", "status"),
        "shown_confidence",
        "open_findings",
        "shown_alteration",
        "venue",
        "mga",
        "created_at",
    )
    list_filter = ("status", AlteredFilter, "kind", ("currency", ValuesFilter), ("mga", OwnTenantsFilter))
    list_select_related = ("mga",)
    search_fields = ("invoice_number", "number_key", "supplier_name", "filename", "id", "customer_id")
    date_hierarchy = "created_at"
    inlines = (FindingInline, LineInline, PaymentInline, PairingInline)
    actions = EXPORT_ACTIONS
    fieldsets = (
        (None, {"fields": (("status", "shown_confidence", "kind"), "values")}),
        ("Pages", {"fields": ("pictures",)}),
        (
            "Source",
            {
                "fields": (
                    "document",
                    "filename",
                    "page_numbers",
                    "mga",
                    "customer_id",
                    "id",
                    "created_at",
                    "updated_at",
                )
            },
        ),
    )
    readonly_fields = ("shown_confidence", "values", "pictures")
    change_form_template = "admin/invoices/invoice/change_form.html"
    change_list_template = "admin/invoices/invoice/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        own = [*self.review_urls(), *self.dashboard_urls(), *self.comparison_urls(), *self.pairing_urls()]
        return [*own, *super().get_urls()]

    @admin.display(description="total", ordering="gross_total")
    def shown_total(self, invoice: Invoice) -> SafeString:
        return invoice_display.amount(invoice.gross_total, invoice.currency)

    @admin.display(description="altered", ordering="alteration_score")
    def shown_alteration(self, invoice: Invoice) -> SafeString | str:
        score = invoice.alteration_score
        if score is None:
            return ""
        return invoice_display.status_pill("error" if score >= ALTERED else "matched", f"{100 * score:.0f} %")

    @admin.display(description="values")
    def values(self, invoice: Invoice) -> SafeString:
        """Each value beside what was read, how, and how sure."""
        rows = [self.value_row(invoice, name) for name in SHOWN_VALUES]
        return SafeString(render_to_string("admin/invoices/invoice/values.html", {"rows": rows}))

    @admin.display(description="pages")
    def pictures(self, invoice: Invoice) -> SafeString:
        return page_pictures(invoice.document, invoice.page_numbers)

    def value_row(self, invoice: Invoice, name: str) -> dict[str, Any]:
        value = getattr(invoice, name)
        shown = invoice_display.amount(value) if isinstance(value, Decimal) else value
        label = name.replace("_", " ")
        return {"label": label, "value": shown, "reading": invoice.reading.get(name)}


@admin.register(Practice)
class PracticeAdmin(TenantAdmin, admin.ModelAdmin):
    list_display = ("name", "city", "postcode", "phone", "email", "verified", "mga")
    list_filter = ("verified", ("mga", OwnTenantsFilter))
    list_select_related = ("mga",)
    search_fields = ("name", "name_key", "phone", "email", "postcode")
    readonly_fields = ("id", "created_at")
