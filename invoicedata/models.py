"""The ground floor: tenants, their webhook secrets, access tokens and the keys that sign them."""

import base64
import secrets
import uuid
import zoneinfo
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from invoicedata.encryption import EncryptedTextField


class Permission(models.TextChoices):
    """What an access token allows; the value is what the token's `permissions` claim holds."""

    INVOICE_PROCESS = "invoice:process", "Process invoices (contract 1)"
    INVOICE_LOOKUP = "invoice:lookup", "Look invoices up (contract 1)"
    INVOICES_READ = "invoices:read", "List invoices (contract 2)"
    INVOICES_WRITE = "invoices:write", "Send documents in (contract 2)"


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name!r} is not a time zone name like Europe/London.")


class LimitField(models.PositiveIntegerField):
    """A tenant's own limit; null: as the settings have it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"null": True, "blank": True})


class Mga(models.Model):
    """A tenant: a managing general agent (contract 1), or a hotel group (contract 2). Everything belongs to one."""

    mga_id = models.CharField(
        "MGA id",
        primary_key=True,
        max_length=64,
        validators=[
            RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", "Letters, digits, dot, dash and underscore only.")
        ],
        help_text="The tenant's identifier, as its access tokens carry it.",
    )
    name = models.CharField(max_length=200)
    default_currency = models.CharField(
        max_length=3,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", "Three capital letters (ISO 4217).")],
        help_text="ISO 4217; used, with a warning, where a document does not tell its currency.",
    )
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    tokens_valid_after = models.DateTimeField(
        null=True, blank=True, help_text="Tokens issued before this moment are refused (revokes all at once)."
    )
    requests_per_minute = LimitField("API requests a minute")
    uploads_per_day = LimitField("uploads a day")
    megabytes_per_day = LimitField("megabytes a day", help_text="Uploaded, of a million bytes each.")
    max_queued_jobs = LimitField("waiting documents", help_text="Accepted and not yet being read.")
    keep_files_days = LimitField("days that files are kept", help_text="From when they came in.")
    keep_results_days = LimitField("days that results are kept", help_text="The documents, with all made from them.")
    keep_payloads_days = LimitField("days that webhook bodies are kept", help_text="Of those that are over.")
    keep_deliveries_days = LimitField("days that webhooks are kept", help_text="With their attempts.")
    amount_tolerance = models.DecimalField(
        max_digits=8,
        decimal_places=2,
        default=Decimal("0.01"),
        validators=[MinValueValidator(0)],
        help_text="By how much sums may differ before a finding tells, in the document's currency.",
    )
    price_tolerance_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal("2.00"),
        validators=[MinValueValidator(0)],
        help_text="By how much an article's price may change.",
    )
    quantity_tolerance = models.DecimalField(
        max_digits=8,
        decimal_places=3,
        default=Decimal("0"),
        validators=[MinValueValidator(0)],
        help_text="By how much invoiced and delivered quantities may differ, in the article's unit.",
    )
    quantity_tolerance_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=Decimal("0"),
        validators=[MinValueValidator(0)],
        help_text="The same as a share of what was invoiced; the larger of the two counts.",
    )
    venues = models.TextField(
        blank=True, help_text="The places that deliveries go to, one a line. Blank: any place is fine."
    )
    webhook_private_hosts = models.TextField(
        "private webhook hosts",
        blank=True,
        db_default="",
        help_text="Hosts on a private network that this tenant's webhooks may go to, over http too: one a line, "
        "as host or host:port.",
    )
    contact_email = models.EmailField(
        "contact e-mail", blank=True, db_default="", help_text="Told when the tenant's webhooks are switched off."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "MGA"
        verbose_name_plural = "MGAs"
        ordering = ("mga_id",)

    def __str__(self) -> str:
        return self.name

    def private_hosts(self) -> list[str]:
        """Private hosts that webhooks may go to: the tenant's own, and those of the settings."""
        return [*settings.WEBHOOK_PRIVATE_HOSTS, *self.webhook_private_hosts.split()]

    def limit(self, name: str) -> int:
        """The tenant's own limit (how much, or how many days), or that of the settings; 0 = no limit."""
        own: int | None = getattr(self, name)
        return (settings.TENANT_LIMITS | settings.TENANT_RETENTION)[name] if own is None else own


