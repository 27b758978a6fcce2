"""Requests of contract 1 and the webhooks that tell their outcome."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from invoicedata.staff import OwnTenantsFilter
from invoices.admin.base import ReadOnlyAdmin, ReadOnlyInline, pill_column
from invoices.models import InvoiceRequest, WebhookAttempt, WebhookDelivery, WebhookReceiver
from invoices.services import deliveries, receivers


@admin.register(InvoiceRequest)
class InvoiceRequestAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "operation",
        "customer_id",
        pill_column("state", "state"),
        "http_status",
        "is_duplicate",
        "mga",
        "accepted_at",
        "completed_at",
    )
    list_filter = ("state", "operation", "http_status", ("mga", OwnTenantsFilter))
    list_select_related = ("mga",)
    search_fields = ("id", "customer_id", "document__filename")
    date_hierarchy = "accepted_at"
    exclude = ("response", "fingerprint")
    readonly_fields = ("answer",)

    @admin.display(description="answer")
    def answer(self, request: InvoiceRequest) -> SafeString:
        return format_html(
            "<pre>{}</pre>", json.dumps(json.loads(request.response or "null"), indent=2, ensure_ascii=False)
        )


class AttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    fields = ("number", "started_at", "milliseconds", "status_code", "error", "answer")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "event",
        pill_column("state", "state"),
        "attempt_count",
        "next_attempt_at",
        "mga",
        "created_at",
    )
    list_filter = ("state", "event", ("mga", OwnTenantsFilter))
    list_select_related = ("mga",)
    search_fields = ("id", "url", "request__id")
    date_hierarchy = "created_at"
    inlines = (AttemptInline,)
    exclude = ("fence", "lease_until")
    actions = ("deliver_again",)

    @admin.action(description="Deliver again (same id, same body)", permissions=["deliver"])
    def deliver_again(self, request: HttpRequest, rows: QuerySet[WebhookDelivery]) -> None:
        count = deliveries.redeliver(rows, request.user)  # type: ignore[arg-type]
        self.message_user(request, f"{count} are delivered again; what was pending goes on as it was.")

    def has_deliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invoices.change_webhookdelivery")


@admin.register(WebhookReceiver)
class WebhookReceiverAdmin(ReadOnlyAdmin):
    """Those that fail. One that takes a webhook again is none of them any more."""

    list_display = ("origin", "mga", "failures", "failing_since", "last_error", "disabled_at")
    list_filter = (("disabled_at", admin.EmptyFieldListFilter), ("mga", OwnTenantsFilter))
    list_select_related = ("mga",)
    search_fields = ("origin",)
    actions = ("switch_on",)

    @admin.action(description="Switch on again, and deliver what was held back", permissions=["deliver"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[WebhookReceiver]) -> None:
        staff: Any = request.user
        held = sum(receivers.switch_on(row, staff) for row in rows.select_related("mga"))
        self.message_user(request, f"{held} webhooks that were held back are delivered now.")

    def has_deliver_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invoices.change_webhookdelivery")
