from django.conf import settings
from django.db import models
from django.utils import timezone

from invoicedata.models import Mga


class Erasure(models.Model):
    """The tombstone of a customer who was erased: that it was done, when and by whom, without saying who it was."""

    mga = models.ForeignKey(Mga, on_delete=models.PROTECT, related_name="erasures")
    customer_hash = models.CharField(max_length=64, editable=False, help_text="Keyed hash of the customer's id.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    documents = models.PositiveIntegerField(default=0)
    requests = models.PositiveIntegerField(default=0)
    records = models.PositiveIntegerField(default=0, help_text="Imported from a practice system.")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("-at",)
        indexes = [models.Index(fields=["mga", "customer_hash"], name="erasure_customer")]  # was this customer erased?

    def __str__(self) -> str:
        return f"Erasure of {self.at:%Y-%m-%d %H:%M}"
