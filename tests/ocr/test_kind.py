"""What kind of document a page is."""

from dataclasses import replace

import pytest

from ocr.evidence import Sheet
from ocr.kind import decide_kind, is_till_roll
from ocr.types import DocumentKind
from tests.ocr.sheets import make_page

SHEET = """
Danesway Foodservice Ltd                                                {title}
The Old Forge, Dereham Road, Norwich                                    No. 4711

Product   Description                            Qty    Unit Price    Net Amount
208833    Chopped Tomatoes 6x2.5kg                 2         14.50         29.00

Total                                                                      29.00
"""


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("INVOICE", DocumentKind.INVOICE),
        ("I N V O I C E", DocumentKind.INVOICE),
        ("S A L E S I N VO I C E", DocumentKind.INVOICE),
        ("VAT C R E D I T N O T E", DocumentKind.CREDIT_NOTE),
        ("TAX INVOICE", DocumentKind.INVOICE),
        ("RECHNUNG", DocumentKind.INVOICE),
        ("CREDIT NOTE", DocumentKind.CREDIT_NOTE),
        ("Adjustment Note", DocumentKind.CREDIT_NOTE),
        ("DELIVERY NOTE", DocumentKind.DELIVERY_NOTE),
        ("Lieferschein", DocumentKind.DELIVERY_NOTE),
        ("STATEMENT OF ACCOUNT", DocumentKind.STATEMENT),
        ("ESTIMATE", DocumentKind.OTHER),
    ],
)
def test_the_title_names_the_kind(title: str, kind: DocumentKind) -> None:
    assert decide_kind(Sheet([make_page(SHEET.format(title=title))]))[0] is kind


def test_a_note_that_denies_to_be_an_invoice_is_a_delivery_note() -> None:
    page = make_page(SHEET.format(title="Docket") + "\nPlease check goods before signing. This is not an invoice.")
    assert decide_kind(Sheet([page]))[0] is DocumentKind.DELIVERY_NOTE


def test_a_sheet_with_a_total_and_no_title_is_an_invoice_with_doubt() -> None:
    kind, confidence = decide_kind(Sheet([make_page(SHEET.format(title="Norfolk"))]))
    assert kind is DocumentKind.INVOICE
    assert confidence < 0.8


TILL = """
   99 SPEED MART
  41150 KLANG 88
 TAX INVOICE 123
LYCHEES     5.00
COFFEE MIX  3.90
RICE 5KG   21.30
SUGAR 1KG   2.10
MILK 1L     4.20
TOTAL      36.50
CASH       50.00
CHANGE     13.50
GOODS SOLD ARE
NOT RETURNABLE
"""


def test_narrow_print_is_a_receipt_whatever_its_title() -> None:
    assert is_till_roll(make_page(TILL))
    assert decide_kind(Sheet([make_page(TILL)]))[0] is DocumentKind.RECEIPT


def test_a_till_that_names_its_client_prints_an_invoice() -> None:
    page = make_page(TILL.replace("41150 KLANG 88", "Client 0044511"))
    assert decide_kind(Sheet([page]))[0] is DocumentKind.INVOICE


def test_a_page_of_prose_is_something_else() -> None:
    page = make_page("Discharge instructions\nkeep the wound dry for ten days")
    assert decide_kind(Sheet([page]))[0] is DocumentKind.OTHER


def test_a_heading_in_capitals_is_a_title_though_words_follow() -> None:
    page = make_page("INVOICE FOR PROFESSIONAL SERVICES\nConsultation 48.00\nTotals 48.00")
    assert decide_kind(Sheet([page]))[0] is DocumentKind.INVOICE


CREDIT = """
Lindenhof Textilservice GmbH                                            GUTSCHRIFT
Gewerbepark Nord 18, 36039 Fulda
{reference}
Pos   Text                     Menge     Einzelpreis      Summe
1     Kochjacke                    2          14,50        29,00

Gesamtbetrag                                               29,00
"""


def test_an_invoice_that_is_referred_to_makes_a_gutschrift_a_credit_note() -> None:
    by_supplier = CREDIT.format(reference="Belegnummer: GS-1   zu Rechnung: 26/6994")
    assert decide_kind(Sheet([make_page(by_supplier)]))[0] is DocumentKind.CREDIT_NOTE
    self_billed = CREDIT.format(reference="Belegnummer: GS-1")
    assert decide_kind(Sheet([make_page(self_billed)]))[0] is DocumentKind.INVOICE


def test_a_title_outweighs_the_label_of_another_documents_number() -> None:
    page = make_page(SHEET.format(title="Nota") + "\n\nPakbon:   89353072      Creditnota:   1")
    assert decide_kind(Sheet([page]))[0] is DocumentKind.INVOICE


def test_a_title_may_name_two_things() -> None:
    page = make_page(SHEET.format(title="Lieferschein / Empfangsbestätigung"))
    assert decide_kind(Sheet([page]))[0] is DocumentKind.DELIVERY_NOTE


def test_goods_without_prices_that_go_to_a_place_on_a_day_make_a_delivery_note() -> None:
    page = make_page("""
Carrick Valley Foods
Delivered: 13/05/2025 06:40   Driver: Sam   Round: 4
Drop: The Crown Hotel, 2 Market Place, Hexham NE46 3NU

Qty   Item                 Temp
4     Beef joint           3
6     Chicken breast       4

Received in good condition: ______
""")
    assert decide_kind(Sheet([page]))[0] is DocumentKind.DELIVERY_NOTE


