"""The page beside the practice system's record: what counts as a difference, and how much."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.alteration import RULE, alteration_check, judge_alteration
from invoices.assignment import assign
from invoices.models import Invoice, InvoiceLine
from invoices.page_text import PageText
from invoices.reconciliation import compare, is_same_person
from invoices.validation import Check, CheckStatus
from pims.types import PimsInvoice, from_json
from tests.factories import pims_record

BOX = [0.1, 0.2, 0.3, 0.22]


def page_of(**values: Any) -> Invoice:
    """An invoice as read from the page of `pims_record()`, every value sure."""
    read = {
        "invoice_number": "INV-1042",
        "issue_date": date(2025, 3, 4),
        "due_date": date(2025, 3, 18),
        "currency": "USD",
        "gross_total": Decimal("108.00"),
        "amount_due": Decimal("58.00"),
        "supplier_name": "Harbour Vets",
        "customer_name": "Dana Whitfield",
    } | values
    reading = {name: {"confidence": 0.97, "page": 1, "box": BOX} for name in read}
    return Invoice(reading=reading, **read)


def line(description: str, amount: str | None, position: int = 1, **values: Any) -> InvoiceLine:
    known = {"quantity": Decimal(1), "confidence": 0.95, "page": 1, "box": BOX} | values
    return InvoiceLine(
        description=description, net_amount=Decimal(amount) if amount else None, position=position, **known
    )


LINES = [line("Consultation", "60.00"), line("Vaccine", "48.00", 2, quantity=Decimal(2))]


def compared(
    invoice: Invoice | None = None, lines: list[InvoiceLine] | None = None, words: str = "", **record: Any
) -> dict[str, Check]:
    """{rule: check} of what is not passed."""
    checks = compare(
        invoice or page_of(), LINES if lines is None else lines, record_of(**record), PageText(words.split())
    )
    return {check.rule: check for check in checks if check.status is not CheckStatus.PASSED}


def record_of(**values: Any) -> PimsInvoice:
    return from_json(pims_record(**values))


def statuses(found: dict[str, Check]) -> dict[str, str]:
    return {rule: str(check.status) for rule, check in found.items()}


def test_an_honest_page_agrees_in_everything() -> None:
    checks = compare(page_of(), LINES, record_of())
    assert {check.status for check in checks} == {CheckStatus.PASSED}
    assert {check.field for check in checks} >= {"invoiceNumber", "invoiceDate", "totalAmount", "customer", "lineItems"}


@pytest.mark.parametrize(
    ("values", "rule", "printed", "recorded"),
    [
        ({"gross_total": Decimal("1108.00")}, "pims.totalAmount", "1108.00", "108.00"),
        ({"issue_date": date(2025, 5, 14)}, "pims.invoiceDate", "2025-05-14", "2025-03-04"),
        ({"invoice_number": "INV-1043"}, "pims.invoiceNumber", "INV-1043", "INV-1042"),
        ({"customer_name": "Robert Okafor"}, "pims.customer", "Robert Okafor", "Dana Whitfield"),
        ({"currency": "GBP"}, "pims.currency", "GBP", "USD"),
    ],
)
def test_an_altered_value_fails_with_both_values_and_its_box(
    values: dict[str, Any], rule: str, printed: str, recorded: str
) -> None:
    check = compared(page_of(**values))[rule]
    assert (check.status, check.printed, check.recorded) == (CheckStatus.FAILED, printed, recorded)
    assert (check.page, check.box) == (1, BOX)


def test_what_was_read_with_doubt_is_a_warning_only() -> None:
    invoice = page_of(gross_total=Decimal("1108.00"))
    invoice.reading["gross_total"]["confidence"] = 0.3
    assert statuses(compared(invoice)) == {"pims.totalAmount": "warning"}


# --- Honest differences -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "total", "passes"),
    [("USD", "108.01", True), ("USD", "108.02", False), ("CHF", "108.02", True), ("NZD", "108.05", True),
     ("JPY", "109", True), ("JPY", "110", False)],
)  # fmt: skip
def test_a_total_may_differ_by_the_currencys_own_rounding(currency: str, total: str, passes: bool) -> None:
    invoice = page_of(gross_total=Decimal(total), currency=currency)
    assert ("pims.totalAmount" not in compared(invoice, currency=currency)) is passes


def test_a_tenant_may_allow_more() -> None:
    checks = compare(page_of(gross_total=Decimal("108.40")), LINES, record_of(), tolerance=Decimal("0.50"))
    assert all(check.status is CheckStatus.PASSED for check in checks)


def test_a_day_that_can_be_read_either_way_is_the_same_day() -> None:
    assert compared(page_of(issue_date=date(2025, 4, 3))) == {}


@pytest.mark.parametrize("balance", ["108.00", "58.00", "28.00", "0.00"])
def test_a_balance_is_right_at_the_moment_it_was_printed(balance: str) -> None:
    payments = [
        {"date": "2025-04-01", "amount": "28.00", "status": "COMPLETED"},
        {"date": "2025-03-04", "amount": "50.00", "status": "COMPLETED"},
        {"date": "2025-03-09", "amount": "30.00", "status": "COMPLETED"},
        {"date": "2025-03-05", "amount": "11.00", "status": "CANCELLED"},
    ]
    assert compared(page_of(amount_due=Decimal(balance)), balanceDue="0.00", payments=payments) == {}


def test_a_balance_that_nothing_explains_is_a_warning() -> None:
    assert statuses(compared(page_of(amount_due=Decimal("70.00")), balanceDue="58.00")) == {
        "pims.balanceDue": "warning"
    }


@pytest.mark.parametrize(
    ("printed", "recorded"),
    [
        ("Dana Whitfield", "Whitfield, Dana"),
        ("Mrs D. Whitfield", "Dana Whitfield"),
        ("WHITFIELD", "Dana Whitfield"),
        ("Dana and John Whitfield", "Dana Whitfield"),
        ("Dana Whitfie1d", "Dana Whitfield"),
        ("José Núñez", "Jose Nunez"),
        ("Dana Whitfield", "Dr Dana Whitfield"),
    ],
)
def test_one_person_may_be_written_in_many_ways(printed: str, recorded: str) -> None:
    assert is_same_person(printed, recorded)


@pytest.mark.parametrize(
    ("printed", "recorded"),
    [("Robert Whitfield", "Dana Whitfield"), ("Dana Okafor", "Dana Whitfield"), ("Sam Lee", "Sam Leigh-Burton")],
)
def test_other_people_are_told_apart(printed: str, recorded: str) -> None:
    assert not is_same_person(printed, recorded)


def test_another_of_the_same_surname_is_a_warning() -> None:
    assert statuses(compared(page_of(customer_name="Robert Whitfield"))) == {"pims.customer": "warning"}


def test_a_name_that_was_read_off_the_wrong_place_is_a_warning() -> None:
    found = compared(page_of(customer_name="Harbour Parade"), words="Bill to Dana Whitfield 12 Harbour Parade")
    assert statuses(found) == {"pims.customer": "warning"}


def test_a_number_that_was_read_off_the_wrong_place_is_a_warning_and_an_altered_one_is_not() -> None:
    words = "Account 20718 Invoice INV-1042"
    assert statuses(compared(page_of(invoice_number="20718"), words=words)) == {"pims.invoiceNumber": "warning"}
    assert statuses(compared(page_of(invoice_number="INV-1043"), words=words)) == {"pims.invoiceNumber": "failed"}


def test_a_prefix_that_only_one_side_has_does_not_count() -> None:
    assert compared(page_of(invoice_number="1042")) == {}


def test_a_bare_dollar_sign_may_be_any_dollar() -> None:
    assert statuses(compared(currency="AUD", words="Total $108.00")) == {"pims.currency": "warning"}
    assert statuses(compared(currency="AUD", words="Total USD 108.00")) == {"pims.currency": "failed"}


def test_a_subtotal_that_was_taken_for_the_total_is_a_warning() -> None:
    found = compared(page_of(gross_total=Decimal("100.00")), words="Subtotal 100.00 Tax 8.00 Total $108.00")
    assert statuses(found) == {"pims.totalAmount": "warning"}


# --- Lines ------------------------------------------------------------------------------------------------------------


def item(description: str, total: str, **values: Any) -> dict[str, Any]:
    return {"description": description, "totalPrice": total} | values


def test_lines_pair_by_wording_and_amount_in_any_order() -> None:
    items = [item("Vacc", "48.00"), item("Consult - std", "60.00")]
    assert compared(lineItems=items) == {}


def test_the_best_assignment_is_found_where_the_nearest_one_leaves_a_line_alone() -> None:
    lines = [line("Amoxicillin tablets 250 mg", "10.00"), line("Amoxicillin tablets", "20.00", 2)]
    items = [item("Amoxicillin tablets 250 mg", "20.00"), item("Amoxicillin 250", "10.00")]
    assert compared(lines=lines, lineItems=items) == {}


@pytest.mark.parametrize(
    "items",
    [
        [item("Consultation", "64.80", taxAmount="4.80"), item("Vaccine", "51.84", taxAmount="3.84")],
        [item("Consultation", "64.80"), item("Vaccine", "51.84")],
        [item("Consultation", "55.56"), item("Vaccine", "44.44")],
        [item("Consultation", "60.00"), item("Vaccine", "48.01"), item("Discount", "0.00")],
    ],
    ids=["tax told", "with tax", "without tax", "rounding"],
)
def test_lines_may_be_kept_with_tax_or_without(items: list[dict[str, Any]]) -> None:
    assert compared(lineItems=items) == {}


def test_an_altered_amount_of_a_line_fails_at_its_line() -> None:
    lines = [line("Consultation", "160.00"), LINES[1]]
    check = compared(lines=lines)["pims.line_amount"]
    assert (check.status, check.line, check.printed, check.recorded) == (CheckStatus.FAILED, 1, "160.00", "60.00")
    assert (check.money_at_stake, check.box) == (Decimal("100.00"), BOX)


def test_an_added_line_fails_and_dropped_ones_fail_together() -> None:
    found = compared(lines=[*LINES, line("Laser therapy", "85.00", 3)])
    assert statuses(found) == {"pims.line_added": "failed"}
    items = [*pims_record()["lineItems"], item("X-ray", "70.00"), item("Sedation", "30.00")]
    missing = compared(lineItems=items)["pims.line_missing"]
    assert missing.status is CheckStatus.FAILED and missing.money_at_stake == Decimal("100.00")
    assert "X-ray" in missing.message and "Sedation" in missing.message


def test_a_line_that_stands_on_the_page_was_not_dropped() -> None:
    items = [*pims_record()["lineItems"], item("Digital x-ray", "70.00")]
    found = compared(lineItems=items, words="Consultation 60.00 Vaccine 48.00 Digital X-ray 70.00")
    assert statuses(found) == {"pims.line_unread": "warning"}


def test_a_sum_that_was_read_as_a_line_was_not_added() -> None:
    assert statuses(compared(lines=[*LINES, line("Sum of services", "108.00", 3)])) == {"pims.line_added": "warning"}


def test_a_fee_inside_a_price_is_a_warning() -> None:
    items = [item("Consultation", "60.00"), item("Vaccine", "40.00"), item("Dispensing fee", "8.00")]
    assert set(statuses(compared(lineItems=items)).values()) == {"warning"}


def test_another_article_for_the_same_amount_is_a_warning() -> None:
    items = [item("Grooming and bath", "60.00"), item("Vaccine", "48.00")]
    assert statuses(compared(lineItems=items)) == {"pims.line_wording": "warning"}


def test_a_table_that_was_hardly_read_accuses_nobody() -> None:
    items = [item(name, "12.00") for name in ("Bandage", "Syringe", "Saline", "Gloves")] + [item("Vaccine", "60.00")]
    found = compared(lines=[line("Vaccine", "60.00"), line("?", "3.00", 2)], lineItems=items)
    assert statuses(found) == {"pims.lines": "warning"}


@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=4))
def test_an_assignment_is_one_to_one_and_no_pair_can_be_swapped_for_more(worth: list[list[float]]) -> None:
    pairs = assign(worth)
    assert len({i for i, _ in pairs}) == len(pairs) == len({j for _, j in pairs})
    for i, j in pairs:
        for k, m in pairs:
            assert worth[i][j] + worth[k][m] >= worth[i][m] + worth[k][j] - 1e-9 or i == k


# --- The score --------------------------------------------------------------------------------------------------------


def alteration_of(invoice: Invoice, lines: list[InvoiceLine] | None = None) -> tuple[float, list[Check]]:
    checks = compare(invoice, LINES if lines is None else lines, record_of())
    alteration = judge_alteration(checks)
    return alteration.score, list(alteration_check(alteration, checks))


def test_the_score_grows_with_what_differs_and_names_it() -> None:
    honest, none = alteration_of(page_of())
    one, _ = alteration_of(page_of(issue_date=date(2025, 5, 14)))
    both, (told,) = alteration_of(page_of(issue_date=date(2025, 5, 14), gross_total=Decimal("1108.00")))
    assert (honest, none) == (0.0, [])
    assert 0.5 < one < both < 1
    assert (told.rule, told.status, told.money_at_stake) == (RULE, CheckStatus.FAILED, Decimal("1000.00"))
    assert "total: 1108.00 instead of 108.00; date: 2025-05-14 instead of 2025-03-04" in told.message


def test_warnings_alone_never_make_an_alteration() -> None:
    invoice = page_of(customer_name="Robert Whitfield", amount_due=Decimal("70.00"), due_date=date(2025, 9, 9))
    score, told = alteration_of(invoice)
    assert score < 0.5 and told == []
