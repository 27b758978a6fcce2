import pytest

from ocr.candidates import find_date_candidates
from ocr.currency import country_scores, guess_country, guess_currency, guess_date_order
from ocr.evidence import Sheet
from tests.ocr.sheets import make_page


def sheet_of(text: str) -> Sheet:
    return Sheet([make_page(text)])


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("Total £12.00", "GBP"),
        ("Total 12,00 €", "EUR"),
        ("TOTAL RM 12.00", "MYR"),
        ("Total A$12.00", "AUD"),
        ("Total CHF 12.00", "CHF"),
        ("Total $12.00\nABN 33 342 590 576\nGeelong VIC 3220", "AUD"),
        ("Total $12.00\nFort Collins, CO 80525\n(757) 555-0117", "USD"),
        ("Total $12.00\nGST No 98-765-432\nwww.vets.example.co.nz", "NZD"),
        ("Total $12.00 inc. GST\nCustomer ID 74059, dental check\nGST No. 98-765-432", "NZD"),
        ("Total 12.00\nVAT Reg No GB 777 4746 31\nNorwich NR2 1QZ", "GBP"),
        ("Total 12.00\nCo. Kildare W91 K7P8\nTel +353 1 555 0100", "EUR"),
        ("Jumlah 12.00\nKedai Buku Sdn Bhd\nJalan Dedap, Johor", "MYR"),
        ("Summe 12,00\nMwSt 19 %\nBäckerei GmbH", "EUR"),
    ],
)
def test_the_currency_is_known_from_marks_or_the_country(text: str, currency: str) -> None:
    sheet = sheet_of(text)
    guess = guess_currency(sheet, country_scores(sheet))
    assert guess is not None
    assert guess.value == currency


def test_nothing_printed_and_no_country_is_no_currency() -> None:
    sheet = sheet_of("Total 12.00")
    assert guess_currency(sheet, country_scores(sheet)) is None


def test_a_bare_dollar_is_doubtful() -> None:
    sheet = sheet_of("Total $12.00")
    guess = guess_currency(sheet, country_scores(sheet))
    assert guess is not None
    assert guess.confidence < 0.7


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("Exeter, Devon EX2 4LU\nVAT Reg No GB 942 4634 76", "GB"),
        ("Round Rock, TX 78664\nSales Tax", "US"),
        ("80333 München\nUSt-IdNr. DE123456789", "DE"),
        ("69100 Villeurbanne\nTVA FR63530848134", "FR"),
        ("81100 Johor Bahru\nGST ID 000849813504 Sdn Bhd", "MY"),
    ],
)
def test_the_country_is_known_from_postcodes_and_tax_numbers(text: str, country: str) -> None:
    assert guess_country(country_scores(sheet_of(text))) == country


def order_of(text: str) -> tuple[str, float]:
    sheet = sheet_of(text)
    return guess_date_order(find_date_candidates(sheet), country_scores(sheet), "")


def test_a_date_that_reads_one_way_only_decides_for_all() -> None:
    assert order_of("Date 03/04/2025\nSeen 02/25/2025")[0] == "mdy"
    assert order_of("Date 03/04/2025\nSeen 25/02/2025\nBend, OR 97702")[0] == "dmy"


def test_americans_write_the_month_first() -> None:
    assert order_of("Date 03/04/2025\nBend, OR 97702\n(517) 555-0102")[0] == "mdy"


def test_an_order_without_evidence_is_less_sure() -> None:
    order, confidence = order_of("Date 03/04/2025")
    assert order == "dmy"
    assert confidence < order_of("Date 03/04/2025\nSeen 25/02/2025")[1]
