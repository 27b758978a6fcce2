from django.conf import settings
from django.db import models
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models.documents import Document
from invoices.models.fields import (
    ConfidenceField,
    MoneyField,
    PrefixedIdField,
    QuantityField,
    TenantQuerySet,
    confidence_constraint,
)
from invoices.models.invoices import Invoice, Practice


class DeliveryNote(models.Model):
    """What a supplier delivered, priced or not. `reading` as on an invoice."""

    id = PrefixedIdField("dn")
    mga = models.ForeignKey(Mga, on_delete=models.PROTECT, related_name="delivery_notes")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="delivery_notes")
    part = models.PositiveIntegerField(default=0)
    page_numbers = models.JSONField(default=list)
    filename = models.CharField(max_length=255)
    confidence = ConfidenceField()
    supplier = models.ForeignKey(
        Practice, null=True, blank=True, on_delete=models.SET_NULL, related_name="delivery_notes"
    )
    supplier_name = models.CharField(max_length=200, blank=True)
    venue = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=100, blank=True)
    number_key = models.CharField(max_length=100, blank=True, editable=False)
    delivery_date = models.DateField(null=True, blank=True)
    order_number = models.CharField(max_length=100, blank=True)
    invoice_number = models.CharField(max_length=100, blank=True, help_text="The invoice it names, if it does.")
    reading = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=["document", "part"], name="delivery_note_once_per_part"),
            confidence_constraint("delivery_note"),
        ]
        indexes = [
            # Pairing: the notes of a tenant by printed number, and by day.
            models.Index(fields=["mga", "number_key"], name="delivery_note_number"),
            models.Index(fields=["mga", "delivery_date"], name="delivery_note_day"),
        ]

    def __str__(self) -> str:
        return self.number or self.filename


class DeliveryNoteLine(models.Model):
    note = models.ForeignKey(DeliveryNote, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    description = models.CharField(max_length=500)
    quantity = QuantityField(help_text="Delivered.")
    quantity_ordered = QuantityField()
    unit_price = QuantityField()
    net_amount = MoneyField()
    sku = models.CharField("SKU", max_length=100, blank=True)
    unit = models.CharField(max_length=30, blank=True)
    confidence = ConfidenceField()
    page = models.PositiveIntegerField(null=True, blank=True)
    box = models.JSONField(null=True, blank=True)
    method = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ("note", "position")
        constraints = [
            models.UniqueConstraint(fields=["note", "position"], name="delivery_note_line_once_per_position"),
            confidence_constraint("delivery_note_line"),
        ]

    def __str__(self) -> str:
        return self.description


class Pairing(models.Model):
    """A delivery note that belongs, or may belong, to an invoice. A person's decision (decided_by) is final."""

    class Status(models.TextChoices):
        SUGGESTED = "suggested", "Suggested"
        CONFIRMED = "confirmed", "Confirmed"
        REJECTED = "rejected", "Rejected"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="pairings")
    delivery_note = models.ForeignKey(DeliveryNote, on_delete=models.CASCADE, related_name="pairings")
    status = models.CharField(max_length=10, choices=Status, default=Status.SUGGESTED)
    score = models.FloatField()
    reasons = models.JSONField(default=list)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Blank: automatic.",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("invoice", "-score", "delivery_note")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "delivery_note"], name="pairing_once"),
            models.CheckConstraint(condition=models.Q(score__gte=0, score__lte=1), name="pairing_score_0_to_1"),
            models.CheckConstraint(
                condition=models.Q(status__in=["suggested", "confirmed", "rejected"]), name="pairing_status_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.invoice_id} and {self.delivery_note_id}"
