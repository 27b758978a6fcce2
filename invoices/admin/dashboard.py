"""The dashboard: what came in, what went through alone, what people corrected, what is at stake."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_GET

from invoicedata.staff import tenants_of
from invoices.models import Calibration, Invoice
from invoices.services import desk, figures

PERIODS = (7, 30, 90, 365)  # days
USUAL = 30


class DashboardViews:
    """Views of InvoiceAdmin. Whoever may see invoices may see the figures of their tenants."""

    admin_site: Any
    opts: Any
    get_queryset: Callable[[HttpRequest], QuerySet[Invoice]]

    def dashboard_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_GET(self.dashboard_view))
        return [path("dashboard/", view, name="invoices_invoice_dashboard")]

    def dashboard_view(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("invoices.view_invoice"):
            raise PermissionDenied
        asked = request.GET.get("days", "")
        days = int(asked) if asked.isdecimal() and int(asked) in PERIODS else USUAL
        tenants = tenants_of(request.user)
        tenant = tenants.filter(pk=request.GET.get("tenant", "")).first()
        invoices = self.get_queryset(request)
        if tenant is not None:
            invoices = invoices.filter(mga=tenant)
        now = timezone.now()
        told = figures.describe(invoices, (now - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0), now)
        known = Calibration.objects.filter(mga__in=[tenant] if tenant else tenants, fitted_at__isnull=False)
        context = {
            **self.admin_site.each_context(request),
            "title": "Dashboard",
            "opts": self.opts,
            "figures": told,
            "came_in": sum(sum(status["counts"]) for status in told["statuses"]),
            "waiting": desk.counts(invoices, request.user)["waiting"],  # type: ignore[arg-type]
            "days": days,
            "periods": PERIODS,
            "tenants": tenants,
            "tenant": tenant,
            "calibrations": known.select_related("mga"),
        }
        return TemplateResponse(request, "admin/invoices/invoice/dashboard.html", context)
