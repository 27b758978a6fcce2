"""Totals of the list without counting, and where its far pages begin: see `invoices.models.tallies`."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from invoicedata.rows import fetch
from invoices.models import InvoiceDay, InvoiceTally

FOLD_FROM = 500  # rows: a total then costs a millisecond
FOLDED_AT_ONCE = 5000
ADD_TO_DAY = """
    INSERT INTO invoices_invoiceday AS kept (mga_id, day, status, delta, is_folded) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (mga_id, day, status) WHERE is_folded DO UPDATE SET delta = kept.delta + excluded.delta
"""


def count_invoices(mgas: Collection[str] | None, status: str | None = None) -> int:
    """How many invoices some tenants (by id; None: all) have, exactly, as this transaction sees them."""
    wanted, values = conditions(mgas, status)
    return int(fetch(f"SELECT coalesce(sum(delta), 0) FROM invoices_invoicetally i {wanted}", values)[0][0])


def conditions(mgas: Collection[str] | None, status: str | None) -> tuple[str, list[str]]:
    """The WHERE clause for the invoices (or tallies) of some tenants, of one status or all, in a table `i`; its
    values."""
    wanted = [] if mgas is None else [f"i.mga_id IN ({', '.join(['%s'] * len(mgas)) or 'NULL'})"]
    if status:
        wanted.append("i.status = %s")
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    return where, [*(mgas or ()), *((status,) if status else ())]


def day_of(
    wanted: str, values: Sequence[str], position: int, *, newest_first: bool
) -> tuple[datetime, datetime, int] | None:
    """The day on which the invoice at a position (from 0, in the order they came in) came in: when it began and ended,
    and how many stand before it. wanted, values: of `conditions`. None where there are not so many."""
    way = "DESC" if newest_first else "ASC"
    days = f"""SELECT day, sum(delta) AS own, sum(sum(delta)) OVER (ORDER BY day {way}) AS reached
        FROM invoices_invoiceday i {wanted} GROUP BY day"""
    rows = fetch(
        f"SELECT day, reached - own FROM ({days}) AS days WHERE reached > %s ORDER BY day {way} LIMIT 1",
        [*values, position],
    )
    if not rows:
        return None
    began = datetime.fromisoformat(f"{rows[0][0]}T00:00:00+00:00")
    return began, began + timedelta(days=1), int(rows[0][1])


def fold() -> None:
    """Replaces many rows by their sums. Any number may run at a time: who comes second finds the rows locked, and
    leaves them."""
    if InvoiceTally.objects.count() >= FOLD_FROM:
        fold_totals()
    if InvoiceDay.objects.filter(is_folded=False).count() >= FOLD_FROM:
        fold_days()


def fold_totals() -> None:
    with transaction.atomic():
        rows = InvoiceTally.objects.select_for_update(skip_locked=True).order_by("pk")
        taken = list(rows[:FOLDED_AT_ONCE])
        sums: Counter[tuple[str, str]] = Counter()
        for row in taken:
            sums[row.mga_id, row.status] += row.delta
        InvoiceTally.objects.filter(pk__in=[row.pk for row in taken]).delete()
        InvoiceTally.objects.bulk_create(
            InvoiceTally(mga_id=mga, status=status, delta=delta) for (mga, status), delta in sums.items() if delta
        )


def fold_days() -> None:
    with transaction.atomic():
        rows = InvoiceDay.objects.filter(is_folded=False).select_for_update(skip_locked=True).order_by("pk")
        taken = list(rows[:FOLDED_AT_ONCE])
        sums: Counter[tuple[str, date, str]] = Counter()
        for row in taken:
            sums[row.mga_id, row.day, row.status] += row.delta
        InvoiceDay.objects.filter(pk__in=[row.pk for row in taken]).delete()
        with connection.cursor() as cursor:  # in order: two that fold at once never wait for each other in a circle
            cursor.executemany(ADD_TO_DAY, [(*key, delta, True) for key, delta in sorted(sums.items()) if delta])