def test_an_invoice_without_a_title_is_no_delivery_note_for_saying_when_it_was_delivered() -> None:
    page = make_page(
        "Green Fernhill Produce Ltd\n72 Main Road, Waimea 7020\n\n"
        "Inv. SIN041432     Delivered 16 February 2026\n\n"
        "Wt/Qty   Particulars                 per kg/ea   Amount\n"
        "2        Strawberries Punnet 400g       $5.85   $11.70\n\n"
        "Amount Payable                                  $11.70\n"
    )
    assert decide_kind(Sheet([page]))[0] is DocumentKind.INVOICE


def test_a_ticket_that_asks_for_payment_by_a_day_is_an_invoice() -> None:
    page = make_page(
        "Oakdene Animal Hospital\n72 Main Road, Waimea 7020\n\nTicket # INV-12045\nBilled 23/04/26\n"
        "Please pay by 07/05/26\n\nHorse     Services rendered        Units    Extended\n"
        "Mabel     Nobivac DHP Booster        1.0       65.66\nNala      Lump removal               1.0      466.83\n\n"
        "Net Total    532.49\nGST    79.87\nInvoice total    612.36\nPlease pay this amount    612.36\n"
    )
    assert decide_kind(Sheet([page]))[0] is DocumentKind.INVOICE


def test_a_narrow_proof_of_delivery_is_no_receipt() -> None:
    page = make_page(
        "POD\nTicket 87218680\nDate 21/03/2023 18:10\nPO B-3230\nBistro O'Leary\nLot 4 Old Princes Hwy\n"
        "Washing-up Liquid 5L\nH2187 ORD 4.00 Qty 4.00 each\nC-fold Towels White\nF5994 ORD 5.00 Qty 2.00 case\n"
        "Items: 2 Exceptions: 0\nCustomer signature\n"
    )
    assert decide_kind(Sheet([page]))[0] is DocumentKind.DELIVERY_NOTE


def test_a_delivery_note_s_number_below_is_no_title() -> None:
    captioned = """
INVOICE

48358          04.05.26        LS26-3034
Document No    Invoice date    Delivery note

Description                            Qty    Unit Price    Net Amount
Chopped Tomatoes 6x2.5kg                 2         14.50         29.00
Total                                                            29.00
"""
    assert decide_kind(Sheet([make_page(captioned)]))[0] is DocumentKind.INVOICE


GOODS = (
    "{head}\n\nProduct                       Ordered     {delivered}\nFlour 25 kg                   2           1.50\n"
)


@pytest.mark.parametrize(
    ("head", "delivered"),
    [
        ("Mill Foods\nThe Swan\nOrder     Shipping Date\nTEL       26/02/25", "Delivered"),
        ("Mill Foods\nPayment method\nInvoice\nDate 26/02/25", "Shipped"),
    ],
    ids=["no title", "how to pay"],
)
def test_goods_ordered_and_delivered_without_a_price_are_a_delivery_note(head: str, delivered: str) -> None:
    page = make_page(GOODS.format(head=head, delivered=delivered))
    assert decide_kind(Sheet([page]))[0] is DocumentKind.DELIVERY_NOTE


def test_a_title_may_stand_in_a_strip_of_values() -> None:
    page = make_page(
        "Primeurs Duplessis\nType                 Numéro      Date        N° client\n"
        "Bon de livraison     84279801    10/11/25    77867\n\n"
        "Code       Libellé               U.      Qté\n76-151     Salade batavia        kg      0,37\n\n\n"
        "Poids brut 12,50   Montant TTC et facture suivent\n"
    )
    assert decide_kind(Sheet([page]))[0] is DocumentKind.DELIVERY_NOTE


def test_a_word_behind_a_stroke_is_no_title_by_itself() -> None:
    text = "Orchard Light & Power Co.\n\nELECTRIC RESIDENTIAL - DELIVERY      BILLING DATE   01/29/2009\n\n"
    text += "Total Delivery Charges    $38.69\nTotal Supplier Charge     $50.93\nTOTAL AMOUNT DUE          $89.62\n"
    assert decide_kind(Sheet([make_page(text)]))[0] is DocumentKind.INVOICE


def test_a_bill_of_which_no_amount_was_made_out_stays_one() -> None:
    text = "Tax Invoice\n\nInvoice Number  IN-177\n\nDescription                 Qty     Net Amount\n"
    text += "Cotton Cushion Covers         1\nBed linen                     2\n"
    assert decide_kind(Sheet([make_page(text)]))[0] is DocumentKind.INVOICE


@pytest.mark.parametrize("title", ["Invoice Sample", "Rechnung Kopie"])
def test_a_title_may_say_which_print_it_is(title: str) -> None:
    page = make_page(f"{title}\n\nSystem Development    500000 USD\nTotal    500000 USD\n")
    assert decide_kind(Sheet([page]))[0] is DocumentKind.INVOICE


def test_narrow_print_on_a_wide_sheet_is_no_till_roll() -> None:
    text = (
        "INVOICE\nFrom: Acme Corp\nTo: Globex Ltd\nInvoice Number: INV-1\n" + "A line of words\n" * 8 + "Total: 12.00\n"
    )
    page = make_page(text)
    assert decide_kind(Sheet([replace(page, width=3 * page.width)]))[0] is DocumentKind.INVOICE
