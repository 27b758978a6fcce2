import pytest

from ocr.fields import read_fields
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
    text = "Kilmora BrewingCompany\n2 Kilcullen Road, Naas W91 K7P8\n\nInvoice No 12\nTotal 10.00\n"
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
