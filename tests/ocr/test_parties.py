from dataclasses import replace

import pytest

from ocr.evidence import Sheet
from ocr.fields import read_fields
from ocr.parties.names import find_names
from ocr.types import DocumentKind, Method
from tests.ocr.sheets import make_page


def parties(text: str, kind: DocumentKind = DocumentKind.INVOICE, method: Method = Method.TEXT_LAYER) -> dict[str, str]:
    fields = read_fields([make_page(text, method=method)], kind)
    names = ("supplier_name", "customer_name", "venue", "supplier_address", "supplier_phone", "customer_last_name")
    return {name: str(fields[name].value) for name in names if name in fields}


HEAD = "Northgate Vets Ltd\n4 Mill Lane\nYork YO1 7HU\nTel 01904 496010\n\n"


def test_the_supplier_stands_at_the_head_with_its_address() -> None:
    found = parties(HEAD + "INVOICE\nInvoice No 12\nTotal £10.00\n")
    assert found["supplier_name"] == "Northgate Vets Ltd"
    assert found["supplier_address"] == "4 Mill Lane, York YO1 7HU"
    assert found["supplier_phone"] == "01904 496010"


@pytest.mark.parametrize("label", ["Bill To:", "Invoice to", "Customer:", "Sold to:"])
def test_the_customer_stands_under_its_label(label: str) -> None:
    found = parties(HEAD + f"INVOICE\n{label}\nThe Old Mill Hotel\n2 River Lane\nYork YO1 7AA\n\nTotal £10.00\n")
    assert found["customer_name"] == "The Old Mill Hotel"


def test_the_place_delivered_to_is_told_from_the_customer() -> None:
    text = f"""
{HEAD}
Invoice address              Delivery address
Mill Hotels Ltd              The Old Mill Hotel
9 High Street                2 River Lane
Leeds LS1 1AA                York YO1 7AA

Total £10.00
"""
    found = parties(text)
    assert (found["customer_name"], found["venue"]) == ("Mill Hotels Ltd", "The Old Mill Hotel")


def test_the_supplier_is_never_the_customer() -> None:
    found = parties(
        "Bill to: Mill Hotels Ltd\n\nFrom: Castle Wines Ltd\n9 Quay Street, Bristol BS1 4XY\n\nTotal £10.00\n"
    )
    assert (found["supplier_name"], found["customer_name"]) == ("Castle Wines Ltd", "Mill Hotels Ltd")


def test_a_person_is_known_without_a_label() -> None:
    found = parties(
        HEAD + "Mrs J Dyer\n12 Church Road\nYork YO1 9ZZ\n\nINVOICE\nInvoice No 12\nPet: Milo\nTotal £10.00\n"
    )
    assert (found["customer_name"], found["customer_last_name"]) == ("Mrs J Dyer", "Dyer")


def test_a_registration_number_behind_a_name_is_cut_off() -> None:
    found = parties(
        "99 MAJU MART SDN BHD (519537-X)\nLOT 7, JALAN ANGSA\n41150 KLANG, SELANGOR\n\nTOTAL RM 10.00\n",
        DocumentKind.RECEIPT,
    )
    assert found["supplier_name"] == "99 MAJU MART SDN BHD"


def test_a_name_on_two_lines_is_one_name() -> None:
    found = parties(
        "PASAR RAYA MEGAH JAYA\n(SEMENYIH) SDN BHD\nNO 24, JALAN BUNGA 4\n43500 SEMENYIH\n\nTOTAL RM 10.00\n",
        DocumentKind.RECEIPT,
    )
    assert found["supplier_name"] == "PASAR RAYA MEGAH JAYA (SEMENYIH) SDN BHD"


def test_thanks_are_no_name() -> None:
    assert "supplier_name" not in parties("Thank you for your custom\nTotal £10.00\n", DocumentKind.RECEIPT)


def test_words_that_recognition_glued_are_parted_on_pictures_only() -> None:
    text = "Kilmora BrewingCompany\n2 Kilcullen Road, Naas W91 K7P8\nTel 045 555 0123\n\nInvoice No 12\nTotal 10.00\n"
    assert parties(text, method=Method.OCR)["supplier_name"] == "Kilmora Brewing Company"
    assert parties(text)["supplier_name"] == "Kilmora BrewingCompany"


