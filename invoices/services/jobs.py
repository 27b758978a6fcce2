"""Jobs: claimed by one conditional update, held by lease and fence, counted before they start, swept when abandoned.

The queue merely nudges: a nudge that is lost or comes twice changes nothing.
"""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from invoicedata.models import Mga
from invoices.errors import QueueFullError
from invoices.models import Document, InvoiceRequest, Job
from invoices.services import queue

logger = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3
NUDGE_AGAIN = timedelta(seconds=10)
RETRY_SECONDS = 2  # times the attempts so far


class LostClaimError(Exception):
    """Somebody else holds the job by now: what was done for it must not be stored."""


def refuse_when_full() -> None:
    """Raises QueueFullError before an upload is taken that would wait too long."""
    if Job.objects.filter(state=Job.State.QUEUED).count() >= settings.MAX_QUEUED_JOBS:
        raise QueueFullError


def enqueue(mga: Mga, *, document: Document, request: InvoiceRequest | None = None) -> Job:
    """A job in the caller's transaction; the nudge goes out when that is committed."""
    job = Job.objects.create(
        mga=mga, document=document, request=request, max_attempts=settings.JOB_MAX_ATTEMPTS, nudged_at=timezone.now()
    )
    transaction.on_commit(lambda: queue.nudge_job(job.pk))
    return job


def claim(job_id: str) -> Job | None:
    """The job, now ours; None when there is nothing to do. The attempt is counted here, before any file is opened."""
    now = timezone.now()
    fence = uuid.uuid4().hex
    claimed = (
        Job.objects.claimable(now)
        .filter(pk=job_id)
        .update(
            state=Job.State.RUNNING,
            fence=fence,
            lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
            attempts=F("attempts") + 1,
            started_at=now,
        )
    )
    if not claimed:
        return None
    return Job.objects.select_related("mga", "document__mga", "request__mga", "request__document").get(pk=job_id)


@contextmanager
def holding(job: Job) -> Iterator[None]:
    """Renews the job's lease in the background for as long as the block runs."""
    stop = threading.Event()
    pause = settings.JOB_LEASE_SECONDS / RENEWALS_PER_LEASE
    thread = threading.Thread(target=_renew_until, args=(job.pk, job.fence, stop, pause), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _renew_until(job_id: str, fence: str, stop: threading.Event, pause: float) -> None:
    renewed = False
    while not stop.wait(pause):
        lease = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
        Job.objects.filter(pk=job_id, fence=fence, state=Job.State.RUNNING).update(lease_until=lease)
        renewed = True
    if renewed:
        connection.close()  # this thread's own


def require_claim(job: Job) -> None:
    """Raises LostClaimError unless the job is still ours; first in every transaction that stores its results."""
    held = Job.objects.select_for_update().filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING)
    if not held.exists():
        raise LostClaimError(job.pk)


def finish(job: Job) -> None:
    """Done. Raises LostClaimError."""
    _end(job, Job.State.DONE)


def fail(job: Job, code: str, message: str) -> None:
    """Over, without the result that was wanted. Raises LostClaimError."""
    _end(job, Job.State.FAILED, error_code=code, error_message=message)


def _end(job: Job, state: str, **values: str) -> None:
    ended = Job.objects.filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING).update(
        state=state, lease_until=None, finished_at=timezone.now(), **values
    )
    if not ended:
        raise LostClaimError(job.pk)


def is_last_attempt(job: Job) -> bool:
    return job.attempts >= job.max_attempts


def retry_later(job: Job, code: str, message: str) -> None:
    """Back into the queue, to be tried again after a pause that grows."""
    Job.objects.filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING).update(
        state=Job.State.QUEUED,
        lease_until=None,
        not_before=timezone.now() + timedelta(seconds=RETRY_SECONDS * job.attempts),
        nudged_at=None,
        error_code=code,
        error_message=message,
    )


def due_for_nudge(now: datetime) -> list[str]:
    """Jobs that wait without a fresh nudge, or whose holder has gone."""
    stale = Q(nudged_at=None) | Q(nudged_at__lt=now - NUDGE_AGAIN)
    due = list(Job.objects.claimable(now).filter(stale).order_by("created_at").values_list("pk", flat=True)[:500])
    Job.objects.filter(pk__in=due).update(nudged_at=now)
    return due


def abandoned(now: datetime) -> list[Job]:
    """Jobs whose last attempt ended without a word."""
    return list(
        Job.objects.filter(
            state=Job.State.RUNNING, lease_until__lt=now, attempts__gte=F("max_attempts")
        ).select_related("mga", "document__mga", "request__mga", "request__document")
    )
