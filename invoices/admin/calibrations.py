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


@admin.register(Calibration)
class CalibrationAdmin(TenantAdmin, admin.ModelAdmin):
    list_display = ("mga", "values", "wrong", "loss_without", "loss_with", "in_use", "is_off", "fitted_at")
    list_filter = (("mga", OwnTenantsFilter), "in_use")
    list_select_related = ("mga",)
    actions = ("fit_again",)
    fields = (
        "mga",
        "shown_curve",
        "is_off",
        ("values", "wrong"),
        ("loss_without", "loss_with"),
        ("slope", "offset"),
        "fitted_at",
    )
    readonly_fields = (
        "mga",
        "shown_curve",
        "values",
        "wrong",
        "loss_without",
        "loss_with",
        "slope",
        "offset",
        "fitted_at",
    )

    class Media:
        css = {"all": ["invoicedata/dashboard.css"]}
        js = ["vendor/chartjs/chart-4.6.1.umd.min.js", "invoicedata/dashboard.js"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

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
