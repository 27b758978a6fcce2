"""Whole documents, typed as text in tests/data/typed: x.txt beside x.json with its kind and values (null: absent)."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.fields import read_delivery_note_numbers, read_fields
from ocr.payments import read_payments
from ocr.types import FIELD_NAMES, DocumentKind, Field, Method, Page, Word
from tests.ocr.sheets import make_page

TYPED = Path(__file__).parents[1] / "data" / "typed"


def read(text: str, kind: DocumentKind = DocumentKind.INVOICE) -> dict[str, Field]:
    return read_fields([make_page(text)], kind)


@pytest.mark.parametrize("path", sorted(TYPED.glob("*.txt")), ids=lambda path: path.stem)
def test_typed_documents_are_read_whole(path: Path) -> None:
    wanted = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    fields = read(path.read_text(encoding="utf-8"), DocumentKind(wanted["kind"]))
    read_values = {name: str(fields[name].value) if name in fields else None for name in wanted["fields"]}
    assert read_values == wanted["fields"]


@pytest.mark.parametrize("path", sorted(TYPED.glob("*.txt")), ids=lambda path: path.stem)
def test_values_say_where_they_are_from(path: Path) -> None:
    fields = read(path.read_text(encoding="utf-8"))
    assert set(fields) <= set(FIELD_NAMES)
    for name, field in fields.items():
        assert 0 <= field.confidence <= 1, name
        assert field.method == Method.TEXT_LAYER
        if name != "currency":
            assert field.page == 1, name
            assert field.box is not None, name


TOTALS = "Acme Foods Ltd\nInvoice No 4711   Date 12 May 2024\n\nNet 100.00\nVAT 20.00\nTotal 120.00\n"


def test_values_have_their_types() -> None:
    fields = read(TOTALS)
    assert fields["gross_total"].value == Decimal("120.00")
    assert fields["issue_date"].value == date(2024, 5, 12)
    assert fields["invoice_number"].value == "4711"


@pytest.mark.parametrize("printed", ["18.60", "- 18.60"], ids=["as printed", "behind a stroke of a pen"])
def test_the_total_adds_up_the_totals_of_the_rates(printed: str) -> None:
    text = (
        "Hill Bakery\nTAX INVOICE\nDate: 21/08/2017\n\nWhite loaf   11.10\nScones   7.00\n\n"
        "Total 6% supplies (excl. GST): 7.08\nGST: 0.42\nTotal 6% supplies (Inc. GST): 7.50\n"
        f"Total 0% supplies: 11.10\nTotal Payable: {printed}\n"
    )
    page = make_page(text, method=Method.OCR)
    assert read_fields([page], DocumentKind.RECEIPT)["gross_total"].value == Decimal("18.60")


def test_what_is_not_printed_is_left_out() -> None:
    assert not {"due_date", "order_number", "delivery_note_number", "amount_paid", "previous_balance"} & set(
        read(TOTALS)
    )


def test_payments_listed_are_paid_together() -> None:
    head = "Clinica Veterinaria La Pergola\nFattura n. 68621  Data 03/07/2025\n\nTOTALE  103,66\n"
    paid = "Pagato con Contanti il 01/07/2025  62,20\nPagato con Carta il 03/07/2025  41,46\nDa saldare  0,00"
    pages = [make_page(head + paid)]
    fields = read_fields(pages, DocumentKind.INVOICE, payments=read_payments(pages))
    assert fields["amount_paid"].value == Decimal("103.66")
    assert fields["amount_due"].value == 0


def test_a_page_or_a_law_is_no_number() -> None:
    fields = read(f"ACME FOODS LTD        INVOICE\n                      PAGE 1 OF 1\n{TOTALS}§ 4 Nr. 14 UStG")
    assert fields["invoice_number"].value == "4711"


def test_a_rate_in_its_heading_is_no_value() -> None:
    fields = read("""
