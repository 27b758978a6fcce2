from tomllib import loads

import pytest

from ocr.columns import Role, fold_heading, roles_of
from ocr.lexicon import load_table
from ocr.lexicon.labels import LANGUAGES, choose_languages, label_index
from ocr.parse import fold
from ocr.scorer import MODEL_FOLDER


def classes_of(phrase: str, languages: tuple[str, ...] = ("en",), *, misread: bool = False) -> list[set[str]]:
    return [set(match.classes) for match in label_index(languages).find(phrase.split(), misread=misread)]


def test_the_longest_label_wins() -> None:
    assert classes_of("invoice date") == [{"invoice_date"}]
    assert classes_of("customer invoice no") == [{"customer"}, {"invoice_number"}]


@pytest.mark.parametrize("phrase", ["invoiceno", "invoice no", "in voice no"])
def test_glued_and_split_labels_are_found(phrase: str) -> None:
    assert {"invoice_number"} in classes_of(phrase)


def test_a_misread_letter_is_forgiven_only_on_request() -> None:
    assert classes_of("lnvoice date", misread=True) == [{"invoice_date"}]
    assert classes_of("lnvoice date") != [{"invoice_date"}]


def test_short_words_are_not_corrected() -> None:
    assert classes_of("tate", misread=True) == []


def test_german_compounds_are_found_with_and_without_hyphen() -> None:
    assert classes_of("rechnungs datum", ("en", "de")) == [{"invoice_date"}]
    assert classes_of("rechnungsdatum", ("en", "de")) == [{"invoice_date"}]


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("rechnungsnummer rechnungsdatum gesamtbetrag mwst", "de"),
        ("facture montant echeance tva total", "fr"),
        ("factuurnummer factuurdatum bedrag btw", "nl"),
        ("factura fecha importe vencimiento", "es"),
        ("fattura imponibile scadenza totale", "it"),
    ],
)
def test_the_documents_language_is_chosen_beside_english(words: str, language: str) -> None:
    assert choose_languages(words.split()) == ("en", language)


def test_an_english_document_is_read_as_english_only() -> None:
    assert choose_languages(["invoice", "number", "date", "total", "amount", "due", "vat"]) == ("en",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_class_is_known_to_a_field_or_to_english(language: str) -> None:
    fields = loads((MODEL_FOLDER / "fields.toml").read_text(encoding="utf-8"))
    known = set(load_table("en")["labels"])
    known |= {name for field in fields.values() for key in ("strong", "weak", "against") for name in field.get(key, [])}
    assert set(load_table(language)["labels"]) <= known


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_names_itself(language: str) -> None:
    assert load_table(language)["language"] == language


@pytest.mark.parametrize("phrase", ["no de pedido", "numero de pedido", "num de pedido", "pedido numero"])
def test_every_word_for_number_makes_the_same_label(phrase: str) -> None:
    assert classes_of(phrase, ("en", "es")) == [{"order_number"}]
    assert (
        classes_of("pakbonnr", ("en", "nl")) == classes_of("pakbonnummer", ("en", "nl")) == [{"delivery_note_number"}]
    )


@pytest.mark.parametrize(
    ("language", "phrase", "label_class"),
    [
        ("en", "Ship via", "other_number"),
        ("en", "Customer's PO No.", "order_number"),
        ("en", "Total (Tax excl.)", "net_total"),
        ("en", "Your account balance is", "amount_due"),
        ("de", "Korrektur der Rechnung Nr.", "original_invoice"),
        ("de", "Gesamtbetrag ohne Steuern", "net_total"),
        ("de", "Offener Zahlbetrag", "amount_due"),
        ("fr", "N° de bon de commande", "order_number"),
        ("fr", "Payé à ce jour", "amount_paid"),
        ("nl", "Verzend naar", "venue"),
        ("nl", "Klantreferentie", "your_reference"),
        ("es", "Base imponible (IVA)", "net_total"),
        ("es", "Queda por pagar", "amount_due"),
        ("it", "Restante da pagare", "amount_due"),
        ("it", "Vostro ordine n.", "order_number"),
    ],
)
def test_what_invoicing_programs_print_is_known(language: str, phrase: str, label_class: str) -> None:
    words = fold(phrase).split()
    (match,) = label_index(("en", language)).find(words)
    assert (match.start, match.end) == (0, len(words))
    assert label_class in match.classes


@pytest.mark.parametrize(
    ("heading", "role"),
    [("Unit price (tax excl.)", "unit_price"), ("Row Total", "total"), ("Taux de TVA", "tax"), ("Kort.%", "discount"),
     ("Beschrijving", "description"), ("Px unit. HT", "unit_price"), ("Name des Tieres", "patient"),
     ("Patient/Date", "date"), ("Product Type", "other")],
)  # fmt: skip
def test_what_invoicing_programs_head_columns_with_is_known(heading: str, role: str) -> None:
    assert Role(role) in roles_of(fold_heading(heading))
