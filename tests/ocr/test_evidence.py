from ocr.candidates import find_amounts, find_date_candidates, find_numbers
from ocr.evidence import Sheet
from ocr.features import LabelView
from ocr.types import Page, Word
from tests.ocr.sheets import make_page


def labels_at(text: str, value: str) -> dict[str, str]:
    """Relation by label class of the number, date or amount `value` on a page."""
    sheet = Sheet([make_page(text)])
    dates = find_date_candidates(sheet)
    found = [*find_amounts(sheet), *dates, *find_numbers(sheet, dates)]
    place = next(candidate for candidate in found if candidate.text == value)
    return LabelView(sheet, place).classes()


def test_a_label_to_the_left_belongs_to_the_value() -> None:
    assert labels_at("Invoice No: 4711", "4711") == {"invoice_number": "left"}


def test_the_nearest_of_two_labels_counts() -> None:
    assert labels_at("Order No 12345   Invoice No 4711", "4711") == {"invoice_number": "left"}


def test_a_heading_right_above_belongs_to_the_value() -> None:
    relations = labels_at("Invoice No     Due Date\n4711           01/02/2024", "4711")
    assert relations == {"invoice_number": "up"}


def test_a_columns_heading_reaches_over_other_values() -> None:
    text = "Item            Amount\nBread            10.00\nMilk             20.00\nCake             30.00"
    assert labels_at(text, "30.00")["total"] == "col"


def test_a_value_wrapped_to_the_next_line_keeps_its_label() -> None:
    relations = labels_at("Invoice 471102 dated\n05.03.2018", "05.03.2018")
    assert relations["invoice_date"] == "wrap"


def test_currency_words_do_not_part_a_label_from_its_amount() -> None:
    assert labels_at("Grand total EUR 12.00", "EUR 12.00")["gross_total"] == "left"


def test_labels_do_not_reach_over_a_gap() -> None:
    sheet = Sheet([make_page("Net     Total")])
    assert [set(label.classes) for label in sheet.rows[0].labels] == [{"net_total"}, {"total"}]


def test_a_label_glued_to_its_value_is_cut_off() -> None:
    sheet = Sheet([make_page("Date:12/03/2018")])
    assert [token.text for token in sheet.rows[0].tokens] == ["Date:", "12/03/2018"]


def test_a_serial_number_is_not_cut() -> None:
    sheet = Sheet([make_page("INV9187 10:30 http://x.example")])
    assert [token.text for token in sheet.rows[0].tokens] == ["INV9187", "10:30", "http://x.example"]


def test_boxes_are_fractions_of_the_page_even_where_words_stand_outside() -> None:
    page = Page(1, 100.0, 50.0, (Word("Total", -10.0, 5.0, 40.0, 10.0), Word("12.00", 60.0, 5.0, 140.0, 10.0)))
    sheet = Sheet([page])
    box = sheet.box(sheet.rows[0], 0, 2)
    assert (box.left, box.top, box.right, box.bottom) == (0.0, 0.1, 1.0, 0.2)


def test_a_page_without_words_has_no_rows() -> None:
    assert Sheet([Page(1, 100.0, 100.0)]).rows == []
