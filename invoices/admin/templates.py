"""What corrections taught, by supplier: seen, silenced field by field, switched off and on."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from invoicedata.staff import OwnTenantsFilter, TenantAdmin
from invoices.admin.base import pill_column
from invoices.models import SupplierTemplate
from invoices.services import templates


class SilenceForm(forms.ModelForm):
    muted = forms.MultipleChoiceField(
        label="Silent on",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Fields that are read as if nothing had been learned of them.",
    )

    class Meta:
        model = SupplierTemplate
        fields = ("muted",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = templates.known_fields(self.instance)
        choices = [(name, name.replace("_", " ").capitalize()) for name in known]
        self.fields["muted"].choices = choices  # type: ignore[attr-defined]


@admin.register(SupplierTemplate)
class SupplierTemplateAdmin(TenantAdmin, admin.ModelAdmin):
    form = SilenceForm
    list_display = ("__str__", pill_column("state", "state"), "shown_test", "examples", "learned_at", "mga")
    list_filter = ("state", "kind", ("mga", OwnTenantsFilter))
    list_select_related = ("mga", "supplier")
    search_fields = ("supplier__name", "sender")
    list_per_page = 50
    show_full_result_count = False
    actions = ("switch_off", "switch_on")
    fieldsets = (
        (None, {"fields": (("state", "verdict"), "shown_test", "examples", "learned_at", "supplier", "mga")}),
        ("What it knows", {"fields": ("knowledge", "muted")}),
    )
    readonly_fields = ("state", "verdict", "shown_test", "examples", "learned_at", "supplier", "mga", "knowledge")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="values read right on approved invoices")
    def shown_test(self, row: SupplierTemplate) -> str:
        if not row.tested:
            return "not tested yet"
        on = f"{row.tested} invoice{'' if row.tested == 1 else 's'}"
        return f"{row.right_without} without, {row.right_with} with it, of {row.tested_values} on {on}"

    @admin.display(description="learned")
    def knowledge(self, row: SupplierTemplate) -> SafeString | str:
        if row.template is None:
            return "nothing yet"
        return SafeString(render_to_string("admin/invoices/suppliertemplate/knowledge.html", {"known": row.template}))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        templates.mute(obj, request.user, form.cleaned_data["muted"])  # type: ignore[arg-type]

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[SupplierTemplate]) -> None:
        for row in rows:
            templates.switch_off(row, request.user)  # type: ignore[arg-type]
        self.message_user(request, "New documents are read without them.")

    @admin.action(description="Switch on, where it reads better", permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[SupplierTemplate]) -> None:
        for row in rows.filter(state=SupplierTemplate.State.OFF):
            templates.switch_on(row, request.user)  # type: ignore[arg-type]
        self.message_user(request, "They are tested again, and used where they read better.")
