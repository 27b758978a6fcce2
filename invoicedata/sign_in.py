"""How staff get in: sign-in attempts are limited, and a code of an authenticator app is asked for where one is set up
(everybody needs one with STAFF_TWO_FACTOR=required)."""

import base64
import hashlib
from typing import Any

import django_otp
import segno
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.views.decorators.cache import never_cache
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from invoicedata.events import record_event
from invoicedata.limits import Limit, client_address, take

QUARTER_HOUR = 15 * 60
ATTEMPTS = 10  # a quarter of an hour, for one name from one address
ADDRESS_ATTEMPTS = 100  # for one address, whatever the names
RECOVERY_CODES = 10
APP, RECOVERY = "Authenticator app", "Recovery codes"
THROTTLED = "throttled"


def is_let_in(user: Any) -> bool:
    """Whether a signed-in user is staff that has given what the settings ask for."""
    is_staff = bool(user and user.is_active and user.is_staff)
    return is_staff and (settings.STAFF_TWO_FACTOR != "required" or user.is_verified())


def take_attempt(request: HttpRequest, username: str) -> None:
    """Raises ValidationError once there were too many."""
    address = client_address(request)
    name = hashlib.sha256(username.casefold().encode()).hexdigest()[:32]
    mine = Limit("sign-in", ATTEMPTS, QUARTER_HOUR)
    all_names = Limit("sign-ins", ADDRESS_ATTEMPTS, QUARTER_HOUR)
    if not (take(all_names, address) and take(mine, f"{address}:{name}")):
        minutes = -(-mine.seconds_left() // 60)
        raise ValidationError(f"Too many attempts. Try again in {minutes} minutes.", code=THROTTLED)


class SignInForm(AdminAuthenticationForm):
    """User name, password, and the code of those who have set one up."""

    code = forms.CharField(
        required=False,
        max_length=20,
        label="Code",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "text"}),
        help_text="From your authenticator app, or a recovery code; blank if you have set up neither.",
    )
    error_messages = AdminAuthenticationForm.error_messages | {
        "code": "Enter the code that your authenticator app shows now, or a recovery code that was not used yet.",
    }

    def clean(self) -> dict[str, Any]:
        assert self.request is not None
        take_attempt(self.request, self.cleaned_data.get("username", ""))
        cleaned: dict[str, Any] = super().clean() or {}
        user: Any = self.get_user()
        if user is not None and django_otp.user_has_device(user):
            user.otp_device = verified_device(user, self.cleaned_data.get("code", ""))
            if user.otp_device is None:
                raise ValidationError(self.error_messages["code"], code="code")
        return cleaned


def verified_device(user: AbstractBaseUser, code: str) -> Any:
    """The device that the code is of; None for a wrong code, and for a while after several wrong ones."""
    digits = code.replace(" ", "")
    is_of_app = len(digits) == 6 and digits.isdigit()
    model = TOTPDevice if is_of_app else StaticDevice
    with transaction.atomic():
        device = model.objects.select_for_update().filter(user=user, confirmed=True).first()
        if device is None or not device.verify_is_allowed()[0]:
            return None
        return device if device.verify_token(digits if is_of_app else code.strip()) else None


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=20, label="Code", widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True})
    )


