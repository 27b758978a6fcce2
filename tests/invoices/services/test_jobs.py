"""Jobs: one holder, counted attempts, and an end in every case."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.brokers import get_broker
from pytest_django.fixtures import Settings

import ocr
from bench.machines import wait_until
from invoicedata.models import Event
from invoices import tasks
from invoices.errors import QueueFullError
from invoices.models import Document, Finding, Invoice, InvoiceRequest, Job, WebhookDelivery
from invoices.services import jobs, processing, queue
from invoices.services.broker import NudgeBroker
from invoices.services.sweeping import is_stalled, sweep
from ocr.errors import NothingLegibleError, ReaderCrashedError
from tests.factories import make_document, make_mga
from tests.invoices.api.conftest import Reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rows that the queue was told of."""
    told: list[str] = []
    monkeypatch.setattr(queue, "nudge_job", told.append)
    return told


def make_job(**overrides: Any) -> Job:
    mga = overrides.pop("mga", None) or make_mga()
    document = make_document(mga, state=Document.State.PENDING)
    return Job.objects.create(**{"mga": mga, "document": document, "max_attempts": 2} | overrides)


def make_request_job(**overrides: Any) -> Job:
    job = make_job(**overrides)
    job.request = InvoiceRequest.objects.create(
        mga=job.mga, document=job.document, operation="process", customer_id="C1", webhook_url="https://x.example/hook"
    )
    job.save()
    return job


