"""Jobs: claimed by one conditional update, held by lease and fence, counted before they start, swept when abandoned.

The queue merely nudges: a nudge that is lost or comes twice changes nothing.
"""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from invoicedata import metrics
from invoicedata.models import Mga
from invoices.errors import QueueFullError
from invoices.models import Document, InvoiceRequest, Job
from invoices.services import queue

logger = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3
RETRY_SECONDS = 2  # times the attempts so far
POSTPONED_SECONDS = 15
MOST_NUDGES = 200  # sent at once


class LostClaimError(Exception):
    """Somebody else holds the job by now: what was done for it must not be stored."""


def refuse_when_full() -> None:
    """Raises QueueFullError before an upload is taken that would wait too long."""
    if Job.objects.filter(state=Job.State.QUEUED).count() >= settings.MAX_QUEUED_JOBS:
        raise QueueFullError


def enqueue(mga: Mga, *, document: Document, request: InvoiceRequest | None = None) -> Job:
    """A job in the caller's transaction; the nudge goes out when that is committed."""
    job = Job.objects.create(mga=mga, document=document, request=request, max_attempts=settings.JOB_MAX_ATTEMPTS)
    transaction.on_commit(lambda: queue.nudge_job(job.pk))
    return job


def worker_name() -> str:
    """This process, as its jobs name it. WORKER_HOST is what the process that watches over this one calls itself."""
    return f"{os.environ.get('WORKER_HOST') or socket.gethostname()}:{os.getpid()}"


def claim_next() -> Job | None:
    """The job that has waited longest, now ours; None when there is nothing to do."""
    with transaction.atomic():
        waiting = Job.objects.claimable(timezone.now()).select_for_update(skip_locked=True)
        job_id = waiting.values_list("pk", flat=True).first()
        return claim(job_id) if job_id else None


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
            worker=worker_name(),
            lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
            attempts=F("attempts") + 1,
            started_at=now,
        )
    )
    if not claimed:
        return None
    job = Job.objects.select_related("mga", "document__mga", "request__mga", "request__document").get(pk=job_id)
    if job.attempts == 1:
        metrics.JOB_WAIT.observe((now - job.created_at).total_seconds())
    return job


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
    while not stop.wait(pause):
        lease = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
        try:
            Job.objects.filter(pk=job_id, fence=fence, state=Job.State.RUNNING).update(lease_until=lease)
        except DatabaseError:
            logger.warning("The lease of job %s was not renewed; trying again.", job_id)
        finally:
            connection.close()  # this thread's own


def require_claim(job: Job) -> None:
    """Raises LostClaimError unless the job is still ours; first in every transaction that stores its results."""
    held = Job.objects.select_for_update().filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING)
    if not held.exists():
        raise LostClaimError(job.pk)


def finish(job: Job) -> None:
    """Done. Raises LostClaimError."""
    _end(job, Job.State.DONE, error_code="", error_message="")


def fail(job: Job, code: str, message: str) -> None:
    """Over, without the result that was wanted. Raises LostClaimError."""
    _end(job, Job.State.FAILED, error_code=code, error_message=message)


def _end(job: Job, state: str, **values: str) -> None:
    ended = Job.objects.filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING).update(
        state=state, lease_until=None, finished_at=timezone.now(), **values
    )
    if not ended:
        raise LostClaimError(job.pk)
    seconds = (timezone.now() - (job.started_at or job.created_at)).total_seconds()
    transaction.on_commit(lambda: _count(state, values["error_code"], seconds))


def _count(state: str, code: str, seconds: float) -> None:
    metrics.JOBS.labels(state, code).inc()
    metrics.JOB_TIME.observe(seconds)


def is_last_attempt(job: Job) -> bool:
    return job.attempts >= job.max_attempts


def retry_later(job: Job, code: str, message: str) -> None:
    """Back into the queue, to be tried again after a pause that grows."""
    metrics.JOB_RETRIES.labels(code).inc()
    Job.objects.filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING).update(
        state=Job.State.QUEUED,
        lease_until=None,
        not_before=timezone.now() + timedelta(seconds=RETRY_SECONDS * job.attempts),
        error_code=code,
        error_message=message,
    )


def postpone(job: Job, code: str, message: str) -> None:
    """Back into the queue as if it had not been tried: something is away that the job is not to blame for."""
    metrics.JOB_RETRIES.labels(code).inc()
    Job.objects.filter(pk=job.pk, fence=job.fence, state=Job.State.RUNNING).update(
        state=Job.State.QUEUED,
        attempts=F("attempts") - 1,
        lease_until=None,
        not_before=timezone.now() + timedelta(seconds=POSTPONED_SECONDS),
        error_code=code,
        error_message=message,
    )


def run_again(job: Job) -> None:
    """A finished job from its beginning, in the caller's transaction."""
    again = Job.objects.filter(pk=job.pk, state__in=(Job.State.DONE, Job.State.FAILED)).update(
        state=Job.State.QUEUED, attempts=0, not_before=None, error_code="", error_message=""
    )
    if again:
        transaction.on_commit(lambda: queue.nudge_job(job.pk))


def forgotten(now: datetime, queued: int) -> list[str]:
    """Jobs to nudge for: as many as wait without one of the `queued` nudges, those that have waited longest."""
    waiting = Job.objects.claimable(now)
    missing = min(waiting.count() - queued, MOST_NUDGES)
    return list(waiting.values_list("pk", flat=True)[:missing]) if missing > 0 else []


def release(workers: str, alive: Collection[int]) -> int:
    """Ends the leases of processes that have died, so that their jobs are taken over at once.

    workers: how the names of the processes begin; alive: the ids of those that live.
    """
    names = {f"{workers}:{pid}" for pid in alive}
    held = Job.objects.held_by(f"{workers}:").filter(lease_until__gte=timezone.now())
    return held.exclude(worker__in=names).update(lease_until=timezone.now())


def release_dead_of_this_host() -> int:
    """Ends the leases of this machine's processes that are gone: a command that goes on after it was killed need not
    wait for them."""
    host = worker_name().rpartition(":")[0]
    held = Job.objects.held_by(f"{host}:").values_list("worker", flat=True)
    pids = {int(name.rpartition(":")[2]) for name in held if name.rpartition(":")[2].isdigit()}
    return release(host, [pid for pid in pids if is_alive(pid)])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's, so there is one
        return True
    return True


def abandoned(now: datetime) -> list[Job]:
    """Jobs whose last attempt ended without a word."""
    return list(
        Job.objects.filter(
            state=Job.State.RUNNING, lease_until__lt=now, attempts__gte=F("max_attempts")
        ).select_related("mga", "document__mga", "request__mga", "request__document")
    )
