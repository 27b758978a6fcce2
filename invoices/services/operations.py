"""Figures of the operations page: what waits, what was done in the last day, what failed and why."""

import statistics
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Sum
from django.db.models.functions import TruncHour

from invoices.models import Job, WebhookAttempt, WebhookReceiver
from invoices.services import gauges
from pims.models import ConnectionState

HOURS = 24
LATEST_JOBS = 2000  # of which the usual time is told
LATEST_FAILURES = 8
ENDED = (Job.State.DONE, Job.State.FAILED)


@dataclass(frozen=True, slots=True)
class Hour:
    """What ended in one hour."""

    start: datetime
    done: int
    failed: int
    pages: int
    webhooks_taken: int
    webhooks_failed: int


@dataclass(frozen=True, slots=True)
class Figures:
    """usual_seconds, slow_seconds: from acceptance to the end, of half and of 95 % of the latest jobs; None: no job."""

    queued: int
    running: int
    queue_age: float
    webhooks_pending: int
    webhooks_held: int
    webhook_lateness: float
    receivers_off: int
    breakers_open: int
    usual_seconds: float | None
    slow_seconds: float | None
    hours: list[Hour]
    failures: list[tuple[str, int]]
    latest_failures: list[Job]


def measure(now: datetime) -> Figures:
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    ended = Job.objects.filter(finished_at__gte=since, state__in=ENDED).order_by()
    failed = ended.filter(state=Job.State.FAILED)
    jobs, webhooks, seconds = gauges.jobs_by_state(), gauges.webhooks_waiting(), _seconds(since)
    return Figures(
        queued=jobs[Job.State.QUEUED],
        running=jobs[Job.State.RUNNING],
        queue_age=gauges.queue_age(now),
        webhooks_pending=webhooks["pending"],
        webhooks_held=webhooks["held"],
        webhook_lateness=gauges.webhook_lateness(now),
        receivers_off=WebhookReceiver.objects.exclude(disabled_at=None).count(),
        breakers_open=ConnectionState.objects.filter(open_until__gt=now).count(),
        usual_seconds=statistics.median(seconds) if seconds else None,
        slow_seconds=seconds[int(0.95 * (len(seconds) - 1))] if seconds else None,
        hours=_hours(since),
        failures=[*failed.values_list("error_code").annotate(count=Count("id")).order_by("-count")],
        latest_failures=list(failed.select_related("mga", "document").order_by("-finished_at")[:LATEST_FAILURES]),
    )


def _seconds(since: datetime) -> list[float]:
    """From acceptance to the end, of the latest jobs, ascending."""
    moments = Job.objects.filter(finished_at__gte=since, state__in=ENDED).order_by("-finished_at")
    pairs = moments.values_list("created_at", "finished_at")[:LATEST_JOBS]
    return sorted((end - start).total_seconds() for start, end in pairs if end)


def _hours(since: datetime) -> list[Hour]:
    counts: Counter[tuple[datetime, str]] = Counter()
    ended = (
        Job.objects.filter(finished_at__gte=since, state__in=ENDED).order_by().annotate(hour=TruncHour("finished_at"))
    )
    for hour, state, count, pages in ended.values_list("hour", "state").annotate(
        Count("id"), pages=Sum("document__page_count")
    ):
        counts[hour, state] += count
        counts[hour, "pages"] += (pages or 0) if state == Job.State.DONE else 0
    attempts = WebhookAttempt.objects.filter(started_at__gte=since).order_by().annotate(hour=TruncHour("started_at"))
    for hour, error, count in attempts.values_list("hour", "error").annotate(Count("id")):
        counts[hour, "not taken" if error else "taken"] += count
    return [
        Hour(
            start=start,
            done=counts[start, Job.State.DONE],
            failed=counts[start, Job.State.FAILED],
            pages=counts[start, "pages"],
            webhooks_taken=counts[start, "taken"],
            webhooks_failed=counts[start, "not taken"],
        )
        for start in (since + timedelta(hours=number) for number in range(HOURS))
    ]
