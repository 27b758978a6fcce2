"""Tenants, their tokens and secrets. A secret is shown once, on the page that answers its making."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from invoicedata import tokens
from invoicedata.models import AccessToken, Mga, Permission, SigningKey, StaffLimit, WebhookSecret
from invoicedata.staff import OwnTenantsFilter, ServiceAdmin, TenantAdmin, tenant_ids, tenants_of

SECRET_OVERLAP = timedelta(hours=24)

for model in (StaticDevice, TOTPDevice):  # they show their keys; staff have a page of their own
    admin.site.unregister(model)


def show_secret(request: HttpRequest, site: admin.AdminSite, title: str, secret: str, advice: str) -> HttpResponse:
    """The one page that ever shows `secret`; browsers keep no copy of it."""
    context = {**site.each_context(request), "title": title, "secret": secret, "advice": advice}
    response = TemplateResponse(request, "admin/secret.html", context)
    response["Cache-Control"] = "no-store"
    return response


class LabelledMoments:
    """For a ModelAdmin: the two boxes of a moment say which is which, to whoever does not see them."""

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if isinstance(field, forms.SplitDateTimeField):
            for box, name in zip(field.widget.widgets, ("date", "time"), strict=True):
                box.attrs["aria-label"] = f"{field.label}: {name}"
        return field


@admin.register(Mga)
class MgaAdmin(LabelledMoments, TenantAdmin, admin.ModelAdmin):
    tenant_path = "pk"
    list_display = ("name", "mga_id", "default_currency", "time_zone", "created_at")
    search_fields = ("name", "mga_id")
    readonly_fields = ("created_at",)
    fieldsets = (
        (None, {"fields": ("mga_id", "name", "default_currency", "time_zone", "tokens_valid_after", "created_at")}),
        (
            "Checks",
            {
                "fields": (
                    "amount_tolerance",
                    "price_tolerance_percent",
                    ("quantity_tolerance", "quantity_tolerance_percent"),
                    "venues",
                ),
                "description": "What the checks take for equal, when an invoice is read or reviewed.",
            },
        ),
        ("Webhooks", {"fields": ("webhook_private_hosts", "contact_email")}),
        (
            "Retention",
            {
                "fields": tuple(settings.TENANT_RETENTION),
                "description": "Blank: the service's default. 0: for ever. What is older is deleted each night.",
            },
        ),
        (
            "Limits",
            {
                "fields": tuple(settings.TENANT_LIMITS),
                "description": "Blank: the service's default. 0: no limit. What is beyond is answered 429.",
            },
        ),
    )
    actions = ("rotate_webhook_secret", "stage_webhook_secret", "revoke_tokens")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return (*self.readonly_fields, "mga_id") if obj else self.readonly_fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return tenant_ids(request.user) is None and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.action(description="New webhook secret, in use at once (the old one co-signs for 24 hours)")
    def rotate_webhook_secret(self, request: HttpRequest, queryset: QuerySet[Mga]) -> HttpResponse | None:
        return self._rotate(request, queryset, timedelta(0), "It signs every webhook from now on.")

    @admin.action(description="New webhook secret, for X-Request-Signature in 24 hours (it co-signs until then)")
    def stage_webhook_secret(self, request: HttpRequest, queryset: QuerySet[Mga]) -> HttpResponse | None:
        advice = "It signs webhook-signature from now on, and X-Request-Signature in 24 hours."
        return self._rotate(request, queryset, SECRET_OVERLAP, advice)

    def _rotate(
        self, request: HttpRequest, queryset: QuerySet[Mga], after: timedelta, advice: str
    ) -> HttpResponse | None:
        if queryset.count() != 1:
            self.message_user(request, "Choose exactly one tenant.", messages.WARNING)
            return None
        actor: Any = request.user
        secret = tokens.rotate_webhook_secret(queryset.get(), SECRET_OVERLAP, after=after, actor=actor)
        advice = f"Give it to the tenant over a secure channel. {advice}"
        return show_secret(request, self.admin_site, "New webhook secret", secret, advice)

    @admin.action(description="Revoke all access tokens")
    def revoke_tokens(self, request: HttpRequest, queryset: QuerySet[Mga]) -> None:
        for mga in queryset:
            tokens.revoke_all_tokens(mga, actor=request.user)  # type: ignore[arg-type]
        self.message_user(request, "All tokens issued so far are refused from their next request on.")


class IssueTokenForm(forms.Form):
    mga = forms.ModelChoiceField(Mga.objects.none(), label="Tenant")
    permissions = forms.MultipleChoiceField(
        choices=Permission.choices, initial=Permission.values, widget=forms.CheckboxSelectMultiple
    )
    hours = forms.FloatField(min_value=0.1, max_value=24, initial=24)
    note = forms.CharField(max_length=200, required=False, help_text="Whom it is for, and what for.")

    def __init__(self, user: Any, *args: Any) -> None:
        super().__init__(*args)
        self.fields["mga"].queryset = tenants_of(user)  # type: ignore[attr-defined]


@admin.register(AccessToken)
class AccessTokenAdmin(TenantAdmin, admin.ModelAdmin):
    list_display = ("mga", "note", "shown_permissions", "issued_at", "expires_at", "revoked_at")
    list_filter = (("mga", OwnTenantsFilter), ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("mga",)
    search_fields = ("jti", "note", "mga__name")
    date_hierarchy = "issued_at"
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @admin.display(description="permissions")
    def shown_permissions(self, token: AccessToken) -> str:
        return ", ".join(token.permissions)

    @admin.action(description="Revoke", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        for token in queryset:
            tokens.revoke_token(token, actor=request.user)  # type: ignore[arg-type]
        self.message_user(request, "Revoked: they are refused from their next request on.")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A form that issues a token, and the page that shows it once."""
        if not self.has_add_permission(request):
            return HttpResponseRedirect(reverse("admin:invoicedata_accesstoken_changelist"))
        form = IssueTokenForm(request.user, request.POST or None)
        if request.method == "POST" and form.is_valid():
            values = form.cleaned_data
            token = tokens.issue_token(
                values["mga"],
                permissions=values["permissions"],
                lifetime=timedelta(hours=values["hours"]),
                note=values["note"],
                actor=request.user,  # type: ignore[arg-type]
            )
            expiry = timezone.localtime(timezone.now() + timedelta(hours=values["hours"]))
            advice = f"Give it to the tenant over a secure channel. It expires on {expiry:%Y-%m-%d at %H:%M} UTC."
            return show_secret(request, self.admin_site, "New access token", token, advice)
        context = {
            **self.admin_site.each_context(request),
            "title": "Issue an access token",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/invoicedata/accesstoken/issue.html", context)


class SecretAdmin(admin.ModelAdmin):
    """That there is a secret, and since when: never the secret."""

    exclude = ("secret",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(SigningKey)
class SigningKeyAdmin(ServiceAdmin, SecretAdmin):
    list_display = ("kid", "created_at", "verifies_until")


@admin.register(WebhookSecret)
class WebhookSecretAdmin(TenantAdmin, SecretAdmin):
    list_display = ("mga", "created_at", "signs_from", "valid_until")
    list_filter = (("mga", OwnTenantsFilter),)
    list_select_related = ("mga",)


class StaffLimitInline(admin.StackedInline):
    """Without it, a member of staff sees all tenants."""

    model = StaffLimit
    extra = 0


admin.site.unregister([User, Group])


@admin.register(User)
class StaffAdmin(LabelledMoments, ServiceAdmin, UserAdmin):
    """People and their roles; no one changes their own limits."""

    list_display = ("username", "first_name", "last_name", "is_staff", "is_active", "last_login")
    filter_horizontal = ()  # its script makes boxes that screen readers cannot name
    inlines = (StaffLimitInline,)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()


@admin.register(Group)
class RoleAdmin(ServiceAdmin, GroupAdmin):
    """Roles."""

    filter_horizontal = ()
