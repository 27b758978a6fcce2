"""Mailboxes that bring documents, and what was read of them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from invoicedata.staff import OwnTenantsFilter, TenantAdmin
from invoices.admin.base import ReadOnlyAdmin
from invoices.imap import MailError
from invoices.models import Mailbox, MailMessage
from invoices.services import mail, queue


class MailboxForm(forms.ModelForm):
    password = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Stored encrypted, never shown. Blank: as it is.",
    )

    class Meta:
        model = Mailbox
        fields = "__all__"

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"] or self.instance.password
        if not password:
            raise forms.ValidationError("Enter the mailbox's password.")
        return password

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_private = cleaned.get("host") in settings.MAIL_PRIVATE_HOSTS
        if cleaned.get("security") == Mailbox.Security.NONE and not is_private:
            self.add_error("security", "Only hosts that MAIL_PRIVATE_HOSTS names may do without TLS.")
        return cleaned


class SwitchedOn:
    """Shown where the settings switch mailboxes on."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(settings.MAILBOXES) and super().has_module_permission(request)  # type: ignore[misc]


@admin.register(Mailbox)
class MailboxAdmin(SwitchedOn, TenantAdmin, admin.ModelAdmin):
    form = MailboxForm
    list_display = ("username", "folder", "mga", "is_active", "checked_at", "error")
    list_filter = ("is_active", ("mga", OwnTenantsFilter))
    list_select_related = ("mga",)
    readonly_fields = ("checked_at", "error")
    fieldsets = (
        (None, {"fields": ("mga", ("host", "port", "security"), "username", "password", "folder", "is_active")}),
        ("What its documents are", {"fields": ("kind_hint", "venue_hint")}),
        ("State", {"fields": ("checked_at", "error")}),
    )
    actions = ("test", "read_now")

    @admin.action(description="Test the connection", permissions=["change"])
    def test(self, request: HttpRequest, rows: QuerySet[Mailbox]) -> None:
        for mailbox in rows:
            try:
                count = mail.count_messages(mailbox)
            except MailError as error:
                self.message_user(request, f"{mailbox}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{mailbox}: it works; {count} messages wait to be read.")

    @admin.action(description="Read now", permissions=["change"])
    def read_now(self, request: HttpRequest, rows: QuerySet[Mailbox]) -> None:
        for mailbox in rows:
            queue.nudge_mailbox(str(mailbox.pk))
        self.message_user(request, "The workers look into them now.")


@admin.register(MailMessage)
class MailMessageAdmin(SwitchedOn, ReadOnlyAdmin):
    tenant_path = "mailbox__mga"
    list_display = ("read_at", "mailbox", "documents", "refused")
    list_filter = ("mailbox__folder",)
    list_select_related = ("mailbox",)
    date_hierarchy = "read_at"
