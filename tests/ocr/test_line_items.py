"""Line items of tables that are typed here as they would be printed."""

from dataclasses import replace
from decimal import Decimal

from ocr.line_items.drafts import patient_of
from ocr.line_items.reading import read_line_items
from ocr.types import DocumentKind, LineItem, Method
from tests.ocr.sheets import make_page


def read(text: str, kind: DocumentKind = DocumentKind.INVOICE) -> tuple[LineItem, ...]:
    return read_line_items([make_page(text)], kind)


def amounts(items: tuple[LineItem, ...]) -> list[str]:
    return [str(item.net_amount) for item in items]


PLAIN = """
Invoice No        4711

Code     Description               Qty   Unit    Price    Amount
HG322    Alcohol Free IPA            2   case    26.65     53.30
HG900    CO2 Cylinder 6.35kg         1   each    23.81     23.81

Total                                                      77.11
"""


def test_a_table_with_a_heading_gives_every_column() -> None:
    first, second = read(PLAIN)
    assert (first.sku, first.description, first.unit) == ("HG322", "Alcohol Free IPA", "case")
    assert (first.quantity, first.unit_price, first.net_amount) == (Decimal(2), Decimal("26.65"), Decimal("53.30"))
    assert second.description == "CO2 Cylinder 6.35kg"


def test_columns_may_stand_in_any_order() -> None:
    items = read("""
Menge    Artikelbezeichnung        Gesamtpreis    Einzelpreis    Art-Nr
3        Trennblätter A4                 29,70           9,90    TB100
50       Joghurt Banane                 275,00           5,50    AR200

Summe                                   304,70
""")
    assert [(i.quantity, i.unit_price, i.net_amount, i.sku) for i in items] == [
        (Decimal(3), Decimal("9.90"), Decimal("29.70"), "TB100"),
        (Decimal(50), Decimal("5.50"), Decimal("275.00"), "AR200"),
    ]


def test_a_tilted_page_reads_alike() -> None:
    page = make_page(PLAIN)
    fallen = tuple(replace(w, top=w.top + 0.04 * w.left, bottom=w.bottom + 0.04 * w.left) for w in page.words)
    level = read_line_items([page], DocumentKind.INVOICE)
    tilted = read_line_items([replace(page, words=fallen)], DocumentKind.INVOICE)
    assert [(i.description, i.net_amount) for i in level] == [(i.description, i.net_amount) for i in tilted]


def test_the_table_ends_at_the_totals() -> None:
    items = read("""
Description               Qty      Net      VAT     Gross
Renal Support Pouch         6    12.00     2.40     14.40
Clinical Waste              1     5.41     1.08      6.49

Invoice totals                   17.41     3.48     20.89
Card payment 01/02/2024                             20.89
""")
    assert amounts(items) == ["14.40", "6.49"]


def test_a_narrow_name_is_joined_from_its_lines() -> None:
    items = read("""
Pos  Beschreibung    Nettopreis    Menge    Entgelt
1    Trennblätter          9,90       20     198,00
     A4
2    Joghurt               5,50       50     275,00
     Banane

Summe                                        473,00
""")
    assert [item.description for item in items] == ["Trennblätter A4", "Joghurt Banane"]


def test_details_under_an_item_are_not_its_name() -> None:
    items = read("""
Item                             Quantity     Rate     Amount
Service of the boiler, yearly          12    10.00     120.00
  Notes: replaced capacitor
Labour                                  5     1.50       7.50
  Batch 200

Subtotal                                               127.50
""")
    assert [item.description for item in items] == ["Service of the boiler, yearly", "Labour"]


def test_headings_between_items_are_categories() -> None:
    items = read("""
Code     Description                      Qty    Price    Amount
AMBIENT
208833   Chopped Tomatoes 6x2.5kg           2    14.50     29.00
CHILLED
301120   Semi Skimmed Milk                 18     1.80     32.40

Total Net                                                  61.40
""")
    assert [item.category for item in items] == ["AMBIENT", "CHILLED"]


def test_a_heading_with_an_animal_is_the_patient() -> None:
    items = read("""
Date          Product                          Qty    Amount
Gus (Canine, Beagle)
28 Dec 2024   Office Visit                    1.00     76.95
Rosie (Feline, DSH)
28 Dec 2024   Recovery Collar                 1.00     15.35

Total                                                  92.30
""")
    assert [(item.patient, item.description) for item in items] == [
        ("Gus", "Office Visit"),
        ("Rosie", "Recovery Collar"),
    ]


