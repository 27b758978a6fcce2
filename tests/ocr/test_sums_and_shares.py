"""Line items beside sums, shares and dashes, of tables that are typed here as they would be printed."""

from decimal import Decimal

import pytest

from ocr.columns import find_headings
from ocr.line_items.reading import read_line_items
from ocr.tables import read_sheet
from ocr.types import DocumentKind, LineItem
from tests.ocr.sheets import make_page


def read(text: str) -> tuple[LineItem, ...]:
    return read_line_items([make_page(text)], DocumentKind.INVOICE)


def amounts(items: tuple[LineItem, ...]) -> list[str]:
    return [str(item.net_amount) for item in items]


def test_what_is_due_may_stand_above_a_table_without_heading() -> None:
    items = read("""
                 $ 493.27
            Payment due Feb 22

   Metacam Oral Suspension                     $ 86.76
   2 x $ 43.38

   Radiograph, Thorax                         $ 406.51

   Subtotal                                   $ 493.27
""")
    assert [item.description for item in items] == ["Metacam Oral Suspension", "Radiograph, Thorax"]
    assert amounts(items) == ["86.76", "406.51"]
    assert (items[0].quantity, items[0].unit_price) == (Decimal(2), Decimal("43.38"))


def test_the_sum_of_all_lines_is_none_whatever_its_name() -> None:
    items = read("""
   Metacam Oral Suspension                      86.76
   Radiograph, Thorax                          406.51
   Dispensing Fee                               18.03

   Items                                       511.30
   State levy                                    1.00
""")
    assert amounts(items) == ["86.76", "406.51", "18.03"]


def test_a_label_before_a_groups_sum_is_no_line_though_it_stands_in_a_column() -> None:
    items = read("""
Description                       Date             Units    Ext. Price
Imaging
Abdominal Ultrasound            05/03/2024             1        259.35
                                              Imaging:      $259.35
Laboratory
Cytology, ear smear             05/03/2024             1         19.73
                                           Laboratory:         $19.73
Medication
Gabapentin 100 mg               05/03/2024            20         13.20
                                           Medication:         $13.20
""")
    assert amounts(items) == ["259.35", "19.73", "13.20"]


def test_amounts_before_a_column_of_quantities_are_the_totals() -> None:
    items = read("""
Item Description                $ inc (*)     Units
Cerenia injection        *           0.00      0.64
Chem 17 Panel            *         211.99      1.00
Recheck Examination      *         211.74      3.00
""")
    assert [item.description for item in items] == ["Cerenia injection", "Chem 17 Panel", "Recheck Examination"]
    assert [str(item.quantity) for item in items] == ["0.64", "1.00", "3.00"]
    assert amounts(items) == ["0.00", "211.99", "211.74"]


def test_a_dash_for_nothing_is_no_sign() -> None:
    items = read("""
Service                 Value   Subsidy You pay
Castration Cat          83.35         - £83.35
Dispensing Fee          24.74      4.74 £20.00
""")
    assert amounts(items) == ["83.35", "20.00"]


def test_two_headings_that_stand_close_are_told_apart_by_their_phrases() -> None:
    text = """
Service                 Usual cost Charity pays Your share
Castration Cat               83.35            -     £83.35
Dispensing Fee               24.74         4.74     £20.00
"""
    page = make_page(text, step=4.5)
    sheet = read_sheet([page])
    (heading,) = find_headings(sheet.rows, sheet.tokens)
    assert [column.text for column in heading.columns.columns] == [
        "service",
        "usual cost",
        "charity pays",
        "your share",
    ]


def test_what_stands_in_brackets_belongs_to_the_heading_before_it() -> None:
    sheet = read_sheet([make_page("Artikel-Nr.  Produkt  Menge  Einzelpreis (netto)  Gesamt (ohne Steuer)")])
    (heading,) = find_headings(sheet.rows, sheet.tokens)
    assert [column.role.value for column in heading.columns.columns] == [
        "sku",
        "description",
        "quantity",
        "unit_price",
        "total",
    ]


def test_what_multiplies_only_where_one_is_sold_is_no_price() -> None:
    items = read("""
Qty  Service                 Value     Subsidy    You pay
1    Castration Cat          83.35                  83.35
1    Dispensing Fee          24.74                  24.74
2    Buster Collar           42.14                  42.14
""")
    assert [item.unit_price for item in items] == [None, None, None]


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("Nobivac DHP Booster", "x 3", ("Nobivac DHP Booster", Decimal(3))),
        ("Metacam Susp. 100ml", "x 2.00", ("Metacam Susp. 100ml", Decimal(2))),
        ("Pouch Chicken 100g", "x 12", ("Pouch Chicken 100g x 12", None)),
    ],
)
def test_a_count_may_stand_behind_the_name(name: str, count: str, expected: tuple[str, Decimal | None]) -> None:
    first, second = read(f"""
Date        Particulars                          Charge
25/05/2024  {name} {count}             68.67
26/05/2024  Recheck Examination                   35.70
""")
    assert (first.description, first.quantity) == expected
    assert (second.description, second.quantity) == ("Recheck Examination", None)


def test_the_rest_of_a_name_is_no_sum_that_is_carried() -> None:
    items = read("""
Qty  Service                                    Charge
     Abdominal Ultrasound with Specialist
1                                               375.23
     Report

2    Dispensing Fee                              49.48
""")
    assert [item.description for item in items] == ["Abdominal Ultrasound with Specialist Report", "Dispensing Fee"]
