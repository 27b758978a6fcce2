from datetime import datetime

from django.db import models
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models.documents import Document
from invoices.models.fields import PrefixedIdField
from invoices.models.requests import InvoiceRequest


class JobQuerySet(models.QuerySet["Job"]):
    def claimable(self, now: datetime) -> "JobQuerySet":
        """Waiting and due, or running with a lease that ran out; attempts left. First what is to be done first."""
        waiting = models.Q(state=Job.State.QUEUED) & (models.Q(not_before=None) | models.Q(not_before__lte=now))
        abandoned = models.Q(state=Job.State.RUNNING, lease_until__lt=now)
        return self.filter(waiting | abandoned, attempts__lt=models.F("max_attempts")).order_by("created_at", "id")

    def held_by(self, workers: str) -> "JobQuerySet":
        """Running in a process whose name begins like this."""
        return self.filter(state=Job.State.RUNNING, worker__startswith=workers)


class Job(models.Model):
    """Work to be done, and the only truth about it: the queue merely nudges. See `invoices.services.jobs`."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    id = PrefixedIdField("job")
    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="jobs")
    document = models.ForeignKey(Document, null=True, blank=True, on_delete=models.CASCADE, related_name="jobs")
    request = models.OneToOneField(InvoiceRequest, null=True, blank=True, on_delete=models.CASCADE, related_name="job")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Counted before the work starts.")
    max_attempts = models.PositiveSmallIntegerField(default=4)
    fence = models.CharField(
        max_length=40, blank=True, help_text="Who holds it; a result under another fence is dropped."
    )
    worker = models.CharField(
        max_length=100, blank=True, db_default="", help_text="The process that holds it, or held it last."
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = [
            # The sweeper: what is unfinished, oldest first.
            models.Index(
                fields=["state", "created_at"],
                name="job_unfinished",
                condition=models.Q(state__in=["queued", "running"]),
            ),
            # The operations page: what ended lately.
            models.Index(fields=["finished_at"], name="job_ended", condition=models.Q(state__in=["done", "failed"])),
        ]

    def __str__(self) -> str:
        return self.id