class StaffSite(admin.AdminSite):
    """The admin. Rows are deleted one at a time: each is asked about, and written down."""

    login_form = SignInForm
    login_template = "admin/sign_in.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.disable_action("delete_selected")

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and is_let_in(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Whoever is signed in and still needs a second factor is led to where it is set up."""
        user: Any = request.user
        if super().has_permission(request) and not is_let_in(user) and not django_otp.user_has_device(user):
            messages.warning(request, "Set up a second factor first: the service asks everybody for one.")
            return HttpResponseRedirect(reverse("admin:two_factor"))
        response = super().login(request, extra_context)
        form = getattr(response, "context_data", {}).get("form")
        if form and form.has_error("__all__", THROTTLED):
            response.status_code = 429
            response["Retry-After"] = str(Limit("sign-in", ATTEMPTS, QUARTER_HOUR).seconds_left())
        return response

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("two-factor/", never_cache(self.two_factor_view), name="two_factor"), *super().get_urls()]

    def two_factor_view(self, request: HttpRequest) -> HttpResponse:
        """Sets a second factor up (picture to scan, code to confirm, recovery codes to keep), or takes it away."""
        if not super().has_permission(request):
            return HttpResponseRedirect(f"{reverse('admin:login')}?next={request.path}")
        user: Any = request.user
        form = CodeForm(request.POST or None)
        if is_set_up(user) and request.POST.get("action") == "remove":
            return self._remove(request, form)
        if not is_set_up(user) and request.method == "POST" and form.is_valid():
            if codes := confirm(user, form.cleaned_data["code"]):
                django_otp.login(request, TOTPDevice.objects.get(user=user))
                return self._page(request, form, codes=codes)
            form.add_error("code", "This is not the code that the app shows now. Check the clock of your phone.")
        return self._page(request, form)

    def _remove(self, request: HttpRequest, form: CodeForm) -> HttpResponse:
        user: Any = request.user
        if not form.is_valid() or verified_device(user, form.cleaned_data["code"]) is None:
            form.add_error("code", SignInForm.error_messages["code"])
            return self._page(request, form)
        remove_second_factor(user, actor=user)
        messages.success(request, "The second factor was removed. Your password alone lets you in.")
        return HttpResponseRedirect(reverse("admin:two_factor"))

    def _page(self, request: HttpRequest, form: CodeForm, codes: list[str] | None = None) -> HttpResponse:
        user: Any = request.user
        context = {
            **self.each_context(request),
            "title": "Two-factor sign-in",
            "form": form,
            "codes": codes,
            "is_set_up": is_set_up(user),
            "is_required": settings.STAFF_TWO_FACTOR == "required",
        }
        if not context["is_set_up"]:
            device = pending_device(user)
            picture = segno.make(device.config_url, error="m").svg_data_uri(scale=5, border=2, light="#fff")
            context |= {"picture": picture, "key": spaced(device)}
        return TemplateResponse(request, "admin/two_factor.html", context)


def is_set_up(user: AbstractBaseUser) -> bool:
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def pending_device(user: AbstractBaseUser) -> TOTPDevice:
    """The one that was shown and not confirmed yet: looking at the page again shows the same."""
    device, _ = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": APP})
    return device


def spaced(device: TOTPDevice) -> str:
    """The key as people type it into an app: Base32 in groups of four."""
    key = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[start : start + 4] for start in range(0, len(key), 4))


def confirm(user: AbstractBaseUser, code: str) -> list[str]:
    """Puts the pending device into use, if this is its code; returns the recovery codes, shown this once."""
    with transaction.atomic():
        device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
        if device is None or not device.verify_is_allowed()[0] or not device.verify_token(code.replace(" ", "")):
            return []
        device.confirmed = True
        device.save(update_fields=["confirmed"])
        StaticDevice.objects.filter(user=user).delete()
        recovery = StaticDevice.objects.create(user=user, name=RECOVERY)
        codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
        StaticToken.objects.bulk_create(StaticToken(device=recovery, token=code) for code in codes)
        record_event(None, f"user:{user.pk}", "staff.second_factor_added", actor=user)
        return codes


def remove_second_factor(user: AbstractBaseUser, *, actor: AbstractBaseUser | None = None) -> bool:
    """Of a user who lost it, or does without. Returns whether there was one."""
    with transaction.atomic():
        had_one = is_set_up(user)
        for model in (TOTPDevice, StaticDevice):
            model.objects.filter(user=user).delete()
        if had_one:
            record_event(None, f"user:{user.pk}", "staff.second_factor_removed", actor=actor)
    return had_one