def test_the_block_under_the_senders_line_is_the_receivers() -> None:
    found = parties(
        "Frischdienst Harzblick GmbH, Industriestr. 8, 38855 Wernigerode\nHotel Brockenblick KG\nBergstraße 2\n"
        "38879 Schierke\n\nRechnung Nr. 12\nDatum 03.04.2025\n\nGesamtbetrag 10,00 €\n"
    )
    assert (found["supplier_name"], found["customer_name"]) == ("Frischdienst Harzblick GmbH", "Hotel Brockenblick KG")


def test_a_block_with_telephone_is_the_suppliers_wherever_it_stands() -> None:
    text = """
INVOICE
Harewood Arms                              Rosebank Pest Control
12 Harrogate Road                          4 Rosebank
Leeds LS17 9AB                             Otley LS21 1AB
                                           Tel 01943 496010
                                           VAT No 290 1123 55
Invoice No 1009        Date 25 April 2025
Total £540.00
"""
    found = parties(text)
    assert (found["supplier_name"], found["customer_name"]) == ("Rosebank Pest Control", "Harewood Arms")


def test_an_address_behind_a_name_is_no_second_line_of_it() -> None:
    found = parties("Meadowcroft Vets\nMeadow House, Long Lane, Ludlow SY8 1AB\nTel 01584 496010\n\nTotal £10.00\n")
    assert found["supplier_name"] == "Meadowcroft Vets"


def test_a_label_without_a_colon_is_no_part_of_the_name() -> None:
    found = parties(
        HEAD + "Invoice No 12   Date 20/07/24\nCustomer The Swan Hotel\n5 Weir Road, York YO1 7AA\nTotal £10.00\n"
    )
    assert found["customer_name"] == "The Swan Hotel"


@pytest.mark.parametrize("street", ["Home Farm, Station Road", "Main Street"])  # "home" and "main" name telephones too
def test_an_address_may_begin_like_a_label(street: str) -> None:
    found = parties(f"Wattle Creek Wholesale Ltd\n{street}, Diss, IP22 4HG\nTelephone: 020 7946 0457\n\nTotal £10.00\n")
    assert found["supplier_address"] == f"{street}, Diss, IP22 4HG"


def test_a_day_is_no_name() -> None:
    found = parties(HEAD + "INVOICE\nDelivered to:   9 Jul\nDelivery day:   Monday\nTotal £10.00\n")
    assert "venue" not in found


@pytest.mark.parametrize("street", ["The Mall", "35 Northgate"])
def test_a_street_that_nothing_marks_belongs_to_the_address(street: str) -> None:
    found = parties(f"Pascoe's Fruit & Veg\n{street}\nWestport\nCo. Mayo\nF28 C5P4\n021 555 6803\n\nTotal €10.00\n")
    assert found["supplier_name"] == "Pascoe's Fruit & Veg"
    assert found["supplier_address"] == f"{street}, Westport, Co. Mayo, F28 C5P4"


def test_a_county_ends_an_address_without_a_postcode_and_is_nobody() -> None:
    found = parties(
        "Kilbride Fish Ltd\nPier Road\nKillybegs\nCo. Donegal\n074 973 5555\n\n"
        "Invoice to\nHannah McAllister\nMain Street\nKenmare\nCo. Kerry\nV93 E6N2\n\nTotal €10.00\n"
    )
    assert found["supplier_address"] == "Pier Road, Killybegs, Co. Donegal"
    assert found["customer_name"] == "Hannah McAllister"


def test_an_animal_is_no_customer() -> None:
    found = parties(
        f"{HEAD}INVOICE\nRavi McAllister\n41 Trafalgar Street\nYork YO1 8AB\n\n"
        "Animal: Sir Barksalot   Wt: 8.4 kg\n\nTotal £10.00\n\nSir Barksalot    Worming    25 January 2026\n"
    )
    assert found["customer_name"] == "Ravi McAllister"


def test_a_name_in_two_lines_is_whole_where_it_is_printed_in_one_elsewhere() -> None:
    found = parties("""
Tierärztliche Gemeinschaftspraxis          Bundesplatz 7, 6300 Zug
Hinterseer & Obermaier                     Tel 041 555 89 89

Tierärztliche Gemeinschaftspraxis Hinterseer & Obermaier
Frau K Pfeifer
Bundesplatz 7
6300 Zug

Total CHF 10.00
""")
    assert found["supplier_name"] == "Tierärztliche Gemeinschaftspraxis Hinterseer & Obermaier"


