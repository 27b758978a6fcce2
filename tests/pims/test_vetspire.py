"""Vetspire, against a GraphQL server that pages, limits depth, and answers errors with status 200."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pims.connectors.base import InvoiceRef
from pims.errors import PimsAuthError, PimsPermissionError, PimsProtocolError, PimsUnavailable
from tests.pims.conftest import Connect, Practice
from tests.pims.stub import Fault
from tests.pims.stub.vetspire import VetspireMount, order, payment
from tests.pims.test_provet import only

GOLDEN = json.loads((Path(__file__).parent / "golden" / "vetspire.json").read_text())


@pytest.fixture
def vetspire(connect: Connect, db: None) -> Practice:
    return connect(VetspireMount)


def errors(message: str, **more: str) -> Fault:
    return Fault(200, body=json.dumps({"data": None, "errors": [{"message": message} | more]}))


def test_an_order_becomes_the_canonical_record(vetspire: Practice) -> None:
    found = vetspire.find("884213")
    assert only(found, GOLDEN) == GOLDEN
    assert len(vetspire.mount.calls) <= 4
    assert found["customer"]["address"] == "9 Nowhere Ln, Dallas, TX 75001"
    assert found["meta"] | {"matchedOn": "invoiceReference", "warnings": ["due_date_not_provided"]} == found["meta"]


def test_without_a_question_for_one_order_the_latest_are_read(vetspire: Practice) -> None:
    vetspire.mount.has_order_by_id = False
    assert only(vetspire.find("884213", issue_date=date(2025, 3, 4)), GOLDEN) == GOLDEN
    assert len(vetspire.mount.calls) <= 4
    vetspire.mount.calls.clear()
    vetspire.search("884213")
    assert "order" not in vetspire.mount.calls, "it is remembered that there is no such question"


def test_a_migrated_orders_old_number_is_found(vetspire: Practice) -> None:
    vetspire.mount.orders.append(order(id="9", invoiceReference="9", historicalId="OLD-77"))
    (candidate,) = vetspire.search("Invoice OLD-77")
    assert (candidate.number, candidate.source_id, candidate.matched_on) == ("OLD-77", "9", "historicalId")
    assert vetspire.find("OLD-77")["invoiceNumber"] == "OLD-77"


def test_a_page_that_fails_gets_smaller_and_no_order_is_skipped(vetspire: Practice) -> None:
    vetspire.mount.has_order_by_id = False
    vetspire.mount.largest_page = 30
    vetspire.mount.orders[:0] = [order(id=str(i), invoiceReference=f"A{i}") for i in range(57)]
    assert [candidate.number for candidate in vetspire.search("884213")] == ["884213"]


def test_the_smallest_page_that_fails_ends_the_lookup(vetspire: Practice) -> None:
    vetspire.mount.has_order_by_id = False
    vetspire.mount.largest_page = 5
    with pytest.raises(PimsUnavailable):
        vetspire.search("884213")


def test_too_many_orders_to_read_are_told(vetspire: Practice) -> None:
    vetspire.mount.has_order_by_id = False
    vetspire.mount.orders = [order(id=str(i), invoiceReference=f"A{i}") for i in range(2001)]
    found = vetspire.ask(lambda connector: connector.search(InvoiceRef("884213")))
    assert (found.candidates, found.warnings) == ((), ("scan_truncated",))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (errors("Query has depth of 9, which exceeds max depth of 8", code="query_depth_limit"), PimsProtocolError),
        (errors("Forbidden"), PimsPermissionError),
        (errors("unauthenticated"), PimsAuthError),
        (Fault(200, body='{"data": {}}'), PimsProtocolError),
        (Fault(200, body="[]"), PimsProtocolError),
        (Fault(401), PimsAuthError),
        (Fault(403), PimsPermissionError),
    ],
)
def test_an_error_with_any_status_is_typed(vetspire: Practice, fault: Fault, error: type[Exception]) -> None:
    vetspire.mount.fault("*", fault, always=True)
    with pytest.raises(error):
        vetspire.search("884213")


def test_the_body_may_be_a_form(vetspire: Practice) -> None:
    vetspire.mount.takes = ("form",)
    vetspire.connection.options |= {"body_as_form": True}
    assert only(vetspire.find("884213"), GOLDEN) == GOLDEN


def test_a_payment_of_several_orders_is_not_summed(vetspire: Practice) -> None:
    vetspire.mount.payments.append(payment(id="1", amount="500.00", orders=[{"id": "884213"}, {"id": "884212"}]))
    found = vetspire.find("884213")
    assert "payment_shared" in found["meta"]["warnings"]
    assert (found["payments"][-1]["status"], found["balanceDue"]) == ("UNKNOWN", "79.50")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"hasVoidedPayment": True}, "CANCELLED"),
        ({"refundedAmount": "100.00"}, "REFUNDED"),
        ({"refundedAmount": "20.00"}, "COMPLETED"),
    ],
)
def test_a_payments_status(vetspire: Practice, change: dict[str, Any], status: str) -> None:
    vetspire.mount.payments[0] |= change
    assert vetspire.find("884213")["payments"][0]["status"] == status


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"isCredit": True}, "CREDIT_NOTE"),
        ({"invoiced": False}, "DRAFT"),
        ({"paymentDueCents": 0}, "PAID"),
        ({"paymentDueCents": 17950}, "OPEN"),
    ],
)
def test_the_status_follows_from_flags_and_balance(vetspire: Practice, change: dict[str, Any], status: str) -> None:
    vetspire.mount.orders[1] |= change
    assert vetspire.find("884213")["status"] == status


def test_items_that_are_not_rendered_are_left_out(vetspire: Practice) -> None:
    vetspire.mount.orders[1]["items"][0]["notRendered"] = True
    found = vetspire.find("884213")
    assert [line["description"] for line in found["lineItems"]] == ["Rabies vaccine"]
    assert "lines_not_rendered" in found["meta"]["warnings"]


def test_values_may_be_numbers_or_text(vetspire: Practice) -> None:
    vetspire.mount.orders[1] |= {"totalAfterTaxCents": "17950", "paymentDueCents": "7950"}
    vetspire.mount.orders[1]["invoicedAt"] = "2025-03-04T17:58:00"  # naive: taken to be UTC
    vetspire.mount.payments[0]["amount"] = 100
    assert only(vetspire.find("884213"), GOLDEN) == GOLDEN


def test_other_locations_are_not_read(vetspire: Practice) -> None:
    vetspire.mount.has_order_by_id = False
    vetspire.connection.options |= {"location_ids": "40002, 40003"}
    assert vetspire.search("884213") == ()


def test_a_number_cannot_change_the_question(vetspire: Practice) -> None:
    assert vetspire.search('1") { id } evil: orders(limit: 1') == ()


def test_a_number_in_which_letters_were_misread_needs_another_value(vetspire: Practice) -> None:
    (candidate,) = vetspire.search("8842I3", total=Decimal("179.50"))
    assert candidate.number == "884213"
