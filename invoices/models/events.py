from django.conf import settings
from django.db import models
from django.utils import timezone

from invoicedata.models import Mga


class Event(models.Model):
    """What happened, append-only, written in the transaction that made it happen. `subject` is the id of the invoice,
    delivery note, document or request it is about; `data` holds what changed, without personal data."""

    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="events")
    subject = models.CharField(max_length=40)
    action = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=["subject", "at"], name="event_subject")]  # the history of one object

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"
