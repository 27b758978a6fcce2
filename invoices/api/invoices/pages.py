"""A page of the list as it goes over the wire, from few statements: the hot path of contract 2.

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

from invoices.models import Invoice

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
CONFIRMED = "confirmed:"
# Of each invoice, its pairings that nobody rejected, best first: "confirmed:dn_1,suggested:dn_2".
PAIRED = """(SELECT {concatenate}(one, ',') FROM (
    SELECT p.status || ':' || p.delivery_note_id AS one FROM invoices_pairing p
    WHERE p.invoice_id = i.id AND p.status <> 'rejected' ORDER BY p.score DESC, p.delivery_note_id
) AS standing)"""
ROWS = """SELECT i.id, i.filename, i.supplier_name, i.issue_date, i.gross_total, i.status, i.confidence, i.venue,
    i.open_findings, d.filename, {paired}
FROM invoices_invoice i JOIN invoices_document d ON d.id = i.document_id WHERE i.id IN ({places})"""
CONCATENATE = {"postgresql": "string_agg", "sqlite": "group_concat"}


def order_of(sort: str) -> tuple[OrderBy, ...]:
    """What is not known comes before everything else, and ties are broken by id."""
    column = SORTS[sort.removeprefix("-")]
    # Where nothing can be unknown, saying where the unknown come would only keep the database from using its index.
    known = not Invoice._meta.get_field(column).null
    if sort.startswith("-"):
        return F(column).desc(nulls_last=None if known else True), F("id").desc()
    return F(column).asc(nulls_first=None if known else True), F("id").asc()


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


def page_ids(
    mgas: Sequence[str] | None, status: str | None, sort: str, total: int, limit: int, offset: int
) -> list[str]:
    """The ids on a page of the invoices of some tenants (None: all), of one status or all: from an index alone."""
    is_backwards, skip, count = from_nearer_end(total, limit, offset)
    if not count or mgas == []:
        return []
    statement = ids_statement(None if mgas is None else len(mgas), status is not None, sort, is_backwards)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*(mgas or ()), *((status,) if status else ()), count, skip])
        ids = [row[0] for row in cursor.fetchall()]
    return ids[::-1] if is_backwards else ids


@lru_cache
def ids_statement(mgas: int | None, has_status: bool, sort: str, is_backwards: bool) -> str:
    """As the ORM writes it, once: writing it takes longer than running it."""
    rows = Invoice.objects.all()
    if mgas is not None:
        rows = rows.filter(mga="") if mgas == 1 else rows.filter(mga__in=[str(number) for number in range(mgas)])
    if has_status:
        rows = rows.filter(status="")
    ids = rows.order_by(*order_of(sort)).values_list("pk", flat=True)
    statement, _ = (ids.reverse() if is_backwards else ids).query.sql_with_params()
    return f"{statement} LIMIT %s OFFSET %s"


def describe_page(ids: Sequence[str]) -> list[dict[str, Any]]:
    """The invoices in the order of their ids; what was deleted meanwhile is not there any more."""
    if not ids:
        return []
    paired = PAIRED.format(concatenate=CONCATENATE[connection.vendor])
    with connection.cursor() as cursor:
        cursor.execute(ROWS.format(paired=paired, places=", ".join(["%s"] * len(ids))), ids)
        found = {row[0]: describe(row) for row in cursor.fetchall()}
    return [found[pk] for pk in ids if pk in found]


def describe(row: tuple[Any, ...]) -> dict[str, Any]:
    """An InvoiceSummary. Amounts and days come from SQLite as numbers and text, from PostgreSQL as what they are."""
    pk, filename, supplier, day, total, status, confidence, venue, issues, source, paired = row
    pairings = paired.split(",") if paired else ()
    is_paired = any(pairing.startswith(CONFIRMED) for pairing in pairings)
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
    values = (("supplier", supplier), ("date", day), ("total_value", total), ("venue", venue))
    return [name for name, value in values if value is None or value == ""]