def test_a_person_under_a_business_is_its_contact() -> None:
    text = "Hotel Bergfrieden GmbH                     Rechnung\nFrau Anna Gruber\nSeeweg 11\n87534 Oberstaufen\n"
    found = parties(f"Milchhof Alpenblick eG . Molkereistraße 5 . 87435 Kempten\n\n{text}\nGesamtbetrag 10,00 €\n")
    assert (found["supplier_name"], found["customer_name"]) == ("Milchhof Alpenblick eG", "Hotel Bergfrieden GmbH")
    assert found["supplier_address"] == "Molkereistraße 5, 87435 Kempten"


def test_since_when_a_business_trades_is_no_name() -> None:
    found = parties("DRAYTON & WELLS\nWine Merchants since 1921\n8 Castle Hill, Lincoln LN1 3AA\n\nTotal £10.00\n")
    assert (found["supplier_name"], found["supplier_address"]) == ("DRAYTON & WELLS", "8 Castle Hill, Lincoln LN1 3AA")


def test_a_title_is_no_half_of_a_name() -> None:
    found = parties("BON DE LIVRAISON VALORISÉ\nBrasserie du Port SAS - 4 quai des Chalutiers - 56100 Lorient\n")
    assert found["supplier_name"] == "Brasserie du Port SAS"


def test_a_note_that_names_a_place_does_not_go_to_its_customer() -> None:
    found = parties(
        "Carnes Robledo S.L.\nCalle Mayor 4, 37001 Salamanca\n\nEnviar a:\nHotel Corona, Plaza 2, 37002 Salamanca\n"
        "Facturar a: Corona Hoteles S.A.\n\nCant.    Artículo\n4        Solomillo\n",
        DocumentKind.DELIVERY_NOTE,
    )
    assert found["venue"] == "Hotel Corona"


def test_who_invoices_may_stand_only_in_the_foot_of_the_last_page() -> None:
    first = "FINAL INVOICE\nDue at discharge\n\nOwner\nSophie McAllister\n12 Pecan Street\nAustin, TX 78660\n\n"
    items = "".join(f"Item {n}   {n}.00\n" for n in range(1, 40))
    foot = "Tewksbury Small Animal Practice | 31 Whipple Road, Tewksbury, MA 01876 | (208) 555-0117\n"
    pages = [make_page(first + items), make_page("Total $780.00\n\n" + foot, number=2)]
    fields = read_fields(pages, DocumentKind.INVOICE)
    assert fields["supplier_name"].value == "Tewksbury Small Animal Practice"
    assert fields["supplier_address"].value == "31 Whipple Road, Tewksbury, MA 01876"


def test_the_company_behind_a_practice_is_not_whom_the_paper_is_from() -> None:
    found = parties(
        "FARM INVOICE        Redwood Pet Health Centre\n                    Farm & Equine Division\n"
        "                    88 High Street, Crieff, PH7 3BS\n                    VAT No 409 3746 10\n\n"
        "Mrs Grace Ng\n3 Mill Lane\nMalton YO17 7LX\n\nTotal £10.00\n\n"
        "A trading name of Rural Veterinary Partners Ltd.\n60 Colmore Gate, Birmingham B3 2QD\nCompany no. 09746434\n"
    )
    assert found["supplier_name"] == "Redwood Pet Health Centre"


def test_a_name_ends_before_whose_trading_name_it_is() -> None:
    found = parties(
        "Mill Vets is a trading name of Rural Partners Ltd.\n4 Mill Lane\nYork YO1 7HU\n\nINVOICE\nTotal £10.00\n"
    )
    assert found["supplier_name"] == "Mill Vets"


@pytest.mark.parametrize("part", ["WHOLESALE DEPOT", "Farm & Equine Division", "Farm Department"])
def test_a_part_of_the_business_under_its_name_is_no_part_of_the_name(part: str) -> None:
    found = parties(f"Thornbury Animal Hospital\n{part}\n102 Moor Lane\nPreston PR1 1JQ\n\nINVOICE\nTotal £10.00\n")
    assert found["supplier_name"] == "Thornbury Animal Hospital"


def test_an_animal_with_its_breed_is_no_practice() -> None:
    found = parties(
        "TAX INVOICE\nOtis   Feline / Maine Coon\nClient: Marcus Abara\n210 Ruthven Street, Toowoomba QLD 4350\n\n"
        "Castration   10.00\n\nTotal $10.00\n\n\n\n"
        "Companion Care at Wattle Creek\n12 Main Street, Toowoomba QLD 4350\nPh 03 5550 2272\n"
    )
    assert found["supplier_name"] == "Companion Care at Wattle Creek"


