import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

import ocr
from invoices.models import DeliveryNote, Document, Invoice, Job
from invoices.services import processing, queue
from invoices.services.jobs import worker_name
from tests.documents import make_pdf
from tests.factories import make_mga
from tests.invoices.api.conftest import Reader

pytestmark = pytest.mark.django_db(transaction=True)
SAMPLES = Path(__file__).resolve().parents[1] / "data"


@pytest.fixture(autouse=True)
def no_workers(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """Nobody takes the jobs but the command itself, and it does not wait for others long."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    monkeypatch.setattr(queue, "nudge_job", lambda job_id: None)
    monkeypatch.setattr("invoices.management.commands.ingest.PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr("invoices.management.commands.ingest.POLL_SECONDS", 0.01)


def run(command: str, *arguments: str, **options: Any) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(command, *arguments, stdout=out, stderr=err, **options)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_a_folder_is_sent_in_and_sending_it_again_sends_nothing(tmp_path: Path) -> None:
    make_mga()
    folder = tmp_path / "scans" / "deeper"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"{number}.pdf").write_bytes(make_pdf(size=60_000 + number))
    assert run("ingest", str(tmp_path / "scans"), mga="acme")[1] == "3 files: 3 taken, 0 known before, 0 failed.\n"
    assert run("ingest", str(tmp_path / "scans"), mga="acme")[1] == "3 files: 0 taken, 3 known before, 0 failed.\n"
    assert Document.objects.count() == 3


def test_what_fails_is_told_and_written_down_and_the_rest_goes_on(tmp_path: Path) -> None:
    make_mga()
    good, bad = tmp_path / "good.pdf", tmp_path / "bad.pdf"
    good.write_bytes(make_pdf())
    bad.write_bytes(b"no pdf")
    table = tmp_path / "failures.csv"
    status, out, err = run("ingest", str(tmp_path / "*.pdf"), mga="acme", failures=table)
    assert status == 1 and "1 taken" in out and "bad.pdf: INVALID_FILE_FORMAT" in err
    assert table.read_text().splitlines()[0] == "file,code,message"
    assert Document.objects.get().filename == "good.pdf"


def test_waiting_reads_in_this_process_where_no_worker_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_mga()
    monkeypatch.setattr(ocr, "read", Reader())
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    assert run("ingest", str(tmp_path / "a.pdf"), mga="acme", wait=True)[0] == 0
    assert Invoice.objects.get().invoice_number == "INV-1042"


def test_what_was_read_and_not_judged_when_a_run_stopped_is_judged_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mga()
    monkeypatch.setattr(ocr, "read", Reader())
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    with monkeypatch.context() as stopping:
        stopping.setattr(processing, "check_document", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run("ingest", str(tmp_path / "a.pdf"), mga="acme", wait=True)
    Job.objects.update(worker=f"{worker_name().rpartition(':')[0]}:999999999")  # a process that is gone
    assert Invoice.objects.get().status == Invoice.Status.PENDING
    assert run("ingest", str(tmp_path / "a.pdf"), mga="acme", wait=True)[0] == 0
    assert Invoice.objects.get().status != Invoice.Status.PENDING


def test_a_path_that_is_not_there_is_told() -> None:
    make_mga()
    with pytest.raises(CommandError, match="no such file"):
        run("ingest", "nowhere/*.pdf", mga="acme")


def test_the_samples_are_read_split_and_paired() -> None:
    make_mga()
    files = [str(SAMPLES / name) for name in ("delivery-note.pdf", "supplier-invoice.pdf", "batch.pdf")]
    assert run("ingest", *files, mga="acme", wait=True)[0] == 0
    assert Invoice.objects.count() == 3 and DeliveryNote.objects.count() == 2
    parts = Invoice.objects.filter(document__filename="batch.pdf").order_by("part")
    assert [invoice.filename for invoice in parts] == ["batch (page 1).pdf", "batch (page 3).pdf"]
    rows = [json.loads(line) for line in run("pairings", jsonl=True)[1].splitlines()]
    paired = next(row for row in rows if row["file"] == "supplier-invoice.pdf")
    assert paired["invoiceNumber"] == "WP-55218"
    assert {note["number"] for note in paired["deliveryNotes"]} <= {"DN-70344"}
