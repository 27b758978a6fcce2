"""E-invoices through the real service: what differs from the page flags the invoice."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from PIL import Image
from pytest_django.fixtures import Settings

from invoicedata.models import Mga
from invoices import tasks
from invoices.e_invoices import compare_with_page
from invoices.models import Finding, Invoice
from invoices.services import queue
from invoices.validation import CheckStatus
from tests.documents import INVOICE_LINES, attach, make_pdf
from tests.factories import make_client, make_mga
from tests.ocr.einvoice.test_syntax import laughs, xml


@pytest.fixture
def mga(transactional_db: None) -> Mga:
    return make_mga("acme")


@pytest.fixture
def client(mga: Mga) -> Client:
    return make_client(mga)


@pytest.fixture(autouse=True)
def _jobs_run_at_once(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(queue, "nudge_job", tasks.run_job)
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    yield


def with_xml(*changes: tuple[bytes, bytes]) -> bytes:
    """The usual invoice, with an e-invoice inside that is changed so."""
    content = xml("ubl.xml")
    for old, new in changes:
        assert old in content
        content = content.replace(old, new)
    return attach(make_pdf(), {"xrechnung.xml": content})


def send(client: Client, content: bytes, name: str = "invoice.pdf") -> Any:
    return client.post("/api/invoices", {"file": SimpleUploadedFile(name, content)})


def findings(invoice: Invoice) -> dict[str, tuple[str, str]]:
    found = invoice.findings.filter(state=Finding.State.OPEN, rule__startswith="e-invoice.")
    return {finding.rule: (finding.severity, finding.message) for finding in found}


def test_an_e_invoice_that_agrees_is_taken_without_a_finding(client: Client) -> None:
    assert send(client, with_xml()).status_code == 202
    invoice = Invoice.objects.get()
    assert findings(invoice) == {}
    assert invoice.status != Invoice.Status.FLAGGED
    total = invoice.reading["gross_total"]
    assert (total["method"], total["confidence"], total["page"]) == ("e-invoice", 1.0, 1) and total["box"]
    assert [(line.description, line.unit, line.method) for line in invoice.lines.all()] == [
        ("Consultation", "piece", "e-invoice"),
        ("Vaccine", "vial", "e-invoice"),
    ]
    assert invoice.confidence == 1.0


DECISIVE = {
    "e-invoice.totalAmount": ((b">108.00</cbc:TaxInclusive", b">901.00</cbc:TaxInclusive"), "901.00", "108.00"),
    "e-invoice.invoiceNumber": ((b">INV-1042<", b">INV-1043<"), "INV-1043", "INV-1042"),
    "e-invoice.invoiceDate": ((b">2025-03-04<", b">2025-03-09<"), "2025-03-09", "2025-03-04"),
    "e-invoice.practice.practiceName": ((b">Harbour Vets", b">Offshore"), "Offshore", "Harbour Vets"),
    "e-invoice.currency": ((b">USD</cbc:Doc", b">EUR</cbc:Doc"), "EUR", "USD"),
    "e-invoice.balanceDue": ((b">58.00<", b">85.00<"), "85.00", "58.00"),
    "e-invoice.kind": ((b">380<", b">381<"), "credit_note", "invoice"),
}


@pytest.mark.parametrize("rule", DECISIVE)
def test_a_decisive_difference_flags_the_invoice(client: Client, rule: str) -> None:
    change, stated, printed = DECISIVE[rule]
    send(client, with_xml(change))
    invoice = Invoice.objects.get()
    assert invoice.status == Invoice.Status.FLAGGED
    severity, message = findings(invoice)[rule]
    assert severity == Finding.Severity.ERROR
    assert stated in message and printed in message


def test_a_number_that_the_page_does_not_show_flags_the_invoice(client: Client) -> None:
    pages = make_pdf([line for line in INVOICE_LINES if "INV-1042" not in line])
    send(client, attach(pages, {"xrechnung.xml": xml("ubl.xml")}))
    invoice = Invoice.objects.get()
    assert (invoice.status, invoice.invoice_number) == (Invoice.Status.FLAGGED, "INV-1042")
    assert "does not show" in findings(invoice)["e-invoice.invoiceNumber"][1]


def test_another_line_is_a_warning(client: Client) -> None:
    send(client, with_xml((b">Vaccine<", b">Wellness plan<"), (b">48.00<", b">84.00<")))
    found = findings(Invoice.objects.get())
    assert {rule: severity for rule, (severity, _) in found.items()} == {
        "e-invoice.line": Finding.Severity.WARNING,
        "e-invoice.line_added": Finding.Severity.WARNING,
    }


def test_an_e_invoice_that_cannot_be_read_is_a_warning_and_the_page_is_read(client: Client) -> None:
    send(client, attach(make_pdf(), {"factur-x.xml": b"<broken"}))
    invoice = Invoice.objects.get()
    assert findings(invoice)["e-invoice.unread"][0] == Finding.Severity.WARNING
    assert (invoice.invoice_number, invoice.reading["gross_total"]["method"]) == ("INV-1042", "text-layer")


def test_the_difference_is_in_the_answer_of_contract_1(client: Client, settings: Settings) -> None:
    settings.INVOICE_FILE_REQUIREMENTS = "advisory"
    file = SimpleUploadedFile("invoice.pdf", with_xml((b">108.00</cbc:TaxInclusive", b">901.00</cbc:TaxInclusive")))
    body = client.post("/api/v1/invoice/C-1001/process", {"invoice": file}).json()
    assert body["validationResults"]["passed"] is False
    failed = [check for check in body["validationResults"]["checks"] if check["status"] == "failed"]
    assert any("901.00" in check["message"] and "108.00" in check["message"] for check in failed)


def told(**changes: Any) -> dict[str, Any]:
    difference = {"field": "gross_total", "stated": "901.00", "printed": "108.00", "line": 0, "page": 1, "box": None}
    return {"profile": "", "problem": "", "is_compared": True, "differences": [difference | changes]}


def test_what_a_person_decided_is_no_difference_any_more() -> None:
    invoice = Invoice(e_invoice=told())
    (check,) = compare_with_page(invoice)
    assert (check.status, check.money_at_stake) == (CheckStatus.FAILED, 793)
    invoice.corrected = {"gross_total": {"value": "108.00"}}
    assert [check.status for check in compare_with_page(invoice)] == []


def test_pages_that_agree_pass() -> None:
    invoice = Invoice(e_invoice=told() | {"differences": []})
    assert [check.status for check in compare_with_page(invoice)] == [CheckStatus.PASSED]
    assert compare_with_page(Invoice()) == []


def test_a_difference_too_large_for_the_column_is_told_without_an_amount() -> None:
    (check,) = compare_with_page(Invoice(e_invoice=told(stated="9" * 18)))
    assert check.money_at_stake is None


def test_a_bare_e_invoice_is_read_and_shown_as_a_page(client: Client, admin_client: Client) -> None:
    assert send(client, xml("cii.xml"), "rechnung.xml").status_code == 202
    invoice = Invoice.objects.get()
    assert (invoice.invoice_number, invoice.supplier_name) == ("RE-2025-0815", "Rösterei Nordwind GmbH")
    assert (invoice.gross_total, invoice.amount_due, invoice.status) == (
        Decimal("235.50"),
        Decimal("200.00"),
        Invoice.Status.PROCESSED,
    )
    assert invoice.document.media_type == "application/xml" and invoice.document.notices == []
    words = [word["text"] for word in invoice.document.pages.get().words]
    assert {"Rösterei", "RE-2025-0815", "235.50"} <= set(words)
    picture = admin_client.get(f"/admin/invoices/document/{invoice.document_id}/pages/1/")
    assert picture["Content-Type"] == "image/jpeg"
    with Image.open(io.BytesIO(picture.content)) as page:
        box = invoice.reading["gross_total"]["box"]
        edges = [side * size for side, size in zip(box, page.size * 2, strict=True)]
        darkest, _ = page.convert("L").crop([round(edge) for edge in edges]).getextrema()
        assert darkest < 100


@pytest.mark.parametrize(
    "content", [b"<Invoice>", b"<html><body>Invoice</body></html>", laughs()], ids=["cut", "rows", "laughs"]
)
def test_xml_that_is_no_invoice_is_refused_with_the_reason(client: Client, content: bytes) -> None:
    response = send(client, content, "invoice.xml")
    assert response.status_code == 400 and "XML" in response.json()["detail"]
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("operation", ["process", "lookup"])
@pytest.mark.parametrize("requirements", ["strict", "advisory"])
def test_contract_1_takes_no_xml(client: Client, settings: Settings, operation: str, requirements: str) -> None:
    settings.INVOICE_FILE_REQUIREMENTS = requirements
    file = SimpleUploadedFile("invoice.pdf", xml("cii.xml").ljust(60_000))
    response = client.post(f"/api/v1/invoice/C-1001/{operation}", {"invoice": file})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "INVALID_FILE_FORMAT")


def test_an_unknown_profile_without_a_page_is_read_with_a_warning(client: Client) -> None:
    send(client, xml("cii.xml").replace(b"cen.eu:en16931", b"example:own"), "rechnung.xml")
    invoice = Invoice.objects.get()
    assert (invoice.invoice_number, list(findings(invoice))) == ("RE-2025-0815", ["e-invoice.unread"])


def test_a_credit_note_stays_one_to_the_answer(client: Client) -> None:
    send(client, xml("ubl-credit-note.xml"), "credit.xml")
    invoice = Invoice.objects.get()
    assert (invoice.kind, invoice.gross_total, invoice.currency) == ("credit_note", Decimal("24.00"), "GBP")
    assert not invoice.findings.filter(state=Finding.State.OPEN, rule__startswith="totals.").exists()


def test_allowances_and_charges_of_the_whole_document_are_counted(client: Client) -> None:
    send(client, xml("cii.xml"), "right.xml")
    wrong = xml("cii.xml").replace(b"<ram:ChargeTotalAmount>10.00<", b"<ram:ChargeTotalAmount>90.00<")
    send(client, wrong, "wrong.xml")
    rules = {i.filename: [f.rule for f in i.findings.filter(rule="totals.lines")] for i in Invoice.objects.all()}
    assert rules == {"right.xml": [], "wrong.xml": ["totals.lines"]}


def test_extract_tells_the_method(tmp_path: Path) -> None:
    paths = [tmp_path / "a.xml", tmp_path / "b.pdf"]
    paths[0].write_bytes(xml("ubl.xml"))
    paths[1].write_bytes(with_xml((b">INV-1042<", b">INV-1043<")))
    out = io.StringIO()
    call_command("extract", *map(str, paths), jsonl=True, stdout=out)
    bare, embedded = (json.loads(line)["documents"][0] for line in out.getvalue().splitlines())
    assert (bare["data"]["invoiceNumber"], bare["data"]["totalAmount"]) == ("INV-1042", 108)
    assert {field["method"] for field in bare["fields"].values()} == {"e-invoice"}
    number = embedded["fields"]["invoiceNumber"]
    assert (number["value"], number["method"], number["confidence"]) == ("INV-1043", "e-invoice", 1.0)
    assert embedded["eInvoice"]["differences"] == [
        {"field": "invoiceNumber", "stated": "INV-1043", "printed": "INV-1042", "page": 1}
    ]
