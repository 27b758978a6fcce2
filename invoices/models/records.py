from django.db import models
from django.utils import timezone

from invoices.models.invoices import Invoice


class RecordVersion(models.Model):
    """The practice system's invoice as it was when asked for. Append-only: a row for each time it had changed."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="record_versions")
    connection = models.ForeignKey("pims.Connection", null=True, on_delete=models.SET_NULL, related_name="+")
    record = models.JSONField(help_text="Its canonical form (pims.types).")
    changed = models.JSONField(default=list, help_text="Names of the values that differ from the version before.")
    seen_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("invoice", "id")

    def __str__(self) -> str:
        return f"{self.invoice} on {self.seen_at:%Y-%m-%d %H:%M}"
