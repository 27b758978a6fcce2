"""Collects what the tenant knows of an invoice's supplier, for the rules of `invoices.history`."""

from collections.abc import Collection
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from invoices.history import FAMILIES, History, Other, PricePoint, article_key, check_history
from invoices.models import Document, Invoice, InvoiceLine, Pairing
from invoices.services.findings import replace_findings
from invoices.validation import Check

MOST_OTHERS = 50
MOST_PRICES = 2000  # lines of the supplier's latest invoices
CHUNK = 100  # lines that are fetched at a time: the first ones tell most prices
LATEST = 10


def judge_history(invoice: Invoice) -> None:
    """Findings for what differs from the supplier's other invoices. Inside the caller's transaction."""
    replace_findings(invoice, history_checks(invoice), families=FAMILIES)


def history_checks(invoice: Invoice) -> list[Check]:
    lines = list(invoice.lines.all())
    return check_history(invoice, lines, history_of(invoice, lines))


def judge_later(invoices: Collection[str]) -> None:
    """Judges anew what came in after these invoices and may be told something else beside them now: whichever was read
    first, the outcome is the same."""
    later: dict[str, Invoice] = {}
    rows = Invoice.objects.filter(pk__in=invoices).select_related("mga").prefetch_related("lines")
    for invoice in rows:
        later |= {row.pk: row for row in later_invoices(invoice)}
    for pk in sorted(later.keys() - set(invoices), key=lambda pk: (later[pk].created_at, pk)):
        judge_history(later[pk])


def told_to_others(document: Document) -> tuple[list[Any], ...]:
    """All that the rules look at in this document's invoices when they judge others: while it is the same, so are
    their findings."""
    values = "supplier", "kind", "invoice_number", "filename", "number_key", "issue_date", "gross_total", "currency"
    lines = InvoiceLine.objects.filter(invoice__document=document).order_by("invoice", "position")
    return (
        list(document.invoices.order_by("pk").values_list("pk", *values)),
        list(lines.values_list("invoice", "sku", "description", "unit", "unit_price")),
    )


def later_invoices(invoice: Invoice) -> list[Invoice]:
    """Of the supplier's invoices that came in later: the next ones, those that may repeat this one, and of each article
    the next that bills it."""
    if invoice.supplier_id is None:
        return []
    rows: QuerySet[Invoice] = Invoice.objects.for_mga(invoice.mga_id).filter(
        Q(created_at__gt=invoice.created_at) | Q(created_at=invoice.created_at, pk__gt=invoice.pk),
        supplier=invoice.supplier_id,
        kind=invoice.kind,
        rejected_at=None,
        approved_at=None,
    )
    rows = rows.select_related("mga").order_by("created_at", "pk")
    found = [*rows[:LATEST], *rows.filter(repeats(invoice))[:MOST_OTHERS]]
    if len(found) < LATEST:
        return found
    lines = list(invoice.lines.all())
    wanted = {article_key(line) for line in lines}
    next_ones: dict[str, str] = {}
    billing = same_articles(lines).filter(invoice__in=rows.order_by()).only("sku", "description", "invoice")
    for row in billing.order_by("invoice__created_at", "invoice_id")[:MOST_PRICES].iterator(CHUNK):
        if (key := article_key(row)) in wanted:
            next_ones.setdefault(key, row.invoice_id)
        if len(next_ones) == len(wanted):
            break
    return [*found, *rows.filter(pk__in=next_ones.values())]


def history_of(invoice: Invoice, lines: list[InvoiceLine]) -> History:
    """Beside the tenant's settings, all of it from invoices that came in before this one."""
    venues = [venue.strip() for venue in invoice.mga.venues.splitlines() if venue.strip()]
    tolerance = invoice.mga.price_tolerance_percent / 100
    earlier = earlier_invoices(invoice)
    if earlier is None:
        return History(venues=venues, price_tolerance=tolerance)
    paired = Pairing.objects.filter(invoice=OuterRef("pk"), status=Pairing.Status.CONFIRMED)
    latest = list(earlier.annotate(is_delivered=Exists(paired)).only("currency")[:LATEST])
    return History(
        others=[as_other(row) for row in duplicates_among(earlier, invoice)],
        prices=last_prices(earlier, lines),
        currencies=[row.currency for row in latest if row.currency],
        delivered=[row.is_delivered for row in latest],
        is_delivered=invoice.pairings.filter(status=Pairing.Status.CONFIRMED).exists(),
        venues=venues,
        price_tolerance=tolerance,
    )


def earlier_invoices(invoice: Invoice) -> QuerySet[Invoice] | None:
    """The supplier's other invoices of the same kind that came in earlier, latest first; None without a supplier."""
    if invoice.supplier_id is None:
        return None
    rows: QuerySet[Invoice] = Invoice.objects.for_mga(invoice.mga_id).filter(
        Q(created_at__lt=invoice.created_at) | Q(created_at=invoice.created_at, pk__lt=invoice.pk),
        supplier=invoice.supplier_id,
        kind=invoice.kind,
        rejected_at=None,
    )
    return rows.order_by("-created_at", "-pk")


def duplicates_among(earlier: QuerySet[Invoice], invoice: Invoice) -> list[Invoice]:
    rows = earlier.filter(repeats(invoice)).order_by("created_at", "pk")
    return list(rows.only("invoice_number", "filename", "number_key", "issue_date", "gross_total")[:MOST_OTHERS])


def repeats(invoice: Invoice) -> Q:
    """What has the same number, or the same date and total."""
    same = Q(pk=None)
    if invoice.number_key:
        same |= Q(number_key=invoice.number_key)
    if invoice.gross_total and invoice.issue_date:
        same |= Q(issue_date=invoice.issue_date, gross_total=invoice.gross_total)
    return same


def as_other(row: Invoice) -> Other:
    shown = row.invoice_number or row.filename
    return Other(row.pk, row.number_key, f"{shown} ({row.pk})", row.issue_date, row.gross_total)


def last_prices(earlier: QuerySet[Invoice], lines: list[InvoiceLine]) -> dict[str, PricePoint]:
    """Of the articles on some lines, what each cost the last time."""
    wanted = {article_key(line) for line in lines}
    rows = same_articles(lines).filter(invoice__in=earlier.order_by(), unit_price__isnull=False)
    found: dict[str, PricePoint] = {}
    printed = "sku", "description", "unit", "unit_price", "invoice__invoice_number", "invoice__issue_date"
    rows = rows.select_related("invoice").only(*printed).order_by("-invoice__created_at", "-invoice_id")
    for row in rows[:MOST_PRICES].iterator(CHUNK):
        key = article_key(row)
        if key in wanted and key not in found and row.unit_price is not None:
            of = row.invoice
            found[key] = PricePoint(row.unit_price, row.unit, of.invoice_number, of.issue_date)
        if len(found) == len(wanted):
            break
    return found


def same_articles(lines: list[InvoiceLine]) -> QuerySet[InvoiceLine]:
    """All lines that bill one of the articles, roughly: `article_key` decides."""
    skus = {line.sku for line in lines if line.sku}
    names = {line.description for line in lines if not line.sku}
    return InvoiceLine.objects.filter(Q(sku__in=skus) | Q(sku="", description__in=names))
