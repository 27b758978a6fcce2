import threading
from datetime import date
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from pims import lookup
from pims.connectors.base import Hints
from pims.errors import PimsPermissionError, PimsUnavailable
from pims.lookup import Lookup, Outcome, find_invoice, is_customer_known
from pims.models import Connection, CustomerLink
from pims.types import from_json
from tests.factories import make_mga, make_pims_record, pims_record
from tests.pims.conftest import Connect, Practice
from tests.pims.stub import Fault, Mount
from tests.pims.stub.ezyvet import EzyvetMount
from tests.pims.stub.ezyvet import invoice as stub_invoice
from tests.pims.stub.provet import ProvetMount
from tests.pims.stub.vetspire import VetspireMount

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


def test_a_number_that_leads_nowhere_is_proposed_by_customer_day_and_total() -> None:
    mga = make_mga()
    make_pims_record(mga)
    hints = Hints(total=Decimal("108.00"), issue_date=date(2025, 3, 4))
    found = find_invoice(mga, "INV-1043", customer_id="C-1001", hints=hints)
    assert found.outcome is Outcome.OTHER_NUMBER and found.invoice is not None
    assert (found.invoice.invoice_number, found.invoice.origin.matched_on) == ("INV-1042", "customer, day and total")
    assert find_invoice(mga, "", customer_id="C-1001", hints=hints).outcome is Outcome.OTHER_NUMBER


@pytest.mark.parametrize(
    ("customer_id", "total", "day"),
    [("C-2002", "108.00", 4), ("C-1001", "109.00", 4), ("C-1001", "108.00", 5)],
    ids=["another customer", "another total", "another day"],
)
def test_nothing_is_proposed_that_is_not_alike_in_everything(customer_id: str, total: str, day: int) -> None:
    mga = make_mga()
    make_pims_record(mga)
    hints = Hints(total=Decimal(total), issue_date=date(2025, 3, day))
    assert find_invoice(mga, "INV-1043", customer_id=customer_id, hints=hints).outcome is Outcome.NOT_FOUND


def test_of_two_that_are_alike_none_is_proposed() -> None:
    mga = make_mga()
    make_pims_record(mga, meta={"sourceId": "a"})
    make_pims_record(mga, meta={"sourceId": "b"}, invoiceNumber="INV-1044")
    hints = Hints(total=Decimal("108.00"), issue_date=date(2025, 3, 4))
    assert find_invoice(mga, "INV-1043", customer_id="C-1001", hints=hints).outcome is Outcome.NOT_FOUND


def test_a_number_altered_to_another_invoices_is_seen_through() -> None:
    mga = make_mga()
    make_pims_record(mga)
    make_pims_record(mga, meta={"sourceId": "b"}, invoiceNumber="INV-1043", invoiceDate="2025-01-07", total="20.00")
    hints = Hints(total=Decimal("108.00"), issue_date=date(2025, 3, 4), customer_name="Dana Whitfield")
    found = find_invoice(mga, "INV-1043", customer_id="C-1001", hints=hints)
    assert found.outcome is Outcome.OTHER_NUMBER
    assert found.invoice is not None and found.invoice.invoice_number == "INV-1042"


# --- remote systems ---------------------------------------------------------------------------------------------------


def test_a_remote_invoice_is_found_and_the_answer_says_where(ezyvet: Practice) -> None:
    found = find_invoice(ezyvet.connection.mga, "112345", customer_id="20077")
    assert (found.outcome, found.connection) == (Outcome.FOUND, ezyvet.connection)


def test_twins_in_two_divisions_are_ambiguous(ezyvet: Practice) -> None:
    ezyvet.mount.tables["invoice"].append(stub_invoice(id=55, ownership_id="4"))
    assert find_invoice(ezyvet.connection.mga, "112345", customer_id="20077").outcome is Outcome.AMBIGUOUS


def test_a_number_with_misread_letters_needs_another_value(ezyvet: Practice) -> None:
    mga = ezyvet.connection.mga
    assert find_invoice(mga, "II2345", customer_id="20077").outcome is Outcome.AMBIGUOUS
    hints = Hints(total=Decimal("305.67"))
    assert find_invoice(mga, "II2345", customer_id="20077", hints=hints).outcome is Outcome.FOUND


def test_somebody_elses_remote_invoice_is_not_even_fetched(ezyvet: Practice) -> None:
    found = find_invoice(ezyvet.connection.mga, "112345", customer_id="20078")
    assert (found.outcome, found.invoice) == (Outcome.OTHER_CUSTOMER, None)
    assert set(ezyvet.mount.calls) == {"invoice"}


