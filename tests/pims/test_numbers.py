import pytest
from hypothesis import given
from hypothesis import strategies as st

from pims.numbers import keys, loose_keys, normalise


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("INV-1042", ["INV1042", "1042"]),
        ("Invoice No. 1042", ["INVOICENO1042", "NO1042", "1042"]),
        ("  tax invoice #77/3 ", ["TAXINVOICE773", "773"]),
        ("#A-17", ["A17"]),
        ("NOVA-9", ["NOVA9", "VA9"]),
        ("2024/000 123", ["2024000123"]),
        ("---", []),
    ],
)
def test_keys_are_the_number_with_and_without_its_label(raw: str, expected: list[str]) -> None:
    assert keys(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("INV-00977", ["977"]), ("1O4B2", ["142", "10482"]), ("A-7", []), ("SOS", []), ("12", [])],
)
def test_loose_keys_are_bare_digits_with_misread_letters_mended(raw: str, expected: list[str]) -> None:
    assert loose_keys(raw) == expected


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == normalise(normalise(once))


@given(st.text(alphabet="ABC0123456789", min_size=1, max_size=20), st.sampled_from([" ", "-", "/", "."]))
def test_punctuation_and_case_do_not_tell_numbers_apart(number: str, mark: str) -> None:
    assert normalise(mark.join(number).lower()) == normalise(number)
