"""Lines whose values stand behind their labels, typed as viewers of e-invoices print them."""

from decimal import Decimal

from ocr.line_items.reading import read_line_items
from ocr.types import DocumentKind, LineItem
from tests.ocr.sheets import make_page

VIEW = """
Name:  Restaurant Lindenhof        Name:  Fr. Lohse
Rechnungsnummer:  RE221920         Vertragsnummer:  1033-28
Position 1
Bezeichnung:  Bettbezug 135x200    Menge:  80
Artikelnummer:  VB16               Einheit:  Stk
Umsatzsteuersatz:  19 %            Preis pro Einheit (netto): 1,06
                                   Gesamtpreis (netto): 84,80
Position 2
Bezeichnung:  Duschtuch            Menge:  25
Artikelnummer:  AA91               Einheit:  Stk
Umsatzsteuersatz:  19 %            Preis pro Einheit (netto): 0,56
                                   Gesamtpreis (netto): 14,00
Gesamtsumme:  98,80
"""


def read(text: str, kind: DocumentKind = DocumentKind.INVOICE) -> tuple[LineItem, ...]:
    return read_line_items([make_page(text)], kind)


def test_every_value_is_behind_its_label() -> None:
    first, second = read(VIEW)
    assert (first.sku, first.description, first.unit) == ("VB16", "Bettbezug 135x200", "Stk")
    assert (first.quantity, first.unit_price, first.net_amount) == (Decimal(80), Decimal("1.06"), Decimal("84.80"))
    assert first.tax_rate == Decimal(19)
    assert (second.sku, second.description, second.net_amount) == ("AA91", "Duschtuch", Decimal("14.00"))


def test_the_article_number_may_come_first() -> None:
    items = read("""
Item code: BR-104
Description: Pale Ale 30L
Qty: 2
Unit price: 10.00
Line total: 20.00

Item code: BR-200
Description: Stout 50L
Qty: 3
Unit price: 5.00
Line total: 15.00
""")
    assert [(item.sku, item.description, item.net_amount) for item in items] == [
        ("BR-104", "Pale Ale 30L", Decimal("20.00")),
        ("BR-200", "Stout 50L", Decimal("15.00")),
    ]


def test_a_name_goes_on_in_the_next_line() -> None:
    (item,) = read("""
Description: House Sauvignon Blanc
             case of six
Qty: 2
Unit price: 10.00
Line total: 20.00
""")
    assert item.description == "House Sauvignon Blanc case of six"