@pytest.mark.parametrize("title", ["Hospital Invoice", "Final Invoice"])
def test_a_title_of_two_words_is_nobody(title: str) -> None:
    found = parties(f"{title}\nNumber 7-8046\n\nOwner\nMrs J Dyer\n2 High Street\nYork YO1 9ZZ\n\nTotal £10.00\n")
    assert found.get("supplier_name") is None


def test_a_labelled_customer_comes_before_a_person_without_label() -> None:
    found = parties(
        HEAD + "RECEIPT\nSir Barksalot\nPet owner: Jamal Beauchamp-Hill\nUnit 3, Beacon Estate, Barnstaple EX31 2AA\n"
        "Total £10.00\n"
    )
    assert found["customer_name"] == "Jamal Beauchamp-Hill"


def test_who_treated_the_animal_is_not_invoiced() -> None:
    found = parties(
        "Bluegum Animal Hospital\n77 Brock Street, York YO1 7HU\nTel 01904 496010\n\nINVOICE    Dr Thwaite\n\n"
        "Kowalczyk, Noreen\n64 Quay Street\nLeeds LS1 1AA\n\nTotal £10.00\n"
    )
    assert found["customer_name"] == "Kowalczyk, Noreen"


def test_an_address_that_begins_like_a_telephone_is_no_contact() -> None:
    """ "Home" may head a mobile number; "Home Farm" does not make the block the sender's."""
    found = parties(
        "INVOICE\nRavi Venkataraman\nHome Farm, Station Road\nDiss\nIP22 4HG\n\nTotal £10.00\n\n"
        "Companion Care at Harbour View    020 7946 0858\n221 Gloucester Road, Bristol, BS7 8NR    VAT 862 5675 58\n"
        "office@companioncare.example.com\n"
    )
    assert found["supplier_name"] == "Companion Care at Harbour View"
    assert found["customer_name"] == "Ravi Venkataraman"


def test_a_street_with_its_county_under_a_name_is_no_second_line_of_it() -> None:
    found = parties(
        "Oakdene Pet Health Centre\nBridge House, Dublin Road, Carlow, Co.\nCarlow, R93 A7F1\n\nINVOICE\n"
        "Invoice to: Wei Okafor\nUnit 9, Ballybrit Business Park\nGalway, H91 K3T8\n\nTotal €10.00\n"
    )
    assert found["supplier_name"] == "Oakdene Pet Health Centre"
    assert found["supplier_address"] == "Bridge House, Dublin Road, Carlow, Co., Carlow, R93 A7F1"


def test_the_address_behind_the_name_goes_before_the_head_offices_below() -> None:
    found = parties(
        "INVOICE\nOwner: Alison Lindqvist\nHome Farm, Station Road, Diss IP22 4HG\nCastration   £10.00\n\n\n"
        "Total £10.00\n\n\n\nMalton Veterinary Clinic, 12 Church Lane, Malton, YO17 7LX. Telephone: 01632 960657\n"
        "Part of the Fellowship for Sick Animals, Head Office: 30 Priory Way, Rugby CV21 1ZZ.\n"
    )
    assert found["supplier_name"] == "Malton Veterinary Clinic"
    assert found["supplier_address"] == "12 Church Lane, Malton, YO17 7LX"


def test_what_follows_the_receivers_address_is_not_its_own() -> None:
    found = parties(
        "Two Lanterns Brewing Ltd      INVOICE\nInvoice to: The Cross Keys, 45 Main Street, Harrogate HG1 5PR\n"
        "Invoice No 54201\nInvoice date 20/03/2024\nTotal £10.00\n"
        "Unit 7, Marsh Barton Road, Exeter, Devon, EX2 4LU    020 7946 0337\n"
    )
    assert found["customer_name"] == "The Cross Keys"
    assert found["supplier_address"] == "Unit 7, Marsh Barton Road, Exeter, Devon, EX2 4LU"


def test_an_address_beside_the_lines_of_a_table_goes_on() -> None:
    found = parties("""
                                 TAX INVOICE
                                 O'Leary, Marcus
                                 210 Ruthven Street, Toowoomba QLD 4350
Coffs Harbour
Veterinary Clinic
                                 Date          Details          No.      Amount
7/22 Industrial Drive
Coffs Harbour NSW 2450           01/08/2024    Gabapentin       7        6.89
03 5550 8920                     02/08/2024    Collar           1        20.19
""")
    assert found["supplier_address"] == "7/22 Industrial Drive, Coffs Harbour NSW 2450"