def test_patient_labels_name_the_patient() -> None:
    assert patient_of("Patient: Luna") == "Luna"
    assert patient_of("Diet & Retail") == ""


def test_a_till_prints_the_name_above_the_numbers() -> None:
    items = read("""
      Geelong Vet Hospital
Hospitalisation per Day
3 x 74.20                   222.60
Wound Suture Minor
1 x 92.50                    92.50

TOTAL                       315.10
""")
    assert [(i.description, i.quantity, i.unit_price) for i in items] == [
        ("Hospitalisation per Day", Decimal(3), Decimal("74.20")),
        ("Wound Suture Minor", Decimal(1), Decimal("92.50")),
    ]


def test_a_receipt_may_print_the_multiplication_before_the_name() -> None:
    items = read("""
MORTADELLA                   0,99 B
2 x 1,15
CARACTERE                    2,30 B
SALATBAR                     2,42 B

SUMME                        5,71
""")
    assert [(i.description, i.quantity) for i in items][1] == ("CARACTERE", Decimal(2))
    assert amounts(items) == ["0.99", "2.30", "2.42"]


def test_pack_sizes_are_part_of_the_name() -> None:
    (item,) = read("""
Description                     Qty    Price    Amount
Crisps 48 x 40g                   2    17.99     35.98

Total                                            35.98
""")
    assert (item.description, item.quantity) == ("Crisps 48 x 40g", Decimal(2))


def test_negative_amounts_keep_their_sign_however_printed() -> None:
    items = read("""
Description            Qty     Price     Amount
Lemons                   1     30.38     -30.38
Kombucha                 2     36.00      72.00-
Lettuce                  2     20.78     (41.56)

Total                                   -143.94
""")
    assert amounts(items) == ["-30.38", "-72.00", "-41.56"]


def test_carried_sums_are_not_items() -> None:
    first = make_page("""
Description            Qty     Price     Amount
Lemons                   1     30.38      30.38
Carried forward                           30.38
""")
    second = make_page(
        """
Description            Qty     Price     Amount
Brought forward                           30.38
Kombucha                 2     36.00      72.00

Total                                    102.38
""",
        number=2,
    )
    items = read_line_items([first, second], DocumentKind.INVOICE)
    assert [(item.description, item.page) for item in items] == [("Lemons", 1), ("Kombucha", 2)]


def test_a_page_without_heading_goes_on_with_the_columns() -> None:
    first = make_page("""
Description            Qty     Price     Amount
Lemons                   1     30.38      30.38
""")
    second = make_page(
        """
Kombucha                 2     36.00      72.00

Total                                    102.38
""",
        number=2,
    )
    assert amounts(read_line_items([first, second], DocumentKind.INVOICE)) == ["30.38", "72.00"]


def test_discounts_are_read_beside_the_amount() -> None:
    (item,) = read("""
Qty   Description                Unit Price   Discount    Amount
1     Microchip Implant               46.50       2.33     44.17

Total                                                      44.17
""")
    assert (item.discount, item.net_amount) == (Decimal("2.33"), Decimal("44.17"))


def test_the_total_may_stand_half_a_line_lower() -> None:
    items = read("""
Pos   Art-Nr     Beschreibung        Nettopreis    Menge    Nettobetrag
1     TB100      Trennblätter A4           9,90       20
                                                                 198,00
2     AR200      Joghurt Banane            5,50       50
                                                                 275,00

Positionssumme                                                   473,00
""")
    assert [(i.quantity, i.unit_price, i.net_amount) for i in items] == [
        (Decimal(20), Decimal("9.90"), Decimal("198.00")),
        (Decimal(50), Decimal("5.50"), Decimal("275.00")),
    ]


