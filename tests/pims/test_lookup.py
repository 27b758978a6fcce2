from datetime import date
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from pims.connectors.base import Hints
from pims.lookup import Outcome, find_invoice, is_customer_known
from pims.models import Connection, CustomerLink
from tests.factories import make_mga, make_pims_record

pytestmark = pytest.mark.django_db


def test_a_number_is_found_however_it_is_spelt() -> None:
    mga = make_mga()
    make_pims_record(mga, invoiceNumber="INV-10/42")
    for spelling in ("INV-10/42", "inv 10 42", "Invoice No: INV-10/42"):
        found = find_invoice(mga, spelling, customer_id="C-1001")
        assert found.outcome is Outcome.FOUND, spelling
        assert found.invoice is not None and found.invoice.invoice_number == "INV-10/42"


def test_an_unknown_number_is_not_found() -> None:
    mga = make_mga()
    make_pims_record(mga)
    assert find_invoice(mga, "INV-9999", customer_id="C-1001").outcome is Outcome.NOT_FOUND


def test_somebody_elses_invoice_is_told_apart_and_not_returned() -> None:
    mga = make_mga()
    make_pims_record(mga)
    found = find_invoice(mga, "INV-1042", customer_id="C-2002")
    assert found.outcome is Outcome.OTHER_CUSTOMER
    assert found.invoice is None


def test_a_customer_link_translates_the_id() -> None:
    mga = make_mga()
    connection = make_pims_record(mga)
    CustomerLink.objects.create(connection=connection, customer_id="owner-7", pims_customer_id="C-1001")
    assert find_invoice(mga, "INV-1042", customer_id="owner-7").outcome is Outcome.FOUND


def test_another_tenants_records_are_never_seen() -> None:
    make_pims_record(make_mga("other"))
    mine = make_mga("mine")
    assert find_invoice(mine, "INV-1042", customer_id="C-1001").outcome is Outcome.NOT_FOUND
    assert not is_customer_known(mine, "C-1001")


def test_a_hit_by_digits_needs_proof() -> None:
    mga = make_mga()
    make_pims_record(mga, invoiceNumber="HV-001042")
    assert find_invoice(mga, "1042", customer_id="C-1001").outcome is Outcome.AMBIGUOUS
    assert find_invoice(mga, "1042", customer_id="C-1001", hints=Hints(total=Decimal(7))).outcome is Outcome.NOT_FOUND
    proven = find_invoice(mga, "1042", customer_id="C-1001", hints=Hints(issue_date=date(2025, 3, 6)))
    assert proven.outcome is Outcome.FOUND


def test_two_invoices_of_one_number_are_ambiguous_until_a_hint_tells_them_apart() -> None:
    mga = make_mga()
    make_pims_record(mga, meta={"sourceId": "a"})
    make_pims_record(mga, meta={"sourceId": "b"}, total="300.00", invoiceDate="2024-01-01")
    assert find_invoice(mga, "INV-1042", customer_id="C-1001").outcome is Outcome.AMBIGUOUS
    found = find_invoice(mga, "INV-1042", customer_id="C-1001", hints=Hints(total=Decimal("300.00")))
    assert found.invoice is not None and found.invoice.total == Decimal("300.00")


def test_a_connection_that_is_switched_off_is_not_asked() -> None:
    mga = make_mga()
    make_pims_record(mga)
    Connection.objects.update(enabled=False)
    assert find_invoice(mga, "INV-1042", customer_id="C-1001").outcome is Outcome.NOT_FOUND
    assert not is_customer_known(mga, "C-1001")


def test_a_lookup_takes_the_same_queries_however_many_records_there_are(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    mga = make_mga()
    for number in range(5):
        make_pims_record(mga, invoiceNumber=f"INV-{number}", meta={"sourceId": str(number)})
    with django_assert_num_queries(3):
        find_invoice(mga, "INV-3", customer_id="C-1001")