def test_a_postcode_of_four_figures_is_no_part_of_the_telephone_behind_it() -> None:
    found = parties(
        "Companion Care at Stonebridge\nLarge animal and equine medicine\n"
        "226 Heretaunga Street West - Hastings 4122 (03) 555 2928\n\nTAX INVOICE\nGST No 123-456-789\nTotal NZ$10.00\n"
    )
    assert found["supplier_address"] == "226 Heretaunga Street West - Hastings 4122"


def test_an_address_of_short_words_is_found_beside_the_name() -> None:
    found = parties("""
Yuma Laundry Co. Ltd                          INVOICE
Bistro Castellano                             3302 W 4th Ave
3302 W 4th Ave                                Yuma, AZ 85364
Yuma, AZ 85364                                503.555.0111

Total $10.00
""")
    assert found["supplier_address"] == "3302 W 4th Ave, Yuma, AZ 85364"


def test_a_quantity_with_its_unit_is_nobody() -> None:
    sheet = Sheet([make_page("Two Lanterns Brewing Ltd\n\nDELIVERY NOTE\n3 case\n99 Maju Mart\n")])
    assert {"3 case", "99 Maju Mart"} & {name.text for name in find_names(sheet, "GB")} == {"99 Maju Mart"}


def test_the_second_line_of_a_name_does_not_begin_another() -> None:
    found = parties(
        "FARM INVOICE\n\n               Companion Care at Harbour\n               View\n"
        "               Production Animal Services\n               102 Moor Lane, Preston PR1 1JQ\n"
        "               Tel 01632 960157\n\nMr Marcus Pascoe\n14 Castle Street\nYork YO1 7HU\n\nTotal £10.00\n"
    )
    assert found["supplier_name"] == "Companion Care at Harbour View"


def test_a_line_in_smaller_type_is_no_second_line_of_a_name() -> None:
    page = make_page("Diss Veterinary Clinic\nProduction Animal Services\nTel 01379 496010\n\nINVOICE\nTotal £10.00\n")
    words = tuple(replace(word, bottom=word.top + 14) if word.top == 0 else word for word in page.words)
    assert (
        read_fields([replace(page, words=words)], DocumentKind.INVOICE)["supplier_name"].value
        == "Diss Veterinary Clinic"
    )


def test_an_address_behind_a_name_goes_on_in_the_next_line() -> None:
    found = parties(
        "Client invoice\nOwner: Mrs S Hill\n4 Mill Lane, York YO1 7HU\nCastration   88.99\nTotal £88.99\n\n\n\n"
        "Sorensen & Partners Veterinary Surgeons, Unit 3, Beacon Trading Estate, Barnstaple,\n"
        "Devon, EX31 2AA. Tel 01632 960957\n"
    )
    assert found["supplier_address"] == "Unit 3, Beacon Trading Estate, Barnstaple, Devon, EX31 2AA"


def test_what_stands_over_its_species_is_an_animal() -> None:
    found = parties(
        f"{HEAD}INVOICE\nLindqvist, Declan\n81 Quay Street\nLeeds LS1 1AA\n01943 496012\n\n"
        "Sir Barksalot\nFeline, Maine Coon, 6y 11m\n"
        "Castration   88.99\nSir Barksalot subtotal   88.99\n\nTotal £88.99\n"
    )
    assert found["customer_name"] == "Lindqvist, Declan"


def test_an_address_beside_the_heading_of_a_table_begins_there() -> None:
    found = parties("""
                                 TAX INVOICE
                                 Ms Fiona McAllister
                                 63 Murray Street, Mount Gambier SA 5290
Bluegum Pet Health
Centre
118 Ryrie Street                 Date          Product          Qty    Price    Total
Geelong VIC 3220                 01/08/2024    Gabapentin       7      1.00     6.89
1300 975 725                     02/08/2024    Collar           1      1.00     20.19
""")
    assert found["supplier_address"] == "118 Ryrie Street, Geelong VIC 3220"


def test_a_registration_number_glued_to_a_name_is_no_part_of_it() -> None:
    found = parties(
        "AEON CO. (M) BHD(126926-H)\n3RD FLR, AEON TAMAN MALURI SC\nJLN JEJAKA, TAMAN MALURI\n"
        "CHERAS, 55100 KUALA LUMPUR\nBIO ZIP POWDER   15.50\nTotal RM15.50\n",
        DocumentKind.RECEIPT,
        Method.OCR,
    )
    assert found["supplier_name"] == "AEON CO. (M) BHD"


