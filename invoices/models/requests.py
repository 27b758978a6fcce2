from django.db import models
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models.documents import Document
from invoices.models.fields import PrefixedIdField, TenantQuerySet
from invoices.models.invoices import Invoice


class InvoiceRequest(models.Model):
    """A request of contract 1 and its answer. The answer is stored as it was (or will be) sent."""

    class Operation(models.TextChoices):
        PROCESS = "process", "Process"
        LOOKUP = "lookup", "Lookup"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"

    id = PrefixedIdField("req")
    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="invoice_requests")
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="requests")
    invoice = models.ForeignKey(Invoice, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests")
    operation = models.CharField(max_length=10, choices=Operation)
    customer_id = models.CharField(max_length=128)
    webhook_url = models.CharField("webhook URL", max_length=2048, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    response = models.TextField(blank=True, help_text="The JSON text of the answer, exactly as it is sent.")
    is_duplicate = models.BooleanField(default=False, help_text="The same bytes had been read before.")
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of what the request asked, body included."
    )
    accepted_at = models.DateTimeField(default=timezone.now, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ("-accepted_at", "-id")
        constraints = [
            # A key means one request (it is cleared after its 24 hours).
            models.UniqueConstraint(fields=["mga", "idempotency_key"], name="idempotency_key_once_per_tenant"),
        ]
        indexes = [
            # Everything of one customer.
            models.Index(fields=["mga", "customer_id"], name="request_customer"),
        ]

    def __str__(self) -> str:
        return self.id
