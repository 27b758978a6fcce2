"""Exports as the programs that read them see them."""

import csv
import gc
import io
import json
import tarfile
import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from lxml import etree

from invoicedata.models import Mga
from invoices import exports
from invoices.models import Invoice, InvoiceLine, Payment
from invoices.ubl import CAC, CBC, SCHEMAS
from tests.factories import make_document, make_invoice, make_mga

pytestmark = pytest.mark.django_db
NAMES = {"cac": CAC, "cbc": CBC}


@pytest.fixture
def mga() -> Mga:
    return make_mga()


@pytest.fixture
def invoice(mga: Mga) -> Invoice:
    found = make_invoice(
        mga,
        supplier_name="Müller & Söhne",
        invoice_number="R-7",
        due_date=date(2024, 2, 15),
        net_total=Decimal("125.00"),
        tax_total=Decimal("25.50"),
        amount_paid=Decimal("50.00"),
        order_number="PO-1",
        delivery_note_numbers=["DN-9"],
        customer_id="C-1",
    )
    add_line(found, 1, "Linen, white", quantity=Decimal("2.5"), unit_price=Decimal("50.1234"), tax_rate=Decimal(20))
    add_line(found, 2, "Note: thank you", net_amount=None)
    Payment.objects.create(invoice=found, position=1, amount=Decimal("50.00"), payment_method="Card")
    return found


def add_line(invoice: Invoice, position: int, description: str, **values: Any) -> None:
    values = {"net_amount": Decimal("125.00"), "sku": "L-1"} | values
    InvoiceLine.objects.create(invoice=invoice, position=position, description=description, **values)


def export(path: Path, *options: str) -> Path:
    call_command("export", str(path), *options, stderr=io.StringIO())
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_sheet(path: Path, name: str) -> list[dict[str, Any]]:
    rows = openpyxl.load_workbook(path, read_only=True)[name].iter_rows(values_only=True)
    titles = next(rows)
    return [dict(zip(titles, row, strict=True)) for row in rows]


def test_csv_has_a_row_an_invoice(invoice: Invoice, tmp_path: Path) -> None:
    (row,) = read_csv(export(tmp_path / "x.csv"))
    assert row["supplier_name"] == "Müller & Söhne"
    assert (row["gross_total"], row["issue_date"], row["currency"]) == ("150.50", "2024-01-15", "GBP")
    assert set(row) == set(exports.INVOICE_COLUMNS)


def test_csv_of_lines_has_a_row_a_line(invoice: Invoice, tmp_path: Path) -> None:
    first, second = read_csv(export(tmp_path / "x.lines.csv"))
    assert (first["invoice_number"], first["description"], first["net_amount"]) == ("R-7", "Linen, white", "125.00")
    assert (second["position"], second["net_amount"]) == ("2", "")


def test_a_workbook_has_typed_cells(invoice: Invoice, tmp_path: Path) -> None:
    path = export(tmp_path / "x.xlsx")
    (row,) = read_sheet(path, "Invoices")
    assert (row["gross_total"], row["issue_date"].date(), row["supplier_name"]) == (
        150.5,
        date(2024, 1, 15),
        "Müller & Söhne",
    )
    assert [line["unit_price"] for line in read_sheet(path, "Lines")] == [50.1234, None]


def test_json_lines_hold_lines_and_payments(invoice: Invoice, tmp_path: Path) -> None:
    (text,) = export(tmp_path / "x.jsonl").read_text().splitlines()
    row = json.loads(text, parse_float=Decimal)
    assert row["gross_total"] == Decimal("150.50")
    assert [line["description"] for line in row["lines"]] == ["Linen, white", "Note: thank you"]
    assert [payment["payment_method"] for payment in row["payments"]] == ["Card"]
    assert "venue" in row and "delivery_date" not in row


