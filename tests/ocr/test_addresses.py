import pytest

from ocr.addresses import Address, has_postcode, is_address_line, split_address


@pytest.mark.parametrize(
    ("lines", "country", "parts"),
    [
        (["2301 S College Ave", "Fort Collins, CO 80525"], "US", ("2301 S College Ave", "Fort Collins", "CO", "80525")),
        (["5 Main St", "Salem, New Hampshire 94104-5401"], "US", ("5 Main St", "Salem", "New Hampshire", "94104-5401")),
        (["64 Quebec Street", "Guelph, ON N1H 2T4"], "CA", ("64 Quebec Street", "Guelph", "ON", "N1H 2T4")),
        (["7 Bow Road", "Calgary Alberta T2P 1J9"], "CA", ("7 Bow Road", "Calgary", "Alberta", "T2P 1J9")),
        (["5 Queen Rd", "Dubbo New South Wales 2830"], "AU", ("5 Queen Rd", "Dubbo", "New South Wales", "2830")),
        (["118 Ryrie Street", "Geelong VIC 3220"], "AU", ("118 Ryrie Street", "Geelong", "VIC", "3220")),
        (["22 Stricklandgate, Kendal, Cumbria, LA9 6ES"], "GB", ("22 Stricklandgate", "Kendal", "Cumbria", "LA9 6ES")),
        (["38 Quayside", "Hereford HR4 9BX"], "GB", ("38 Quayside", "Hereford", "", "HR4 9BX")),
        (["3 High Street", "Ennis Co. Clare V95 X2T4"], "IE", ("3 High Street", "Ennis", "Co. Clare", "V95 X2T4")),
        (["Lieferantenstraße 20", "DE 80333 München"], "DE", ("Lieferantenstraße 20", "München", "", "80333")),
        (["27 rue Rolland", "69100 Villeurbanne", "France"], "FR", ("27 rue Rolland", "Villeurbanne", "", "69100")),
        (["Kerkstraat 14", "1017 GC Amsterdam"], "NL", ("Kerkstraat 14", "Amsterdam", "", "1017 GC")),
        (["C/ Mayor 45", "09400 Aranda (Burgos)"], "ES", ("C/ Mayor 45", "Aranda", "Burgos", "09400")),
        (["Via Roma 1", "20121 Milano (MI)"], "IT", ("Via Roma 1", "Milano", "MI", "20121")),
        (["NO 7, JALAN PUTRA 3/2", "81300 SKUDAI, JOHOR"], "MY", ("NO 7, JALAN PUTRA 3/2", "SKUDAI", "JOHOR", "81300")),
        (["88 Tory Street, Wellington 6011"], "NZ", ("88 Tory Street", "Wellington", "", "6011")),
    ],
)  # fmt: skip
def test_an_address_is_split_as_its_country_writes_it(lines: list[str], country: str, parts: tuple[str, ...]) -> None:
    assert split_address(lines, country) == Address(*parts)


def test_without_a_postcode_everything_is_street() -> None:
    assert split_address(["109, SS21/1A", "Damansara Utama"], "MY").city == ""


@pytest.mark.parametrize(
    "line", ["Unit 7, Marsh Barton Road", "Hauptstr. 7", "TAMAN BERKELEY", "8 avenue Foch", "NR2 1QZ"]
)
def test_lines_of_addresses_are_known(line: str) -> None:
    assert is_address_line(line, "")


@pytest.mark.parametrize("line", ["Marcus Lindqvist", "Thank you for your custom", "Total 12.00", "Basmati Rice"])
def test_other_lines_are_no_addresses(line: str) -> None:
    assert not is_address_line(line, "GB")


@pytest.mark.parametrize("text", ["Invoice 4711", "Tel 0113 496 0101", "12.00", "2024"])
def test_numbers_are_no_postcodes(text: str) -> None:
    assert not has_postcode(text, "GB")


@pytest.mark.parametrize("line", ["Patient ID 85687", "CUSTOMER ID 74059"])
def test_an_id_is_no_state(line: str) -> None:
    assert not has_postcode(line, "US")
    assert has_postcode("Nampa, ID 83651", "US")
