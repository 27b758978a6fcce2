"""PDFs with e-invoices inside, through the real reader: stated values win, the page gives places and is compared."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from ocr import DocumentKind, DocumentReading, Method, Reader, ReaderOptions
from tests.documents import INVOICE_LINES, attach, make_pdf
from tests.ocr.einvoice.test_syntax import deep, laughs, xml


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(ReaderOptions(engine="tests.ocr.engines:FixedEngine")) as opened:
        yield opened


def read(reader: Reader, folder: Path, content: bytes) -> tuple[DocumentReading, ...]:
    path = folder / "invoice.pdf"
    path.write_bytes(content)
    return reader.read(path).documents


def read_one(
    reader: Reader, folder: Path, files: dict[str, bytes], lines: tuple[str, ...] = INVOICE_LINES
) -> DocumentReading:
    (document,) = read(reader, folder, attach(make_pdf(lines), files))
    return document


def differences(document: DocumentReading) -> dict[str, tuple[str | None, str | None]]:
    assert document.e_invoice is not None
    return {found.field: (found.stated, found.printed) for found in document.e_invoice.differences}


def test_the_stated_values_win_and_stand_where_the_page_shows_them(reader: Reader, tmp_path: Path) -> None:
    document = read_one(reader, tmp_path, {"xrechnung.xml": xml("ubl.xml")})
    total, number = document.fields["gross_total"], document.fields["invoice_number"]
    assert (total.value, total.method, total.confidence, total.page) == (108, Method.E_INVOICE, 1.0, 1)
    assert total.box is not None and number.box is not None and number.box.bottom < total.box.top
    assert document.confidence == 1.0
    assert differences(document) == {}
    assert document.e_invoice is not None and "xrechnung" in document.e_invoice.profile


def test_what_only_the_e_invoice_states_has_no_place(reader: Reader, tmp_path: Path) -> None:
    document = read_one(reader, tmp_path, {"xrechnung.xml": xml("ubl.xml")})
    order = document.fields["order_number"]
    assert (order.value, order.page, order.box) == ("PO-8812", None, None)


def test_lines_have_the_box_of_their_printed_line(reader: Reader, tmp_path: Path) -> None:
    first, second = read_one(reader, tmp_path, {"xrechnung.xml": xml("ubl.xml")}).line_items
    assert (first.method, first.unit, second.unit) == (Method.E_INVOICE, "piece", "vial")
    assert first.box is not None and second.box is not None and first.box.bottom <= second.box.top + 0.01


def test_a_profile_without_lines_takes_them_from_the_page(reader: Reader, tmp_path: Path) -> None:
    document = read_one(reader, tmp_path, {"factur-x.xml": xml("cii-minimum.xml")})
    assert [(line.description, line.net_amount, line.method) for line in document.line_items] == [
        ("Consultation", 60, Method.TEXT_LAYER),
        ("Vaccine", 48, Method.TEXT_LAYER),
    ]
    assert document.fields["gross_total"].method is Method.E_INVOICE
    assert document.fields["due_date"].method is Method.TEXT_LAYER


ALTERED = {
    "gross_total": ((b">108.00</cbc:TaxInclusiveAmount", b">901.00</cbc:TaxInclusiveAmount"), ("901.00", "108.00")),
    "invoice_number": ((b">INV-1042<", b">INV-1043<"), ("INV-1043", "INV-1042")),
    "issue_date": ((b">2025-03-04<", b">2025-04-03<"), ("2025-04-03", "2025-03-04")),
    "amount_due": ((b">58.00<", b">85.00<"), ("85.00", "58.00")),
    "currency": ((b">USD</cbc:Doc", b">EUR</cbc:Doc"), ("EUR", "USD")),
    "supplier_name": ((b">Harbour Vets", b">Offshore Holding"), ("Offshore Holding LLC", "Harbour Vets")),
}


@pytest.mark.parametrize("field", ALTERED)
def test_what_the_page_shows_otherwise_is_told(reader: Reader, tmp_path: Path, field: str) -> None:
    (old, new), both = ALTERED[field]
    document = read_one(reader, tmp_path, {"xrechnung.xml": xml("ubl.xml").replace(old, new)})
    assert differences(document)[field] == both


def test_a_line_that_the_page_shows_otherwise_is_told(reader: Reader, tmp_path: Path) -> None:
    altered = xml("ubl.xml").replace(b">48.00<", b">84.00<")
    document = read_one(reader, tmp_path, {"xrechnung.xml": altered})
    assert differences(document) == {"line_items": ("Vaccine, 84.00", "Vaccine, 48.00")}
    assert document.e_invoice is not None and document.e_invoice.differences[0].line == 2


def test_lines_that_are_printed_with_tax_are_no_difference(reader: Reader, tmp_path: Path) -> None:
    """The tax of 8.00 is in the printed 60.00 and 48.00."""
    net = xml("ubl.xml").replace(b">60.00<", b">55.56<").replace(b">48.00<", b">44.44<")
    assert differences(read_one(reader, tmp_path, {"xrechnung.xml": net})) == {}


def test_another_kind_is_told(reader: Reader, tmp_path: Path) -> None:
    credited = xml("ubl.xml").replace(b">380<", b">381<")
    assert differences(read_one(reader, tmp_path, {"xrechnung.xml": credited}))["kind"] == ("credit_note", "invoice")


def test_a_value_that_the_page_does_not_show_is_told(reader: Reader, tmp_path: Path) -> None:
    lines = tuple(line for line in INVOICE_LINES if "INV-1042" not in line)
    document = read_one(reader, tmp_path, {"xrechnung.xml": xml("ubl.xml")}, lines)
    assert differences(document)["invoice_number"] == ("INV-1042", None)


def test_a_credit_note_is_printed_with_a_sign_or_without(reader: Reader, tmp_path: Path) -> None:
    lines = (
        "Wrenfield Provisions Ltd",
        "",
        "CREDIT NOTE",
        "Credit note number: CN-77",
        "Date: 02/04/2025",
        "Customer: The Mill House Hotel",
        "",
        "Description                    Qty   Unit price    Amount",
        "Chopped Tomatoes 6 x 2.5 kg      2        10.00    -20.00",
        "",
        "Net                                            GBP -20.00",
        "VAT 20%                                         GBP -4.00",
        "Total credit                                   GBP -24.00",
    )
    document = read_one(reader, tmp_path, {"ubl.xml": xml("ubl-credit-note.xml")}, lines)
    assert document.kind is DocumentKind.CREDIT_NOTE
    assert document.fields["gross_total"].value == Decimal("24.00")
    assert differences(document) == {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"<rsm:CrossIndustryInvoice>", "malformed"), (laughs(), "unsafe"), (deep(), "malformed"), (b"", "malformed")],
    ids=["cut", "laughs", "deep", "empty"],
)
def test_an_e_invoice_that_cannot_be_read_leaves_the_page(
    reader: Reader, tmp_path: Path, content: bytes, problem: str
) -> None:
    document = read_one(reader, tmp_path, {"factur-x.xml": content})
    assert document.fields["gross_total"].method is Method.TEXT_LAYER
    assert document.e_invoice is not None and document.e_invoice.problem == problem


def test_an_attachment_that_fills_the_memory_costs_no_page(tmp_path: Path) -> None:
    bomb = attach(make_pdf(), {"factur-x.xml": b"<a>" + b" " * 200_000_000})
    with Reader(ReaderOptions(decoder_memory=500 * 1024 * 1024)) as small:
        (document,) = read(small, tmp_path, bomb)
    assert document.fields["gross_total"].value == Decimal("108.00")
    assert document.e_invoice is not None and document.e_invoice.problem in ("unreadable", "too-large")


def test_other_attachments_are_none_of_our_business(reader: Reader, tmp_path: Path) -> None:
    document = read_one(reader, tmp_path, {"terms.txt": b"pay soon", "data.xml": b"<rows/>", "photo.png": b"\x89PNG"})
    assert document.e_invoice is None


def test_of_several_attachments_the_invoice_counts(reader: Reader, tmp_path: Path) -> None:
    files = {"a.pdf": make_pdf(), "order.xml": b"<Order/>", "lines.csv": b"a,b", "factur-x.xml": xml("cii-minimum.xml")}
    document = read_one(reader, tmp_path, files)
    assert (document.fields["gross_total"].method, document.e_invoice and document.e_invoice.problem) == (
        Method.E_INVOICE,
        "",
    )


def test_two_different_e_invoices_for_one_page_are_told(reader: Reader, tmp_path: Path) -> None:
    """The one whose number the page shows counts."""
    document = read_one(reader, tmp_path, {"factur-x.xml": xml("cii.xml"), "other.xml": xml("ubl.xml")})
    assert document.fields["invoice_number"].value == "INV-1042"
    assert document.e_invoice is not None and document.e_invoice.problem == "several"


def test_the_same_e_invoice_twice_is_one(reader: Reader, tmp_path: Path) -> None:
    document = read_one(reader, tmp_path, {"factur-x.xml": xml("ubl.xml"), "copy.xml": xml("ubl.xml")})
    assert document.e_invoice is not None and document.e_invoice.problem == ""


def test_a_file_that_only_the_catalogue_names_is_found(reader: Reader, tmp_path: Path) -> None:
    (document,) = read(reader, tmp_path, make_pdf(associated=xml("ubl.xml")))
    assert document.fields["gross_total"].method is Method.E_INVOICE


def test_a_page_without_a_word_is_told_to_show_nothing(reader: Reader, tmp_path: Path) -> None:
    picture = tmp_path / "blank.pdf"
    Image.new("L", (1240, 1754), 255).save(picture, resolution=150)
    with Reader(ReaderOptions(engine="tests.ocr.engines:BlindEngine")) as blind:
        (document,) = read(blind, tmp_path, attach(picture.read_bytes(), {"xrechnung.xml": xml("ubl.xml")}))
    assert document.fields["gross_total"].value == 108
    assert set(differences(document)) == {"invoice_number", "issue_date", "gross_total"}


def test_of_a_batch_the_part_with_the_number_gets_it(reader: Reader, tmp_path: Path) -> None:
    other = tuple(line.replace("INV-1042", "INV-2001").replace("Harbour", "Meadow") for line in INVOICE_LINES)
    content = attach(make_pdf(other, more=[INVOICE_LINES]), {"xrechnung.xml": xml("ubl.xml")})
    first, second = read(reader, tmp_path, content)
    assert first.fields["gross_total"].method is Method.TEXT_LAYER and first.e_invoice is None
    assert second.fields["gross_total"].method is Method.E_INVOICE and differences(second) == {}
