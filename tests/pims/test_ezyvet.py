"""ezyVet, against a site that filters, signs in and answers as its clients have seen it answer."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pims.errors import PimsPermissionError
from pims.models import ConnectionState
from tests.pims.conftest import Connect, Practice
from tests.pims.stub import Fault
from tests.pims.stub.ezyvet import EzyvetMount, invoice, line, payment

GOLDEN = json.loads((Path(__file__).parent / "golden" / "ezyvet.json").read_text())
FORBIDDEN = Fault(403, body="{}")


def test_an_invoice_becomes_the_canonical_record(ezyvet: Practice) -> None:
    assert ezyvet.find("112345") == GOLDEN
    assert len(ezyvet.mount.calls) <= 9
    assert ezyvet.mount.token_calls == 1


def test_reference_data_are_asked_for_once_a_day(ezyvet: Practice) -> None:
    ezyvet.find("112345")
    ezyvet.mount.calls.clear()
    assert ezyvet.find("112345") == GOLDEN
    assert len(ezyvet.mount.calls) <= 4


@pytest.mark.parametrize("number", ["Invoice No: 112345", "INV 112345", "#112345"])
def test_a_number_is_found_however_it_was_printed(ezyvet: Practice, number: str) -> None:
    assert [candidate.number for candidate in ezyvet.search(number)] == ["112345"]


def test_values_may_be_numbers_text_blank_or_null(ezyvet: Practice) -> None:
    ezyvet.mount.tables["invoice"][0] |= {
        "id": "12345",
        "contact_id": 20077,
        "date": 1741032900,
        "date_due": "1741637700",
        "subtotal": 265.8,
        "tax": 39.87,
        "consult_id": "",
        "includes_tax": None,
    }
    assert ezyvet.find("112345") == GOLDEN


def test_an_ignored_filter_is_noticed_and_the_day_searched_instead(ezyvet: Practice) -> None:
    ezyvet.mount.ignores_filters = True
    assert ezyvet.find("112345", issue_date=date(2025, 3, 5)) == GOLDEN
    assert ezyvet.search("112345") == ()
    assert ezyvet.search("999999", issue_date=date(2025, 3, 5)) == ()


def test_the_days_search_reads_all_pages(ezyvet: Practice) -> None:
    ezyvet.mount.ignores_filters = True
    ezyvet.mount.page_size = 2
    ezyvet.mount.tables["invoice"][:0] = [invoice(id=i, code=f"7{i}", line_item=[]) for i in range(3)]
    assert ezyvet.find("112345", issue_date=date(2025, 3, 4)) == GOLDEN


def test_the_record_id_counts_as_number_only_where_the_site_says_so(connect: Connect, db: None) -> None:
    practice = connect(EzyvetMount)
    assert practice.search("12345") == ()
    practice.connection.options |= {"number_is_id": True}
    (candidate,) = practice.search("12345")
    assert (candidate.number, candidate.matched_on) == ("112345", "id")


def test_a_division_tells_twins_apart(ezyvet: Practice) -> None:
    ezyvet.mount.tables["invoice"].append(invoice(id=55, ownership_id="4"))
    assert len(ezyvet.search("112345")) == 2
    ezyvet.connection.options |= {"ownership_id": "3"}
    assert [candidate.source_id for candidate in ezyvet.search("112345")] == ["12345"]


def test_a_site_with_tax_in_its_prices_is_not_taxed_twice(ezyvet: Practice) -> None:
    first = ezyvet.mount.tables["invoice"][0]
    first |= {"includes_tax": "1", "subtotal": "305.67", "tax": "39.87"}
    for item, total in zip(first["line_item"], ("69.00", "19.32", "217.35"), strict=True):
        item["total"] = total
    found = ezyvet.find("112345")
    assert (found["total"], found["meta"]["taxBasis"]) == ("305.67", "inclusive")
    assert [item["totalPrice"] for item in found["lineItems"]] == ["69.00", "19.32", "217.35"]


def test_a_dispensing_fee_that_was_charged_becomes_a_line(ezyvet: Practice) -> None:
    first = ezyvet.mount.tables["invoice"][0]
    first["line_item"][1]["dispense"] = "10.00"
    first["subtotal"] = "275.80"
    found = ezyvet.find("112345")
    assert found["total"] == "315.67"
    assert sum(Decimal(item["totalPrice"]) for item in found["lineItems"]) == Decimal("315.67")


def test_a_dispensing_fee_that_was_not_charged_is_a_warning(ezyvet: Practice) -> None:
    ezyvet.mount.tables["invoice"][0]["line_item"][1]["dispense"] = "10.00"
    found = ezyvet.find("112345")
    assert (found["total"], len(found["lineItems"])) == ("305.67", 3)
    assert "dispensing_fee_not_charged" in found["meta"]["warnings"]


def test_totals_that_do_not_reconcile_are_a_warning(ezyvet: Practice) -> None:
    ezyvet.mount.tables["invoice"][0]["subtotal"] = "400.00"
    found = ezyvet.find("112345")
    assert found["total"] == "439.87"
    assert "totals_unreconciled" in found["meta"]["warnings"]


def test_a_price_that_is_the_whole_lines_is_divided(ezyvet: Practice) -> None:
    ezyvet.mount.tables["invoice"][0]["line_item"][1] |= {"price": "16.80", "standard_price": "16.80"}
    found = ezyvet.find("112345")
    assert found["lineItems"][1]["unitPrice"] == "1.20"
    assert "unit_price_derived" in found["meta"]["warnings"]


@pytest.mark.parametrize(
    ("change", "status"),
    [({"active": 0}, "VOID"), ({"approved_at": None}, "DRAFT"), ({"approved_at": "1741032900"}, "PARTIALLY_PAID")],
)
def test_the_status_follows_from_the_systems_flags(ezyvet: Practice, change: dict[str, Any], status: str) -> None:
    ezyvet.mount.tables["invoice"][0] |= change
    assert ezyvet.find("112345")["status"] == status


def test_a_refund_raises_the_balance(ezyvet: Practice) -> None:
    links = [{"id": "12345", "allocated_amount": "-20.00"}]
    ezyvet.mount.tables["payment"].append(payment(5009, "-20.00", "2", "1741125900", links))
    found = ezyvet.find("112345")
    assert found["balanceDue"] == "70.00"
    assert found["payments"][-1] | {"status": "REFUNDED", "amount": "-20.00"} == found["payments"][-1]


def test_lines_that_are_not_embedded_are_fetched(ezyvet: Practice) -> None:
    first = ezyvet.mount.tables["invoice"][0]
    lines = [item | {"invoice_id": "12345"} for item in first.pop("line_item")]
    ezyvet.mount.tables["invoiceline"] = [*lines, line("1", "301", "Lost", "1", "5", "0", "5", "0", invoice_id="9")]
    assert ezyvet.find("112345")["lineItems"] == GOLDEN["lineItems"]


@pytest.mark.parametrize(
    ("resource", "warning"),
    [
        ("product", "category_unavailable"),
        ("productgroup", "category_unavailable"),
        ("contact", "customer_unavailable"),
        ("separation", "practice_unavailable"),
        ("paymentmethod", "payment_methods_unavailable"),
        ("payment", "payments_unavailable"),
    ],
)
def test_what_may_not_be_read_is_a_warning_and_the_invoice_stands(
    ezyvet: Practice, resource: str, warning: str
) -> None:
    ezyvet.mount.fault(resource, FORBIDDEN, always=True)
    found = ezyvet.find("112345")
    assert found["total"] == GOLDEN["total"]
    assert warning in found["meta"]["warnings"]


def test_a_missing_permission_on_invoices_is_named(ezyvet: Practice) -> None:
    ezyvet.mount.fault("invoice", FORBIDDEN, always=True)
    with pytest.raises(PimsPermissionError, match="read-invoice"):
        ezyvet.search("112345")


def test_payment_methods_may_have_their_other_address(ezyvet: Practice) -> None:
    ezyvet.mount.tables["paymentmethods"] = ezyvet.mount.tables.pop("paymentmethod")
    assert ezyvet.find("112345") == GOLDEN


def test_the_check_names_what_is_missing(ezyvet: Practice) -> None:
    ezyvet.mount.fault("address", FORBIDDEN, always=True)
    trials = ezyvet.ask(lambda connector: list(connector.check()))
    problems = {trial.name: trial.problem for trial in trials if trial.problem}
    assert list(problems) == ["Read address"]
    assert "read-address" in problems["Read address"]


@pytest.mark.parametrize("expires_in", [1_209_600, "43200", 1_741_600_000, None])
def test_a_token_lasts_twelve_hours_at_most(ezyvet: Practice, expires_in: Any) -> None:
    ezyvet.mount.expires_in = expires_in
    ezyvet.search("112345")
    ends = ConnectionState.objects.get().token_expires_at
    assert ends is not None
    assert 0 < (ends - ezyvet.clock.now()).total_seconds() <= 12 * 3600 - 300
