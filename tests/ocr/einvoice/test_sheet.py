"""Bare e-invoices: pages set out from their values, through the real reader."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ocr import Method, Page, Reader, ReaderOptions
from ocr.einvoice import read_e_invoice
from ocr.einvoice.sheet import compose
from ocr.errors import EInvoiceError, TooManyPagesError
from ocr.pages import detect_media_type
from ocr.types import BoundingBox
from tests.ocr.einvoice.test_syntax import xml


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(ReaderOptions(max_pages=3)) as opened:
        yield opened


def words_in(page: Page, box: BoundingBox | None) -> str:
    assert box is not None
    left, top = box.left * page.width - 0.1, box.top * page.height - 0.1
    right, bottom = box.right * page.width + 0.1, box.bottom * page.height + 0.1
    inside = (w for w in page.words if w.left >= left and w.right <= right and w.top >= top and w.bottom <= bottom)
    return " ".join(word.text for word in inside)


def test_every_value_stands_where_its_box_says(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "invoice.xml"
    path.write_bytes(xml("cii.xml"))
    reading = reader.read(path)
    (page,), (document,) = reading.pages, reading.documents
    assert (page.method, document.pages) == (Method.E_INVOICE, (1,))
    shown = {name: words_in(page, field.box) for name, field in document.fields.items() if field.value}
    assert shown["invoice_number"] == "RE-2025-0815"
    assert shown["supplier_name"] == "Rösterei Nordwind GmbH"
    assert shown["gross_total"] == "EUR 235.50"
    assert shown["supplier_city"] == "Speicherweg 4, 20457 Hamburg"
    assert words_in(page, document.line_items[0].box) == "KA-100 Kaffeebohnen, ganz (less 5.00) 10 kg 12.50 7 120.00"


def test_no_word_leaves_the_page_or_lies_on_another(tmp_path: Path) -> None:
    document = read_e_invoice(xml("cii.xml"))
    name = replace(document.fields["supplier_name"], value="Unbreakable" * 30)
    line = replace(document.line_items[0], description="Long words " * 40 + "x" * 300)
    sheet, _ = compose(replace(document, fields=document.fields | {"supplier_name": name}, line_items=(line,) * 9))
    for page in sheet.pages():
        assert all(0 <= w.left < w.right <= page.width and 0 <= w.top < w.bottom <= page.height for w in page.words)
        for n, word in enumerate(page.words):
            for other in page.words[n + 1 :]:
                apart = word.right <= other.left or other.right <= word.left
                assert apart or word.bottom <= other.top + 1 or other.bottom <= word.top + 1, (word, other)


def test_many_lines_go_over_pages_with_their_heading(tmp_path: Path) -> None:
    document = read_e_invoice(xml("cii.xml"))
    sheet, placed = compose(replace(document, line_items=document.line_items * 40))
    pages = sheet.pages()
    assert len(pages) == 3 and placed.pages == (1, 2, 3)
    assert all("Description" in [word.text for word in page.words] for page in pages)
    assert [placed.line_items[n].page for n in (0, 40, 79)] == [1, 2, 3]


def test_more_pages_than_allowed_are_refused(reader: Reader, tmp_path: Path) -> None:
    content = xml("cii.xml")
    start, end = content.index(b"<ram:IncludedSupply"), content.index(b"<ram:ApplicableHeaderTradeAgreement>")
    path = tmp_path / "long.xml"
    path.write_bytes(content[:end] + content[start:end] * 100 + content[end:])
    with pytest.raises(TooManyPagesError):
        reader.read(path)


def test_what_is_no_invoice_says_why(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "order.xml"
    path.write_bytes(b"<?xml version='1.0'?><Order/>")
    with pytest.raises(EInvoiceError, match="no UBL and no Cross Industry Invoice"):
        reader.read(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_xml_is_told_by_its_content(encoding: str) -> None:
    assert detect_media_type("\n <?xml version='1.0'?><Invoice/>".encode(encoding)) == "application/xml"
    assert detect_media_type("<!-- ours --><ubl:Invoice xmlns:ubl='x'/>".encode(encoding)) == "application/xml"
    assert detect_media_type("<html><body>Invoice</body></html>".encode(encoding)) is None
