"""Jobs, and the record of what happened."""

import csv
import json

from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from invoicedata import audit
from invoicedata.models import Event
from invoicedata.staff import OwnTenantsFilter, tenant_ids
from invoices.admin.base import ReadOnlyAdmin, ValuesFilter, pill_column
from invoices.models import Erasure, Job
from invoices.services.operations import measure

MOST_EVENTS = 200_000  # that a browser may wait for
TOO_MANY = "These are too many for a browser: use manage.py audit {}."


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        pill_column("state", "state"),
        "attempts",
        "error_code",
        "document",
        "mga",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", ("error_code", ValuesFilter), ("mga", OwnTenantsFilter))
    list_select_related = ("mga", "document")
    search_fields = ("id", "document__filename", "request__id")
    date_hierarchy = "created_at"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_GET(self.operations_view))
        return [path("operations/", view, name="invoices_job_operations"), *super().get_urls()]

    def operations_view(self, request: HttpRequest) -> HttpResponse:
        """The queue, failures and throughput of the whole service: not for who is limited to tenants."""
        if not self.has_view_permission(request) or tenant_ids(request.user) is not None:
            raise PermissionDenied
        figures = measure(timezone.now())
        hours = figures.hours
        series = {
            "hours": [f"{hour.start:%H:%M}" for hour in hours],
            "done": [hour.done for hour in hours],
            "failed": [hour.failed for hour in hours],
            "taken": [hour.webhooks_taken for hour in hours],
            "refused": [hour.webhooks_failed for hour in hours],
        }
        context = {**self.admin_site.each_context(request), "title": "Operations", "figures": figures, "series": series}
        return TemplateResponse(request, "admin/invoices/job/operations.html", context)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The audit: who decided, signed in, was refused, issued a token or changed a setting."""

    list_display = ("at", "action", "subject", "shown_actor", "details", "mga", "position")
    list_filter = ("action", ("mga", OwnTenantsFilter))
    list_select_related = ("mga", "actor")
    search_fields = ("=subject", "=action")
    date_hierarchy = "at"
    fields = ("at", "action", "subject", "shown_actor", "mga", "data", "position", "seal")
    actions = ("download", "check_chain")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """What concerns no tenant (sign-ins, settings of the service) is for those who may see users."""
        rows = super().get_queryset(request)
        return rows if request.user.has_perm("auth.view_user") else rows.exclude(mga=None)

    @admin.display(description="who", ordering="actor")
    def shown_actor(self, event: Event) -> str:
        """Also those whose account was deleted."""
        if event.actor_id is None:
            return "-"
        try:
            actor = event.actor
        except ObjectDoesNotExist:
            actor = None
        return str(actor) if actor else f"user {event.actor_id} (deleted)"

    @admin.display(description="details")
    def details(self, event: Event) -> SafeString:
        return format_html("<code>{}</code>", json.dumps(event.data, ensure_ascii=False) if event.data else "")

    @admin.action(description="Download as CSV", permissions=["view"])
    def download(self, request: HttpRequest, rows: QuerySet[Event]) -> HttpResponse | None:
        if rows.count() > MOST_EVENTS:
            self.message_user(request, TOO_MANY.format("export"), messages.WARNING)
            return None
        response = HttpResponse(
            content_type="text/csv", headers={"Content-Disposition": "attachment; filename=events.csv"}
        )
        writer = csv.writer(response)
        writer.writerow(audit.COLUMNS)
        for event in rows.order_by("pk").values(*audit.COLUMNS).iterator():
            writer.writerow(audit.as_text(event).values())
        return response

    @admin.action(description="Check that no event was changed or removed (all of them)", permissions=["view"])
    def check_chain(self, request: HttpRequest, rows: QuerySet[Event]) -> None:
        if Event.objects.count() > MOST_EVENTS:
            self.message_user(request, TOO_MANY.format("verify"), messages.WARNING)
            return
        verdict = audit.verify()
        for problem in verdict.problems:
            self.message_user(request, problem, messages.ERROR)
        if not verdict.problems:
            self.message_user(request, f"{verdict.checked} events checked: all are as they were written.")


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ("at", "mga", "documents", "requests", "records", "actor")
    list_filter = (("mga", OwnTenantsFilter),)
    list_select_related = ("mga", "actor")
    search_fields = ("customer_hash",)
    date_hierarchy = "at"
