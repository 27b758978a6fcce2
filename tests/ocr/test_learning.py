"""What a corrected document teaches, on documents in a language that no lexicon knows."""

from datetime import date
from decimal import Decimal

import msgspec

from ocr.decide import read_documents
from ocr.learning import learn, lines_right, merge
from ocr.templates import Template, choose_template
from ocr.types import DocumentKind, DocumentReading, LineItem, Method, Page, Value
from tests.ocr.sheets import make_page

ESTONIAN = """
{supplier}                                                        ARVE
Tartu mnt 80, 10112 Tallinn
Tel 6 123 456        KMKR EE100200300        www.pohjarannik.example

Maksja: {customer}                              Arve nr            {number}
Sadama 7, Tallinn                               Kuupaev            {day}
                                                Maksetahtaeg       {due}
                                                Saateleht          {note}

Nimetus                          Kogus      Hind       Summa
{first}                          {count}      {price}      {amount}
Veokulu                          1          5.00       5.00

Kokku kaibemaksuta                                     {net}
Kaibemaks                                              {tax}
Tasuda                                                 {gross}
"""
MARCH = {
    "supplier": "Pohjarannik OU", "customer": "Kalamaja Kohvik", "number": "7731", "day": "12.03.2026",
    "due": "26.03.2026", "note": "40018", "first": "Suitsuforell", "count": "4", "price": "11.50",
    "amount": "46.00", "net": "51.00", "tax": "11.22", "gross": "62.22",
}  # fmt: skip
APRIL = MARCH | {
    "customer": "Noblessneri Restoran", "number": "8056", "day": "02.04.2026", "due": "16.04.2026", "note": "40977",
    "first": "Raim marinaadis", "count": "9", "price": "3.20", "amount": "28.80", "net": "33.80", "tax": "7.44",
    "gross": "41.24",
}  # fmt: skip


def page(content: dict[str, str], text: str = ESTONIAN) -> list[Page]:
    return [make_page(text.format(**content))]


def day(text: str) -> date:
    return date(int(text[6:]), int(text[3:5]), int(text[:2]))


def values(content: dict[str, str]) -> dict[str, Value]:
    return {
        "supplier_name": content["supplier"],
        "customer_name": content["customer"],
        "invoice_number": content["number"],
        "delivery_note_number": content["note"],
        "issue_date": day(content["day"]),
        "due_date": day(content["due"]),
        "net_total": Decimal(content["net"]),
        "tax_total": Decimal(content["tax"]),
        "gross_total": Decimal(content["gross"]),
        "currency": "EUR",
    }


def lines(content: dict[str, str]) -> list[LineItem]:
    first = LineItem(content["first"], Decimal(content["count"]), Decimal(content["price"]), Decimal(content["amount"]))
    return [first, LineItem("Veokulu", Decimal(1), Decimal("5.00"), Decimal("5.00"))]


def lesson(content: dict[str, str]) -> Template:
    return learn(page(content), DocumentKind.INVOICE, values(content), lines(content))


def right(document: DocumentReading, content: dict[str, str]) -> set[str]:
    wanted = values(content)
    return {name for name, field in document.fields.items() if name in wanted and field.value == wanted[name]}


def test_one_corrected_document_teaches_the_next_one() -> None:
    (before,) = read_documents(page(APRIL))
    (after,) = read_documents(page(APRIL), templates=[lesson(MARCH)])
    missed = set(values(APRIL)) - right(before, APRIL)
    assert len(missed) >= 4, "the language is meant to be unknown"
    assert set(values(APRIL)) - right(after, APRIL) == set()
    assert lines_right(after.line_items, lines(APRIL)) == 2


def test_what_the_template_told_says_so() -> None:
    (after,) = read_documents(page(APRIL), templates=[lesson(MARCH)])
    number = after.fields["invoice_number"]
    assert number.method is Method.TEMPLATE and number.evidence[0] == "template" and number.box is not None
    assert after.fields["currency"].method is Method.TEMPLATE


def test_a_document_of_somebody_else_is_read_as_without_templates() -> None:
    other = page(APRIL | {"supplier": "Lounarannik AS"})
    assert choose_template([lesson(MARCH)], other) is None
    assert read_documents(other, templates=[lesson(MARCH)]) == read_documents(other)


def test_another_form_of_the_same_supplier_is_not_taken_for_the_known_one() -> None:
    form = [make_page("Pohjarannik OU\nTartu mnt 80, 10112 Tallinn\n\nLepingu lisa 3\nTahtajatu leping  8056\n")]
    assert choose_template([lesson(MARCH)], form) is None


