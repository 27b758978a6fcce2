"""The list's total is exact whatever happens to invoices, and costs no count."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from invoices import triggers
from invoices.api.invoices import pages
from invoices.models import Invoice, InvoiceDay, InvoiceTally
from invoices.services import sweeping, tallies
from invoices.services.tallies import count_invoices
from tests.factories import make_client, make_document, make_invoice, make_mga

pytestmark = pytest.mark.django_db


def counted() -> Counter[tuple[str, str]]:
    return Counter(Invoice.objects.values_list("mga_id", "status"))


def tallied() -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for row in InvoiceTally.objects.all():
        found[row.mga_id, row.status] += row.delta
    return +found


def counted_by_day() -> Counter[tuple[str, date, str]]:
    rows = Invoice.objects.values_list("mga_id", "created_at", "status")
    return Counter((mga, moment.astimezone(UTC).date(), status) for mga, moment, status in rows)


def tallied_by_day() -> Counter[tuple[str, date, str]]:
    found: Counter[tuple[str, date, str]] = Counter()
    for row in InvoiceDay.objects.all():
        found[row.mga_id, row.day, row.status] += row.delta
    return +found


def test_whatever_writes_is_tallied() -> None:
    mga, other = make_mga(), make_mga("other")
    rows = [make_invoice(mga) for _ in range(5)] + [make_invoice(other)]
    document = make_document(mga)
    Invoice.objects.bulk_create(Invoice(mga=mga, document=document, part=part) for part in range(3))
    assert tallied() == counted()
    Invoice.objects.filter(mga=mga, status="scanned").update(status="flagged")
    Invoice.objects.filter(document=document, part=0).update(created_at=timezone.now() - timedelta(days=3))
    assert tallied_by_day() == counted_by_day()
    rows[0].status = "error"
    rows[0].save()
    rows[1].delete()
    Invoice.objects.filter(document=document).delete()
    assert tallied() == counted()
    assert tallied_by_day() == counted_by_day()
    assert (
        count_invoices([mga.pk]),
        count_invoices([mga.pk], "flagged"),
        count_invoices([other.pk]),
        count_invoices(None),
    ) == (
        4,
        3,
        1,
        5,
    )


def test_what_is_rolled_back_was_never_there() -> None:
    mga = make_mga()
    with pytest.raises(RuntimeError), transaction.atomic():
        make_invoice(mga)
        raise RuntimeError
    assert count_invoices([mga.pk]) == 0


def test_folding_keeps_the_totals(monkeypatch: pytest.MonkeyPatch) -> None:
    mga, other = make_mga(), make_mga("other")
    for number in range(12):
        make_invoice(mga if number % 3 else other, status="flagged" if number % 2 else "scanned")
    monkeypatch.setattr(tallies, "FOLD_FROM", 10)
    sweeping.sweep(timezone.now())
    assert (tallied(), tallied_by_day()) == (counted(), counted_by_day())
    assert (InvoiceTally.objects.count(), InvoiceDay.objects.count()) == (4, 4)
    Invoice.objects.update(status="error")
    Invoice.objects.update(status="matched")
    monkeypatch.setattr(tallies, "FOLD_FROM", 1)
    sweeping.sweep(timezone.now())
    assert (tallied(), tallied_by_day()) == (counted(), counted_by_day())
    assert not InvoiceDay.objects.filter(is_folded=False).exists()


@pytest.mark.django_db(transaction=True)
def test_many_that_write_and_fold_at_once_lose_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "FOLD_FROM", 1)
    mga = make_mga()
    documents = [make_document(mga) for _ in range(40)]

    def work(position: int) -> None:
        try:
            make_invoice(mga, document=documents[position], status="scanned")
            tallies.fold()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(40)))
    assert count_invoices([mga.pk]) == 40
    tallies.fold()
    assert (InvoiceTally.objects.count(), InvoiceDay.objects.count()) == (1, 1)


def test_triggers_that_a_migration_dropped_are_made_again_and_the_rows_counted() -> None:
    mga = make_mga()
    make_invoice(mga)
    with connection.cursor() as cursor:
        on = " ON invoices_invoice" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER invoice_tally_added{on}")
    make_invoice(mga)
    assert count_invoices([mga.pk]) == 1
    triggers.install()
    assert count_invoices([mga.pk]) == 2
    make_invoice(mga)
    assert count_invoices([mga.pk]) == 3


def test_flushing_the_database_leaves_no_tally() -> None:
    InvoiceTally.objects.create(mga=make_mga(), status="scanned", delta=-1)
    triggers.install()
    assert not InvoiceTally.objects.exists()


def test_pages_are_the_same_from_both_ends() -> None:
    mga = make_mga()
    for number in range(23):
        make_invoice(mga, supplier_name=f"S{number % 4}", gross_total=None if number % 5 == 0 else number)
    client = make_client(mga)

    def ids(**query: Any) -> list[str]:
        return [row["id"] for row in client.get("/api/invoices", query).json()["invoices"]]

    for sort in ("created_at", "-supplier", "total_value", "-total_value", "date"):
        whole = ids(sort=sort, limit=200)
        assert len(whole) == 23
        assert [pk for offset in range(0, 28, 4) for pk in ids(sort=sort, limit=4, offset=offset)] == whole


def test_far_pages_begin_near_their_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "FAR", 1)
    mga, other = make_mga(), make_mga("other")
    newest = timezone.now()
    for number in range(40):
        row = make_invoice(mga if number % 4 else other, status="flagged" if number % 3 else "scanned")
        Invoice.objects.filter(pk=row.pk).update(created_at=newest - timedelta(hours=7 * number))
    client = make_client(mga)

    def ids(**query: Any) -> list[str]:
        return [row["id"] for row in client.get("/api/invoices", query).json()["invoices"]]

    for query in ({}, {"status": "flagged"}, {"sort": "created_at"}, {"sort": "created_at", "status": "scanned"}):
        mine = Invoice.objects.filter(mga=mga, **({"status": query["status"]} if "status" in query else {}))
        order = ("created_at", "id") if "sort" in query else ("-created_at", "-id")
        whole = list(mine.order_by(*order).values_list("pk", flat=True))
        assert len(whole) >= 10
        assert [pk for offset in range(0, 32, 3) for pk in ids(**query, limit=3, offset=offset)] == whole
