"""A page of the list as it goes over the wire, from one statement where it can be: the hot path of contract 2.

The ORM decides which invoices are on the page where filters narrow them; the rest is SQL by hand, since making 50
model instances with their prefetched pairings and running them through serializers took nine tenths of a request. The
shape is `InvoiceSummarySerializer`'s, and a test compares the two.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from django.db import connection
from django.db.models import F, OrderBy, QuerySet

from invoicedata.rows import fetch, fetch_planned
from invoices.models import Invoice
from invoices.services.tallies import conditions, count_invoices, day_of

SORTS = {
    "date": "issue_date",
    "supplier": "supplier_name",
    "total_value": "gross_total",
    "status": "status",
    "confidence": "confidence",
    "venue": "venue",
    "filename": "filename",
    "issues_count": "open_findings",
    "created_at": "created_at",
}
CONFIDENCE_DIGITS = 4
FAR = 500  # keys that are passed over faster than the days are summed
CONFIRMED = "confirmed:"
# Of each invoice, its pairings that nobody rejected, best first: "confirmed:dn_1,suggested:dn_2".
PAIRED = """(SELECT {concatenate}(one, ',') FROM (
    SELECT p.status || ':' || p.delivery_note_id AS one FROM invoices_pairing p
    WHERE p.invoice_id = i.id AND p.status <> 'rejected' ORDER BY p.score DESC, p.delivery_note_id
) AS standing)"""
ROWS = """SELECT i.id, i.filename, i.supplier_name, i.issue_date, i.gross_total, i.status, i.confidence, i.venue,
    i.open_findings, d.filename, {paired}{more}
