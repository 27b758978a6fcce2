from datetime import date
from decimal import Decimal

import pytest

from ocr.parse import find_dates, fold, parse_amount, parse_date, parse_quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1 234,56", "1234.56"),
        ("1'234.56", "1234.56"),
        ("12,34,567.00", "1234567.00"),
        ("1,234,56", "1234.56"),
        ("1.234", "1234"),
        ("1,234", "1234"),
        ("0.750", "0.750"),
        ("12.00-", "-12.00"),
        ("(12.00)", "-12.00"),
        ("-12,00", "-12.00"),
        ("\u221212,00", "-12.00"),
        ("£-12.00", "-12.00"),
        ("-£12.00", "-12.00"),
        ("(£1,012.00)", "-1012.00"),
        ("12.00CR", "-12.00"),
        ("RM20. 40", "20.40"),
        ("RM 20.40", "20.40"),
        ("$45.00", "45.00"),
        ("45,00 €", "45.00"),
        ("EUR 45,00", "45.00"),
        ("1,99 A", "1.99"),
        ("4.50SR", "4.50"),
        ("2.00*", "2.00"),
        ("1O.5O", "10.50"),
        ("l2.00", "12.00"),
        ("1S.00", "15.00"),
        (".50", "0.50"),
        ("200", "200"),
        ("1.234.567,80", "1234567.80"),
    ],
)
def test_amounts_are_read_as_printed(text: str, amount: str) -> None:
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", ["", "-", "SOLO", "12.00.00", "12/03/2024", "A12", "IO.OO", "10:15", "12%", "ltd"])
def test_what_is_no_amount_is_none(text: str) -> None:
    assert parse_amount(text) is None


def test_the_documents_decimal_sign_decides_three_digits() -> None:
    assert parse_amount("1.234", decimal=".") == Decimal("1.234")
    assert parse_amount("1.234", decimal=",") == Decimal("1234")


@pytest.mark.parametrize(
    ("text", "quantity"),
    [("2", "2"), ("2x", "2"), ("x2", "2"), ("1,500", "1.500"), ("0.25", "0.25"), ("-1", "-1"), ("1.000,5", "1000.5")],
)
def test_quantities_are_read_as_printed(text: str, quantity: str) -> None:
    assert parse_quantity(text) == Decimal(quantity)


@pytest.mark.parametrize("text", ["kg", "", "2 kg", "1/2/2024"])
def test_what_is_no_quantity_is_none(text: str) -> None:
    assert parse_quantity(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-03-05", date(2024, 3, 5)),
        ("05/03/2024", date(2024, 3, 5)),
        ("5.3.24", date(2024, 3, 5)),
        ("05. 03. 2024", date(2024, 3, 5)),
        ("16-03-201812:07:10", date(2018, 3, 16)),
        ("30.07.2007/13:29:17", date(2007, 7, 30)),
        ("31-0ct-25", date(2025, 10, 31)),
        ("1I/12/2025", date(2025, 12, 11)),
        ("O5/03/2024", date(2024, 3, 5)),
        ("5th March 2024", date(2024, 3, 5)),
        ("March 5, 2024", date(2024, 3, 5)),
        ("5 mars 2024", date(2024, 3, 5)),
        ("5. März 2024", date(2024, 3, 5)),
        ("5 de marzo de 2024", date(2024, 3, 5)),
        ("5 maart 2024", date(2024, 3, 5)),
        ("05MAR2024", date(2024, 3, 5)),
        ("05-MAR-24", date(2024, 3, 5)),
        ("20240305", date(2024, 3, 5)),
        ("Date:05/03/2024", date(2024, 3, 5)),
        ("Tue 05/03/24 10:12", date(2024, 3, 5)),
        ("2024-03-05T10:12:00", date(2024, 3, 5)),
        ("10 September , 2024", date(2024, 9, 10)),
    ],
)
def test_dates_are_read_as_printed(text: str, day: date) -> None:
    assert parse_date(text, "dmy") == day


@pytest.mark.parametrize(
    "text",
    [
        "12.00",
        "1.234,56",
        "03-5555 1234",
        "99/99/2024",
        "192.168.1.100",
        "5 x 3 24",
        "12:30:15",
        "012-3456789",
        "4 -20.00",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text, "dmy") is None


def test_an_ambiguous_date_keeps_both_readings() -> None:
    (match,) = find_dates("Invoice date 03/04/2024")
    assert match.ambiguous
    assert (match.read("dmy"), match.read("mdy")) == (date(2024, 4, 3), date(2024, 3, 4))


def test_an_impossible_month_falls_back_to_the_other_order() -> None:
    (match,) = find_dates("12/25/2024")
    assert not match.ambiguous
    assert match.read("dmy") == date(2024, 12, 25)


def test_a_dash_that_is_read_as_a_tilde_parts_a_date() -> None:
    assert parse_date("05:03PM 570668 02~05-18") == date(2018, 5, 2)


def test_all_dates_of_a_text_are_found_in_order() -> None:
    assert [match.read("dmy") for match in find_dates("from 01.02.2024 to 28 Feb 2024")] == [
        date(2024, 2, 1),
        date(2024, 2, 28),
    ]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Fällig am:", "fallig am"),
        ("Invoice#", "invoice #"),
        ("N° de facture", "no de facture"),
        ("MwSt.", "mwst"),
        ("Straße", "strasse"),
    ],
)
def test_folding_makes_labels_comparable(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "amount"),
    [("€6,-", "6"), ("€ 1.250,-", "1250"), ("1'250.-", "1250"), ("Fr. 12.\u2013", "12"), ("Rs.500/-", "500")],
)
def test_a_dash_may_stand_for_no_cents(text: str, amount: str) -> None:
    assert parse_amount(text) == Decimal(amount)
