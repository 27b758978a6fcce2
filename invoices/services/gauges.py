"""What stands in the database at this moment, for Prometheus and the operations page: a few rows of an index each."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from invoicedata.metrics import PREFIX
from invoices.models import Job, WebhookDelivery, WebhookReceiver
from pims.models import ConnectionState


def jobs_by_state() -> dict[str, int]:
    """How many jobs wait and how many run."""
    unfinished = Job.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).order_by()
    found = dict(unfinished.values_list("state").annotate(Count("id")))
    return {state: found.get(state, 0) for state in (Job.State.QUEUED, Job.State.RUNNING)}


def queue_age(now: datetime) -> float:
    """Seconds that the job has waited which has waited longest; 0 where none does."""
    oldest = Job.objects.claimable(now).order_by().aggregate(oldest=Min("created_at"))["oldest"]
    return max((now - oldest).total_seconds(), 0.0) if oldest else 0.0


def webhooks_waiting() -> dict[str, int]:
    """Webhooks that are not with their receivers yet."""
    waiting = WebhookDelivery.objects.filter(state__in=("pending", "held")).order_by()
    found = dict(waiting.values_list("state").annotate(Count("id")))
    return {state: found.get(state, 0) for state in (WebhookDelivery.State.PENDING, WebhookDelivery.State.HELD)}


def webhook_lateness(now: datetime) -> float:
    """Seconds that the next attempt is overdue which is overdue most."""
    due = WebhookDelivery.objects.filter(state=WebhookDelivery.State.PENDING, next_attempt_at__lte=now).order_by()
    oldest = due.aggregate(oldest=Min("next_attempt_at"))["oldest"]
    return (now - oldest).total_seconds() if oldest else 0.0


class DatabaseCollector(Collector):
    """The same from whichever machine asks: take the largest, not the sum."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        yield _by_label("jobs", "Jobs, by state", "state", jobs_by_state())
        yield GaugeMetricFamily(f"{PREFIX}_queue_age_seconds", "Age of the oldest job that waits", queue_age(now))
        yield _by_label("webhooks", "Webhooks not delivered yet", "state", webhooks_waiting())
        yield GaugeMetricFamily(f"{PREFIX}_webhook_late_seconds", "The webhook longest overdue", webhook_lateness(now))
        off = WebhookReceiver.objects.exclude(disabled_at=None).count()
        yield GaugeMetricFamily(f"{PREFIX}_webhook_receivers_off", "Receivers that are switched off", off)
        states = ConnectionState.objects.values_list("connection_id", "open_until")
        is_open = {str(pk): int(until is not None) for pk, until in states}
        yield _by_label("pims_breaker_open", "Practice systems that are not called for now", "connection", is_open)


def _by_label(name: str, meaning: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"{PREFIX}_{name}", meaning, labels=[label])
    for value, number in values.items():
        family.add_metric([str(value)], number)
    return family
