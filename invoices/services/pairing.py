"""Which delivery notes belong to which invoices, stored. A person's decision is final; everything else follows from
what the documents say, whichever came first."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from invoicedata.models import Mga
from invoices.matching import Article, Choice, Paper, Variance, choose, variances
from invoices.models import DeliveryNote, Document, Invoice, Pairing
from invoices.services.events import record_event
from invoices.services.findings import replace_findings, update_status
from invoices.services.history import judge_history
from invoices.validation import Check, CheckStatus

WINDOW = timedelta(days=45)  # around a document's day: what lies further off does not belong to it
FAMILY = "delivery."
CENT = Decimal("0.01")


def pair_document(document: Document) -> None:
    """Pairs anew what the document's invoices and notes may touch. Inside the caller's transaction."""
    # One at a time for a tenant: two workers would each choose without the other's document.
    Mga.objects.select_for_update().get(pk=document.mga_id)
    papers: list[Invoice | DeliveryNote] = [*document.invoices.all(), *document.delivery_notes.all()]
    for paper in papers:
        pair_around(paper)


def pair_around(paper: Invoice | DeliveryNote) -> None:
    """Pairs all invoices and notes of the paper's supplier around its day."""
    day = paper.issue_date if isinstance(paper, Invoice) else paper.delivery_date
    same = Q(supplier_name__iexact=paper.supplier_name) if paper.supplier_name else Q(pk=None)
    if paper.supplier_id:
        same |= Q(supplier=paper.supplier_id)
    invoices = Invoice.objects.for_mga(paper.mga_id).filter(same).exclude(kind=Invoice.Kind.CREDIT_NOTE)
    notes = DeliveryNote.objects.for_mga(paper.mga_id).filter(same)
    if day is not None:
        span = (day - WINDOW, day + WINDOW)
        invoices = invoices.filter(Q(issue_date=None) | Q(issue_date__range=span))
        notes = notes.filter(Q(delivery_date=None) | Q(delivery_date__range=span))
    pair(invoices, notes)


def pair(invoices: QuerySet[Invoice], notes: QuerySet[DeliveryNote]) -> None:
    """Stores the choice among these papers, beside what people decided."""
    known_invoices = {row.pk: row for row in invoices.prefetch_related("lines")}
    known_notes = {row.pk: row for row in notes.prefetch_related("lines")}
    standing = list(Pairing.objects.filter(Q(delivery_note__in=known_notes) | Q(invoice__in=known_invoices)))
    decided = [row for row in standing if row.decided_by_id is not None]
    taken = {row.delivery_note_id for row in decided if row.status == Pairing.Status.CONFIRMED}
    refused = {(row.invoice_id, row.delivery_note_id) for row in decided if row.status == Pairing.Status.REJECTED}
    free = {key: paper_of_note(row) for key, row in known_notes.items() if key not in taken}
    chosen = choose({key: paper_of_invoice(row) for key, row in known_invoices.items()}, free, refused)
    automatic = {row.delivery_note_id: row for row in standing if row.decided_by_id is None}
    touched = set()
    for note_id in free:
        choice = next((c for c in chosen if c.note == note_id), None)
        touched |= store_choice(known_notes[note_id], choice, automatic.get(note_id))
    for invoice_id in touched & set(known_invoices):
        judge_deliveries(known_invoices[invoice_id])


def store_choice(note: DeliveryNote, choice: Choice | None, standing: Pairing | None) -> set[str]:
    """The ids of invoices whose pairings changed."""
    if choice is None:
        if standing is None:
            return set()
        record_event(note.mga, standing.invoice_id, "pairing.dropped", data={"note": note.pk})
        standing.delete()
        return {standing.invoice_id}
    status = Pairing.Status.CONFIRMED if choice.is_sure else Pairing.Status.SUGGESTED
    value, reasons = round(choice.score.value, 4), list(choice.score.reasons)
    before = (standing.invoice_id, standing.status, standing.score) if standing else None
    if before == (choice.invoice, status, value):
        return set()
    if standing is not None and standing.invoice_id != choice.invoice:
        standing.delete()
    Pairing.objects.update_or_create(
        invoice_id=choice.invoice,
        delivery_note=note,
        defaults={"status": status, "score": value, "reasons": reasons},
    )
    record_event(note.mga, choice.invoice, f"pairing.{status}", data={"note": note.pk, "score": value})
    return {choice.invoice} | ({before[0]} if before else set())


