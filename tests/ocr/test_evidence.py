import pytest

from ocr.candidates import find_amounts, find_date_candidates, find_numbers
from ocr.evidence import Sheet
from ocr.features import LabelView
from ocr.types import Method, Page, Word
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


CAPTIONED = """
48358       04.05.26        LS26-3034      PO-40423
Invoice     Invoice Date    Docket No      Your Order
"""


def test_a_row_of_labels_below_its_values_names_them() -> None:
    assert labels_at(CAPTIONED, "48358") == {"title_invoice": "up"}
    assert labels_at(CAPTIONED, "LS26-3034") == {"docket": "up"}


def test_a_row_of_labels_between_values_names_those_below() -> None:
    text = CAPTIONED + "77001       05.05.26        LS26-3035      PO-40424"
    assert labels_at(text, "77001") == {"title_invoice": "up"}
    assert labels_at(text, "48358") == {}


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


def test_what_only_qualifies_belongs_to_the_label_before_it() -> None:
    assert labels_at("Balance due, this invoice   12.00", "12.00") == {"amount_due": "left"}
    assert labels_at("Total (incl. State Tax)   12.00", "12.00") == {"gross_total": "left"}


def test_headings_with_a_stroke_name_the_values_below_in_their_order() -> None:
    text = "Invoice No. / Date\n4711 / 12.05.2024"
    assert labels_at(text, "4711")["invoice_number"] == "up"
    assert "invoice_number" not in labels_at(text, "12.05.2024")
    assert labels_at("Number/Date  4711 / 12.05.2024", "12.05.2024") == {"date": "left"}
    assert labels_at("INV NO/DATE: A4711 (12.05.2024)", "A4711") == {"invoice_number": "left"}
    assert labels_at("INV NO/DATE: A4711 (12.05.2024)", "12.05.2024") == {"date": "left"}


def test_a_label_with_its_value_beside_it_heads_nothing_below() -> None:
    assert "credit_note_number" not in labels_at("Credit Note No CN-12\nOriginal Invoice No 900", "900")


def test_initials_with_points_are_one_word() -> None:
    assert labels_at("V.A.T.  12.00", "12.00") == {"column": "left", "tax": "left"}


def test_days_behind_net_are_terms() -> None:
    sheet = Sheet([make_page("Net 14     Net 100.00")])
    assert [set(label.classes) for label in sheet.rows[0].labels] == [{"payment_terms"}, {"net_total"}]


def test_words_of_a_sentence_are_no_labels() -> None:
    sheet = Sheet([make_page("No claims will be met later than on the second working day after receipt of goods sold")])
    assert not any({"number", "net_total", "receipt_number"} & label.classes for label in sheet.rows[0].labels)


def test_words_of_large_type_stand_in_one_cell() -> None:
    heading = [Word("Fernhill", 10, 10, 90, 34), Word("Vets", 106, 10, 150, 34)]
    small = [Word(text, 10 + 40 * i, 60, 40 + 40 * i, 68) for i, text in enumerate(["one", "two", "three", "four"])]
    assert Sheet([Page(1, 400, 400, (*heading, *small))]).rows[0].cells == [(0, 2)]


def test_the_spanish_sign_for_number_is_a_word_of_labels() -> None:
    assert "order_number" in Sheet([make_page("Factura\nN.º de pedido: 4711   Fecha: 1/2/2025")]).label_classes


@pytest.mark.parametrize(
    "row", ["Paid today - Visa ending 4417   12.00", "Paid 14.05.2025 by card   12.00", "Already paid   gross   12.00"]
)
def test_the_way_and_the_day_belong_to_the_label_of_a_payment(row: str) -> None:
    assert labels_at(row, "12.00") == {"amount_paid": "left"}


def test_a_tax_that_a_total_includes_belongs_to_its_label() -> None:
    assert "tax_included" not in labels_at("Rechnungssumme Brutto (inkl. USt.)   12,00", "12,00")


def test_the_last_word_of_a_sentence_labels_nothing_below() -> None:
    text = (
        "Wij verzoeken u vriendelijk het bedrag over te maken onder vermelding van het factuurnummer.\nNL809001234B01"
    )
    assert "invoice_number" not in labels_at(text, "NL809001234B01")


def test_a_german_article_is_no_tax_number() -> None:
    (row,) = Sheet([make_page("Wir fordern ein Verkaufsverbot")]).rows
    assert row.labels == []


def test_the_day_behind_an_orders_number_is_the_orders() -> None:
    text = "Lieferschein Nr. 88   Kunde 7\nIhre Bestellung Nr. 25-2135 vom 20.11.2025 liefern wir wie folgt:"
    assert labels_at(text, "20.11.2025") == {"order_date": "left"}


def test_an_orders_number_may_stand_behind_its_day() -> None:
    assert labels_at("Lieferschein 88\nIhre Bestellung vom 20.11.2025   WEB217", "WEB217")["order_number"] == "left"


@pytest.mark.parametrize("row", ["The Old Courthouse, No. 27, 3rd Cross   4711", "Oysters Rock No.3   4711"])
def test_a_house_number_and_goods_of_a_number_label_nothing(row: str) -> None:
    assert labels_at(row, "4711") == {}


def test_an_order_by_telephone_has_no_number_beside_it() -> None:
    row = "Cust. order TEL / Delivery note no LS26-8159"
    assert labels_at(row, "LS26-8159") == {"delivery_note_number": "left"}


def test_who_ordered_belongs_to_the_label_of_the_order() -> None:
    assert labels_at("Bestellung Kunde: 4711", "4711") == {"order_number": "left"}


def test_a_label_in_two_lines_names_the_value_between_them() -> None:
    places = [("Date:", 0, 0), ("01/02/2024", 60, 0), ("Purchase", 0, 20), ("4711", 60, 27), ("Order:", 0, 34)]
    words = [Word(text, left, top, left + 5 * len(text), top + 10) for text, left, top in places]
    sheet = Sheet([Page(1, 200.0, 100.0, tuple(words))])
    number = next(n for n in find_numbers(sheet, []) if n.text == "4711")
    assert LabelView(sheet, number).classes()["order_number"] == "left"


def test_a_closed_label_ends_the_number_before_it() -> None:
    sheet = Sheet([make_page("PO: PO3350 - DN: 4711")])
    assert {number.value for number in find_numbers(sheet, [])} >= {"PO3350", "4711"}
    assert not any("DN" in number.value and "PO" in number.value for number in find_numbers(sheet, []))


@pytest.mark.parametrize(("glued", "number"), [("CONSIGNMENTDN193528", "DN193528"), ("TICKET946250", "946250")])
def test_a_label_in_capitals_that_is_glued_to_its_number_is_cut_off_on_pictures(glued: str, number: str) -> None:
    sheet = Sheet([make_page(f"Mill Foods\n{glued}", method=Method.OCR)])
    assert number in {found.value for found in find_numbers(sheet, [])}
    assert glued in {found.value for found in find_numbers(Sheet([make_page(f"Mill Foods\n{glued}")]), [])}
