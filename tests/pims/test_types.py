from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pims.errors import RecordError
from pims.types import InvoiceStatus, Payment, PaymentStatus, complete, from_json, to_json
from tests.factories import pims_record

TODAY = date(2025, 3, 10)


def test_a_record_survives_the_round_trip() -> None:
    invoice = from_json(pims_record())
    assert from_json(to_json(invoice)) == invoice
    assert to_json(invoice)["total"] == "108.00"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"invoiceNumber": ""}, "invoiceNumber"),
        ({"invoiceDate": "04/03/2025"}, "invoiceDate"),
        ({"total": "about 100"}, "total"),
        ({"total": "NaN"}, "total"),
        ({"total": True}, "total"),
        ({"currency": "Dollar"}, "currency"),
        ({"status": "SETTLED"}, "status"),
        ({"lineItems": [{"description": "x"}]}, "lineItems[0].totalPrice"),
        ({"lineItems": {"description": "x"}}, "lineItems"),
        ({"payments": [{"date": "2025-03-04"}]}, "payments[0].amount"),
        ({"customer": "Dana"}, "customer"),
    ],
)
def test_a_value_that_does_not_fit_is_named(change: dict[str, Any], path: str) -> None:
    with pytest.raises(RecordError) as caught:
        from_json(pims_record(**change))
    assert caught.value.path == path


def test_a_missing_balance_is_what_completed_payments_leave() -> None:
    invoice = from_json(pims_record())
    cancelled = Payment(Decimal(40), status=PaymentStatus.CANCELLED)
    found = complete(replace(invoice, payments=(*(invoice.payments or ()), cancelled)), TODAY)
    assert found.balance_due == Decimal("58.00")
    assert "balance_derived" in found.warnings
    assert found.status is InvoiceStatus.PARTIALLY_PAID


def test_without_payments_the_balance_stays_unknown() -> None:
    found = complete(from_json(pims_record(payments=None)), TODAY)
    assert found.balance_due is None
    assert found.status is InvoiceStatus.UNKNOWN


@pytest.mark.parametrize(
    ("balance", "due", "status"),
    [
        ("0", None, InvoiceStatus.PAID),
        ("-5", None, InvoiceStatus.PAID),
        ("108", None, InvoiceStatus.OPEN),
        ("108", "2025-03-09", InvoiceStatus.OVERDUE),
        ("108", "2025-03-10", InvoiceStatus.OPEN),
        ("20", "2025-03-09", InvoiceStatus.PARTIALLY_PAID),
    ],
)
def test_the_status_follows_from_balance_and_due_day(balance: str, due: str | None, status: InvoiceStatus) -> None:
    assert complete(from_json(pims_record(balanceDue=balance, dueDate=due)), TODAY).status is status


def test_a_status_that_the_system_tells_stands() -> None:
    assert complete(from_json(pims_record(status="void")), TODAY).status is InvoiceStatus.VOID


def test_lines_that_do_not_sum_are_a_warning_and_the_total_stands() -> None:
    found = complete(from_json(pims_record(total="120.00", subtotal="112.00")), TODAY)
    assert "lines_do_not_sum" in found.warnings
    assert found.total == Decimal("120.00")