Gemüsehof Alte Mühle KG
Rechnung Nr. 8459        Datum 05.04.2023

Warenwert netto          MwSt. 7,00 %          Zahlbetrag
552,98 EUR               38,71 EUR             591,69 EUR
""")
    assert [fields[name].value for name in ("net_total", "tax_total", "gross_total")] == [
        Decimal("552.98"),
        Decimal("38.71"),
        Decimal("591.69"),
    ]


def test_an_empty_page_has_no_values() -> None:
    assert read("") == {}


def test_a_statement_of_numbers_only_names_no_invoice() -> None:
    assert "invoice_number" not in read("Account No 55120\nPatient ID 881-2\nMicrochip 985113004417261")


def test_an_equation_outvotes_a_misleading_label() -> None:
    fields = read("Invoice Total 100.00\nTax 8.00\nTotal 108.00\n")
    assert fields["gross_total"].value == Decimal("108.00")


def test_the_total_is_the_sum_after_rounding() -> None:
    text = "KEDAI BUKU SDN BHD\nTotal RM 80.91\nRounding -0.01\nTotal Rounded RM 80.90\nCash RM 100.00\nChange RM 19.10"
    assert read(text, DocumentKind.RECEIPT)["gross_total"].value == Decimal("80.90")


def test_a_charge_may_stand_between_net_and_total() -> None:
    fields = read(
        "SUB TOTAL 150.00\nSERVICE CHARGE 10% 15.00\nGST 6% 9.90\nNET TOTAL 174.90\nCASH 200.00\nCHANGE 25.10\n"
        "Tax Summary   Amount   Tax\nSR GST 6%   165.00   9.90\n",
        DocumentKind.RECEIPT,
    )
    assert (fields["gross_total"].value, fields["net_total"].value) == (Decimal("174.90"), Decimal("150.00"))
    assert fields["tax_total"].value == Decimal("9.90")


def test_cash_tendered_is_neither_total_nor_paid() -> None:
    fields = read("Total £12.00\nCash £20.00\nChange £8.00\n", DocumentKind.RECEIPT)
    assert fields["gross_total"].value == Decimal("12.00")
    assert "amount_paid" not in fields or fields["amount_paid"].value != Decimal("20.00")


def test_a_previous_balance_is_no_part_of_the_total() -> None:
    fields = read("Invoice No 7\nTotal £100.00\nPrevious balance £50.00\nPayment £30.00\nBalance due £120.00\n")
    values = {
        name: str(fields[name].value) for name in ("gross_total", "previous_balance", "amount_paid", "amount_due")
    }
    assert values == {
        "gross_total": "100.00",
        "previous_balance": "50.00",
        "amount_paid": "30.00",
        "amount_due": "120.00",
    }


def test_amounts_paid_have_no_sign() -> None:
    fields = read("Invoice No 7\nTotal £100.00\nPayments received -£40.00\nAmount due £60.00\n")
    assert fields["amount_paid"].value == Decimal("40.00")


def test_an_altered_total_is_read_as_it_stands_though_the_payment_would_fit_the_sum() -> None:
    fields = read(
        """
        Millrace Surgery                       INVOICE
        Invoice No.  A-672875    Invoice Date  07-Mar-2026

        Description              Qty   Unit Price     Amount
        Dental scale and polish    2       265.00     530.00
        Digital radiograph         1       223.65     223.65

                                   Subtotal          £753.65
                                   VAT 20%           £150.73
                                   Total             £913.38
                                   Paid 07-Mar-2026 -£904.38
                                   Balance Due         £0.00
        """
    )
    assert fields["gross_total"].value == Decimal("913.38")


def test_an_invoice_without_payments_is_due_in_full() -> None:
    assert read(TOTALS)["amount_due"].value == Decimal("120.00")


def test_a_receipt_is_not_due() -> None:
    assert "amount_due" not in read("Total £12.00\nCash £12.00\n", DocumentKind.RECEIPT)


def test_reminders_are_not_due_dates() -> None:
    text = """
