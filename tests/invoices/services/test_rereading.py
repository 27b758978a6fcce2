"""Reading again: what comes out otherwise is told, and no person's work is lost."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import ocr
from invoices import tasks
from invoices.models import Document, Event, Finding, Invoice, Job
from invoices.services import queue, rereading, review, sweeping
from invoices.services.intake import local_copy
from invoices.services.reading import reader_options
from invoices.services.recording import record_reading
from invoices.services.review import Changes, Pointed
from tests.documents import INVOICE_LINES, make_pdf
from tests.factories import make_mga

pytestmark = pytest.mark.django_db(transaction=True)


def receive(number: str = "INV-1042", **values: Any) -> Document:
    """A document that an older reader has read, wrongly."""
    mga, sha256 = values.pop("mga", None) or make_mga(), values.pop("sha256", number)
    lines = [line.replace("INV-1042", number) for line in INVOICE_LINES]
    document = Document(
        mga=mga, filename=f"{number}.pdf", sha256=f"{sha256:0>64}", size=1, media_type="application/pdf"
    )
    document.file.save("x.pdf", ContentFile(make_pdf(lines)))
    with local_copy(document) as path, transaction.atomic():
        record_reading(document, ocr.read(path, reader_options()))
    document.invoices.update(gross_total="1.00", supplier_name="Wrong")
    Document.objects.filter(pk=document.pk).update(**{"reader_version": "2020.01"} | values)
    return document


def run(*options: str) -> str:
    out = io.StringIO()
    call_command("reprocess", *options, stdout=out, stderr=out)
    return out.getvalue()


def values(document: Document) -> tuple[str, str]:
    invoice = Invoice.objects.get(document=document)
    return str(invoice.gross_total), invoice.supplier_name


def test_what_an_older_reader_read_is_read_again_once(tmp_path: Path) -> None:
    document = receive()
    told = run("--report", str(tmp_path / "changes.csv"))
    assert values(document) == ("108.00", "Harbour Vets")
    assert "1 read again, 1 of them came out otherwise, 0 could not be read." in told and "gross_total" in told
    with (tmp_path / "changes.csv").open() as file:
        rows = {row["field"]: (row["before"], row["after"]) for row in csv.DictReader(file)}
    assert rows["gross_total"] == ("1.00", "108.00")
    assert "0 read again" in run()
    assert "1 read again, 0 of them" in run("--all")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_none_of_many_is_left_out(workers: str) -> None:
    mga = make_mga()
    for number in range(6):
        receive(f"INV-{number}", mga=mga)
    assert "6 read again, 6 of them" in run("--workers", workers)


def test_what_came_in_later_is_judged_beside_the_new_values() -> None:
    mga = make_mga()
    first, second = receive("INV-1", mga=mga), receive("INV-1", mga=mga, sha256="2")
    first.invoices.update(number_key="INV7")
    rereading.reread(first)
    assert Finding.objects.filter(invoice__document=second, rule="duplicate.number", state="open").exists()


def test_a_document_that_is_read_as_before_costs_the_same_however_many_came_in_later() -> None:
    mga = make_mga()

    def queries(*others: str) -> int:
        for number in others:
            receive(number, mga=mga)
        run("--all")
        with CaptureQueriesContext(connection) as captured:
            rereading.reread(document)
        return len(captured)

    document = receive("INV-1", mga=mga)
    assert queries("INV-2") == queries("INV-3", "INV-4", "INV-5")


def test_a_dry_run_tells_the_same_and_changes_nothing() -> None:
    document = receive()
    assert "1 of them would come out otherwise" in run("--dry-run")
    assert values(document) == ("1.00", "Wrong")
    assert Document.objects.get().reader_version == "2020.01"


def test_what_a_person_corrected_or_approved_stays() -> None:
    ada = get_user_model().objects.create_user("ada", is_staff=True)
    mga = make_mga()
    corrected, approved = receive("INV-1", mga=mga), receive("INV-2", mga=mga)
    invoice = corrected.invoices.get()
    review.save(invoice.pk, ada, invoice.version, Changes({"gross_total": Pointed("55.00")}))
    invoice = approved.invoices.get()
    review.approve(invoice.pk, ada, invoice.version, accept=True)
    run("--all")
    assert values(corrected) == ("55.00", "Harbour Vets")
    assert values(approved) == ("1.00", "Wrong")


def test_what_cannot_be_read_this_time_stays_as_it_was() -> None:
    document = receive()
    document.file.storage.delete(document.file.name)
    with pytest.raises(SystemExit):
        run()
    assert values(document) == ("1.00", "Wrong")
    assert Document.objects.get().state == Document.State.READ


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 2),
        (("--mga", "acme"), 1),
        (("--limit", "1"), 1),
        (("--supplier", "wron"), 2),
        (("--supplier", "nobody"), 0),
        (("--status", "error"), 0),
        (("--reader-version", "2020.01"), 2),
        (("--reader-version", "1"), 0),
        (("--date-to", "2020-01-01"), 0),
        (("--date-from", "2020-01-01"), 2),
        (("--engine", "tesseract"), 0),
        (("--all", "--read-before", "2020-01-01T00:00:00Z"), 0),
        (("--workers", "2"), 2),
    ],
    ids=str,
)
def test_documents_are_chosen(options: tuple[str, ...], count: int) -> None:
    receive("INV-1")
    receive("INV-2", mga=make_mga("other"))
    assert f"{count} read again" in run(*options, "--dry-run")


@pytest.mark.parametrize("options", [("--date-from", "soon"), ("--read-before", "soon"), ("--workers", "0")], ids=str)
def test_a_wrong_option_is_named(options: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match=options[0] if options[1] == "soon" else "workers"):
        run(*options)


def test_a_document_that_waits_for_a_job_is_left_to_it() -> None:
    document = receive()
    Job.objects.create(mga=document.mga, document=document, not_before=timezone.now() + timedelta(hours=1))
    with pytest.raises(rereading.BusyDocumentError):
        rereading.reread(document)
    assert values(document) == ("1.00", "Wrong")


def test_staff_have_documents_read_again_when_nothing_else_waits(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "nudge_rereading", tasks.run_rereading)
    monkeypatch.setattr(queue, "size", lambda: 0)
    document = receive()
    job = Job.objects.create(mga=document.mga, not_before=timezone.now() + timedelta(hours=1))
    data = {"action": "read_again", "_selected_action": [document.pk]}
    admin_client.post(reverse("admin:invoices_document_changelist"), data)
    assert values(document) == ("1.00", "Wrong")
    job.delete()
    sweeping.sweep(timezone.now())
    assert values(document) == ("108.00", "Harbour Vets")
    assert Document.objects.get().reread_since is None
    assert Event.objects.filter(action="document.reread_asked", actor__isnull=False).exists()


def test_a_reading_that_fails_in_the_background_is_recorded_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    document = receive()
    document.file.storage.delete(document.file.name)
    Document.objects.update(reread_since=timezone.now())
    rereading.reread_next(document.pk)
    assert Document.objects.get().reread_since is None
    assert Event.objects.filter(action="document.reread_failed").exists()
    assert values(document) == ("1.00", "Wrong")