def test_a_delivery_note_without_prices_gives_what_was_delivered() -> None:
    items = read(
        """
Code     Description                  Unit    Ordered    Delivered
HG322    Alcohol Free IPA             case          2            1
HG140    Winter Lantern Porter        pin           1            1
Total lines 2 Temperature chilled 3.8
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [(i.sku, i.quantity_ordered, i.quantity, i.net_amount) for i in items] == [
        ("HG322", Decimal(2), Decimal(1), None),
        ("HG140", Decimal(1), Decimal(1), None),
    ]


def test_a_docket_without_heading_is_read_by_its_alignment() -> None:
    items = read(
        """
Delivery docket 11127761
   3  pack   306642   Streaky Bacon
   6  each   301120   Semi Skimmed Milk
  12  each   502310   Heavy Duty Degreaser
Boxes: 3
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [(i.quantity, i.unit, i.sku) for i in items] == [
        (Decimal(3), "pack", "306642"),
        (Decimal(6), "each", "301120"),
        (Decimal(12), "each", "502310"),
    ]


def test_a_word_of_the_small_print_hides_no_column() -> None:
    rows = [f"            {n} case   3066{n}2   Streaky Bacon" for n in range(1, 10)]
    text = "\n".join(["Delivery docket 11127761", *rows, "Pallets and crates returned:   24   hours"])
    items = read(text, DocumentKind.DELIVERY_NOTE)
    assert [i.quantity for i in items] == [Decimal(n) for n in range(1, 10)]


def test_an_unread_quantity_follows_from_price_and_amount() -> None:
    items = read("""
Description            Qty     Price     Amount
Lemons                   2     30.00      60.00
Kombucha                       36.00      72.00

Total                                    132.00
""")
    assert items[1].quantity == Decimal(2)


def test_misread_codes_take_the_shape_of_their_column() -> None:
    page = make_page(
        """
Code     Description              Qty    Price    Amount
HG322    Alcohol Free IPA           1    53.30     53.30
HG101    Best Bitter                1    10.00     10.00
HG90o    Cylinder                   1    23.81     23.81

Total                                             87.11
""",
        method=Method.OCR,
    )
    assert [item.sku for item in read_line_items([page], DocumentKind.INVOICE)] == ["HG322", "HG101", "HG900"]


def test_lines_that_add_up_to_a_printed_sum_are_surer() -> None:
    proven = read(PLAIN)
    unproven = read(PLAIN.replace("77.11", "99.99"))
    assert min(item.confidence for item in proven) > max(item.confidence for item in unproven)


def test_prose_has_no_items() -> None:
    assert read("Dear Mrs Dyer\nthank you for your visit\nwe look forward to seeing you") == ()
    assert read_line_items([], DocumentKind.INVOICE) == ()


def test_a_number_of_the_line_is_no_quantity() -> None:
    (item,) = read("""
N°      Réf.      Désignation               Qte   UV      PU HT    Total HT
00010   F9768     Jus d'orange 25 cl         12   cas     12,77      153,24

Total HT                                                             153,24
""")
    assert (item.quantity, item.description) == (Decimal(12), "Jus d'orange 25 cl")


def test_a_rate_close_to_the_amount_does_not_take_it() -> None:
    items = read("""
2,00  Batterij AA 4st                21% € 11,96
1,00  Cappuccino                      6% €  3,67
1,00  Broodje gezond                  6% € 23,07
""")
    assert amounts(items) == ["11.96", "3.67", "23.07"]


def test_a_count_of_packages_is_no_line() -> None:
    items = read(
        """
Qte     Cond.    Description
  2     fil      Oignons jaunes 5 kg
  6     pce      Salade batavia

Nombre de colis : 2
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [item.description for item in items] == ["Oignons jaunes 5 kg", "Salade batavia"]


def test_a_column_with_tax_is_the_total() -> None:
    items = read("""
Item                 Qty      Net      VAT     Incl. VAT
Buster Collar          1    10.83     2.17         13.00
Nobivac Booster        2    88.32    17.66        105.98
""")
    assert amounts(items) == ["13.00", "105.98"]


def test_a_price_behind_its_unit_is_no_name() -> None:
    items = read("""
Beef joint
  4 kg @ £10.00                           £40.00
Chicken breast
  6 kg @ £10.00                           £60.00
Total                                    £100.00
""")
    assert [item.description for item in items] == ["Beef joint", "Chicken breast"]


def test_sums_beside_each_other_are_no_table() -> None:
    items = read("""
Code      Description              Qty    Price    Disc %    Goods Value   V/C
C6472     Rapeseed Oil BIB 20L       8    61.31    10.00          441.43   T1
A9821     Espresso Beans 1kg         6    24.33                   145.98   T1

Lines         Goods         Carriage         GST         Invoice Total
2            587.41             0.00       88.11               $675.52
Terms 30 days from invoice date.
""")
    assert [(i.description, i.net_amount, i.discount) for i in items] == [
        ("Rapeseed Oil BIB 20L", Decimal("441.43"), None),
        ("Espresso Beans 1kg", Decimal("145.98"), None),
    ]


def test_a_quantity_that_touches_the_name_is_told_from_it() -> None:
    items = read("""
Date              No. Goods                            By       Total
20 July 2025    3.000Rabies, 3-yr Killed Virus         AO      157.44
21 July 2025    1.000CBC with Differential             TH      126.65
                                       Previous balance        262.21
""")
    assert [(i.quantity, i.description) for i in items] == [
        (3, "Rabies, 3-yr Killed Virus"),
        (1, "CBC with Differential"),
    ]


def test_how_many_of_how_many_stands_under_a_name_and_over_its_number() -> None:
    items = read(
        """
Items                                    Qty
Butter Unsalted 40x250g
                                      2 of 5
RKT264
Vinyl Gloves Blue Large
                                      8 of 8
RCA984
Returns: enclose this slip.
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [(i.description, i.sku, i.quantity, i.quantity_ordered) for i in items] == [
        ("Butter Unsalted 40x250g", "RKT264", Decimal(2), Decimal(5)),
        ("Vinyl Gloves Blue Large", "RCA984", Decimal(8), Decimal(8)),
    ]


def test_a_till_may_print_the_unit_of_its_factors() -> None:
    items = read(
        """
Notebook A5                            4.25 B
Bottled Water 500ml
  10 @ 1.37 each                      13.70 B
Unleaded 95
  2.57L @ 1.62/L                       4.16 B
Flat White                             2.95 A
TOTAL                                 25.06
Rate     Goods     VAT     Gross
20%      18.43    3.68     22.11
0%        2.95    0.00      2.95
""",
        DocumentKind.RECEIPT,
    )
    assert [(i.description, i.quantity, i.net_amount) for i in items] == [
        ("Notebook A5", None, Decimal("4.25")),
        ("Bottled Water 500ml", Decimal(10), Decimal("13.70")),
        ("Unleaded 95", Decimal("2.57"), Decimal("4.16")),
        ("Flat White", None, Decimal("2.95")),
    ]


def test_a_name_stands_above_its_code_where_one_stands_above_the_first_and_none_below_the_last() -> None:
    items = read("""
Item             Qty     Price     Amount
Tape 12m
ETS591            20      1.54      30.80
Emulsion White
SAD704             1     47.22      47.22
Garden Hose
THB800             1      2.46       2.46
Item count : 3
Total                               80.48
""")
    assert [(i.description, i.sku, i.net_amount) for i in items] == [
        ("Tape 12m", "ETS591", Decimal("30.80")),
        ("Emulsion White", "SAD704", Decimal("47.22")),
        ("Garden Hose", "THB800", Decimal("2.46")),
    ]


def test_a_name_above_may_begin_in_the_column_of_codes() -> None:
    items = read("""
Code      Qty x       Price     Amount
Gloves Nitrile L
APM195      3 x        8.44      25.32
Elbow 15mm
EHD755      3 x        4.52      13.56
Total                            38.88
""")
    assert [i.description for i in items] == ["Gloves Nitrile L", "Elbow 15mm"]


LEDGER = """
Date        Animal  {0}                  {1}       {2}      {3}
            Balance B/F                                             83.35
20/11/2024  Rocket  Urinalysis                  105.51             188.86
20/11/2024  Rocket  Recheck Examination          70.03             258.89
21/11/2024  Rocket  Buster Collar 20cm           20.19             279.08
21/11/2024          Payment Card                          279.08     0.00

Account balance                                                      0.00
"""


def test_of_an_account_only_what_is_charged_is_a_line() -> None:
    for head in (("Details", "Debit ", "Credit", "Running total"), ("Item   ", "Dr    ", "Cr    ", "Bal")):
        items = read(LEDGER.format(*head))
        assert [(item.description, item.patient) for item in items] == [
            ("Urinalysis", "Rocket"),
            ("Recheck Examination", "Rocket"),
            ("Buster Collar 20cm", "Rocket"),
        ]
        assert amounts(items) == ["105.51", "70.03", "20.19"]


def test_a_balance_that_runs_on_is_no_total_whatever_its_heading() -> None:
    items = read("""
Date        Description               Total    Net total
20/11/2024  Urinalysis               105.51       188.86
20/11/2024  Recheck Examination       70.03       258.89
21/11/2024  Buster Collar 20cm        20.19       279.08
""")
    assert amounts(items) == ["105.51", "70.03", "20.19"]


def test_who_treated_is_no_debit() -> None:
    items = read("""
Description             Dr      Amount
Urinalysis              MRS     105.51
Recheck Examination     AO       70.03
""")
    assert [item.description for item in items] == ["Urinalysis", "Recheck Examination"]


def test_a_count_close_before_the_name_is_no_part_of_it() -> None:
    items = read("""
 Qty Service                   Value   Subsidy   You pay
   1 Castration Cat            83.35         -     83.35
   2 Catheter Placement       326.85     65.37    261.48
""")
    assert [(item.quantity, item.description) for item in items] == [
        (Decimal(1), "Castration Cat"),
        (Decimal(2), "Catheter Placement"),
    ]
    assert amounts(items) == ["83.35", "261.48"]


def test_a_till_prints_names_above_article_numbers_with_their_factors() -> None:
    items = read(
        """
Ref  :
Description       QTY       U/P    AMOUNT
NOTEBOOK A5
HGT464         1.00 x      7.28      7.28
BOTTLED WATER 500ML
TCB465         6.00 *      2.52     15.12
TOTAL QUANTITY 7
Total Sales                         22.40
""",
        DocumentKind.RECEIPT,
    )
    assert [(item.sku, item.description) for item in items] == [
        ("HGT464", "NOTEBOOK A5"),
        ("TCB465", "BOTTLED WATER 500ML"),
    ]
    assert [item.quantity for item in items] == [Decimal("1.00"), Decimal("6.00")]


def test_a_till_without_heading_prints_names_below_codes_and_marks_of_tax_behind_amounts() -> None:
    items = read(
        """
24.00x 000048172                      49.92 SR
    BOTTLED WATER 500ML
12.10x 000048190                       7.85 ZRL
    FLAT WHITE
Total Incl GST                        57.77
GST Summary          Amount             Tax
ZRL @ 0%               7.85            0.00
""",
        DocumentKind.RECEIPT,
    )
    assert [(item.description, item.quantity) for item in items] == [
        ("BOTTLED WATER 500ML", Decimal("24.00")),
        ("FLAT WHITE", Decimal("12.10")),
    ]


def test_a_table_of_taxes_below_the_sums_has_no_items() -> None:
    items = read(
        """
Description       QTY       U/P    AMOUNT
NOTEBOOK A5         1      7.28      7.28
CHEESE TOASTIE      1     15.30     15.30
TOTAL                               22.58
GST SUMMARY
CODE           AMOUNT         %   TAX/AMT
ZRL             15.30         0      0.00
""",
        DocumentKind.RECEIPT,
    )
    assert amounts(items) == ["7.28", "15.30"]


def test_of_a_summary_and_its_detail_below_the_detail_is_read() -> None:
    text = """
Your bill                                      65.56
Charges before VAT                             54.63
VAT 20%                                        10.93
Total to pay                                   65.56

Monthly charges
Line rental           2 x 22.79                45.58
Static IP                                       8.33
Total monthly charges                          53.91
Usage charges
Text messages         6 x 0.12                  0.72
Total usage charges                             0.72
"""
    items = read_line_items([make_page(text)], DocumentKind.INVOICE)
    assert [item.net_amount for item in items] == [Decimal("45.58"), Decimal("8.33"), Decimal("0.72")]


def test_heads_with_the_sums_of_their_groups_are_no_lines() -> None:
    text = """
Charges                                       104.00
Total for this invoice                        104.00

Compute                                        70.00
   Virtual machines                            50.00
   Load balancer                               20.00
Storage                                        34.00
   Disks                                       34.00
"""
    items = read_line_items([make_page(text)], DocumentKind.INVOICE)
    assert [item.description for item in items] == ["Virtual machines", "Load balancer", "Disks"]


def test_a_number_in_a_name_above_the_amounts_is_part_of_it() -> None:
    items = read(
        """
Description           QTY         U/P    AMOUNT
WOOD SCREW CSK BOX    200
BK18                    1       17.03     17.03
TREATED TIMBER
LR20                    2        8.81     17.62
TOTAL                                     34.65
""",
        DocumentKind.RECEIPT,
    )
    assert [(item.description, item.quantity) for item in items] == [
        ("WOOD SCREW CSK BOX 200", Decimal(1)),
        ("TREATED TIMBER", Decimal(2)),
    ]


def test_names_below_all_lines_of_a_till_are_not_taken_for_the_next_ones() -> None:
    items = read(
        """
VALUED CUSTOMER: 1370058229
1x 0000048172                         19.38 SR
    AA BATTERIES
6x 0000048190                         14.28 SR
    BOTTLED WATER
Total Incl GST                        33.66
""",
        DocumentKind.RECEIPT,
    )
    assert [item.description for item in items] == ["AA BATTERIES", "BOTTLED WATER"]


def test_a_name_set_in_typed_letters_does_not_end_in_a_sum() -> None:
    text = """
Date           Description          Charges
24/07/26       Lobby Bar              91.36
24/07/26       Occupancy Tax          14.81

               Total Charges         106.17
"""
    page = make_page(text)
    low = [replace(w, bottom=w.bottom - 4.6) if w.text in ("Bar", "Tax") else w for w in page.words]
    items = read_line_items([replace(page, words=tuple(low))], DocumentKind.INVOICE)
    assert [item.description for item in items] == ["Lobby Bar", "Occupancy Tax"]


HANDHELD = """
PROD                          EXP     ACT    +/-
Gloves Blue Lge 12x100 Boxed Nitrile
72-424  case                  5.0     5.0
Tea 1100 bags                1100
31-908  box                   6.0     3.0     -3

LINES    2
SHORTS   1
"""


def test_a_name_may_stand_above_its_article_number_and_unit() -> None:
    items = read(HANDHELD, DocumentKind.DELIVERY_NOTE)
    assert [(i.sku, i.description, i.quantity, i.quantity_ordered) for i in items] == [
        ("72-424", "Gloves Blue Lge 12x100 Boxed Nitrile", Decimal("5.0"), Decimal("5.0")),
        ("31-908", "Tea 1100 bags 1100", Decimal("3.0"), Decimal("6.0")),
    ]


def test_what_was_sent_before_is_not_delivered_and_an_expiry_is_not_expected() -> None:
    (item,) = read(
        """
Code     Description            Ordered    Prev. sent    This despatch    Exp
HG322    Alcohol Free IPA             8             5                3    06/27
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert (item.quantity, item.quantity_ordered) == (Decimal(3), Decimal(8))


def test_rows_below_a_note_are_no_goods() -> None:
    items = read(
        """
Code     Description                   Ordered    Shipped
HG322    Alcohol Free IPA                    8          3
HG323    Pale Ale                            2          2
Signed        Print name         No. of parcels: 14
Please check goods before signing. No claims after 24 hrs of the delivery can be accepted.
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [item.sku for item in items] == ["HG322", "HG323"]


def test_numbers_beside_a_heading_do_not_hide_it() -> None:
    items = read(
        """
                                                     Empties taken
Item    Brand                    Ord   Delivered     50 litre    11
SD85    Best Bitter 9G             2           2     30 litre     3
EW84    Session IPA 30L            6           5     Crates      11
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [(i.description, i.quantity) for i in items] == [
        ("Best Bitter 9G", Decimal(2)),
        ("Session IPA 30L", Decimal(5)),
    ]


def test_counts_may_be_labelled_line_by_line() -> None:
    items = read(
        """
Dry Cider 20L BIB
LVG637     Ordered 14   Qty 12   bib   SHORT 2
Croissant Butter RTB 60g
563870     Ordered 8    Qty 8    case

Items: 2    Damages: 0
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [(i.sku, i.description, i.quantity, i.quantity_ordered, i.unit) for i in items] == [
        ("LVG637", "Dry Cider 20L BIB", Decimal(12), Decimal(14), "bib"),
        ("563870", "Croissant Butter RTB 60g", Decimal(8), Decimal(8), "case"),
    ]


def test_a_row_for_signatures_heads_no_goods() -> None:
    items = read(
        """
Qty    Product    Description                 Price     Value
2      208833     Chopped Tomatoes 6x2.5kg    14.50     29.00
Total lines 1                                           29.00

Customer signature       Name              Received
Pallets returned         Claims to 01632       4026
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [item.sku for item in items] == ["208833"]


def test_a_long_run_of_figures_is_no_count() -> None:
    items = read(
        """
Ref        Product          Delivered
HG322      Pale Ale                 2
HG323      Amber Ale                1
DEL5390    17 May 2025     4500082206
""",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [item.quantity for item in items] == [Decimal(2), Decimal(1)]


def test_numbers_that_count_the_items_are_no_article_numbers() -> None:
    items = read("""
Item    Description             Qty    Unit Price     Total
1       Consulting               40        150.00    6000.00
2       Software Development     80        125.00   10000.00

Total                                               16000.00
""")
    assert [(item.sku, item.description) for item in items] == [("", "Consulting"), ("", "Software Development")]


def test_numbers_that_count_the_items_open_no_names() -> None:
    items = read("""
      Item & Description      Qty       Rate     Amount
1 Camera                     1.00     899.00     899.00
2 Fitness Tracker            1.00     129.00     129.00
3 Laptop                     1.00     999.00     999.00

Total                                           2027.00
""")
    assert [item.description for item in items] == ["Camera", "Fitness Tracker", "Laptop"]


def test_what_is_said_of_tax_behind_each_amount_makes_no_sum_of_it() -> None:
    items = read("""
Leistung             Menge        Betrag
Website Design       7 Stunden    1.050,00€ exkl. Ust
Beratung             1 Stunde     60,00€ exkl. Ust
Gesamtbetrag Netto:               1.110,00€
""")
    assert [(item.description, str(item.net_amount)) for item in items] == [
        ("Website Design", "1050.00"),
        ("Beratung", "60.00"),
    ]


def test_amounts_may_be_grouped_by_hundreds() -> None:
    items = read("""
Item             HSN      Qty        Rate          Amount
Rubber sheets    4017       1    1,00,000.00    1,00,000.00
Rubber rings     4017       2       500.00        1,000.00

Total                                          1,01,000.00
""")
    assert amounts(items) == ["100000.00", "1000.00"]


def test_goods_that_are_still_to_come_were_not_delivered() -> None:
    items = read(
        "Product                  Ordered     Delivered\nFlour 25 kg              3           2\n"
        "Rapeseed oil 20 L        4           4\n\nRemaining quantities not yet delivered:\n\n"
        "Product                  Quantity\nFlour 25 kg              1\n",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [(item.description, item.quantity) for item in items] == [
        ("Flour 25 kg", Decimal(2)),
        ("Rapeseed oil 20 L", Decimal(4)),
    ]


def test_the_senders_details_below_are_no_goods() -> None:
    items = read(
        "Pos   Artikel             Menge\n1     Laugenbrezel        24\n2     Croissant           10\n\n\n"
        "Bäckerei Lohse    info@lohse.example.com    USt-IdNr. 624487210\n",
        DocumentKind.DELIVERY_NOTE,
    )
    assert [item.description for item in items] == ["Laugenbrezel", "Croissant"]


def test_a_count_may_be_glued_to_its_name() -> None:
    items = read(
        """
2xLatte Macchiato  à    4.50 CHF     9.00
1xSchnitzel        à   22.00 CHF    22.00
1xGloki            à    5.00 CHF     5.00

Total:                  CHF         36.00
""",
        DocumentKind.RECEIPT,
    )
    assert [(item.description, item.quantity) for item in items] == [
        ("Latte Macchiato", Decimal(2)),
        ("Schnitzel", Decimal(1)),
        ("Gloki", Decimal(1)),
    ]


def test_a_heading_may_stand_in_three_rows_with_one_word_over_several_columns() -> None:
    items = read("""
Sl.                                 Unit                         Net      Tax    Tax     Tax       Total
      Description                            Discount   Qty
No                                  Price                        Amount   Rate   Type    Amount    Amount
1     Cotton Cushion Covers         508.93      0.00      1      508.93   12%    IGST     61.07    570.00

Total                                                                                     61.07    570.00
""")
    (item,) = items
    assert (item.description, item.quantity) == ("Cotton Cushion Covers", Decimal(1))
    assert (item.unit_price, item.net_amount) == (Decimal("508.93"), Decimal("570.00"))
