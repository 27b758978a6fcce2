from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest
from django.contrib.auth import get_user_model

from invoicedata.models import Mga
from invoices.models import DeliveryNote, DeliveryNoteLine, Event, Invoice, InvoiceLine, Pairing
from invoices.services import pairing
from tests.factories import make_delivery_note, make_invoice, make_mga

pytestmark = pytest.mark.django_db


def make_pair(mga: Mga, delivered: str = "4", order: str = "PO-1") -> tuple[Invoice, DeliveryNote]:
    invoice = make_invoice(mga, order_number=order)
    InvoiceLine.objects.create(
        invoice=invoice, position=1, sku="A1", description="Olive oil", quantity=4, unit_price=Decimal("31.20")
    )
    note = make_delivery_note(mga, supplier_name="ACME Corp", order_number=order)
    DeliveryNoteLine.objects.create(
        note=note, position=1, sku="A1", description="Olive oil", quantity=Decimal(delivered)
    )
    return invoice, note


def test_a_pair_is_found_whichever_arrives_first() -> None:
    mga = make_mga()
    invoice, note = make_pair(mga)
    for first, second in permutations((invoice, note)):
        Pairing.objects.all().delete()
        pairing.pair_document(first.document)
        pairing.pair_document(second.document)
        assert list(Pairing.objects.values_list("invoice", "delivery_note", "status")) == [
            (invoice.pk, note.pk, Pairing.Status.CONFIRMED)
        ]


def test_pairing_again_changes_nothing() -> None:
    _, note = make_pair(make_mga())
    pairing.pair_document(note.document)
    before = list(Event.objects.values_list("pk", flat=True))
    pairing.pair_document(note.document)
    assert list(Event.objects.values_list("pk", flat=True)) == before
    assert Pairing.objects.count() == 1


def test_a_paired_invoice_is_matched() -> None:
    invoice, note = make_pair(make_mga())
    pairing.pair_document(note.document)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.open_findings) == (Invoice.Status.MATCHED, 0)


def test_a_short_delivery_is_a_finding_with_the_money_at_stake() -> None:
    invoice, note = make_pair(make_mga(), delivered="3")
    pairing.pair_document(note.document)
    finding = invoice.findings.get()
    assert (finding.rule, finding.line, str(finding.money_at_stake)) == ("delivery.short", 1, "31.20")
    assert finding.message == "Olive oil: 4 invoiced, 3 delivered."


def test_another_tenants_note_is_never_paired() -> None:
    invoice, _ = make_pair(make_mga("mine"))
    DeliveryNote.objects.all().delete()
    _, theirs = make_pair(make_mga("theirs"))
    pairing.pair_document(theirs.document)
    assert not invoice.pairings.exists()


def test_what_a_person_rejected_stays_rejected() -> None:
    invoice, note = make_pair(make_mga())
    pairing.pair_document(note.document)
    staff = get_user_model().objects.create_user("lead")
    pairing.decide(Pairing.objects.get(), Pairing.Status.REJECTED, staff)
    pairing.pair_document(note.document)
    assert Pairing.objects.get().status == Pairing.Status.REJECTED
    invoice.refresh_from_db()
    assert invoice.status != Invoice.Status.MATCHED


def test_what_a_person_confirmed_stays_even_where_another_invoice_fits_better() -> None:
    mga = make_mga()
    invoice, note = make_pair(mga)
    other = make_invoice(mga, issue_date=date(2024, 2, 1))
    staff = get_user_model().objects.create_user("lead")
    by_hand = Pairing.objects.create(invoice=other, delivery_note=note, score=0.1)
    pairing.decide(by_hand, Pairing.Status.CONFIRMED, staff)
    pairing.pair_document(invoice.document)
    assert list(Pairing.objects.values_list("invoice", flat=True)) == [other.pk]