FROM invoices_invoice i JOIN invoices_document d ON d.id = i.document_id {which}"""
CONCATENATE = {"postgresql": "string_agg", "sqlite": "group_concat"}


def order_of(sort: str) -> tuple[OrderBy, ...]:
    """What is not known comes before everything else, and ties are broken by id."""
    column = SORTS[sort.removeprefix("-")]
    unknown = True if may_be_unknown(column) else None
    if sort.startswith("-"):
        return F(column).desc(nulls_last=unknown), F("id").desc()
    return F(column).asc(nulls_first=unknown), F("id").asc()


def order_clause(sort: str, is_backwards: bool) -> str:
    """`order_of` in SQL, of the table `i`."""
    column = SORTS[sort.removeprefix("-")]
    way, unknown = ("DESC", " NULLS LAST") if sort.startswith("-") is not is_backwards else ("ASC", " NULLS FIRST")
    return f"ORDER BY i.{column} {way}{unknown if may_be_unknown(column) else ''}, i.id {way}"


def may_be_unknown(column: str) -> bool:
    """Where nothing is, saying where the unknown come would only keep the database from using its index."""
    return bool(Invoice._meta.get_field(column).null)


def from_nearer_end(total: int, limit: int, offset: int) -> tuple[bool, int, int]:
    """(whether from the end, how many to pass over, how many to take): a deep page costs half as much at most."""
    end = min(offset + limit, total)
    if offset >= end:
        return False, 0, 0
    return (False, offset, end - offset) if offset <= total // 2 else (True, total - end, end - offset)


def filtered_ids(rows: QuerySet[Invoice], sort: str, total: int, limit: int, offset: int) -> list[str]:
    """The ids on a page of some rows."""
    is_backwards, skip, count = from_nearer_end(total, limit, offset)
    ids = rows.order_by(*order_of(sort)).values_list("pk", flat=True)
    return list(ids.reverse()[skip : skip + count])[::-1] if is_backwards else list(ids[skip : skip + count])


def read_page(
    mgas: Sequence[str] | None, status: str | None, sort: str, limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    """How many invoices some tenants (by id; None: all) have, of one status or all, and those on a page of them."""
    wanted, values = conditions(mgas, status)
    if not offset:  # the usual call
        statement = first_page_statement(wanted, order_clause(sort, is_backwards=False), connection.vendor)
        rows = fetch_planned(f"{statement} LIMIT {limit:d}", [*values, *values])
        return (int(rows[0][-1]) if rows else 0), [describe(row[:-1]) for row in rows]
    total = count_invoices(mgas, status)
    is_backwards, skip, count = from_nearer_end(total, limit, offset)
    if not count:
        return total, []
    if sort.removeprefix("-") == "created_at" and skip >= FAR:
        newest_first = sort.startswith("-") is not is_backwards
        wanted, values, skip = start_near(wanted, values, skip, newest_first=newest_first)
    statement = later_page_statement(wanted, order_clause(sort, is_backwards), connection.vendor)
    rows = fetch(statement, [*values, count, skip])
    return total, [describe(row) for row in (rows[::-1] if is_backwards else rows)]


def start_near(wanted: str, values: Sequence[Any], skip: int, *, newest_first: bool) -> tuple[str, list[Any], int]:
    """The conditions without the days before the one on which the page begins, and how many of that to pass over."""
    day = day_of(wanted, values, skip, newest_first=newest_first)
    if day is None:
        return wanted, [*values], skip
    began, ended, before = day
    comparison, moment = ("<", ended) if newest_first else (">=", began)
    near = f"{wanted} {'AND' if wanted else 'WHERE'} i.created_at {comparison} %s"
    return near, [*values, connection.ops.adapt_datetimefield_value(moment)], skip - before


@lru_cache
def first_page_statement(wanted: str, order: str, vendor: str) -> str:
    """Its rows, with the total beside each."""
    total = f", (SELECT sum(delta) FROM invoices_invoicetally i {wanted})"
    return ROWS.format(paired=PAIRED.format(concatenate=CONCATENATE[vendor]), more=total, which=f"{wanted} {order}")


@lru_cache
def later_page_statement(wanted: str, order: str, vendor: str) -> str:
    """Passes over keys, in an index alone, before it looks at a row."""
    chosen = f"SELECT i.id FROM invoices_invoice i {wanted} {order} LIMIT %s OFFSET %s"
    paired = PAIRED.format(concatenate=CONCATENATE[vendor])
    return ROWS.format(paired=paired, more="", which=f"WHERE i.id IN ({chosen}) {order}")


def describe_page(ids: Sequence[str]) -> list[dict[str, Any]]:
    """The invoices in the order of their ids; what was deleted meanwhile is not there any more."""
    if not ids:
        return []
    paired = PAIRED.format(concatenate=CONCATENATE[connection.vendor])
    which = f"WHERE i.id IN ({', '.join(['%s'] * len(ids))})"
    found = {row[0]: describe(row) for row in fetch(ROWS.format(paired=paired, more="", which=which), ids)}
    return [found[pk] for pk in ids if pk in found]


def describe(row: tuple[Any, ...]) -> dict[str, Any]:
    """An InvoiceSummary. Amounts and days come from SQLite as numbers and text, from PostgreSQL as what they are."""
    pk, filename, supplier, day, total, status, confidence, venue, issues, source, paired = row
    pairings = paired.split(",") if paired else []
    is_paired = bool(paired) and CONFIRMED in paired  # ids hold no colon
    body = {
        "id": pk,
        "filename": filename,
        "supplier": supplier,
        "date": str(day) if day else "",
        "total_value": msgspec.Raw(f"{total or 0:.2f}".encode()),
        "status": status,
        "confidence": round(confidence, CONFIDENCE_DIGITS),
        "venue": venue,
        "issues_count": issues,
        "paired": is_paired,
        "delivery_note_ids": [pairing.partition(":")[2] for pairing in pairings],
        "pairing_status": "confirmed" if is_paired else "suggested" if pairings else "none",
        "missing_fields": missing(supplier, day, total, venue),
    }
    if source != filename:  # the file holds others as well
        body["source_filename"] = source
    return body


def missing(supplier: str, day: Any, total: Any, venue: str) -> list[str]:
    if supplier and day and total is not None and venue:
        return []
    known = {"supplier": bool(supplier), "date": bool(day), "total_value": total is not None, "venue": bool(venue)}
    return [name for name, is_known in known.items() if not is_known]