def new_webhook_secret() -> str:
    """A Standard Webhooks secret: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class WebhookSecret(models.Model):
    """A key that signs a tenant's webhooks. All that are valid sign in `webhook-signature`; in `X-Request-Signature`,
    which has room for one, the newest does whose `signs_from` has come."""

    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="webhook_secrets")
    secret = EncryptedTextField(default=new_webhook_secret, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    signs_from = models.DateTimeField(
        default=timezone.now, db_default=Now(), help_text="From when on it signs in X-Request-Signature."
    )
    valid_until = models.DateTimeField(null=True, blank=True, help_text="Set when a newer secret takes over.")

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"Webhook secret of {self.mga_id} since {self.created_at:%Y-%m-%d}"


class SigningKey(models.Model):
    """A key that signs access tokens (HS256). The newest signs; a retired one verifies until `verifies_until`."""

    kid = models.CharField("key id", primary_key=True, max_length=32, editable=False)
    secret = EncryptedTextField(editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    verifies_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.kid


class AccessToken(models.Model):
    """The record of an issued token (never the token itself): looked up at each request, so revoking acts at once."""

    jti = models.UUIDField("token id", primary_key=True, default=uuid.uuid4, editable=False)
    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="access_tokens")
    permissions = models.JSONField(default=list)
    note = models.CharField(max_length=200, blank=True, help_text="Whom it was given to, and what for.")
    issued_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("-issued_at",)

    def __str__(self) -> str:
        return f"{self.mga_id} until {self.expires_at:%Y-%m-%d %H:%M}"

    def is_usable(self, now: datetime) -> bool:
        """Not expired, not revoked, and not among those that were revoked all at once."""
        valid_after = self.mga.tokens_valid_after
        is_outdated = valid_after is not None and self.issued_at <= valid_after
        return self.revoked_at is None and self.expires_at > now and not is_outdated


class StaffLimit(models.Model):
    """The only tenants that a member of staff may see. Who has none sees all."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="+")
    tenants = models.ManyToManyField(
        Mga, blank=True, related_name="+", help_text="None chosen: no tenant is shown. Delete the limit to show all."
    )

    class Meta:
        verbose_name = "limit to tenants"
        verbose_name_plural = "limit to tenants"

    def __str__(self) -> str:
        return f"Limit of {self.user}"


class Usage(models.Model):
    """What was used of a limit in its current window, where no Redis counts it. Only `invoicedata.limits` writes it."""

    key = models.CharField(primary_key=True, max_length=150)
    window_start = models.BigIntegerField(help_text="Seconds since the epoch.")
    used = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.key}: {self.used}"


class Event(models.Model):
    """What happened, append-only, written in the transaction that made it happen; a trigger refuses to change it.

    `subject` is the id of the invoice, delivery note, document, request, token or setting it is about; `data` holds
    what changed, without personal data. `position` and `seal` chain it to the event before (`invoicedata.audit`).
    """

    mga = models.ForeignKey(Mga, null=True, blank=True, on_delete=models.PROTECT, related_name="events")
    subject = models.CharField(max_length=100, blank=True)
    action = models.CharField(max_length=60)
    # Who it was stays written when their account is deleted.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)
    position = models.BigIntegerField(null=True, blank=True, unique=True, editable=False)
    seal = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    class Meta:
        db_table = "invoices_event"  # where it was first
        ordering = ("-at", "-id")
        indexes = [
            models.Index(fields=["subject", "at"], name="event_subject"),  # the history of one object
            models.Index(fields=["id"], name="event_unsealed", condition=models.Q(position=None)),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
