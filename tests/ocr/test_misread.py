from dataclasses import replace
from decimal import Decimal

import pytest

from ocr.fields import read_fields
from ocr.types import DocumentKind, Field, Method
from tests.ocr.sheets import make_page

INVOICE = """
Northgate Foods Ltd                       INVOICE
4 Mill Lane, York YO1 7HU

Invoice No      NF-20417
Date            13/04/2025

                       Sub-total                   {net}
                       {extra}
                       VAT @ 20%                   {tax}
                       Invoice total               {total}
"""


def read(
    total: str, net: str = "92.57", tax: str = "18.51", extra: str = "", *, seen: bool = True, sure: float = 0.99
) -> dict[str, Field]:
    text = INVOICE.format(net=net, tax=tax, total=total, extra=extra)
    page = make_page(text, method=Method.OCR if seen else Method.TEXT_LAYER)
    words = tuple(replace(word, confidence=sure) for word in page.words)
    return read_fields([replace(page, words=words)], DocumentKind.INVOICE)


@pytest.mark.parametrize("total", ["1.08", "111.68", "171.08", "11.08", "£111.08", "5111.08"])
def test_a_misread_total_is_put_right_by_net_and_tax(total: str) -> None:
    fields = read(total)
    assert fields["gross_total"].value == Decimal("111.08")
    assert total == "£111.08" or fields["gross_total"].confidence <= 0.8
    assert total == "£111.08" or fields["gross_total"].evidence[0] == "misread"


def test_a_misread_net_amount_and_tax_are_put_right() -> None:
    assert read("111.08", net="32.57")["net_total"].value == Decimal("92.57")
    assert read("111.08", tax="8.51")["tax_total"].value == Decimal("18.51")


def test_a_misread_payment_is_put_right_where_nothing_is_due() -> None:
    text = INVOICE.format(net="92.57", tax="18.51", total="111.08", extra="")
    rows = ("Amount paid                 11.08", "Amount due                  0.00")
    paid = "".join(f"{' ' * 23}{row}\n" for row in rows)
    fields = read_fields([make_page(text + paid, method=Method.OCR)], DocumentKind.INVOICE)
    assert fields["amount_paid"].value == Decimal("111.08")


@pytest.mark.parametrize(
    ("total", "tax", "extra"),
    [
        ("121.08", "18.51", "Carriage                     10.00"),  # ten more, as the page says
        ("111.10", "18.51", ""),  # cash is rounded
        ("151.48", "18.51", ""),  # no slip
        ("171.08", "19.51", ""),  # the tax is not the rate's: who knows what is wrong
    ],
)
def test_a_total_that_may_be_right_stays(total: str, tax: str, extra: str) -> None:
    assert read(total, tax=tax, extra=extra)["gross_total"].value == Decimal(total)


def test_a_total_that_was_added_up_wrong_stays() -> None:
    assert read("171.08", seen=False)["gross_total"].value == Decimal("171.08")
    assert read("171.08", sure=0.9999)["gross_total"].value == Decimal("171.08")
    again = read("171.08", sure=0.9999, extra="Amount due                   111.08")
    assert again["gross_total"].value == Decimal("111.08")
