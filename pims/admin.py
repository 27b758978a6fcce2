from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from invoicedata.staff import OwnTenantsFilter, TenantAdmin
from pims.errors import PimsConfigError
from pims.models import Amendment, Connection, CustomerLink, ImportBatch, PimsRecord
from pims.profiles import EXAMPLE, EXAMPLE_SAMPLE, Shown, load_profile, try_profile
from pims.services import save_profile
from pims.settings_form import OPTION, SECRET, ConnectionForm, ProfileForm, own_fields
from pims.trials import try_connection

PROFILE_KIND = "rest_profile"


class CustomerLinkInline(admin.TabularInline):
    model = CustomerLink
    extra = 0


@admin.register(Connection)
class ConnectionAdmin(TenantAdmin, admin.ModelAdmin):
    list_display = ("name", "kind", "practice_name", "mga", "enabled", "created_at")
    list_filter = ("kind", "enabled", ("mga", OwnTenantsFilter))
    list_select_related = ("mga",)
    search_fields = ("name", "practice_name")
    form = ConnectionForm
    inlines = (CustomerLinkInline,)
    change_form_template = "admin/pims/connection/change_form.html"

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        """What its kind needs to know, once it is chosen."""
        shown: list[Any] = [(None, {"fields": ConnectionForm.Meta.fields})]
        own = own_fields(obj) if obj else {}
        for title, prefix in (("Credentials", SECRET), ("Settings", OPTION)):
            if names := [name for name in own if name.startswith(prefix)]:
                shown.append((title, {"fields": names}))
        return shown

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["fields"] = ConnectionForm.Meta.fields  # its own fields are the form's, not the model's
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Connection | None) -> Any:
        return self.inlines if obj else ()

    def response_add(self, request: HttpRequest, obj: Connection, post_url_continue: str | None = None) -> HttpResponse:
        """On to the credentials."""
        address = reverse("admin:pims_connection_change", args=[obj.pk])
        self.message_user(request, "Added. Now its credentials, then test it.", messages.SUCCESS)
        return HttpResponseRedirect(address)

    def get_urls(self) -> list[URLPattern]:
        test = self.admin_site.admin_view(require_POST(self.test_view))
        profile = self.admin_site.admin_view(self.profile_view)
        return [
            path("<int:pk>/test/", test, name="pims_connection_test"),
            path("<int:pk>/profile/", profile, name="pims_connection_profile"),
            *super().get_urls(),
        ]

    def profile_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A profile is written here and tried on a sample; it is saved only where an invoice comes of it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        connection = get_object_or_404(self.get_queryset(request).filter(kind=PROFILE_KIND), pk=pk)
        known = connection.options.get("profile") or EXAMPLE
        form = ProfileForm(request.POST or None, initial={"profile": known, "sample": EXAMPLE_SAMPLE})
        rows: list[Shown] = []
        invoice = None
        if form.is_valid():
            try:
                profile = load_profile(form.cleaned_data["profile"])
                zone = ZoneInfo(connection.time_zone)
                sample = form.cleaned_data["sample"]
                rows, invoice = try_profile(profile, sample, zone, connection.currency or None)
            except PimsConfigError as error:
                form.add_error("profile", str(error))
            if invoice is not None and "save" in request.POST:
                save_profile(connection, form.cleaned_data["profile"])
                self.message_user(request, "The profile is saved. Now test the connection.", messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:pims_connection_change", args=[pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Profile of {connection.name}",
            "opts": self.opts,
            "original": connection,
            "form": form,
            "rows": rows,
            "invoice": invoice,
        }
        return TemplateResponse(request, "admin/pims/connection/profile.html", context)

    def test_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Signs in, reads a little of everything, and says what works and what does not."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        connection = get_object_or_404(self.get_queryset(request), pk=pk)
        for trial in try_connection(connection):
            told = f"{trial.name}: {trial.problem or 'works'}"
            level = messages.SUCCESS if not trial.problem else messages.ERROR if trial.is_needed else messages.WARNING
            self.message_user(request, told, level)
        return HttpResponseRedirect(reverse("admin:pims_connection_change", args=[pk]))


class AmendmentInline(admin.TabularInline):
    model = Amendment
    extra = 0
    can_delete = False
    fields = readonly_fields = ("at", "total_before", "total_after")

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(PimsRecord)
class PimsRecordAdmin(TenantAdmin, admin.ModelAdmin):
    tenant_path = "connection__mga"
    list_display = ("number", "invoice_date", "total", "customer_id", "connection")
    list_filter = (("connection__mga", OwnTenantsFilter), ("connection", OwnTenantsFilter))
    list_select_related = ("connection",)
    search_fields = ("number", "number_key", "customer_id")
    date_hierarchy = "invoice_date"
    inlines = (AmendmentInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(ImportBatch)
class ImportBatchAdmin(TenantAdmin, admin.ModelAdmin):
    tenant_path = "connection__mga"
    list_display = ("filename", "preset", "connection", "added", "changed", "unchanged", "failed", "created_at")
    list_filter = (("connection__mga", OwnTenantsFilter), "preset")
    list_select_related = ("connection",)
    date_hierarchy = "created_at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
