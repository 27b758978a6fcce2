"""How confidences turned out, and whether they are recalibrated."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from invoicedata.staff import OwnTenantsFilter, TenantAdmin
from invoices.models import Calibration
from invoices.services import calibration


def rounded(name: str, description: str) -> Any:
    """A field of a calibration, to four decimals."""

    @admin.display(description=description, ordering=name)
    def shown(_: admin.ModelAdmin, row: Calibration) -> str | None:
        value = getattr(row, name)
        return None if value is None else f"{value:.4f}"

    return shown


@admin.register(Calibration)
class CalibrationAdmin(TenantAdmin, admin.ModelAdmin):
    list_display = ("mga", "values", "wrong", "shown_loss_without", "shown_loss_with", "in_use", "is_off", "fitted_at")
    list_filter = (("mga", OwnTenantsFilter), "in_use")
    list_select_related = ("mga",)
    actions = ("fit_again",)
    fields = (
        "mga",
        "shown_curve",
        "is_off",
        ("values", "wrong"),
        ("shown_loss_without", "shown_loss_with"),
        ("shown_slope", "shown_offset"),
        "fitted_at",
    )
    readonly_fields = (
        "mga",
        "shown_curve",
        "values",
        "wrong",
        "shown_loss_without",
        "shown_loss_with",
        "shown_slope",
        "shown_offset",
        "fitted_at",
    )

    class Media:
        css = {"all": ["invoicedata/dashboard.css"]}
        js = ["vendor/chartjs/chart-4.6.1.umd.min.js", "invoicedata/dashboard.js"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    shown_loss_without = rounded("loss_without", "log loss as read")
    shown_loss_with = rounded("loss_with", "log loss recalibrated")
    shown_slope = rounded("slope", "slope")
    shown_offset = rounded("offset", "offset")

    @admin.display(description="reliability")
    def shown_curve(self, row: Calibration) -> SafeString:
        return SafeString(render_to_string("admin/invoices/calibration/curve.html", {"calibration": row}))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        calibration.switch(obj, request.user, off=form.cleaned_data["is_off"])  # type: ignore[arg-type]

    @admin.action(description="Measure again", permissions=["change"])
    def fit_again(self, request: HttpRequest, rows: QuerySet[Calibration]) -> None:
        for row in rows.select_related("mga"):
            calibration.fit(row.mga)
        self.message_user(request, "Measured on what is approved by now.")