def test_a_company_is_no_county() -> None:
    found = parties("POPULAR BOOK\nCO. (M) SDN BHD\n8, Jalan 7/118B\n56000 Kuala Lumpur\nTotal RM21.00\n")
    assert found["supplier_name"] == "POPULAR BOOK CO. (M) SDN BHD"


def test_the_town_behind_a_company_is_no_part_of_its_name() -> None:
    page = make_page("ZU ZAHLEN EURO   8,83\nAldi GmbH & Co. KG, Schloß Holte\n")
    assert "Aldi GmbH & Co. KG" in [name.text for name in find_names(Sheet([page]), "DE")]


@pytest.mark.parametrize("word", ["To", "Messrs", "Consignee"])
def test_a_word_for_the_receiver_heads_a_name_with_its_address_in_one_line(word: str) -> None:
    goods = "Qty   Goods\n2     Crab Meat White 454g\n"
    text = f"Northgate Fish Ltd\n4 Mill Lane, York YO1 7HU\n\nDELIVERY DOCKET      No. 179562\n{word} The Old Forge, "
    assert parties(text + f"44 South Mall, Cork, T12 RD43\n\n{goods}", DocumentKind.DELIVERY_NOTE)["venue"] == (
        "The Old Forge"
    )


def test_the_place_delivered_to_may_stand_behind_its_label_in_one_line() -> None:
    customer = "Invoice to\nWhitcombe Inns Ltd\n9 High Street\nLeeds LS1 1AA\n\n"
    place = "Ship to The Old Courthouse, 2 River Lane, York YO1 7AA\n\n"
    assert parties(HEAD + customer + place + "Total £10.00\n")["venue"] == "The Old Courthouse"


def test_a_label_with_its_value_beside_it_says_nothing_of_the_name_below() -> None:
    text = "PROOF OF DELIVERY\nDelivery Ref       LS26-1363\nHandset            5540\nThe Old Courthouse\n"
    text += "615 Sycamore Lane\nAsheville, NC 28803\n\nQty   Goods\n2     Crab Meat White 454g\n"
    assert parties(text, DocumentKind.DELIVERY_NOTE)["venue"] == "The Old Courthouse"


def test_a_supplier_is_named_within_the_small_print() -> None:
    foot = "** VAT 20%. Service provider: Mill Cloud Services, Inc., 9 Quay Street, Bristol BS1 4XY"
    found = parties(f"Invoice\n\nBill to\nThe Old Mill Hotel\n2 River Lane\nYork YO1 7AA\n\nTotal £10.00\n\n{foot}\n")
    assert found["supplier_name"] == "Mill Cloud Services, Inc."


def test_a_name_ends_before_its_account() -> None:
    found = parties("Factuur\n\nTotaal € 10,00\n\nSofthuis Mol BV IBAN BE68 5390 0754 7034 BTW BE0123456789\n")
    assert found["supplier_name"] == "Softhuis Mol BV"


def test_a_legal_form_that_is_also_a_label_ends_no_name() -> None:
    found = parties(HEAD + "Rechnung an\nKunden AG Mitte\nHauptstraße 15\n69876 Frankfurt\n\nGesamtbetrag 10,00 EUR\n")
    assert found["customer_name"] == "Kunden AG Mitte"


def test_the_business_is_invoiced_and_not_who_stands_over_its_name() -> None:
    found = parties(HEAD + "Invoice to\nAlison Brown\nThe Old Mill Hotel\n2 River Lane\nYork YO1 7AA\n\nTotal £10.00\n")
    assert found["customer_name"] == "The Old Mill Hotel"


def test_a_label_with_its_figures_beside_it_is_no_name() -> None:
    text = "Factura\n\nHotel Miramar\nRúa Nova 41\n27001 Lugo\n\nTeléfono        93 555 61 14\nTotal  10,00 €\n"
    assert "Teléfono" not in parties(text).values()


@pytest.mark.parametrize(
    "foot",
    [
        "Mill Telecom Ltd. Registered office: 9 Quay Street, Bristol, BS1 4XY. Registered in England no. 03807211.",
        "Mill Telecom Ltd, 9 Quay Street, Bristol, BS1 4XY. Thank you for being with us.",
        "Mill Telecom Ltd - Capital 40 000 euros - 9 Quay Street, Bristol, BS1 4XY",
    ],
)
def test_an_address_within_the_small_print_is_cut_out(foot: str) -> None:
    found = parties(f"Invoice\n\nBill to\nThe Old Mill Hotel\n2 River Lane\nYork YO1 7AA\n\nTotal £10.00\n\n{foot}\n")
    assert found["supplier_address"].strip(".") == "9 Quay Street, Bristol, BS1 4XY"


