import pytest

from ocr.details import find_email, find_phone, find_tax_id, find_terms, is_person, split_person
from ocr.evidence import Sheet
from tests.ocr.sheets import make_page


def row_of(text: str):  # type: ignore[no-untyped-def]
    return Sheet([make_page(text)]).rows[0]


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("Tel: (01632) 960185", "(01632) 960185"),
        ("Phone 020 7946 0601", "020 7946 0601"),
        ("(757) 555-0117", "(757) 555-0117"),
        ("Tel 03-5550 1957 Fax 03-5550 1958", "03-5550 1957"),
        ("T +49 9831 505-0", "+49 9831 505-0"),
    ],
)
def test_a_telephone_number_is_returned_as_printed(text: str, phone: str) -> None:
    row = row_of(text)
    found = find_phone(row, 0, len(row.tokens))
    assert found is not None
    assert found.value == phone


@pytest.mark.parametrize("text", ["Fax 020 7946 0601", "Invoice 4711", "0053106", "12/03/2024", "Account No 12345678"])
def test_other_figures_are_no_telephone(text: str) -> None:
    row = row_of(text)
    assert find_phone(row, 0, len(row.tokens)) is None


def test_an_email_is_found_inside_a_row() -> None:
    row = row_of("Write to orders@ales.example.co.uk today")
    found = find_email(row, 0, len(row.tokens))
    assert found is not None
    assert found.value == "orders@ales.example.co.uk"


@pytest.mark.parametrize(
    ("text", "tax_id"),
    [
        ("VAT Reg No. GB 777 4746 31", "GB 777 4746 31"),
        ("ABN 33 342 590 576", "33 342 590 576"),
        ("GST ID: 000849813504", "000849813504"),
        ("VAT: IE1234567T", "IE1234567T"),
    ],
)
def test_a_tax_number_is_returned_with_its_parts(text: str, tax_id: str) -> None:
    row = row_of(text)
    found = find_tax_id(row, 0, len(row.tokens))
    assert found is not None
    assert found.value == tax_id


def test_an_amount_of_tax_is_no_tax_number() -> None:
    row = row_of("VAT 123.45")
    assert find_tax_id(row, 0, len(row.tokens)) is None


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Marcus Lindqvist", ("Marcus", "Lindqvist")),
        ("Ortega, Marcus", ("Marcus", "Ortega")),
        ("Mrs J Dyer", ("", "Dyer")),
        ("Mr M O'Shea", ("", "O'Shea")),
        ("Ms Anna van der Berg", ("Anna", "van der Berg")),
    ],
)
def test_people_are_split_into_names(name: str, parts: tuple[str, str]) -> None:
    assert split_person(name) == parts


@pytest.mark.parametrize("name", ["Lieferant GmbH", "The Royal Oak Hotel", "Fox & Hounds", "Cascade Vets"])
def test_businesses_are_no_people(name: str) -> None:
    assert split_person(name) is None
    assert not is_person(name)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Terms: Strictly 7 days net. Title remains with us.", "Strictly 7 days net"),
        ("Payment terms: 14 days from invoice date", "14 days from invoice date"),
        ("Modalità di pagamento : Bonifico 21 gg d.f.", "Bonifico 21 gg d.f."),
        ("Condiciones de pago: Transferencia a 14 días", "Transferencia a 14 días"),
        ("Terms  Net 30 days - due 26/01/2024", "Net 30 days"),
        ("Zahlbar innerhalb 30 Tagen netto", "Zahlbar innerhalb 30 Tagen netto"),
        ("Condiciones de pago\nPago a 14 días", "Pago a 14 días"),
        ("Mode de règlement .....: 30 jours date de facture", "30 jours date de facture"),
        ("Terms   Due\nNet 45 Sep 26, 2023 KB", "Net 45"),
        ("Zahlung: innerhalb 21 Tagen rein netto Fällig am: 26. Mai 2024", "innerhalb 21 Tagen rein netto"),
        ("Zahlungsbedingungen: innerhalb 14 Tagen rein netto Vielen Dank!", "innerhalb 14 Tagen rein netto"),
        ("Montant TTC\nConditions de paiement : 30 jours fin de mois", "30 jours fin de mois"),
    ],
)
def test_terms_of_payment_are_found(text: str, terms: str) -> None:
    found = find_terms(Sheet([make_page(text)]))
    assert found is not None
    assert found[0].value == terms


def test_interest_on_overdue_accounts_is_no_term() -> None:
    assert find_terms(Sheet([make_page("Accounts not settled within 30 days of issue incur a fee")])) is None