def expire(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_second_worker_cannot_claim() -> None:
    job = make_job()
    assert jobs.claim(job.pk) is not None
    assert jobs.claim(job.pk) is None


def test_an_attempt_is_counted_before_the_work_starts() -> None:
    claimed = jobs.claim(make_job().pk)
    assert claimed is not None and claimed.attempts == 1


def test_a_job_whose_lease_ran_out_is_taken_over_and_the_first_holder_is_shut_out() -> None:
    job = make_job()
    first = jobs.claim(job.pk)
    expire(job)
    second = jobs.claim(job.pk)
    assert first is not None and second is not None
    with pytest.raises(jobs.LostClaimError):
        jobs.finish(first)
    jobs.finish(second)
    assert Job.objects.get().state == Job.State.DONE


def test_a_finished_job_is_not_done_again() -> None:
    job = make_job()
    claimed = jobs.claim(job.pk)
    assert claimed is not None
    jobs.finish(claimed)
    assert jobs.claim(job.pk) is None


def test_no_more_attempts_than_allowed() -> None:
    job = make_job(max_attempts=1)
    jobs.claim(job.pk)
    expire(job)
    assert jobs.claim(job.pk) is None


def test_a_full_queue_refuses_before_anything_is_stored(settings: Settings) -> None:
    settings.MAX_QUEUED_JOBS = 1
    make_job()
    with pytest.raises(QueueFullError):
        jobs.refuse_when_full()


def test_a_crash_of_the_reader_is_tried_again_and_then_told(reader: Reader, nudges: list[str]) -> None:
    reader.outcome = ReaderCrashedError()
    job = make_request_job(max_attempts=2)
    processing.run_job(job.pk)
    assert Job.objects.get().state == Job.State.QUEUED
    assert InvoiceRequest.objects.get().state == InvoiceRequest.State.RUNNING
    Job.objects.update(not_before=None)
    processing.run_job(job.pk)
    assert Job.objects.get().state == Job.State.FAILED
    request = InvoiceRequest.objects.get()
    assert (request.state, request.http_status) == (InvoiceRequest.State.FAILED, 500)
    assert '"code":"OCR_FAILED"' in request.response
    assert WebhookDelivery.objects.get().body == request.response


def test_what_the_file_is_to_blame_for_is_told_at_once(reader: Reader, nudges: list[str]) -> None:
    reader.outcome = NothingLegibleError()
    job = make_request_job()
    processing.run_job(job.pk)
    assert Job.objects.get().attempts == 1
    document = Document.objects.get()
    assert (document.state, document.error_code) == (Document.State.ERROR, "OCR_FAILED")
    assert InvoiceRequest.objects.get().http_status == 500


def test_a_worker_that_dies_each_time_ends_in_a_reason(nudges: list[str]) -> None:
    job = make_request_job(max_attempts=1)
    jobs.claim(job.pk)
    expire(job)
    assert sweep(timezone.now()).failed == 1
    assert Job.objects.get().error_code == "PROCESSING_CRASHED"
    assert '"code":"PROCESSING_CRASHED"' in InvoiceRequest.objects.get().response
    assert sweep(timezone.now()).failed == 0


def test_the_sweeper_nudges_for_what_the_queue_has_forgotten_and_only_that(
    nudges: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mga = make_mga()
    waiting = [make_job(mga=mga).pk for _ in range(3)]
    make_job(mga=mga, not_before=timezone.now() + timedelta(minutes=1))
    make_job(mga=mga, state=Job.State.DONE)
    monkeypatch.setattr(queue, "size", lambda: 1)
    sweep(timezone.now())
    assert nudges == waiting[:2]
    monkeypatch.setattr(queue, "size", lambda: 3)
    sweep(timezone.now())
    assert len(nudges) == 2


def test_a_queue_that_cannot_be_asked_keeps_nothing_else_from_being_swept(
    nudges: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_request_job(max_attempts=1)
    jobs.claim(job.pk)
    expire(job)
    monkeypatch.setattr(queue, "get_broker", lambda: 1 / 0)
    assert (sweep(timezone.now()).failed, nudges) == (1, [])


def test_the_job_that_has_waited_longest_is_done_first(reader: Reader, nudges: list[str]) -> None:
    mga = make_mga()
    first, second = make_job(mga=mga), make_job(mga=mga)
    tasks.run_job(second.pk)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (Job.State.DONE, Job.State.QUEUED)


def test_a_job_whose_worker_has_died_is_taken_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_HOST", "host_1")
    mga = make_mga()
    job, other = make_job(mga=mga), make_job(mga=mga)
    jobs.claim(job.pk)
    monkeypatch.setenv("WORKER_HOST", "host_12")
    jobs.claim(other.pk)
    assert jobs.release("host_1", alive=[os.getpid()]) == 0
    assert jobs.release("host_1", alive=[1]) == 1
    taken = jobs.claim_next()
    assert taken is not None and (taken.pk, taken.attempts) == (job.pk, 2)
    assert jobs.claim_next() is None


def test_a_lease_is_renewed_though_the_database_was_away_for_a_moment(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, transactional_db: None
) -> None:
    job = make_job()
    settings.JOB_LEASE_SECONDS = 0.06
    claimed = jobs.claim(job.pk)
    assert claimed is not None and claimed.lease_until is not None
    failures = iter([OperationalError("server closed the connection")] * 2)
    filter_rows = Job.objects.filter

    def fail_at_first(*args: Any, **kwargs: Any) -> Any:
        for error in failures:
            raise error
        return filter_rows(*args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(Job.objects, "filter", fail_at_first)
        with jobs.holding(claimed):
            wait_until(lambda: Job.objects.get(pk=job.pk).lease_until > claimed.lease_until, 5, "Renewal")


def test_the_queue_in_the_database_gives_each_nudge_out_once(settings: Settings) -> None:
    broker = get_broker()
    assert isinstance(broker, NudgeBroker)
    for payload in ("a", "b"):
        broker.enqueue(payload)
    assert [broker.dequeue(), broker.dequeue(), broker.dequeue()] == [[(None, "a")], [(None, "b")], []]


def test_running_a_job_twice_leaves_one_result(reader: Reader, nudges: list[str]) -> None:
    job = make_request_job()
    processing.run_job(job.pk)
    processing.run_job(job.pk)
    assert reader.calls == 1
    assert Invoice.objects.count() == 1
    assert WebhookDelivery.objects.count() == 1


def test_a_result_is_dropped_when_another_worker_took_over(
    reader: Reader, nudges: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_request_job()

    def read_slowly(path: Path, options: ocr.ReaderOptions, *_: object) -> ocr.Reading:
        expire(job)
        assert jobs.claim(job.pk) is not None  # the other worker
        return reader(path, options)

    monkeypatch.setattr(ocr, "read", read_slowly)
    processing.run_job(job.pk)
    assert Invoice.objects.count() == 0
    assert Job.objects.get().state == Job.State.RUNNING


def test_a_crash_after_reading_does_not_cost_the_reading_again(
    reader: Reader, nudges: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_request_job()
    with monkeypatch.context() as broken:
        broken.setattr("invoices.services.completion.complete", lambda job, request: 1 / 0)
        processing.run_job(job.pk)
    assert Job.objects.get().state == Job.State.QUEUED
    Job.objects.update(not_before=None)
    processing.run_job(job.pk)
    assert reader.calls == 1
    assert InvoiceRequest.objects.get().state == InvoiceRequest.State.COMPLETED


def test_workers_that_take_nothing_are_noticed() -> None:
    now = timezone.now()
    job = make_job(created_at=now - timedelta(minutes=1))
    assert is_stalled(now)
    jobs.claim(job.pk)
    assert not is_stalled(timezone.now())


def test_a_failure_is_a_finding_until_the_document_can_be_read(reader: Reader, nudges: list[str]) -> None:
    job = make_job(max_attempts=1)
    document = job.document
    invoice = Invoice.objects.create(mga=job.mga, document=document, filename=document.filename)
    outcome, reader.outcome = reader.outcome, NothingLegibleError()
    processing.run_job(job.pk)
    invoice.refresh_from_db()
    finding = invoice.findings.get(state=Finding.State.OPEN)
    assert (invoice.status, invoice.open_findings) == (Invoice.Status.ERROR, 1)
    assert (finding.rule, finding.severity, finding.message) == (
        "reading.failed",
        Finding.Severity.ERROR,
        Document.objects.get().error_message,
    )
    reader.outcome = outcome
    Document.objects.update(state=Document.State.PENDING)
    processing.run_job(Job.objects.create(mga=job.mga, document=document, max_attempts=1).pk)
    finding.refresh_from_db()
    assert finding.state == Finding.State.RESOLVED
    changes = [e.data for e in Event.objects.filter(action="invoice.status", subject=invoice.pk).order_by("pk")]
    assert changes[0] == {"from": "pending", "to": "error"}
    assert changes[-1]["to"] == Invoice.objects.get().status != Invoice.Status.ERROR
