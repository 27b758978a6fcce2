from datetime import datetime

from django.db import models
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models.fields import PrefixedIdField
from invoices.models.requests import InvoiceRequest


class WebhookReceiver(models.Model):
    """Where webhooks of a tenant go that did not arrive lately: one row for a scheme, host and port that has failed
    since it last took one. See `invoices.services.receivers`."""

    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="webhook_receivers")
    origin = models.CharField(max_length=300, help_text="Scheme, host and port.")
    failures = models.PositiveIntegerField(default=0, help_text="Attempts in a row.")
    failing_since = models.DateTimeField(default=timezone.now)
    last_error = models.CharField(max_length=200, blank=True)
    disabled_at = models.DateTimeField(
        "switched off", null=True, blank=True, help_text="From then on each new webhook is tried once only."
    )

    class Meta:
        ordering = ("-disabled_at", "-failing_since")
        constraints = [models.UniqueConstraint(fields=["mga", "origin"], name="receiver_once_per_tenant")]

    def __str__(self) -> str:
        return self.origin


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def due(self, now: datetime) -> "WebhookDeliveryQuerySet":
        return self.filter(
            models.Q(lease_until=None) | models.Q(lease_until__lt=now),
            state=WebhookDelivery.State.PENDING,
            next_attempt_at__lte=now,
        )


class WebhookDelivery(models.Model):
    """A notification to be delivered: written in the transaction of the result it tells. Its body never changes, and
    its id is the `webhook-id` of every attempt."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        HELD = "held", "Held back"  # its receiver is switched off
        DEAD = "dead", "Given up"

    id = PrefixedIdField("evt")
    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="webhook_deliveries")
    request = models.ForeignKey(
        InvoiceRequest, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries"
    )
    event = models.CharField(max_length=60)
    url = models.CharField("URL", max_length=2048)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempt_count = models.PositiveSmallIntegerField(default=0)
    schedule_start = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="Attempts before the present schedule of retries began: see redeliver."
    )
    receiver = models.CharField(
        max_length=300, blank=True, db_default="", editable=False, help_text="The origin of the URL."
    )
    next_attempt_at = models.DateTimeField(default=timezone.now)
    fence = models.CharField(max_length=40, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ("-created_at", "-id")
        constraints = [models.UniqueConstraint(fields=["request", "event"], name="delivery_once_per_event")]
        indexes = [
            # Workers: what is due.
            models.Index(fields=["next_attempt_at"], name="delivery_due", condition=models.Q(state="pending")),
            # What a receiver is to get yet.
            models.Index(
                fields=["mga", "receiver"],
                name="delivery_of_receiver",
                condition=models.Q(state__in=["pending", "held"]),
            ),
        ]

    def __str__(self) -> str:
        return self.id


class WebhookAttempt(models.Model):
    """One POST of a delivery: what came of it."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    milliseconds = models.PositiveIntegerField(default=0)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True)
    answer = models.TextField(blank=True, help_text="The first 1,024 bytes.")

    class Meta:
        ordering = ("delivery", "number")
        indexes = [models.Index(fields=["started_at"], name="attempt_started")]  # the operations page: the last day

    def __str__(self) -> str:
        return f"Attempt {self.number}: {self.status_code or self.error}"
