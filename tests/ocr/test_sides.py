"""Papers that lie beside each other on one picture."""

from decimal import Decimal

from ocr.decide import read_documents
from ocr.types import Method
from tests.ocr.sheets import make_page

SHOP = """
Harbour Street Deli
12 Harbour Street, Leith
Receipt No: R-20417
Date: 03/05/2025  12:41

Flat white         3.20
Ham roll           4.50
Apple juice        2.80

TOTAL             10.50
VISA              10.50
Thank you
"""
CLINIC = """
Oakdene Veterinary Clinic
Tel 01632 960188
Invoice No: SIN028177
Date: 14/04/2025

Consultation      52.00
Vaccination       48.75

Total            100.75
Paid by card     100.75
Balance            0.00
"""
GAP = " " * 12


def beside(*texts: str) -> str:
    """The papers side by side, their top edges level."""
    columns = [text.strip("\n").splitlines() for text in texts]
    width = max(len(line) for column in columns for line in column)
    rows = max(map(len, columns))
    return "\n".join(
        GAP.join((column[row] if row < len(column) else "").ljust(width) for column in columns) for row in range(rows)
    )


def test_two_receipts_on_one_picture_are_two_documents() -> None:
    documents = read_documents([make_page(beside(SHOP, CLINIC), method=Method.OCR)])
    assert [document.pages for document in documents] == [(1,), (1,)]
    found = [{name: field.value for name, field in document.fields.items()} for document in documents]
    assert [(values["invoice_number"], values["gross_total"]) for values in found] == [
        ("R-20417", Decimal("10.50")),
        ("SIN028177", Decimal("100.75")),
    ]
    assert [len(document.line_items) for document in documents] == [3, 2]


def test_boxes_are_of_the_whole_picture() -> None:
    _, clinic = read_documents([make_page(beside(SHOP, CLINIC), method=Method.OCR)])
    box = clinic.fields["gross_total"].box
    item = clinic.line_items[0].box
    assert box is not None and 0.5 < box.left < box.right <= 1
    assert item is not None and 0.5 < item.left < item.right <= 1


def test_three_receipts_are_three() -> None:
    third = SHOP.replace("R-20417", "R-20533").replace("10.50", "12.90").replace("4.50", "6.90")
    page = make_page(beside(SHOP, CLINIC, third), method=Method.OCR)
    assert [d.fields["invoice_number"].value for d in read_documents([page])] == ["R-20417", "SIN028177", "R-20533"]


def test_a_copy_beside_the_receipt_is_not_another_one() -> None:
    assert len(read_documents([make_page(beside(SHOP, SHOP), method=Method.OCR)])) == 1


def test_the_columns_of_an_invoice_are_one_document() -> None:
    sheet = """
Oakdene Veterinary Clinic                         Invoice No      SIN028177
12 Station Parade                                 Invoice date    14/04/2025
Hexham                                            Due date        28/04/2025

Leila Tanaka
29 Station Parade

Consultation                                                          52.00
Vaccination                                                           48.75
Dental                                                               120.00

Thank you for bringing Ziggy                      Total              220.75
Account 4471                                      Paid               100.00
"""
    assert len(read_documents([make_page(sheet, method=Method.OCR)])) == 1