@pytest.mark.parametrize("chunk", [1, 1000])
def test_each_invoice_of_many_has_its_own_lines_in_order(
    invoice: Invoice, mga: Mga, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(exports, "CHUNK", chunk)
    second, bare = make_invoice(mga, invoice_number="R-8"), make_invoice(mga, invoice_number="R-9")
    add_line(second, 2, "Towels")
    add_line(second, 1, "Soap")
    rows = [json.loads(text) for text in export(tmp_path / "x.jsonl").read_text().splitlines()]
    lines = {row["id"]: [line["description"] for line in row["lines"]] for row in rows}
    assert lines == {invoice.pk: ["Linen, white", "Note: thank you"], second.pk: ["Soap", "Towels"], bare.pk: []}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝"])  # noqa: RUF001
def test_no_text_becomes_a_formula(mga: Mga, tmp_path: Path, start: str) -> None:
    hostile = f'{start}HYPERLINK("http://x.example","y")'
    make_invoice(mga, supplier_name=hostile, net_total=Decimal("-5.00"))
    (row,) = read_csv(export(tmp_path / "x.csv"))
    assert row["supplier_name"] == f"'{hostile}"
    assert row["net_total"] == "-5.00"
    export(tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["Invoices"]
    (cell,) = [cell for cell in sheet[2] if cell.value == hostile]
    assert cell.data_type == "s"


def documents(path: Path) -> dict[str, Any]:
    with tarfile.open(path) as archive:
        return {name: etree.fromstring(archive.extractfile(name).read()) for name in archive.getnames()}  # type: ignore[union-attr]


def text_of(document: Any, path: str) -> list[str]:
    return [node.text for node in document.xpath(path, namespaces=NAMES)]


def test_ubl_holds_what_is_known(invoice: Invoice, tmp_path: Path) -> None:
    (document,) = documents(export(tmp_path / "x.tar.gz")).values()
    assert document.tag == "{urn:oasis:names:specification:ubl:schema:xsd:Invoice-2}Invoice"
    found = {
        path: text_of(document, path)
        for path in (
            "cbc:ID",
            "cbc:DueDate",
            "cac:OrderReference/cbc:ID",
            "cac:AccountingSupplierParty/cac:Party/cac:PartyName/cbc:Name",
            "cac:LegalMonetaryTotal/*",
            "cac:InvoiceLine/cbc:LineExtensionAmount",
            "cac:InvoiceLine/cac:Price/cbc:PriceAmount",
        )
    }
    assert list(found.values()) == [
        ["R-7"],
        ["2024-02-15"],
        ["PO-1"],
        ["Müller & Söhne"],
        ["125.00", "150.50", "50.00", "100.50"],
        ["125.00", "0.00"],
        ["50.1234"],
    ]
    assert {node.get("currencyID") for node in document.iter(f"{{{CBC}}}PayableAmount")} == {"GBP"}


def test_the_schema_of_ubl_accepts_what_is_written_and_refuses_another_order(invoice: Invoice, tmp_path: Path) -> None:
    for kind in ("Invoice", "CreditNote"):
        (document,) = documents(export(tmp_path / f"{kind}.tar.gz")).values()
        schema = etree.XMLSchema(etree.parse(SCHEMAS / f"UBL-{kind}-2.1.xsd"))
        schema.assertValid(document)
        document.append(document[0])
        assert not schema.validate(document)
        Invoice.objects.update(kind=Invoice.Kind.CREDIT_NOTE)


def test_a_credit_note_is_one_in_ubl_too(invoice: Invoice, tmp_path: Path) -> None:
    Invoice.objects.update(kind=Invoice.Kind.CREDIT_NOTE)
    (document,) = documents(export(tmp_path / "x.tar.gz")).values()
    assert document.tag.endswith("}CreditNote")
    assert text_of(document, "cbc:CreditNoteTypeCode") == ["381"]
    assert text_of(document, "cac:CreditNoteLine/cbc:CreditedQuantity") == ["2.5"]


def test_what_ubl_cannot_express_is_left_out_and_named(invoice: Invoice, mga: Mga, tmp_path: Path) -> None:
    without_number = make_invoice(mga, invoice_number="")
    told = io.StringIO()
    call_command("export", str(tmp_path / "x.tar.gz"), stderr=told)
    assert list(documents(tmp_path / "x.tar.gz")) == [f"{invoice.pk}.xml"]
    assert without_number.pk in told.getvalue()


def test_characters_that_xml_cannot_hold_are_dropped(invoice: Invoice, tmp_path: Path) -> None:
    Invoice.objects.update(supplier_name="A\x0bB\x1f")
    (document,) = documents(export(tmp_path / "x.tar.gz")).values()
    assert text_of(document, "cac:AccountingSupplierParty//cbc:Name") == ["AB"]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ((), ["A1", "B2", "Z9"]),
        (("--mga", "acme"), ["A1", "B2"]),
        (("--status", "matched"), ["B2"]),
        (("--supplier", "hobbs"), ["B2"]),
        (("--date-from", "2024-03-01"), ["B2"]),
        (("--min-confidence", "0.9"), ["A1", "Z9"]),
        (("--search", "a-1"), ["A1"]),
        (("--paired", "true"), []),
    ],
    ids=str,
)
def test_exports_are_narrowed_as_the_list_of_the_api(
    mga: Mga, tmp_path: Path, options: tuple[str, ...], numbers: list[str]
) -> None:
    make_invoice(mga, invoice_number="A1", number_key="A1")
    values = {"status": "matched", "supplier_name": "Hobbs", "issue_date": date(2024, 3, 2), "confidence": 0.5}
    make_invoice(mga, invoice_number="B2", **values)
    make_invoice(make_mga("other"), invoice_number="Z9")
    assert sorted(row["invoice_number"] for row in read_csv(export(tmp_path / "x.csv", *options))) == numbers


@pytest.mark.parametrize(
    "arguments", [("x.doc",), ("-",), ("x.csv", "--date-from", "soon"), ("no/such/folder/x.csv",)], ids=str
)
def test_a_wrong_argument_is_named_and_nothing_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError):
        call_command("export", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_stops_leaves_no_file(invoice: Invoice, tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exports.write_file(Invoice.objects.all(), "csv", tmp_path / "x.csv", stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", exports.FORMATS)
def test_memory_does_not_grow_with_the_rows(
    mga: Mga, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "CHUNK", 50)
    document = make_document(mga)
    values = {"mga": mga, "document": document, "filename": "a.pdf", "invoice_number": "1", "currency": "EUR"}

    def peak_with(count: int) -> int:
        first = Invoice.objects.count()
        Invoice.objects.bulk_create(Invoice(part=n, **values) for n in range(first, count))
        gc.freeze()  # what others left: only what comes now is looked through
        tracemalloc.start()
        exports.write_file(Invoice.objects.all(), form, tmp_path / "x", gc.collect)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        gc.unfreeze()
        return peak

    peak_with(50)  # what is loaded on first use
    few = peak_with(100)
    assert peak_with(400) < 1.5 * few


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl", "ubl"])
def test_staff_export_what_they_chose(invoice: Invoice, mga: Mga, admin_client: Client, form: str) -> None:
    make_invoice(mga, invoice_number="NOT-CHOSEN")
    answer = admin_client.post(
        "/admin/invoices/invoice/", {"action": f"export_{form}", "_selected_action": [invoice.pk]}
    )
    assert answer.status_code == 200
    assert f'filename="invoices{exports.FORMATS[form][0]}"' in answer["Content-Disposition"]
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert content
    if form in ("csv", "jsonl"):
        assert b"R-7" in content and b"NOT-CHOSEN" not in content