Invoice No 7   Date 12 May 2024
Total £10.00

Reminder          Last done     Due
Rabies  vaccine   11 May 2024   11 May 2025
"""
    assert "due_date" not in read(text)


def test_a_credit_note_has_its_own_number_not_the_invoices() -> None:
    fields = read(
        "CREDIT NOTE\nCredit Note No CN-12\nOriginal Invoice No INV-900\nTotal -12.00\n", DocumentKind.CREDIT_NOTE
    )
    assert fields["invoice_number"].value == "CN-12"


def test_an_ambiguous_date_is_less_sure() -> None:
    doubtful, certain = read("Invoice Date 03/04/2024\nTotal 12.00"), read("Invoice Date 23/04/2024\nTotal 12.00")
    assert doubtful["issue_date"].value == date(2024, 4, 3)
    assert doubtful["issue_date"].confidence < certain["issue_date"].confidence


def test_americans_dates_are_read_month_first() -> None:
    fields = read("Bend, OR 97702  (517) 555-0102\nInvoice Date 03/04/2024\nTotal $12.00")
    assert fields["issue_date"].value == date(2024, 3, 4)


def test_a_title_above_the_headings_names_none_of_their_values() -> None:
    fields = read(
        """
        Fenwick Farm Butchery        GOODS DELIVERY NOTE / P.O.D.
        Note no.    Date          Order no.    Cust      Route
        54842       02/06/2025                 R0Y237    Tue AM
        Delivered to: The Royal Oak Hotel, 3 High Street, Harrogate

        Qty     UOM   Product   Description
        1.431   kg    L05       Leg of Lamb Boned & Rolled
        6.2     kg    P03       Pork Belly Rind On
        """,
        DocumentKind.DELIVERY_NOTE,
    )
    assert fields["delivery_note_number"].value == "54842"


def test_all_delivery_notes_of_an_invoice_are_listed() -> None:
    text = "Acme Foods Ltd\nInvoice No 4711\nDelivery Note No DN-501\nDelivery Note No DN-502\nTotal £10.00\n"
    assert read_delivery_note_numbers([make_page(text)], DocumentKind.INVOICE) == ("DN-501", "DN-502")


def test_values_are_found_on_a_later_page() -> None:
    pages = [make_page("Acme Foods Ltd\nInvoice No 4711\n", 1), make_page("Invoice total £88.00\n", 2)]
    assert read_fields(pages, DocumentKind.INVOICE)["gross_total"].page == 2


PIECES = [
    "Total",
    "Invoice",
    "No:",
    "12.00",
    "12/03/2024",
    "£",
    "RM",
    "-",
    "(",
    "%",
    "4711",
    "GmbH",
    "Mr",
    "a@b.co",
    "1.234,56",
]
PIECES += ["DN", "20.", "40", "Bill", "To", "\u202e", "\x00", "Ö", "9" * 30, "%%", "O0", ":", "#", ""]

words = st.builds(
    lambda text, left, top, width: Word(text, left, top, left + width, top + 8, 0.9),
    st.sampled_from(PIECES),
    st.floats(-50, 600),
    st.floats(-50, 800),
    st.sampled_from([1.0, 20.0, 60.0]),
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(words, max_size=60), st.sampled_from(list(DocumentKind)), st.sampled_from([0.0, 600.0]))
def test_any_words_are_read_without_error(found: list[Word], kind: DocumentKind, size: float) -> None:
    fields = read_fields([Page(1, size, size, tuple(found))], kind)
    assert all(0 <= field.confidence <= 1 for field in fields.values())


PLAIN_SUMS = "INVOICE\n\n       Net      100.00\n       VAT       20.00\n       Total    120.00\n\n"


@pytest.mark.parametrize(
    "sentence",
    [
        "We have received your payment of £120.00 on 14/05/2025 by Visa with thanks.",
        "PAID 14/05/2025 BY CARD £120.00 - THANK YOU",
    ],
)
def test_a_sentence_may_state_the_payment(sentence: str) -> None:
    fields = read(f"{PLAIN_SUMS}{sentence}\n")
    assert fields["amount_paid"].value == Decimal("120.00")


def test_a_sentence_that_asks_for_payment_states_none() -> None:
    assert "amount_paid" not in read(
        f"{PLAIN_SUMS}If this invoice is paid within 14 days please deduct £5.00 from it.\n"
    )


def test_the_docket_number_is_a_delivery_note_s_and_a_quantity_is_none() -> None:
    text = (
        "McAllister Vintners                                  Despatch Note\n2140 Cascade Ridge Dr, Bend, OR 97701\n\n"
        "Delivery Address             Docket No      Cust. ID\nAshgrove House Hotel & Spa   DEL2872        C-9682\n"
        "3302 W 4th Ave               Date             Route / Drop\n"
        "Yuma, AZ 85364               January 15, 2023   R4 / 02\n\n"
        "#   Prod     Details                       Ordered   Unit   Supplied\n"
        "1   C5350    Rapeseed Oil BIB 20L              4.0   ea            4.0\n"
        "2   M7451    Cola Post-mix 7L BIB              3.0   ea            3.0\n\n"
        "Total lines: 2\n"
    )
    assert read(text, DocumentKind.DELIVERY_NOTE)["delivery_note_number"].value == "DEL2872"


def test_amounts_may_stand_before_their_labels() -> None:
    text = (
        "Fernhill Equine Practice\n9 Wharf Street\n\nInvoice INV11545   Invoice Date 26/03/24\n\n"
        "Qty   Services rendered                Price    Extended\n"
        "1     Consultation                    105.74      105.74\n"
        "1     Cytology: ear smear              45.05       45.05\n\n"
        "150.79  Sub Total             Next visit at the barn: 07/05/24\n"
        " 22.62  GST Amount\n173.41  Invoice total\n 34.68  Payment received\n138.73  Total now due\n"
    )
    fields = read(text)
    names = ("net_total", "tax_total", "gross_total", "amount_paid", "amount_due")
    assert [str(fields[name].value) for name in names] == ["150.79", "22.62", "173.41", "34.68", "138.73"]


def test_the_day_of_a_law_is_not_the_delivery_s() -> None:
    text = (
        "Molino Rossi S.r.l.\nVia Roma 4, 20121 Milano\n\nDOCUMENTO DI TRASPORTO\n(D.P.R. 472 del 14-08-1996)\n\n"
        "DDT n. 4471     Data 23-09-2025\n\nDescrizione                Q.tà\nFarina 00 25 kg               4\n"
    )
    assert read(text, DocumentKind.DELIVERY_NOTE)["delivery_date"].value == date(2025, 9, 23)


def test_boxes_of_a_form_are_numbered_before_their_labels() -> None:
    text = (
        "1 Consignor                          2 Shipment no.\nSisters Packaging & Hygiene Ltd      DEL8602\n"
        "PO Box 881, Sisters, OR 97759\n\n3 Ship to                            4 Invoice to\n"
        "The Swan at Norcross                 Hotel Millbrook\n9044 Industrial Blvd                 77 N Main Street\n"
        "Norcross, GA 30071                   Kalispell, MT 59901\n\n"
        "5 Carrier            6 Your order       7 Booking ref.\nDunmore Haulage      PO-761223          12697\n\n"
        "DELIVERY RECEIPT\n\nCode     Details                Quantity\n"
        "155439   Sanitiser Trigger             5\n305976   Bleach Thick                  8\n"
    )
    fields = read(text, DocumentKind.DELIVERY_NOTE)
    assert fields["delivery_note_number"].value == "DEL8602"
    assert fields["order_number"].value == "PO-761223"
    assert fields["supplier_name"].value == "Sisters Packaging & Hygiene Ltd"
    assert fields["customer_name"].value == "Hotel Millbrook"


def test_ids_of_business_terms_are_not_what_they_name() -> None:
    text = (
        "Rechnungsdaten\nRechnungsnummer:       BT-1    RE720640      Bestellnummer:        BT-13   25-6125\n"
        "Ausstellungsdatum:     BT-2    15.1.2025     Lieferscheinnummer:   BT-16   N2562601\n"
    )
    fields = read(text)
    values = [fields[name].value for name in ("invoice_number", "order_number", "delivery_note_number")]
    assert values == ["RE720640", "25-6125", "N2562601"]


def test_a_row_of_sums_far_from_its_headings_names_them_by_what_they_add_up_to() -> None:
    text = (
        "Leeside Vets\n12 Quay Street, York YO1 7HU\n\nInvoice No 297745   Date 12 May 2024\n\n"
        "Amoxicillin tabs   22.96   5.28   28.24\nFeline vaccine   36.00   8.28   44.28\n\n"
        "Invoice totals   58.96   13.56   72.52\n"
    )
    fields = read(text)
    assert [str(fields[n].value) for n in ("net_total", "tax_total", "gross_total")] == ["58.96", "13.56", "72.52"]


def test_terms_go_on_in_the_next_line() -> None:
    fields = read("Zahlungsbedingungen: Der Rechnungsbetrag wurde bereits\nbeglichen.\nZahlungsart: SEPA\n")
    assert fields["payment_terms"].value == "Der Rechnungsbetrag wurde bereits beglichen"


@pytest.mark.parametrize(
    ("printed", "terms"),
    [
        ("Terms of payment Payment within 7 days of invoice date. E&OE.", "Payment within 7 days of invoice date"),
        ("Pagamento: RiBa 30 gg f.m.   Data scadenza: 21/08/2024", "RiBa 30 gg f.m."),
        ("Rechnung\nRechnungsdatum 12.05.2024\nZahlung: 14 Tage netto.\nGesamtbetrag 12,00 €", "14 Tage netto"),
        ("Betalingsvoorwaarden: Betaling binnen 21 dagen Vervaldag: 07-05-2026", "Betaling binnen 21 dagen"),
    ],
)
def test_terms_end_before_what_follows(printed: str, terms: str) -> None:
    assert read(f"{printed}\n")["payment_terms"].value == terms


def test_a_number_that_heads_the_page_is_the_notes() -> None:
    page = make_page(
        "Mill Foods Ltd\nThe Swan\n4 Mill Lane\nYork YO1 7HU\n\nWH/OUT/04195\n\nOrder     Shipping Date\n"
        "TEL       26/02/2025\n\nProduct             Ordered    Delivered\nFlour 25 kg         2          2\n"
        "Rapeseed oil 20 L   1          1\nRice 10 kg          4          4\n"
    )
    large = [w if "/OUT/" not in w.text else replace(w, bottom=w.bottom + 5) for w in page.words]
    fields = read_fields([replace(page, words=tuple(large))], DocumentKind.DELIVERY_NOTE)
    assert fields["delivery_note_number"].value == "WH/OUT/04195"


def test_a_sum_that_the_taxes_of_two_rates_make_the_total_is_the_net_one() -> None:
    fields = read("""
FATTURA                  Ingrosso San Rocco S.p.A.
Rif. fattura   FA2510-1111
Data di fatturazione   20/12/2025

Descrizione                            Totale
Parmigiano Reggiano 24 mesi              75,55
Olio extravergine di oliva               48,15
Detersivo piatti                        48,90

Totale                                 172,60
Totale IVA 22%                          10,76
Totale IVA 10%                          12,37
Totale (IVA inclusa)                   195,73
""")
    assert (fields["net_total"].value, fields["gross_total"].value) == (Decimal("172.60"), Decimal("195.73"))
