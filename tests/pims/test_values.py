"""Values as vendors write them: whatever the type, the same value comes out."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pims.numbers import keys, loose_keys, normalise, spellings
from pims.types import Line, Payment, PaymentStatus, PimsInvoice, from_json, to_json
from pims.values import cents, day, money

AMOUNTS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False, allow_infinity=False)
WORDS = (
    st.text("abc ABC-1", min_size=1, max_size=12).map(str.strip).filter(bool).map(lambda text: " ".join(text.split()))
)


@given(AMOUNTS)
def test_an_amount_is_the_same_as_number_text_or_cents(amount: Decimal) -> None:
    assert money(str(amount)) == money(amount) == amount
    assert cents(int(amount * 100)) == amount


@pytest.mark.parametrize("blank", [None, ""])
def test_nothing_is_no_amount_and_never_zero(blank: Any) -> None:
    assert money(blank) is None and cents(blank) is None and day(blank, ZoneInfo("UTC")) is None


@pytest.mark.parametrize("currency,shown", [("USD", "12.35"), ("JPY", "12"), ("BHD", "12.346")])
def test_an_amount_has_its_currencys_decimals(currency: str, shown: str) -> None:
    assert str(money("12.3456", currency)) == shown


@pytest.mark.parametrize(
    "value", [1741032900, "1741032900", "2025-03-04", "2025-03-04T09:15:00+13:00", "2025-03-03T20:15:00"]
)
def test_a_day_is_the_practices_own(value: Any) -> None:
    assert day(value, ZoneInfo("Pacific/Auckland")) == date(2025, 3, 4)


@given(st.text(max_size=40))
def test_candidates_of_a_number_are_never_blank_never_twice_and_always_the_same(raw: str) -> None:
    for found in (keys(raw), loose_keys(raw), spellings(raw)):
        assert "" not in found and len(set(found)) == len(found)
    assert (keys(raw), spellings(raw)) == (keys(raw), spellings(raw))
    assert not normalise(raw) or keys(raw)[0] == normalise(raw)


@given(
    st.builds(
        PimsInvoice,
        invoice_number=WORDS,
        invoice_date=st.dates(date(1990, 1, 1), date(2050, 1, 1)),
        currency=st.sampled_from(["USD", "NZD", None]),
        total=AMOUNTS,
        balance_due=st.none() | AMOUNTS,
        lines=st.lists(st.builds(Line, description=WORDS, total_price=AMOUNTS), max_size=3).map(tuple),
        payments=st.none()
        | st.lists(
            st.builds(Payment, amount=AMOUNTS, status=st.sampled_from(PaymentStatus), method=st.none() | WORDS),
            max_size=3,
        ).map(tuple),
    )
)
def test_a_canonical_invoice_survives_its_json_form(invoice: PimsInvoice) -> None:
    assert from_json(to_json(invoice)) == invoice
