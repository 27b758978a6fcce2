"""Connections to practice systems, who is who in them, and the records of the embedded one."""

from django.db import models
from django.utils import timezone

from invoicedata.encryption import EncryptedTextField
from invoicedata.models import Mga, validate_time_zone
from pims.connectors import LOCAL, connector_choices


class Connection(models.Model):
    """A practice system of a tenant."""

    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="pims_connections")
    name = models.CharField(max_length=100, default="local")
    kind = models.CharField(max_length=20, choices=connector_choices, default=LOCAL)
    practice_name = models.CharField(max_length=200, blank=True, help_text="Orders the connections for an invoice.")
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217, where the system does not tell it.")
    options = models.JSONField(default=dict, blank=True)
    secrets = EncryptedTextField(blank=True, default="", help_text="Credentials as JSON; shown to nobody once saved.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("mga", "name")
        constraints = [models.UniqueConstraint(fields=["mga", "name"], name="connection_name_once_per_tenant")]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_kind_display()})"


class ConnectionState(models.Model):
    """What all workers know together about a connection. Only `pims.state` writes it."""

    connection = models.OneToOneField(Connection, primary_key=True, on_delete=models.CASCADE, related_name="state")
    token = EncryptedTextField(blank=True, default="")
    token_expires_at = models.DateTimeField(null=True)
    token_serial = models.PositiveIntegerField(default=0, help_text="Counts the tokens that were fetched.")
    token_fetch_until = models.DateTimeField(null=True, help_text="A worker is fetching one, until then at most.")
    calls = models.JSONField(default=dict, help_text="Recent calls: {endpoint: [[seconds since the epoch, cost]]}.")
    failures = models.JSONField(default=list, help_text="Moments of the latest failures in a row.")
    open_until = models.DateTimeField(null=True, help_text="The circuit breaker is open.")
    probe_until = models.DateTimeField(null=True, help_text="One call is finding out whether the system is back.")

    def __str__(self) -> str:
        return f"State of {self.connection_id}"


class CustomerLink(models.Model):
    """The MGA's customer id beside the practice system's own. Without a link both are taken to be the same."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="customer_links")
    customer_id = models.CharField(max_length=128, help_text="As the MGA calls the customer.")
    pims_customer_id = models.CharField("PIMS customer id", max_length=128)

    class Meta:
        ordering = ("connection", "customer_id")
        constraints = [
            models.UniqueConstraint(fields=["connection", "customer_id", "pims_customer_id"], name="customer_link_once")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} = {self.pims_customer_id}"


class ImportBatch(models.Model):
    """One run of an import."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="import_batches")
    filename = models.CharField(max_length=255)
    preset = models.CharField(max_length=40)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "import batches"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.filename} on {self.created_at:%Y-%m-%d %H:%M}"


class PimsRecord(models.Model):
    """An imported invoice: `payload` is its canonical JSON form (`pims.types`)."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="records")
    source_id = models.CharField(max_length=128)
    number = models.CharField(max_length=100)
    number_key = models.CharField(max_length=100, editable=False)
    number_digits = models.CharField(max_length=100, editable=False)
    customer_id = models.CharField("PIMS customer id", max_length=128, blank=True)
    invoice_date = models.DateField()
    total = models.DecimalField(max_digits=14, decimal_places=2)
    payload = models.JSONField()
    content_hash = models.CharField(max_length=64, editable=False)
    batch = models.ForeignKey(ImportBatch, on_delete=models.PROTECT, related_name="records")

    class Meta:
        verbose_name = "PIMS record"
        ordering = ("connection", "number")
        constraints = [models.UniqueConstraint(fields=["connection", "source_id"], name="pims_record_once")]
        indexes = [
            # LocalConnector: by the number, then by its digits.
            models.Index(fields=["connection", "number_key"], name="pims_record_number"),
            models.Index(fields=["connection", "number_digits"], name="pims_record_digits"),
            # Is this customer known at all?
            models.Index(fields=["connection", "customer_id"], name="pims_record_customer"),
        ]

    def __str__(self) -> str:
        return self.number


class Amendment(models.Model):
    """A later import changed the total of a record: what it was before."""

    record = models.ForeignKey(PimsRecord, on_delete=models.CASCADE, related_name="amendments")
    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="amendments")
    total_before = models.DecimalField(max_digits=14, decimal_places=2)
    total_after = models.DecimalField(max_digits=14, decimal_places=2)
    payload_before = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.total_before} to {self.total_after}"
