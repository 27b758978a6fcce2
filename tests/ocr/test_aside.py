"""Text beside a table, at lines of its own."""

from dataclasses import replace

import pytest

from ocr.aside import without_aside
from ocr.line_items.reading import read_line_items
from ocr.types import DocumentKind, Page
from tests.ocr.sheets import LINE, make_page

TABLE = """
{0}Date        Item                         Qty     Amount
{0}25/05/2024  Abdominal Ultrasound           1     559.60
{0}26/05/2024  Buster Collar                  2      20.19
{0}27/05/2024  Dispensing Fee                 1      18.03
{0}27/05/2024  Histopathology                 1     270.62
{0}28/05/2024  Microchip                      1      30.06
{0}28/05/2024  Recheck Examination            1      70.03

{0}Total                                            968.53
"""
ASIDE = """
{0}Ottawa Animal Hospital
{0}1450 Startop Road
{0}Ottawa, ON K1B 3W5
{0}705.555.0116
{0}ISSUED 2 Jan 2025
{0}Balance 968.53
{0}Dr. Venkataraman
"""


def beside(table: str, text: str, lower: float, pitch: float = 1.0) -> Page:
    """A page with two texts, the second lower by so much, and its lines closer together by a factor."""
    one, other = make_page(table), make_page(text)
    moved = []
    for word in other.words:
        top = word.top * pitch + lower
        moved.append(replace(word, top=top, bottom=top + word.bottom - word.top, run=word.run + len(one.words)))
    return replace(one, words=(*one.words, *moved), width=max(one.width, other.width))


@pytest.mark.parametrize(("table", "text"), [(" " * 30, ""), ("", " " * 62)])
def test_text_beside_a_table_does_not_mix_with_its_lines(table: str, text: str) -> None:
    page = beside(TABLE.format(table), ASIDE.format(text), lower=0.2 * LINE, pitch=0.8)
    items = read_line_items([page], DocumentKind.INVOICE)
    assert [(item.description, str(item.net_amount)) for item in items] == [
        ("Abdominal Ultrasound", "559.60"),
        ("Buster Collar", "20.19"),
        ("Dispensing Fee", "18.03"),
        ("Histopathology", "270.62"),
        ("Microchip", "30.06"),
        ("Recheck Examination", "70.03"),
    ]


def test_columns_are_no_text_beside_the_table() -> None:
    assert len(without_aside(make_page(TABLE.format("")))) == 1


def test_columns_that_stand_half_a_line_lower_are_not_parted() -> None:
    names = """
Item
Abdominal Ultrasound
Buster Collar
Dispensing Fee
Histopathology
"""
    values = """
                              Qty     Amount

                                1     559.60
                                2      20.19
                                1      18.03
                                1     270.62
"""
    assert len(without_aside(beside(names, values, lower=0.4 * LINE - LINE))) == 1


def test_columns_with_an_amount_for_each_row_are_not_parted_though_they_stand_at_other_heights() -> None:
    names = """
Code    Item                     Qty
FGD343  Mature White Cheddar       2
DHB217  Butter Unsalted            1
FEE141  Semi-skimmed Milk          1
BTA990  Espresso Beans             4
TWC858  Cola Post-mix              4
"""
    values = """
                                       Cost    Disc   Amount
                                      30.99            61.98
                                      77.91            77.91
                                       8.50    1.70     6.80
                                      14.78    8.87    50.25
                                      67.56   40.54   229.70
"""
    assert len(without_aside(beside(names, values, lower=0.85 * LINE, pitch=0.95))) == 1


def test_a_page_without_words_has_nothing_beside() -> None:
    page = replace(make_page("Total"), words=())
    assert without_aside(page) == (page,)
