from datetime import datetime
from typing import Any

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
    UnknownLastIndex,
    confidence_constraint,
)


class Practice(models.Model):
    """A veterinary practice or another supplier, as a tenant's documents and practice systems know it."""

    id = PrefixedIdField("prac")
    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="practices")
    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200, editable=False, help_text="The name folded, to find it again.")
    phone = models.CharField(max_length=50, blank=True)
    email = models.CharField(max_length=254, blank=True)
    street = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=50, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217; used where a document does not tell.")
    verified = models.BooleanField(default=False, help_text="A person or a practice system vouches for it.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = [models.UniqueConstraint(fields=["mga", "name_key", "postcode"], name="practice_once_per_tenant")]

    def __str__(self) -> str:
        return self.name


class InvoiceQuerySet(TenantQuerySet):
    def awaiting_review(self) -> "InvoiceQuerySet":
        """What a person should look at: open findings, and nobody has approved or rejected it."""
        return self.filter(open_findings__gt=0, approved_at=None, rejected_at=None)


class Invoice(models.Model):
    """An invoice (or credit note, or receipt) that stands on some pages of a document: the values as decided now.

    `reading` keeps what was read beside each value: {field: {value, confidence, page, box, method, evidence}}, by the
    names of `ocr.types.FIELD_NAMES`. A correction changes the column, never the reading; `corrected` keeps, in the same
    form, what a person decided (under "lines" for the table of line items), and no reading overrides that.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"
        RECEIPT = "receipt", "Receipt"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        SCANNED = "scanned", "Scanned"
        PROCESSED = "processed", "Processed"
        MATCHED = "matched", "Matched"
        FLAGGED = "flagged", "Flagged"
        ERROR = "error", "Error"

    id = PrefixedIdField("inv")
    mga = models.ForeignKey(Mga, on_delete=models.PROTECT, related_name="invoices")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="invoices")
    part = models.PositiveIntegerField(default=0, help_text="Position among the document's parts, from 0.")
    page_numbers = models.JSONField(default=list, help_text="The document's pages it stands on, from 1.")
    filename = models.CharField(max_length=255)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.INVOICE)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    confidence = ConfidenceField()

    supplier = models.ForeignKey(Practice, null=True, blank=True, on_delete=models.SET_NULL, related_name="invoices")
    supplier_name = models.CharField(max_length=200, blank=True)
    venue = models.CharField(max_length=200, blank=True)
    invoice_number = models.CharField(max_length=100, blank=True)
    number_key = models.CharField(
        max_length=100, blank=True, editable=False, help_text="The number folded, to compare."
    )
    issue_date = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    delivery_date = models.DateField(null=True, blank=True)
    order_number = models.CharField(max_length=100, blank=True)
    payment_terms = models.CharField(max_length=300, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    net_total = MoneyField()
    tax_total = MoneyField()
    gross_total = MoneyField()
    amount_paid = MoneyField()
    previous_balance = MoneyField()
    amount_due = MoneyField()

    customer_id = models.CharField(
        max_length=128, blank=True, help_text="The MGA's own id of the customer (contract 1)."
    )
    customer_name = models.CharField(max_length=200, blank=True, help_text="As printed.")
    customer_first_name = models.CharField(max_length=100, blank=True)
    customer_last_name = models.CharField(max_length=100, blank=True)
    customer_email = models.CharField(max_length=254, blank=True)
    customer_phone = models.CharField(max_length=50, blank=True)

    delivery_note_numbers = models.JSONField(default=list, blank=True, help_text="As printed on the invoice.")
    reading = models.JSONField(default=dict, blank=True, editable=False)
    corrected = models.JSONField(default=dict, blank=True, editable=False)
    e_invoice = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="What there is to say of the e-invoice in the file (ocr.types.EInvoice); null where there is none.",
    )
    pims_record = models.JSONField(
        null=True, blank=True, editable=False, help_text="The practice system's invoice (pims.types)."
    )
    pims_connection = models.ForeignKey(
        "pims.Connection",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The practice system that has it.",
    )
    pims_asked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the practice system was last asked for it."
    )
    alteration_score = models.FloatField(
        "alteration",
        null=True,
        blank=True,
        editable=False,
        help_text="How much it looks altered beside the practice system, 0..1; null: nothing to compare with.",
    )
    open_findings = models.PositiveIntegerField(default=0, editable=False)

    version = models.PositiveIntegerField(
        default=0,
        editable=False,
        help_text="Counts the writes of people and readings; who writes on an old one is told.",
    )
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)
    postponed_until = models.DateTimeField(null=True, blank=True, editable=False)
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)
    rejected_at = models.DateTimeField(null=True, blank=True, editable=False)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = [("assign_invoice", "Can hand invoices to others, and approve many at once")]
        constraints = [
            models.UniqueConstraint(fields=["document", "part"], name="invoice_once_per_part"),
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "scanned", "processed", "matched", "flagged", "error"]),
                name="invoice_status_known",
            ),
            confidence_constraint("invoice"),
        ]
        indexes = [
            # GET /api/invoices: newest first, without filters and of one status. Ties are broken by id everywhere, and
            # a page in ascending order is the same index read backwards.
            models.Index(fields=["mga", "-created_at", "-id"], name="invoice_newest"),
            models.Index(fields=["mga", "status", "-created_at", "-id"], name="invoice_newest_by_status"),
            # GET /api/invoices?sort=…, one for each.
            UnknownLastIndex("issue_date", name="invoice_by_date"),
            UnknownLastIndex("gross_total", name="invoice_by_total"),
            models.Index(fields=["mga", "-supplier_name", "-id"], name="invoice_by_supplier"),
            models.Index(fields=["mga", "-status", "-id"], name="invoice_by_status"),
            models.Index(fields=["mga", "-confidence", "-id"], name="invoice_by_confidence"),
            models.Index(fields=["mga", "-venue", "-id"], name="invoice_by_venue"),
            models.Index(fields=["mga", "-filename", "-id"], name="invoice_by_filename"),
            models.Index(fields=["mga", "-open_findings", "-id"], name="invoice_by_findings"),
            # The review queue: what is open, longest waiting first.
            models.Index(
                fields=["created_at", "id"],
                name="invoice_awaiting_review",
                condition=models.Q(open_findings__gt=0, approved_at__isnull=True, rejected_at__isnull=True),
            ),
            # refresh_pims: what is asked for again, longest ago first.
            models.Index(
                fields=["pims_asked_at", "id"],
                name="invoice_pims_asked",
                condition=models.Q(pims_connection__isnull=False),
            ),
            # Duplicates and lookups: the same number in a tenant.
            models.Index(fields=["mga", "number_key"], name="invoice_number"),
        ]

    def __str__(self) -> str:
        return self.invoice_number or self.filename

    def origin(self, name: str) -> dict[str, Any]:
        """Where the value of field `name` comes from: what a person decided, else what was read, else nothing."""
        return self.corrected.get(name) or self.reading.get(name) or {}

    def is_held_by_another(self, user_id: int | None, now: datetime) -> bool:
        """Whether somebody else is reviewing it at this moment."""
        return self.claimed_until is not None and self.claimed_until > now and self.claimed_by_id != user_id


class InvoiceLine(models.Model):
    """A line item, as printed (net_amount is the line's last amount)."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    description = models.CharField(max_length=500)
    quantity = QuantityField()
    unit_price = QuantityField()
    net_amount = MoneyField()
    sku = models.CharField("SKU", max_length=100, blank=True)
    unit = models.CharField(max_length=30, blank=True)
    category = models.CharField(max_length=200, blank=True)
    patient = models.CharField(max_length=100, blank=True)
    discount = MoneyField()
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True, help_text="Percent.")
    confidence = ConfidenceField()
    page = models.PositiveIntegerField(null=True, blank=True)
    box = models.JSONField(null=True, blank=True, help_text="[left, top, right, bottom], fractions of the page.")
    method = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ("invoice", "position")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_once_per_position"),
            confidence_constraint("invoice_line"),
        ]

    def __str__(self) -> str:
        return self.description


class Payment(models.Model):
    """A payment that the invoice shows."""

    class Status(models.TextChoices):
        COMPLETED = "completed", "Completed"
        PENDING = "pending", "Pending"
        REFUNDED = "refunded", "Refunded"
        CANCELLED = "cancelled", "Cancelled"
        UNKNOWN = "unknown", "Unknown"

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="payments")
    position = models.PositiveIntegerField()
    payment_date = models.DateField(null=True, blank=True)
    amount = MoneyField(null=False, blank=False)
    payment_method = models.CharField(max_length=50, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.UNKNOWN)
    confidence = ConfidenceField()
    page = models.PositiveIntegerField(null=True, blank=True)
    box = models.JSONField(null=True, blank=True)
    method = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ("invoice", "position")
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="payment_once_per_position"),
            confidence_constraint("payment"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} on {self.payment_date or 'an unknown day'}"