def test_a_supplier_whose_name_is_a_picture_is_known_by_its_marks() -> None:
    logo = ESTONIAN.replace("{supplier}", "          ")
    template = learn(page(MARCH, logo), DocumentKind.INVOICE, values(MARCH), lines(MARCH))
    (after,) = read_documents(page(APRIL, logo), templates=[template])
    assert after.fields["supplier_name"].value == "Pohjarannik OU"
    stranger = logo.replace("EE100200300", "EE555").replace("6 123 456", "5 777").replace("pohjarannik", "ida")
    assert choose_template([template], page(APRIL, stranger)) is None


def test_a_title_in_a_known_language_is_stronger_than_a_template_of_another_kind() -> None:
    note = page(APRIL, ESTONIAN.replace("ARVE", "DELIVERY NOTE"))
    (document,) = read_documents(note, templates=[lesson(MARCH)])
    assert document.kind is DocumentKind.DELIVERY_NOTE


def test_several_examples_keep_what_they_have_in_common() -> None:
    both = merge([lesson(MARCH), lesson(APRIL)])
    assert both.examples == 2
    assert "kohvik" not in both.words and "tasuda" in both.words
    assert len(both.spots["gross_total"]) == 1, "the same place is kept once"


RECEIPT = """
Pohjarannik OU
KMKR EE100200300

{day}
Suitsuforell                    {first}
Raim                            {second}

Tasuda ({goods} toodet, {rate} %)         {gross}
Sularaha                        {cash}
{change}
"""
EXACT = {
    "day": "12.03.2026", "first": "40.00", "second": "22.20", "gross": "62.20", "goods": "2", "rate": "24",
    "cash": "62.20", "change": "",
}  # fmt: skip
GIVEN = EXACT | {"first": "30.00", "second": "11.25", "gross": "41.25", "cash": "50.00", "change": "Tagasi   8.75"}


def test_a_total_that_was_paid_exactly_is_not_learned_as_the_cash() -> None:
    taught = [
        learn(
            page(receipt, RECEIPT), DocumentKind.RECEIPT, {"gross_total": Decimal(receipt["gross"]), "currency": "EUR"}
        )
        for receipt in (EXACT, GIVEN)
    ]
    beside = {spot.beside.split()[0] for spot in merge(taught).spots["gross_total"]}
    assert beside == {"tasuda"}


def test_a_label_is_known_with_other_words_and_figures_in_it_and_a_name_without_its_blanks() -> None:
    text = ESTONIAN.replace("Maksetahtaeg      ", "Tasuda {days} paeva parast netto kuni   ")
    taught = learn(page(MARCH | {"days": "14"}, text), DocumentKind.INVOICE, values(MARCH), lines(MARCH))
    other = text.replace("netto kuni", "kuni").replace("{supplier}", "PohjarannikOU")
    (read,) = read_documents(page(APRIL | {"days": "7"}, other), templates=[taught])
    assert read.fields["due_date"].value == day(APRIL["due"]) and read.fields["due_date"].method is Method.TEMPLATE
    assert read.fields["supplier_name"].value == "Pohjarannik OU"


def test_the_newest_example_decides_what_the_supplier_is_called() -> None:
    renamed = lesson(MARCH | {"supplier": "Pohjarannik ja Pojad OU"})
    assert merge([lesson(MARCH), renamed]).constants["supplier_name"] == "Pohjarannik ja Pojad OU"


def test_a_template_survives_being_stored() -> None:
    template = lesson(MARCH)
    assert msgspec.json.decode(msgspec.json.encode(template), type=Template) == template


def test_columns_are_learned_only_where_the_lines_need_them() -> None:
    headings = {"Nimetus": "Item   ", "Kogus": "Qty  ", "Hind": "Price", "Summa": "Total"}
    english = ESTONIAN
    for ours, theirs in headings.items():
        english = english.replace(ours, theirs)
    known = learn(page(MARCH, english), DocumentKind.INVOICE, values(MARCH), lines(MARCH))
    swapped = ESTONIAN.replace("{count}      {price}      {amount}", "{price}      {count}      {amount}")
    strange = learn(page(MARCH, swapped), DocumentKind.INVOICE, values(MARCH), lines(MARCH))
    assert known.columns == ()
    assert {column.role.value for column in strange.columns} >= {"quantity", "unit_price", "total"}


def test_lines_of_a_table_without_known_headings_are_learned() -> None:
    strange = page(APRIL, ESTONIAN.replace("{count}      {price}      {amount}", "{price}      {count}      {amount}"))
    swapped = page(MARCH, ESTONIAN.replace("{count}      {price}      {amount}", "{price}      {count}      {amount}"))
    template = learn(swapped, DocumentKind.INVOICE, values(MARCH), lines(MARCH))
    (after,) = read_documents(strange, templates=[template])
    (first, *_) = after.line_items
    assert (first.quantity, first.unit_price) == (Decimal("9"), Decimal("3.20"))
