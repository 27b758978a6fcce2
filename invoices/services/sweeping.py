"""What goes round behind the workers: nudges for what waits, an end for what was abandoned, seals for events."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from invoicedata.audit import seal_events
from invoices.models import Job
from invoices.services import jobs, processing, queue, rereading, tallies, templates

STALLED_AFTER = timedelta(seconds=25)  # a job that is due and nudged this long without any job running


@dataclass(frozen=True, slots=True)
class Swept:
    nudged: int
    failed: int


def sweep(now: datetime) -> Swept:
    """One round. Any number may run at a time: every step is conditional on the row."""
    queued = queue.size()
    forgotten = [] if queued is None else jobs.forgotten(now, queued)
    for job_id in forgotten:
        queue.nudge_job(job_id)
    for template_id in templates.due_for_learning(now):
        queue.nudge_learning(template_id)
    if queued == 0:
        rereading.nudge_rereading()
    tallies.fold()
    seal_events()
    lost = jobs.abandoned(now)
    for job in lost:
        processing.fail_abandoned(job)
    return Swept(len(forgotten), len(lost))


def is_stalled(now: datetime) -> bool:
    """Whether jobs are due and nobody takes them: the workers are there, but dead to the world."""
    waiting = Job.objects.claimable(now).filter(created_at__lt=now - STALLED_AFTER)
    running = Job.objects.filter(state=Job.State.RUNNING, lease_until__gte=now)
    recent = Job.objects.filter(finished_at__gte=now - STALLED_AFTER)
    return waiting.exists() and not running.exists() and not recent.exists()