def test_the_practice_on_the_page_is_asked_first_and_alone(connect: Connect, db: None) -> None:
    named = connect(EzyvetMount, practice_name="Harbour Vets")
    other = connect(EzyvetMount, practice_name="Meadow Animal Clinic")
    hints = Hints(practice_name="HARBOUR VETS LTD")
    found = find_invoice(named.connection.mga, "112345", customer_id="20077", hints=hints)
    assert found.connection == named.connection
    assert other.mount.calls == []


def test_a_connection_that_knows_the_customer_is_asked_before_the_others(connect: Connect, db: None) -> None:
    linked, other = connect(EzyvetMount), connect(EzyvetMount)
    CustomerLink.objects.create(connection=linked.connection, customer_id="owner-7", pims_customer_id="20077")
    hints = Hints(total=Decimal("305.67"))
    found = find_invoice(linked.connection.mga, "112345", customer_id="owner-7", hints=hints)
    assert (found.outcome, found.connection) == (Outcome.FOUND, linked.connection)
    assert other.mount.calls == []


def test_a_system_that_is_down_is_told_unless_another_has_the_invoice(ezyvet: Practice) -> None:
    mga = ezyvet.connection.mga
    ezyvet.mount.fault("*", Fault(403), always=True)
    with pytest.raises(PimsPermissionError):
        find_invoice(mga, "INV-1042", customer_id="C-1001")
    make_pims_record(mga)
    assert find_invoice(mga, "INV-1042", customer_id="C-1001").outcome is Outcome.FOUND


class AtOnce:
    """Connectors that answer only when all of them are being asked: one after the other would never end."""

    def __init__(self, parties: int) -> None:
        self.barrier = threading.Barrier(parties, timeout=10)

    def ask(self, connection: Connection, *args: object) -> Lookup:
        self.barrier.wait()
        return Lookup(Outcome.NOT_FOUND)


@pytest.mark.django_db(transaction=True)
def test_the_other_connections_are_asked_at_the_same_time(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    practices = [connect(EzyvetMount) for _ in range(4)]
    mga = practices[0].connection.mga
    monkeypatch.setattr(lookup, "ask", AtOnce(4).ask)
    assert find_invoice(mga, "112345", customer_id="20077").outcome is Outcome.NOT_FOUND


@pytest.mark.django_db(transaction=True)
def test_the_first_proven_match_ends_the_search(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    quick, stuck = connect(EzyvetMount), connect(EzyvetMount)
    released = threading.Event()

    def ask(connection: Connection, *args: object) -> Lookup:
        if connection.pk == stuck.connection.pk:
            released.wait(10)
            return Lookup(Outcome.NOT_FOUND)
        return Lookup(Outcome.FOUND, from_json(pims_record()), connection, is_proven=True)

    monkeypatch.setattr(lookup, "ask", ask)
    found = find_invoice(quick.connection.mga, "INV-1042", customer_id="C-1001")
    assert (found.connection, released.is_set()) == (quick.connection, False)
    released.set()


@pytest.mark.django_db(transaction=True)
def test_a_lookup_ends_at_its_deadline_whoever_does_not_answer(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    practices = [connect(EzyvetMount) for _ in range(2)]
    mga = practices[0].connection.mga
    released = threading.Event()

    def ask(connection: Connection, *args: object) -> Lookup:
        released.wait(10)
        return Lookup(Outcome.NOT_FOUND)

    monkeypatch.setattr(lookup, "ask", ask)
    with pytest.raises(PimsUnavailable, match="in time"):
        find_invoice(mga, "112345", customer_id="20077", seconds=0.1)
    released.set()


@pytest.mark.parametrize(
    ("kind", "wrong", "right", "customer_id", "total", "most_calls"),
    [
        (EzyvetMount, "112399", "112345", "20077", "305.67", 11),
        (ProvetMount, "HV10000000099", "HV10000000005", "77", "62.08", 10),
        (VetspireMount, "884299", "884213", "5512", "179.50", 6),
    ],
)
def test_every_vendor_can_be_searched_by_customer_and_day(
    connect: Connect, kind: type[Mount], wrong: str, right: str, customer_id: str, total: str, most_calls: int
) -> None:
    practice = connect(kind)
    if kind is VetspireMount:
        practice.mount.orders.pop(0)  # the same customer's, of the same day and total
    hints = Hints(total=Decimal(total), issue_date=date(2025, 3, 4))
    mga = practice.connection.mga
    found = find_invoice(mga, wrong, customer_id=customer_id, hints=hints)
    assert found.outcome is Outcome.OTHER_NUMBER and found.invoice is not None
    assert found.invoice.invoice_number == right
    assert len(practice.mount.calls) <= most_calls
    assert find_invoice(mga, wrong, customer_id="nobody", hints=hints).outcome is Outcome.NOT_FOUND
