"""What e-invoices state, and what is refused."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ocr.einvoice import read_e_invoice
from ocr.errors import EInvoiceError
from ocr.types import DocumentKind, DocumentReading, Method

FOLDER = Path(__file__).resolve().parents[2] / "data" / "e-invoices"


def xml(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def values(document: DocumentReading) -> dict[str, object]:
    return {name: field.value for name, field in document.fields.items()}


def test_cii_states_its_header() -> None:
    document = read_e_invoice(xml("cii.xml"))
    assert document.kind is DocumentKind.INVOICE
    assert values(document) == {
        "invoice_number": "RE-2025-0815",
        "issue_date": date(2025, 3, 4),
        "due_date": date(2025, 3, 18),
        "delivery_date": date(2025, 3, 3),
        "delivery_note_number": "LS-4401",
        "order_number": "B-7001",
        "currency": "EUR",
        "charge_total": Decimal("10.00"),
        "allowance_total": Decimal("0.00"),
        "net_total": Decimal("210.00"),
        "tax_total": Decimal("25.50"),
        "gross_total": Decimal("235.50"),
        "amount_paid": Decimal("35.50"),
        "amount_due": Decimal("200.00"),
        "payment_terms": "Zahlbar innerhalb von 14 Tagen ohne Abzug",
        "supplier_name": "Rösterei Nordwind GmbH",
        "supplier_address": "Speicherweg 4, 20457 Hamburg",
        "supplier_street": "Speicherweg 4",
        "supplier_city": "Hamburg",
        "supplier_postcode": "20457",
        "supplier_phone": "+49 40 555010",
        "supplier_email": "rechnung@nordwind.example",
        "supplier_tax_id": "DE123456789",
        "customer_name": "Hotel Alte Mühle",
    }
    total = document.fields["gross_total"]
    assert (total.confidence, total.method, total.evidence) == (1.0, Method.E_INVOICE, ("BT-112",))


def test_cii_states_its_lines() -> None:
    coffee, filters = read_e_invoice(xml("cii.xml")).line_items
    assert (coffee.description, coffee.sku, coffee.unit) == ("Kaffeebohnen, ganz", "KA-100", "kg")
    assert (coffee.quantity, coffee.unit_price, coffee.net_amount) == (Decimal(10), Decimal("12.50"), Decimal("120.00"))
    assert (coffee.discount, coffee.tax_rate) == (Decimal("5.00"), Decimal("7.00"))
    assert (filters.unit_price, filters.quantity) == (Decimal("0.2"), Decimal(400))  # the price is for a hundred


def test_ubl_states_the_same_terms() -> None:
    document = read_e_invoice(xml("ubl.xml"))
    found = values(document)
    assert (found["invoice_number"], found["issue_date"], found["due_date"]) == (
        "INV-1042",
        date(2025, 3, 4),
        date(2025, 3, 18),
    )
    assert (found["net_total"], found["tax_total"], found["gross_total"]) == (100, 8, 108)  # tax in the invoice's money
    assert (found["allowance_total"], found["amount_paid"], found["amount_due"]) == (8, 50, 58)
    assert (found["supplier_name"], found["supplier_trading_name"]) == ("Harbour Vets LLC", "Harbour Vets")
    assert (found["supplier_tax_id"], found["supplier_state"]) == ("US550100", "ME")
    assert (found["customer_first_name"], found["customer_last_name"]) == ("Dana", "Whitfield")
    assert document.delivery_note_numbers == ("DN-70344", "DN-70345")
    assert [(line.description, line.unit, line.sku, line.tax_rate) for line in document.line_items] == [
        ("Consultation", "piece", "CON-1", 8),
        ("Vaccine", "vial", "", None),
    ]


def test_a_credit_note_is_told_by_its_type() -> None:
    note = read_e_invoice(xml("ubl-credit-note.xml"))
    assert note.kind is DocumentKind.CREDIT_NOTE
    assert (note.fields["gross_total"].value, note.fields["due_date"].value) == (24, date(2025, 5, 2))
    assert note.line_items[0].quantity == 2
    credited = xml("cii.xml").replace(b"<ram:TypeCode>380<", b"<ram:TypeCode>381<")
    assert read_e_invoice(credited).kind is DocumentKind.CREDIT_NOTE


def test_zugferd_1_is_read_and_lines_of_text_are_none() -> None:
    document = read_e_invoice(xml("zugferd-1.xml"))
    assert (document.fields["invoice_number"].value, document.fields["gross_total"].value) == ("471102", 107)
    assert (document.fields["order_number"].value, document.delivery_note_numbers) == ("B-6001", ("LS-88",))
    (line,) = document.line_items
    assert (line.description, line.quantity, line.unit, line.net_amount) == ("Espresso", 4, "l", 100)


def test_headings_and_notes_among_the_lines_are_no_lines() -> None:
    number = b"<ram:LineID>2</ram:LineID>"
    grouped = xml("cii.xml").replace(number, number + b"<ram:LineStatusReasonCode>GROUP</ram:LineStatusReasonCode>")
    assert [line.description for line in read_e_invoice(grouped).line_items] == ["Kaffeebohnen, ganz"]


def test_a_profile_without_lines_states_none() -> None:
    assert read_e_invoice(xml("cii-minimum.xml")).line_items == ()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "iso-8859-1", "utf-8-sig"])
def test_any_encoding_that_is_declared_is_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig").removesuffix("-le")
    text = xml("cii.xml").decode().replace('encoding="UTF-8"', f'encoding="{declared}"')
    assert read_e_invoice(text.encode(encoding)).fields["supplier_name"].value == "Rösterei Nordwind GmbH"


def test_a_comment_inside_a_value_changes_nothing() -> None:
    commented = xml("cii.xml").replace(b">235.50<", b">235<!-- 9999 -->.50<")
    assert read_e_invoice(commented).fields["gross_total"].value == Decimal("235.50")


def with_doctype(entities: str, use: str) -> bytes:
    doctype = f"<!DOCTYPE rsm:CrossIndustryInvoice [{entities}]>"
    text = xml("cii.xml").decode().replace("?>", f"?>{doctype}", 1)
    return text.replace("Hotel Alte Mühle", use).encode()


def laughs() -> bytes:
    levels = [f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)]
    return with_doctype('<!ENTITY l0 "lol">' + "".join(levels), "&l9;")


def deep() -> bytes:
    return b"<a>" * 5000 + b"</a>" * 5000


def wide() -> bytes:
    return xml("cii.xml").replace(b"<rsm:ExchangedDocument>", b"<x/>" * 500_000 + b"<rsm:ExchangedDocument>")


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "external entity": (lambda: with_doctype('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"), "unsafe"),
    "parameter entity": (lambda: with_doctype('<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;', "x"), "unsafe"),
    "billion laughs": (laughs, "unsafe"),
    "external definition": (
        lambda: xml("ubl.xml").replace(b"<Invoice", b'<!DOCTYPE Invoice SYSTEM "x"><Invoice', 1),
        "unsafe",
    ),
    "definition in UTF-16": (
        lambda: with_doctype('<!ENTITY x "y">', "&x;").decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        "unsafe",
    ),
    "too long": (lambda: xml("cii.xml") + b" " * 21 * 1024 * 1024, "too-large"),
    "too many elements": (wide, "too-large"),
    "too deep": (deep, "malformed"),
    "cut short": (lambda: xml("cii.xml")[:2000], "malformed"),
    "no XML": (lambda: b"%PDF-1.4", "malformed"),
    "nothing": (lambda: b"", "malformed"),
    "another encoding than declared": (lambda: xml("cii.xml").decode().encode("latin-1"), "malformed"),
    "an amount that is none": (lambda: xml("cii.xml").replace(b">235.50<", b">NaN<"), "malformed"),
    "an amount without end": (lambda: xml("cii.xml").replace(b">235.50<", b">1e99999999<"), "malformed"),
    "a day that is none": (lambda: xml("cii.xml").replace(b"20250304", b"20250230"), "malformed"),
    "no number": (lambda: xml("ubl.xml").replace(b"<cbc:ID>INV-1042</cbc:ID>", b""), "malformed"),
    "another document": (lambda: b"<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>", "unknown"),
    "no namespace": (lambda: b"<Invoice><ID>1</ID></Invoice>", "unknown"),
    "an unknown profile": (
        lambda: xml("cii.xml").replace(b"urn:cen.eu:en16931:2017", b"urn:example:my-own"),
        "unknown-profile",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_safe_invoice_is_refused(name: str) -> None:
    make, problem = REFUSED[name]
    with pytest.raises(EInvoiceError) as refusal:
        read_e_invoice(make())
    assert refusal.value.problem == problem


def test_a_depth_that_the_parser_allows_is_still_bounded() -> None:
    nested = b"<x>" * 100 + b"</x>" * 100
    with pytest.raises(EInvoiceError, match="nested too deeply"):
        read_e_invoice(xml("cii.xml").replace(b"<rsm:ExchangedDocument>", nested + b"<rsm:ExchangedDocument>"))
