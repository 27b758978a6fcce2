"""Records that are asked for again: what changed is kept, what was known stays."""

import io
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from invoicedata.models import Event
from invoices.models import Finding, Invoice, RecordVersion
from invoices.services.reconciling import keep_record, reconcile
from invoices.services.refreshing import refresh_all, run_refresh, stale_invoices
from pims.lookup import find_invoice
from pims.models import PimsRecord
from tests.factories import make_invoice, make_mga, make_pims_record
from tests.pims.conftest import Practice
from tests.pims.stub import Fault
from tests.pims.stub.ezyvet import payment

pytestmark = pytest.mark.django_db


def looked_up(number: str, customer_id: str, mga: object) -> Invoice:
    """An invoice whose record was found a month ago."""
    found = find_invoice(mga, number, customer_id=customer_id)  # type: ignore[arg-type]
    assert found.invoice is not None
    values = {"invoice_number": number, "gross_total": found.invoice.total, "issue_date": found.invoice.invoice_date}
    invoice = make_invoice(mga, amount_due=found.invoice.balance_due, currency="", **values)  # type: ignore[arg-type]
    keep_record(invoice, found.invoice, found.connection)
    invoice.pims_asked_at = timezone.now() - timedelta(days=30)
    invoice.save()
    reconcile(invoice)
    return invoice


@pytest.fixture
def unpaid(ezyvet: Practice) -> Iterator[Invoice]:
    yield looked_up("112345", "20077", ezyvet.connection.mga)


def test_a_later_payment_changes_the_balance_and_the_history_is_kept(ezyvet: Practice, unpaid: Invoice) -> None:
    link = [{"id": "12345", "allocated_amount": "50.00"}]
    ezyvet.mount.tables["payment"].append(payment(5010, "50.00", "2", "1741200000", link))
    assert run_refresh().changed == 1
    unpaid.refresh_from_db()
    assert unpaid.pims_record is not None
    assert (unpaid.pims_record["balanceDue"], unpaid.pims_record["status"]) == ("0.00", "PAID")
    first, second = RecordVersion.objects.filter(invoice=unpaid)
    assert (first.record["balanceDue"], second.record["balanceDue"]) == ("50.00", "0.00")
    assert second.changed == ["balanceDue", "payments", "status"]
    assert Event.objects.filter(action="invoice.pims_changed").count() == 1
    assert not Finding.objects.filter(invoice=unpaid, rule="pims.balanceDue", state="open").exists()
    assert not stale_invoices(timezone.now(), hours=0).exists(), "what is paid is asked for no more"


def test_asking_again_without_a_change_adds_no_version(unpaid: Invoice) -> None:
    assert (run_refresh().changed, RecordVersion.objects.count()) == (0, 1)
    assert run_refresh().asked == 0, "it was asked for just now"


def test_what_is_gone_is_told_and_what_was_known_stays(ezyvet: Practice, unpaid: Invoice) -> None:
    ezyvet.mount.tables["invoice"].clear()
    assert run_refresh().gone == 1
    unpaid.refresh_from_db()
    assert unpaid.pims_record is not None
    assert Finding.objects.get(rule="pims.gone").severity == Finding.Severity.WARNING


def test_a_total_that_the_practice_changes_later_shows(ezyvet: Practice, unpaid: Invoice) -> None:
    ezyvet.mount.tables["invoice"][0] |= {"subtotal": "165.80", "tax": "24.87"}
    ezyvet.mount.tables["invoice"][0]["line_item"] = []
    run_refresh()
    finding = Finding.objects.get(rule="pims.totalAmount")
    assert (finding.printed, finding.recorded) == ("305.67", "190.67")
    assert finding.money_at_stake == Decimal("115.00")


def test_a_system_that_is_down_is_asked_once_in_a_round(ezyvet: Practice, unpaid: Invoice) -> None:
    looked_up("112346", "20078", ezyvet.connection.mga)
    ezyvet.mount.fault("*", Fault(403, body="{}"), always=True)
    ezyvet.mount.calls.clear()
    outcome = refresh_all(stale_invoices(timezone.now()))
    assert list(outcome.problems) == [str(ezyvet.connection)] and len(ezyvet.mount.calls) == 1
    unpaid.refresh_from_db()
    assert unpaid.pims_asked_at is not None and unpaid.pims_asked_at < timezone.now() - timedelta(days=29)


def test_the_command_narrows_and_tells(settings: Settings) -> None:
    mga, other = make_mga(), make_mga("other")
    make_pims_record(mga)
    make_pims_record(other)
    looked_up("INV-1042", "C-1001", mga)
    looked_up("INV-1042", "C-1001", other)
    payload = PimsRecord.objects.get(connection__mga=mga).payload | {"balanceDue": "8.00"}
    PimsRecord.objects.filter(connection__mga=mga).update(payload=payload)
    out = io.StringIO()
    call_command("refresh_pims", mga="acme", stdout=out)
    assert out.getvalue() == "1 asked for, 1 had changed, 0 are not there any more.\n"


def test_a_failing_system_fails_the_command(ezyvet: Practice, unpaid: Invoice) -> None:
    ezyvet.mount.fault("*", Fault(403, body="{}"), always=True)
    err = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("refresh_pims", stdout=io.StringIO(), stderr=err)
    assert "could not be asked" in err.getvalue()
