"""An invoice beside the supplier's other invoices: what is told, and what is not."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models import Finding, Invoice, InvoiceLine, Pairing, Practice
from invoices.services.history import judge_history
from invoices.services.pairing import judge_deliveries
from tests.factories import make_delivery_note, make_invoice, make_mga, pair

pytestmark = pytest.mark.django_db


@pytest.fixture
def mga() -> Mga:
    return make_mga()


@pytest.fixture
def supplier(mga: Mga) -> Practice:
    return Practice.objects.create(mga=mga, name="ACME Corp", name_key="acmecorp")


def bill(mga: Mga, supplier: Practice | None, number: str, **values: Any) -> Invoice:
    """An invoice that came in after all others."""
    price, quantity = values.pop("price", "10.00"), values.pop("quantity", 2)
    unit, sku = values.pop("unit", "kg"), values.pop("sku", "A-1")
    moment = timezone.now() + timedelta(seconds=Invoice.objects.count())
    values = {"gross_total": Decimal(100 + Invoice.objects.count()), "created_at": moment} | values
    invoice = make_invoice(mga, supplier=supplier, invoice_number=number, number_key=number, **values)
    InvoiceLine.objects.create(
        invoice=invoice, position=1, description="Flour", sku=sku, unit=unit, quantity=quantity, unit_price=price
    )
    judge_history(invoice)
    return invoice


def told(invoice: Invoice) -> list[str]:
    return list(invoice.findings.filter(state=Finding.State.OPEN).order_by("rule").values_list("rule", flat=True))


def test_the_same_number_again_is_flagged_as_a_possible_duplicate(mga: Mga, supplier: Practice) -> None:
    first, second = bill(mga, supplier, "N1"), bill(mga, supplier, "N1")
    assert (told(first), told(second)) == ([], ["duplicate.number"])
    finding = second.findings.get()
    assert first.pk in finding.message and finding.money_at_stake == second.gross_total
    assert second.status == Invoice.Status.FLAGGED


def test_the_same_day_and_total_under_another_number_is_a_warning(mga: Mga, supplier: Practice) -> None:
    bill(mga, supplier, "N1", gross_total=Decimal("80.00"))
    other_day = bill(mga, supplier, "N2", gross_total=Decimal("80.00"), issue_date=date(2024, 2, 1))
    again = bill(mga, supplier, "N3", gross_total=Decimal("80.00"))
    assert (told(other_day), told(again)) == ([], ["duplicate.total"])
    assert again.status != Invoice.Status.FLAGGED


def test_others_suppliers_tenants_kinds_and_rejected_ones_are_no_duplicates(mga: Mga, supplier: Practice) -> None:
    other = Practice.objects.create(mga=mga, name="Other", name_key="other")
    elsewhere = make_mga("elsewhere")
    theirs = Practice.objects.create(mga=elsewhere, name="ACME Corp", name_key="acmecorp")
    bill(mga, other, "N1")
    bill(elsewhere, theirs, "N1")
    bill(mga, supplier, "N1", kind=Invoice.Kind.CREDIT_NOTE)
    bill(mga, supplier, "N1", rejected_at=timezone.now())
    assert told(bill(mga, supplier, "N1")) == []
    assert told(bill(mga, None, "N1")) == []


@pytest.mark.parametrize(
    ("price", "changes"),
    [
        ("10.20", {}),  # two percent
        ("10.21", {"percent": "+2.1 %", "stake": "0.42"}),
        ("9.00", {"percent": "-10.0 %", "stake": "2.00"}),
    ],
)
def test_a_price_that_changed_is_told_with_both(
    mga: Mga, supplier: Practice, price: str, changes: dict[str, str]
) -> None:
    bill(mga, supplier, "N0", price="7.00")
    bill(mga, supplier, "N1", price="10.00")
    invoice = bill(mga, supplier, "N2", price=Decimal(price))
    assert told(invoice) == (["price.changed"] if changes else [])
    if changes:
        finding = invoice.findings.get()
        assert changes["percent"] in finding.message and "10 on N1" in finding.message
        assert (str(finding.money_at_stake), finding.line) == (changes["stake"], 1)


def test_another_unit_or_article_is_no_change_of_price(mga: Mga, supplier: Practice) -> None:
    bill(mga, supplier, "N1", price="10.00")
    assert told(bill(mga, supplier, "N2", price="90.00", unit="case")) == []
    assert told(bill(mga, supplier, "N3", price="70.00", sku="B-2")) == []


def test_the_tenant_says_how_much_a_price_may_change(mga: Mga, supplier: Practice) -> None:
    mga.price_tolerance_percent = Decimal("15")
    mga.save()
    bill(mga, supplier, "N1", price="10.00")
    assert told(bill(mga, supplier, "N2", price="11.50")) == []
    assert told(bill(mga, supplier, "N3", price="14.00")) == ["price.changed"]


def test_an_unusual_currency_is_told_once_there_is_a_habit(mga: Mga, supplier: Practice) -> None:
    for number in ("N1", "N2"):
        bill(mga, supplier, number)
    assert told(bill(mga, supplier, "N3", currency="EUR")) == []
    Invoice.objects.update(currency="GBP")
    assert told(bill(mga, supplier, "N4", currency="EUR")) == ["currency.unusual"]


def test_a_place_that_is_not_on_the_list_is_told(mga: Mga, supplier: Practice) -> None:
    mga.venues = "Royal Oak Hotel\n\nMill House\n"
    mga.save()
    assert told(bill(mga, supplier, "N1", venue="ROYAL OAK HOTEL, Leeds")) == []
    assert told(bill(mga, supplier, "N2", venue="Grand Pier")) == ["venue.unknown"]
    assert told(bill(mga, supplier, "N3", venue="")) == ["venue.unknown"]


def test_a_missing_delivery_note_is_told_until_it_comes(mga: Mga, supplier: Practice) -> None:
    for number in ("N1", "N2", "N3"):
        assert told(bill(mga, supplier, number)) == []
        pair(Invoice.objects.get(invoice_number=number), make_delivery_note(mga), Pairing.Status.CONFIRMED)
    invoice = bill(mga, supplier, "N4")
    assert told(invoice) == ["deliveries.missing"]
    pair(invoice, make_delivery_note(mga), Pairing.Status.CONFIRMED)
    judge_deliveries(invoice)
    assert "deliveries.missing" not in told(invoice)


def test_judging_again_changes_nothing_and_a_persons_decision_stands(mga: Mga, supplier: Practice) -> None:
    bill(mga, supplier, "N1")
    invoice = bill(mga, supplier, "N1", price="20.00")
    before = list(invoice.findings.order_by("pk").values())
    judge_history(invoice)
    assert list(invoice.findings.order_by("pk").values()) == before
    invoice.findings.update(state=Finding.State.IGNORED)
    judge_history(invoice)
    assert told(invoice) == []


def test_it_takes_the_same_queries_however_many_lines(
    mga: Mga, supplier: Practice, django_assert_max_num_queries: Any
) -> None:
    bill(mga, supplier, "N1")
    invoice = bill(mga, supplier, "N2")
    for position in range(2, 40):
        InvoiceLine.objects.create(invoice=invoice, position=position, description=f"Article {position}", unit_price=1)
    with django_assert_max_num_queries(10):
        judge_history(invoice)