def test_an_attention_line_stands_within_the_block_of_its_label() -> None:
    block = "Bill to Address:\nATTN: Ravi Ng\nThe Swan at Guelph\n64 Quebec Street\nGuelph, ON  N1H 2T4\n"
    found = parties(f"Northgate Cloud Inc.\n1 King Street\nOttawa, ON  K1B 3W5\n\nInvoice\n{block}\nTotal CA$10.00\n")
    assert found["customer_name"] == "The Swan at Guelph"


def test_a_column_of_a_table_names_no_place_of_delivery() -> None:
    table = """
Date        Consignee        Description      Rate     Total
07/08/23    GEELONG          Parcel           11.00    11.00
"""
    found = parties(HEAD + f"Invoice to\nThe Old Mill Hotel\n2 River Lane\nYork YO1 7AA\n\n{table}\nTotal 11.00\n")
    assert found["venue"] == "The Old Mill Hotel"


@pytest.mark.parametrize("asked", ["Please make payment to", "Direct deposit to", "Payment by BACS to"])
def test_who_is_to_be_paid_may_be_told_at_the_foot_only(asked: str) -> None:
    text = "TAX INVOICE\n\nThe Old Courthouse\n210 Ruthven Street\nToowoomba QLD 4350\n\nTotal   $120.00\n\n"
    text += f"{asked} Larkfield Growers Co-op, BSB 69-75-77, account 58531772.\n7/22 Industrial Drive, Coffs Harbour"
    assert parties(text + " NSW 2450\n07 5550 3704   ABN 61 507 216 796")["supplier_name"] == "Larkfield Growers Co-op"


@pytest.mark.parametrize(
    "foot", ["Powered by Genius Counter", "Erstellt mit Rechnungsprogramm Nord", "Edité avec Gestion Facile"]
)
def test_who_made_the_software_is_no_supplier(foot: str) -> None:
    text = "EIGHT OUNCE\nCOFFEE\nGarden Mall\n59200 Kuala Lumpur\n\nReceipt 102\nLatte     12.00\nTotal     12.00\n\n"
    assert parties(f"{text}{foot}\nwww.geniuscounter.com\n")["supplier_name"].startswith("EIGHT OUNCE")


def test_a_name_and_its_address_in_one_row_are_the_receivers() -> None:
    text = (
        "Thwaite's Fish\n15 Te Ngae Road, Rotorua 3010 · Tel (03) 555 9339\n\n"
        "The Old Courthouse, 72 Main Road, Waimea 7020\n\nDELIVERY NOTE\nNumber     Date          Rep\n"
        "86656781   17/05/2025    Tom Brennan\n\nProduct           Ordered   Delivered\nHaddock           2         2\n"
    )
    assert parties(text, DocumentKind.DELIVERY_NOTE)["venue"] == "The Old Courthouse"


def test_a_place_of_delivery_with_its_address_is_the_venue_of_a_note() -> None:
    text = (
        "Backhaus Tannenhof · Kastanienweg 61 · 37077 Göttingen\nGasthof Weißhaupt GmbH\nMühlweg 3\n94315 Straubing\n\n"
        "Lieferschein D-89225\nLieferung an: Krone Sandrock, Gewerbepark 18, 36039 Fulda\n\n"
        "Pos.   Artikel            Menge\n1      Laugenbrezel       6\n"
    )
    assert parties(text, DocumentKind.DELIVERY_NOTE)["venue"] == "Krone Sandrock"


def test_a_town_before_its_state_and_postcode_is_nobody() -> None:
    text = "Invoice\n\nLarkmind Software, LLC\n2210 Harbor Street\nSan Rafael, California 94901\n\nTotal   $10.00\n"
    found = parties(text)
    assert found["supplier_name"] == "Larkmind Software, LLC"
    assert "San Rafael" not in found.values()


def test_a_town_before_a_state_like_a_legal_form_is_nobody() -> None:
    text = (
        "Mount Gambier Hardware & Timber\n(ACN 03584002)\n63 Murray Street\nMount Gambier SA 5290\n"
        "TEL: (08) 7010 5563\nABN 10 749 518 818\nSALES RECEIPT\n\nTotal   $10.00\n"
    )
    found = parties(text)
    assert "customer_name" not in found
    assert found["supplier_address"] == "63 Murray Street, Mount Gambier SA 5290"