def decide(pairing: Pairing, status: str, actor: AbstractBaseUser) -> None:
    """A person confirms or rejects a pairing; nothing but a person changes that again."""
    pairing.status, pairing.decided_by_id, pairing.decided_at = status, actor.pk, timezone.now()
    pairing.save(update_fields=["status", "decided_by", "decided_at"])
    data = {"note": pairing.delivery_note_id}
    record_event(pairing.invoice.mga, pairing.invoice_id, f"pairing.{status}", actor=actor, data=data)
    judge_deliveries(pairing.invoice)


def judge_deliveries(invoice: Invoice) -> None:
    """Findings for quantities that differ from the confirmed deliveries, or a delivery that is missing, and the status
    that follows."""
    confirmed = invoice.pairings.filter(status=Pairing.Status.CONFIRMED).select_related("delivery_note")
    notes = [pairing.delivery_note for pairing in confirmed.prefetch_related("delivery_note__lines")]
    replace_findings(invoice, variance_checks(invoice, variances_of(invoice, notes)), families=(FAMILY,))
    judge_history(invoice)
    update_status(invoice)


def variances_of(invoice: Invoice, notes: Sequence[DeliveryNote]) -> list[Variance]:
    return variances(paper_of_invoice(invoice), [paper_of_note(note) for note in notes]) if notes else []


def variance_checks(invoice: Invoice, found: Iterable[Variance]) -> Iterable[Check]:
    lines = list(invoice.lines.all())
    for number, variance in enumerate(found, start=1):
        if abs(variance.invoiced - variance.delivered) <= quantity_tolerance(invoice.mga, variance.invoiced):
            continue
        line = next((row for row in lines if row.description == variance.description), None)
        rule, told = judge_variance(variance)
        stake = None
        if line is not None and line.unit_price is not None:
            stake = (abs(variance.invoiced - variance.delivered) * abs(line.unit_price)).quantize(CENT)
        position = line.position if line is not None else 1000 + number
        message = f"{variance.description}: {told}."
        yield Check(f"{FAMILY}{rule}", "lineItems", CheckStatus.WARNING, message, position, stake)


def quantity_tolerance(mga: Mga, invoiced: Decimal) -> Decimal:
    """By how much a delivery may differ: the larger of the tenant's two tolerances."""
    return max(mga.quantity_tolerance, abs(invoiced) * mga.quantity_tolerance_percent / 100)


def judge_variance(variance: Variance) -> tuple[str, str]:
    """What the difference is called, and in words."""
    billed, came = (f"{number.normalize():f}" for number in (variance.invoiced, variance.delivered))
    if not variance.delivered:
        return "absent", f"{billed} invoiced, none delivered"
    if not variance.invoiced:
        return "unbilled", f"{came} delivered, none invoiced"
    rule = "short" if variance.delivered < variance.invoiced else "over"
    return rule, f"{billed} invoiced, {came} delivered"


def paper_of_invoice(invoice: Invoice) -> Paper:
    return Paper(
        number=invoice.invoice_number,
        supplier=invoice.supplier_name,
        venue=invoice.venue,
        order_number=invoice.order_number,
        day=invoice.delivery_date or invoice.issue_date,
        linked=frozenset(invoice.delivery_note_numbers),
        articles=tuple(Article(row.sku, row.description, row.quantity) for row in invoice.lines.all()),
    )


def paper_of_note(note: DeliveryNote) -> Paper:
    return Paper(
        number=note.number,
        supplier=note.supplier_name,
        venue=note.venue,
        order_number=note.order_number,
        day=note.delivery_date,
        linked=frozenset({note.invoice_number} - {""}),
        articles=tuple(Article(row.sku, row.description, row.quantity) for row in note.lines.all()),
    )
