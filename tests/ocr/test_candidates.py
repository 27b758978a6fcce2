from decimal import Decimal

import pytest

from ocr.candidates import clean_number, find_amounts, find_date_candidates, find_numbers
from ocr.evidence import Sheet
from tests.ocr.sheets import make_page


def amounts(text: str) -> list[Decimal]:
    return [candidate.value for candidate in find_amounts(Sheet([make_page(text)]))]


def numbers(text: str) -> list[str]:
    sheet = Sheet([make_page(text)])
    return [candidate.value for candidate in find_numbers(sheet, find_date_candidates(sheet))]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Total 12.00", "12.00"),
        ("Total RM20. 40", "20.40"),
        ("Total £ 12.00", "12.00"),
        ("Total 1 234,56 €", "1234.56"),
        ("Total 12.00 -", "-12.00"),
        ("Total - 12.00", "-12.00"),
        ("Total 45.00 CR", "-45.00"),
    ],
)
def test_an_amount_is_put_together_from_its_words(text: str, value: str) -> None:
    assert amounts(text) == [Decimal(value)]


def test_percentages_dates_and_telephones_are_no_amounts() -> None:
    assert amounts("VAT 20 %  12/03/2024  Tel 020 7946 0601 x") == []


@pytest.mark.parametrize("page", ["Page 1 of 2", "Pg1/2", "Seite1von2"])
def test_the_number_of_a_page_is_no_documents_number(page: str) -> None:
    assert numbers(f"{page}\n4-7602") == ["4-7602"]


def test_a_number_in_two_words_is_offered_whole() -> None:
    assert "DN 0712" in numbers("Delivery note DN 0712")


def test_amounts_and_dates_are_no_numbers() -> None:
    assert numbers("12/03/2024  1,234.56  20%  2.5kg") == []


def test_eight_figures_may_be_a_day_or_a_number() -> None:
    sheet = Sheet([make_page("Factuurnummer 20240311")])
    dates = find_date_candidates(sheet)
    assert len(dates) == 1
    assert [n.value for n in find_numbers(sheet, dates)] == ["20240311"]


@pytest.mark.parametrize(("printed", "value"), [("#4711.", "4711"), ("(INV - 7)", "INV-7"), ("2024/ 17,", "2024/17")])
def test_marks_around_a_number_are_cut_off(printed: str, value: str) -> None:
    assert clean_number(printed) == value


def test_a_date_over_two_lines_is_one_date() -> None:
    sheet = Sheet([make_page("Date   10 September\n       2024")])
    assert [d.readings[0].isoformat() for d in find_date_candidates(sheet)] == ["2024-09-10"]


def test_a_telephone_behind_its_area_code_and_a_label_of_a_tax_number_are_no_numbers() -> None:
    assert "555-0189" not in numbers("(612) 555-0189")
    assert "EIN 74-0321072" not in numbers("EIN 74-0321072")


def test_a_postcode_in_two_words_is_no_number() -> None:
    assert numbers("Hexham NE46 3NU") == []
