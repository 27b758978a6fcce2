"""The operations page: what waits, what failed, what was done, for who may see all of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from invoicedata.models import StaffLimit
from invoices.models import Document, Job, WebhookAttempt, WebhookDelivery
from invoices.services.operations import measure
from invoices.templatetags.invoice_display import duration
from tests.factories import make_document, make_mga

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)


def make_job(state: str, hours_ago: float, **values: Any) -> Job:
    mga = make_mga(f"mga-{Job.objects.count()}")
    document = make_document(mga, page_count=3, state=Document.State.READ)
    ended = NOW - timedelta(hours=hours_ago)
    times = {"created_at": ended - timedelta(seconds=8), "finished_at": ended}
    return Job.objects.create(mga=mga, document=document, state=state, **times | values)


def test_what_ended_is_counted_by_the_hour_and_what_is_older_is_not() -> None:
    for state, hours_ago in (("done", 0.1), ("done", 0.2), ("failed", 0.2), ("done", 5), ("done", 30)):
        make_job(state, hours_ago, error_code="OCR_FAILED" if state == "failed" else "")
    figures = measure(NOW)
    assert len(figures.hours) == 24
    last = figures.hours[-1]
    assert (last.start.hour, last.done, last.failed, last.pages) == (12, 2, 1, 6)
    assert sum(hour.done for hour in figures.hours) == 3
    assert figures.failures == [("OCR_FAILED", 1)]
    assert figures.usual_seconds == 8.0


def test_the_queue_and_the_attempts_are_told() -> None:
    make_job("queued", 0, created_at=NOW - timedelta(seconds=400), finished_at=None)
    delivery = WebhookDelivery.objects.create(mga=make_mga(), event="e", url="https://x.example/", body="{}")
    for error in ("", "answered 500", "timed out"):
        WebhookAttempt.objects.create(delivery=delivery, number=1, started_at=NOW, error=error)
    figures = measure(NOW)
    assert (figures.queued, figures.queue_age, figures.webhooks_pending) == (1, 400.0, 1)
    assert (figures.hours[-1].webhooks_taken, figures.hours[-1].webhooks_failed) == (1, 2)


def test_the_page_shows_it_in_a_number_of_queries_that_does_not_grow(admin_client: Client) -> None:
    counts = []
    for _ in range(2):
        for state in ("done", "failed", "queued"):
            make_job(state, 0, error_code="OCR_FAILED", error_message="Nothing legible.", finished_at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            page = admin_client.get(reverse("admin:invoices_job_operations")).content.decode()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert "Nothing legible." in page and "error_code=OCR_FAILED" in page


def test_who_is_limited_to_tenants_does_not_see_it(client: Client) -> None:
    user = User.objects.create_user("dana", password="p", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(user)
    url = reverse("admin:invoices_job_operations")
    assert client.get(url).status_code == 200
    StaffLimit.objects.create(user=user)
    assert client.get(url).status_code == 403
    assert url not in client.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0, "0 s"), (0.84, "0.8 s"), (42, "42 s"), (400, "7 min"), (7200, "2 h")],  # noqa: RUF001
)
def test_durations_are_told_as_people_say_them(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
