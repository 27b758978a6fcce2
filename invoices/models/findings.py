from django.conf import settings
from django.db import models
from django.utils import timezone

from invoices.models.fields import MoneyField
from invoices.models.invoices import Invoice


class Finding(models.Model):
    """Something about an invoice that a person should know. One per (invoice, rule, field, line): checks run again
    update it, close it or open it, and never double it."""

    class Severity(models.TextChoices):
        ERROR = "error", "Error"
        WARNING = "warning", "Warning"
        INFO = "info", "Note"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"
        IGNORED = "ignored", "Ignored"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="findings")
    rule = models.CharField(max_length=60, help_text="A stable id such as totals.net.")
    field = models.CharField(max_length=60, blank=True)
    line = models.PositiveIntegerField(default=0, help_text="The line's position, from 1; 0 = none.")
    severity = models.CharField(max_length=10, choices=Severity)
    message = models.TextField()
    money_at_stake = MoneyField()
    printed = models.CharField(
        max_length=500, blank=True, db_default="", default="", help_text="What the document shows."
    )
    recorded = models.CharField(
        max_length=500,
        blank=True,
        db_default="",
        default="",
        help_text="What the source it is compared with has.",
    )
    page = models.PositiveIntegerField(null=True, blank=True)
    box = models.JSONField(null=True, blank=True, help_text="[left, top, right, bottom], fractions of the page.")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("invoice", "severity", "rule", "line")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "rule", "field", "line"], name="finding_once"),
            models.CheckConstraint(
                condition=models.Q(severity__in=["error", "warning", "info"]), name="finding_severity_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "resolved", "ignored"]), name="finding_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.message
