"""What Prometheus is told: by all processes together, to those who may ask."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from invoicedata import metrics
from invoices.api.metrics import exposition
from invoices.models import Document, Job
from pims.models import Connection, ConnectionState
from tests.factories import make_document, make_mga

ROOT = Path(__file__).resolve().parents[2]
COUNT = "from invoicedata import metrics; metrics.PAGES.labels('rapidocr').inc(2); metrics.JOB_TIME.observe(3)"


def told(text: bytes) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    families = text_string_to_metric_families(text.decode())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "header", "status"),
    [
        ("", None, 404),
        ("", "Bearer ", 404),
        ("t", None, 404),
        ("t", "Bearer u", 404),
        ("t", "t", 404),
        ("t", "Bearer t", 200),
    ],
)
def test_metrics_are_there_for_who_has_the_token(
    token: str, header: str | None, status: int, settings: Settings, client: Client
) -> None:
    settings.METRICS_TOKEN = token
    headers = {"Authorization": header} if header is not None else {}
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == status
    assert (b"invoicedata_jobs" in answer.content) == (status == 200)


@pytest.mark.django_db
def test_the_queue_the_webhooks_and_the_breakers_are_told_as_they_stand() -> None:
    mga = make_mga()
    now = timezone.now()
    for state, age in ((Job.State.QUEUED, 90), (Job.State.QUEUED, 5), (Job.State.RUNNING, 200), (Job.State.DONE, 900)):
        document = make_document(mga, state=Document.State.PENDING)
        created, lease = now - timedelta(seconds=age), now + timedelta(minutes=1)
        Job.objects.create(mga=mga, document=document, state=state, created_at=created, lease_until=lease)
    connection = Connection.objects.create(mga=mga, name="x", kind="ezyvet")
    ConnectionState.objects.create(connection=connection, open_until=now)
    samples = told(exposition())
    assert samples["invoicedata_jobs", "queued"] == 2 and samples["invoicedata_jobs", "running"] == 1
    assert 90 <= samples["invoicedata_queue_age_seconds",] < 120
    assert samples["invoicedata_webhooks", "pending"] == 0
    assert samples["invoicedata_pims_breaker_open", str(connection.pk)] == 1


@pytest.mark.django_db
def test_requests_are_counted_by_view_and_not_by_address(client: Client) -> None:
    before = told(exposition())
    client.get("/api/v1/invoice/requests/req_1")
    client.get("/api/v1/invoice/requests/req_2")
    client.get("/no/such/page")
    after = told(exposition())
    counted = ("invoicedata_request_seconds_count", "GET", "401", "invoice-request")
    assert after[counted] - before.get(counted, 0) == 2
    assert not any("req_1" in name for sample in after for name in sample)


def test_all_processes_count_together_and_the_dead_stay_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(metrics.FOLDER_VARIABLE, str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(3):
        subprocess.run([sys.executable, "-c", COUNT], env=environment, check=True)

    def counted() -> tuple[float, float]:
        text = generate_latest(metrics.registry()).decode()
        return tuple(float(re.search(rf"^{name} (\S+)$", text, re.M)[1]) for name in NAMES)  # type: ignore[index]

    assert counted() == (6.0, 9.0)
    assert metrics.bury_the_dead(tmp_path) == 6
    assert counted() == (6.0, 9.0)
    assert len(list(tmp_path.glob("*.db"))) == 2
    assert metrics.bury_the_dead(tmp_path) == 0


NAMES = (r'invoicedata_pages_read_total\{engine="rapidocr"\}', "invoicedata_job_seconds_sum")
