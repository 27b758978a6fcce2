from django.conf import settings
from django.db import models
from django.utils import timezone

from invoices.models.invoices import Invoice


class Correction(models.Model):
    """A person's change of one value, append-only, beside the reading.

    field: a column of the invoice, or of the line at `line` (from 1); "line" for a whole line that was added (`before`
    is null) or removed (`after` is null; `line` is where it stood). Values are as JSON holds them: amounts and days as
    text. page, box: where the person pointed, if they did.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="corrections")
    field = models.CharField(max_length=60)
    line = models.PositiveIntegerField(default=0)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    page = models.PositiveIntegerField(null=True, blank=True)
    box = models.JSONField(null=True, blank=True, help_text="[left, top, right, bottom], fractions of the page.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="From opening the invoice to saving this, as the reviewer's browser counted."
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("invoice", "at", "id")

    def __str__(self) -> str:
        return f"{self.field} of {self.invoice_id}"
