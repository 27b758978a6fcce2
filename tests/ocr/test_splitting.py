"""Where one document of a file ends and the next begins."""

from dataclasses import replace

import pytest

from ocr.splitting import PageFacts, begins_document, page_place, split
from ocr.types import DocumentKind, Page
from tests.ocr.sheets import make_page

INVOICE = """
Danesway Foodservice Ltd                                             INVOICE
The Old Forge, Dereham Road, Norwich, Norfolk NR2 1QZ

Invoice No. {number}            Invoice Date 29/05/2025        Page {page}

Product   Description                            Qty    Unit Price    Amount
208833    Chopped Tomatoes 6x2.5kg                 2         14.50     29.00

Total                                                                  29.00
"""
TAIL = """
Reminders for Luna
Dental check in March
"""


def pages(*texts: str) -> list[Page]:
    return [make_page(text, number) for number, text in enumerate(texts, start=1)]


def cuts(*texts: str) -> list[tuple[int, ...]]:
    return [part.pages for part in split(pages(*texts))]


def test_a_single_page_is_one_document_for_sure() -> None:
    (part,) = split(pages(TAIL))
    assert (part.pages, part.confidence) == ((1,), 1.0)


def test_other_numbers_are_other_documents() -> None:
    first, second = INVOICE.format(number="117090", page="1"), INVOICE.format(number="117095", page="1")
    assert cuts(first, second) == [(1,), (2,)]


def test_pages_that_count_on_stay_together() -> None:
    first, second = INVOICE.format(number="117090", page="1 of 2"), INVOICE.format(number="117090", page="2 of 2")
    third = INVOICE.format(number="117091", page="1 of 1")
    assert cuts(first, second, third) == [(1, 2), (3,)]


def test_a_number_in_the_small_print_of_the_last_page_is_no_other_document() -> None:
    last = "\nVAT summary     Base 29.00    VAT 0.00\nTax free, section 4 No. 14 of the act\nPage 2 of 2\n"
    assert cuts(INVOICE.format(number="117090", page="1 of 2"), last) == [(1, 2)]


def test_a_page_with_nothing_of_its_own_goes_on() -> None:
    assert cuts(INVOICE.format(number="117090", page="1"), TAIL) == [(1, 2)]


@pytest.mark.parametrize(("second", "parts"), [("INV-1043", 2), ("INV-1042", 1), ("INV-I042", 1)])
def test_numbers_of_one_make_tell_documents_apart_without_a_title(second: str, parts: int) -> None:
    slip = "Harbour Vets\n12 Quay Street\n\nInvoice number: {}\nClient: Dana Whitfield\n\nTotal   USD 108.00\n"
    assert len(cuts(slip.format("INV-1042"), slip.format(second))) == parts


def test_no_page_is_lost_or_used_twice() -> None:
    numbers = [
        number for part in split(pages(TAIL, INVOICE.format(number="1170", page="1"), TAIL)) for number in part.pages
    ]
    assert numbers == [1, 2, 3]


def test_page_numbers_are_read_in_several_languages() -> None:
    texts = ["Page 2 of 3", "Seite 2 von 3", "Pagina 2 van 3", "2 / 3", "Pg2/3"]
    assert [page_place(make_page(text)) for text in texts] == [(2, 3)] * 5


def test_another_number_and_supplier_begin_a_document_without_a_title() -> None:
    first = PageFacts(1, DocumentKind.INVOICE, 0.7, "4711", "castle wines", 0, 0, False, sure=True)
    other = PageFacts(2, DocumentKind.INVOICE, 0.7, "MF8812", "mill foods", 0, 0, False, sure=True)
    assert begins_document(other, [first])[0]
    assert not begins_document(replace(other, sure=False), [first])[0]


def test_sure_numbers_of_two_makes_are_two_documents_of_one_supplier() -> None:
    first = PageFacts(1, DocumentKind.INVOICE, 0.7, "RE627753", "lindenhof", 0, 0, False, sure=True)
    other = PageFacts(2, DocumentKind.INVOICE, 0.7, "R2452951", "lindenhof", 0, 0, False, sure=True)
    assert begins_document(other, [first])[0]
    assert not begins_document(replace(other, sure=False), [first])[0]
    assert not begins_document(replace(other, kind=DocumentKind.OTHER), [first])[0]


def test_a_page_addressed_anew_without_the_number_before_it_begins_a_document() -> None:
    first = PageFacts(1, DocumentKind.DELIVERY_NOTE, 0.95, "DEL4851", "mill foods", 0, 0, False, sure=True)
    other = PageFacts(2, DocumentKind.DELIVERY_NOTE, 0.95, "", "mill foods", 0, 0, False, is_addressed=True)
    assert begins_document(other, [first])[0]
    assert not begins_document(replace(other, text="MILLFOODSDEL4851PAGE"), [first])[0]
    assert not begins_document(replace(other, is_addressed=False), [first])[0]
    assert not begins_document(replace(other, goes_on=True), [first])[0]
