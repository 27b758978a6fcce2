"""The whole way of a request through the real addresses: only the reading of a file is fixed, and jobs run at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

import ocr
from invoicedata.models import Mga
from invoices import tasks
from invoices.services import queue
from ocr import DocumentKind, DocumentReading, Field, LineItem, Page, Reading, ReadPayment
from tests.documents import make_pdf
from tests.factories import make_client, make_mga

FIELDS: dict[str, Any] = {
    "invoice_number": "INV-1042",
    "issue_date": date(2025, 3, 4),
    "due_date": date(2025, 3, 18),
    "currency": "USD",
    "gross_total": Decimal("108.00"),
    "amount_paid": Decimal("50.00"),
    "amount_due": Decimal("58.00"),
    "supplier_name": "Harbour Vets",
    "supplier_phone": "555-0100",
    "customer_name": "Dana Whitfield",
    "customer_first_name": "Dana",
    "customer_last_name": "Whitfield",
}
LINES = (
    LineItem("Consultation", Decimal(1), Decimal("60.00"), Decimal("60.00"), confidence=0.9),
    LineItem("Vaccine", Decimal(2), Decimal("24.00"), Decimal("48.00"), confidence=0.9),
)
PAYMENTS = (ReadPayment(Decimal("50.00"), date(2025, 3, 4), "Card", 0.9),)


def make_reading(**changes: Any) -> Reading:
    """What is read from the sample; a field given as None was not found."""
    values = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    fields = {name: Field(value, 0.95, page=1) for name, value in values.items()}
    document = DocumentReading(DocumentKind.INVOICE, (1,), 0.95, fields, LINES, PAYMENTS)
    return Reading((Page(1, 2480, 3508),), (document,))


def together(*readings: Reading) -> Reading:
    """Several invoices in one file."""
    documents = [replace(reading.documents[0], pages=(n,)) for n, reading in enumerate(readings, start=1)]
    return Reading(tuple(Page(n, 2480, 3508) for n in range(1, len(readings) + 1)), tuple(documents))


class Reader:
    """What every file reads as: a reading, or the error of one that cannot be read."""

    def __init__(self) -> None:
        self.outcome: Reading | ocr.OcrError = make_reading()
        self.calls = 0

    def __call__(
        self, path: Path, options: ocr.ReaderOptions, find_templates: object = None, cuts: object = ()
    ) -> Reading:
        self.calls += 1
        if isinstance(self.outcome, ocr.OcrError):
            raise self.outcome
        return self.outcome


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Reader:
    """Jobs run as soon as they are committed, and every file reads as the reader says."""
    fixed = Reader()
    monkeypatch.setattr(ocr, "read", fixed)
    monkeypatch.setattr(queue, "nudge_job", tasks.run_job)
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    return fixed


@pytest.fixture
def workers_stand_still(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[list[str]]:
    """Nobody takes the jobs: their ids, to be run later by `tasks.run_job`."""
    waiting: list[str] = []
    monkeypatch.setattr(queue, "nudge_job", waiting.append)
    settings.SYNC_WAIT_SECONDS = 0
    yield waiting


@pytest.fixture
def mga(transactional_db: None) -> Mga:
    return make_mga("acme")


@pytest.fixture
def client(mga: Mga) -> Client:
    return make_client(mga)


Send = Callable[..., Any]


@pytest.fixture
def send(client: Client) -> Send:
    """POSTs a file: `send()`, `send("lookup", customer="C-2", content=b"…", webhookUrl="https://…")`."""

    def post(
        operation: str = "process",
        *,
        customer: str = "C-1001",
        content: bytes | None = None,
        by: Client | None = None,
        headers: dict[str, str] | None = None,
        **form: Any,
    ) -> Any:
        file = SimpleUploadedFile("invoice.pdf", make_pdf() if content is None else content)
        address = f"/api/v1/invoice/{customer}/{operation}"
        return (by or client).post(address, {"invoice": file} | form, headers=headers)

    return post