def test_an_address_may_stand_in_a_row_of_many_cells() -> None:
    text = (
        "CARD NO 18308            Ashgrove Hygiene Supplies          INVOICE\n"
        "Hartwell's Brasserie     221 Gloucester Road                NO: 5-1831\n"
        "Ludlow                   Bristol                TILL 01   OP KIM   TRN 2859\n"
        "SY8 1AT                  BS7 8NR                            PAGE 1 OF 1\n\nTotal £10.00\n"
    )
    assert parties(text)["supplier_address"] == "221 Gloucester Road, Bristol, BS7 8NR"


def test_a_shop_s_name_may_end_in_a_word_for_a_number() -> None:
    text = "Seeblick-Markt\nLindenallee 24\n61231 Bad Nauheim\nTel: 0221 4710-563\n\nSUMME   27,57\n07.06.2025 17:15\n"
    assert parties(text)["supplier_name"] == "Seeblick-Markt"


def test_a_sender_s_line_under_its_name_is_an_address_without_it() -> None:
    text = (
        "Winterthur Getränke GmbH\n\nWinterthur Getränke GmbH · Industriestrasse 19 · 8404 Winterthur\n"
        "Sonnenberg Hotelbetriebs GmbH\nRheingasse 22\n8200 Schaffhausen\n\n"
        "Lieferschein 4711\n\nPos.   Artikel   Menge\n1      Pils      5\n"
    )
    page = make_page(text)
    words = tuple(replace(word, bottom=word.top + 22) if word.top == 0 else word for word in page.words)
    found = read_fields([replace(page, words=words)], DocumentKind.DELIVERY_NOTE)
    assert found["supplier_address"].value == "Industriestrasse 19, 8404 Winterthur"


@pytest.mark.parametrize("title", ["CUSTOMER         INVOICE", "DELIVERY\nADVICE"])
def test_half_a_title_is_nobody(title: str) -> None:
    text = f"{title}\n\nWattle Creek Larder Limited\n77 Nursery Lane\nYork YO1 7AA\nTel 01904 555 012\n"
    assert parties(text)["supplier_name"] == "Wattle Creek Larder Limited"


def test_a_street_may_stand_right_behind_a_name() -> None:
    text = "Mount Gambier Fresh Produce 63 Murray Street\nMount Gambier SA 5290\nTAX INVOICE\n\nTotal   $10.00\n"
    assert parties(text)["supplier_name"] == "Mount Gambier Fresh Produce"


def test_a_word_for_the_delivery_may_head_the_place() -> None:
    text = (
        "FACTUUR\n\nDe Linde Foodservice BV\nHavenkade 5\n4301 LN Zierikzee\n020-555 60 11\n\n\nZonneveld Hotels BV\n"
        "Ambachtsweg 12b\n5301 KK Zaltbommel\n\n\nFactuurnummer   365052\n\nTotaal   € 10,00\n\n\n"
        "Levering               Pakbon      4711\nHerberg De Vries       Klantnr.    12\nBrink 21\n7411 BR Deventer\n"
    )
    found = parties(text)
    assert (found["customer_name"], found["venue"]) == ("Zonneveld Hotels BV", "Herberg De Vries")


def test_the_street_may_stand_in_the_row_above_the_name() -> None:
    page = make_page(
        "                              14 Castle Street\nOkafor & Sons Butchers        Ludlow SY8 1AT\n"
        "                              01632 960569\n\n\nINVOICE\nInvoice No 12\nTotal £10.00\n"
    )
    fields = read_fields([page], DocumentKind.INVOICE)
    assert fields["supplier_address"].value == "14 Castle Street, Ludlow SY8 1AT"


def test_a_street_with_a_house_number_of_four_figures_is_no_name() -> None:
    text = "Anouk Claessens\nDe Run 4250\n5503 LL Veldhoven\n\nFactuur 2025\nTotaal 10,00\n"
    names = [name.text for name in find_names(Sheet([make_page(text)]), "NL")]
    assert "Anouk Claessens" in names
    assert "De Run" not in names


def test_the_address_of_an_office_stands_behind_its_words_in_the_small_print() -> None:
    foot = "Stonebridge Drinks. Registered Office & Brewery: 2 Church Lane, Malton, YO17 7LX. Registered in England."
    text = f"Invoice\n\nBill to\nThe Old Mill Hotel\n2 River Lane\nYork YO1 7AA\n\nTotal £10.00\n\n{foot}"
    assert parties(text)["supplier_address"].rstrip(".") == "2 Church Lane, Malton, YO17 7LX"
