import pytest

from ocr.repair import repair_address, repair_name, repair_order, repair_signs, repair_words
from ocr.types import Word


@pytest.mark.parametrize(
    ("read", "printed", "country"),
    [
        ("Kilmora BrewingCompany", "Kilmora Brewing Company", "IE"),
        ("SANYUSTATIONERYSHOP", "SANYU STATIONERY SHOP", "MY"),
        ("AMANO MALAYSIA SON BHD", "AMANO MALAYSIA SDN BHD", "MY"),
        ("99 SPEED MART 5/8", "99 SPEED MART S/B", "MY"),
    ],
)
def test_names_are_put_right(read: str, printed: str, country: str) -> None:
    assert repair_name(read, country) == printed


@pytest.mark.parametrize("name", ["MUSTERLIEFERANT GMBH", "McAllister", "FamilyMart", "SUPERMARKET", "Müller"])
def test_whole_names_are_left_alone(name: str) -> None:
    assert repair_name(name, "DE") == name


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("43300SERI KEMBANGAN, Setangor", "43300 SERI KEMBANGAN, Selangor"),
        ("TAMANBERKELEY", "TAMAN BERKELEY"),
        ("NO24, JIn Putra", "NO 24, Jln Putra"),
        ("NO 29O, JALAN AIR PANAS", "NO 290, JALAN AIR PANAS"),
    ],
)
def test_addresses_are_put_right(read: str, printed: str) -> None:
    assert repair_address(read, "MY") == printed


def test_an_american_state_has_no_zero() -> None:
    assert repair_address("Bend, 0R 97702", "US") == "Bend, OR 97702"


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("£4.84 f17.48 £16.87 -f2.00 £3.10 kg", "£4.84 £17.48 £16.87 -£2.00 £3.10 kg"),
        ("€4,84 E17,48 €1.016,87", "€4,84 €17,48 €1.016,87"),
        ("f4.84 £17.48", "f4.84 £17.48"),  # as many one way as the other
        ("A$692.05 AS761.26 AS-761.26 AS400 CS20.5", "A$692.05 A$761.26 A$-761.26 AS400 CS20.5"),
        ("£4.84 £17.48 A2.00 L20-44 t2", "£4.84 £17.48 A2.00 L20-44 t2"),
    ],
)
def test_currency_signs_are_put_right_by_the_others(read: str, printed: str) -> None:
    words = [Word(text, 0, 0, 10, 10) for text in read.split()]
    assert " ".join(word.text for word in repair_signs(words)) == printed


@pytest.mark.parametrize(
    ("read", "printed"),
    [
        ("P0 4711", "PO 4711"),
        ("P0-4711", "PO-4711"),
        ("TAX INV0ICE", "TAX INVOICE"),
        ("Invoice Sl686703", "Invoice SI686703"),
        ("PO4711 P04711", "PO4711 PO4711"),
    ],
)
def test_a_zero_among_letters_is_an_o(read: str, printed: str) -> None:
    assert [word.text for word in repair_words([Word(text, 0, 0, 10, 10) for text in read.split()])] == printed.split()


@pytest.mark.parametrize("read", ["T0 0.00", "A0-4711", "SIN055025", "P04711", "DE02120300000000202051"])
def test_a_zero_of_a_code_stays(read: str) -> None:
    assert [word.text for word in repair_words([Word(text, 0, 0, 10, 10) for text in read.split()])] == read.split()


def test_an_order_s_letters_are_no_figure() -> None:
    assert [repair_order(number) for number in ("P06835", "P0012", "P0", "4P0835")] == [
        "PO6835",
        "P0012",
        "P0",
        "4P0835",
    ]
