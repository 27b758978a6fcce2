import pytest

from ocr.repair import repair_address, repair_name


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
    ],
)
def test_addresses_are_put_right(read: str, printed: str) -> None:
    assert repair_address(read, "MY") == printed


def test_an_american_state_has_no_zero() -> None:
    assert repair_address("Bend, 0R 97702", "US") == "Bend, OR 97702"
