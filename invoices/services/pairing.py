"""Which delivery notes belong to which invoices, stored. A person's decision is final; everything else follows from
what the documents say, whichever came first."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from rapidfuzz import fuzz, process, utils

from invoices.errors import PairingError
from invoices.history import FAMILIES as HISTORY
from invoices.matching import (
    SAME_NAME,
    Article,
    Choice,
    Paper,
    Variance,
    beside_each_other,
    choose,
    is_named,
    is_printed,
    likeness,
    score,
    variances,
    weigh_day,
    weigh_place,
    wording,
)
from invoices.models import DeliveryNote, Document, Invoice, Page, Pairing, Practice
from invoices.quantities import FAMILY, Tolerance, check_quantities
from invoices.services.events import record_event
from invoices.services.findings import replace_findings
from invoices.services.history import history_checks
from invoices.services.tenants import lock_tenant
from pims.numbers import normalise

WINDOW = timedelta(days=45)  # around a document's day: what lies further off does not belong to it
NEAREST = 80  # invoices, and notes, that are weighed against each other at most
MOST_NAMED = 2000  # invoices that are asked whether they name a note
# What tells which are the nearest.
OF_NOTES = ("number", "invoice_number", "supplier", "supplier_name", "venue", "order_number", "delivery_date")
OF_INVOICES = ("invoice_number", "delivery_note_numbers", "issue_date", *OF_NOTES[2:])
ROUGHLY_SAME_NAME = 60  # of 100: worth a closer look

Touched = set[str]  # ids of invoices whose deliveries changed


def pair_document(document: Document) -> Touched:
    """Pairs anew what the document's invoices and notes may touch, and judges the quantities of these, its own among
    them. Inside the caller's transaction. Returns the invoices whose deliveries changed."""
    lock_tenant(pk=document.mga_id)
    invoices = list(document.invoices.all())
    papers: list[Invoice | DeliveryNote] = [*invoices, *document.delivery_notes.all()]
    touched = {invoice for paper in papers for invoice in pair_around(paper)}
    paired = set(Pairing.objects.filter(delivery_note__document=document).values_list("invoice", flat=True))
    judge_all({invoice.pk for invoice in invoices} | touched | paired)
    return touched


def pair_around(paper: Invoice | DeliveryNote) -> Touched:
    """Pairs the paper and what competes with it: invoices and notes of the same supplier, the nearest first."""
    invoices, notes = neighbours(paper)
    standing = Pairing.objects.filter(Q(delivery_note__in=notes) | Q(invoice__in=invoices))
    for invoice_id, note_id in standing.values_list("invoice", "delivery_note"):
        invoices.add(invoice_id)
        notes.add(note_id)
    if not notes:
        return set()
    return pair(Invoice.objects.filter(pk__in=invoices), DeliveryNote.objects.filter(pk__in=notes))


def neighbours(paper: Invoice | DeliveryNote) -> tuple[set[str], set[str]]:
    """Ids of the invoices and the notes that may belong together with the paper or its rivals, itself among them. An
    invoice without notes has no rivals."""
    own = paper_of(paper, ())
    same = Q(supplier__in=like_suppliers(paper))
    if paper.supplier_name:
        same |= Q(supplier_name__iexact=paper.supplier_name)
    if paper.order_number:
        same |= Q(order_number__iexact=paper.order_number)
    invoices = Invoice.objects.for_mga(paper.mga_id).exclude(kind=Invoice.Kind.CREDIT_NOTE)
    notes = DeliveryNote.objects.for_mga(paper.mga_id)
    if own.day is not None:
        span = (own.day - WINDOW, own.day + WINDOW)
        invoices = invoices.filter(Q(issue_date=None) | Q(issue_date__range=span))
        notes = notes.filter(Q(delivery_date=None) | Q(delivery_date__range=span))
    if isinstance(paper, Invoice):
        named_notes = notes.filter(number_key__in=[normalise(number) for number in paper.delivery_note_numbers])
        named_invoices = invoices.none()
    else:
        named_notes = notes.none()
        named_invoices = invoices.filter(number_key=normalise(paper.invoice_number) or None)
        if paper.number:
            naming = invoices.exclude(delivery_note_numbers=[]).order_by("-issue_date")[:MOST_NAMED]
            printed = naming.values_list("pk", "delivery_note_numbers")
            theirs = [pk for pk, numbers in printed if normalise(paper.number) in map(normalise, numbers)]
            named_invoices |= invoices.filter(pk__in=theirs)
    near_notes = [*notes.filter(same).only(*OF_NOTES), *named_notes.only(*OF_NOTES)]
    if isinstance(paper, Invoice) and not near_notes:
        return {paper.pk}, set()
    near_invoices = [*invoices.filter(same).only(*OF_INVOICES), *named_invoices.only(*OF_INVOICES)]
    return (
        nearest(own, near_invoices) | ({paper.pk} if isinstance(paper, Invoice) else set()),
        nearest(own, near_notes) | ({paper.pk} if isinstance(paper, DeliveryNote) else set()),
    )


def like_suppliers(paper: Invoice | DeliveryNote) -> list[str]:
    """The tenant's suppliers whose names may be a spelling of the paper's."""
    found = [paper.supplier_id] if paper.supplier_id else []
    if paper.supplier_name:
        names = dict(Practice.objects.for_mga(paper.mga_id).values_list("pk", "name"))
        rough = process.extract(
            paper.supplier_name,
            names,
            scorer=fuzz.token_set_ratio,
            processor=utils.default_process,
            score_cutoff=ROUGHLY_SAME_NAME,
            limit=NEAREST,
        )
        found += [pk for name, _, pk in rough if likeness(paper.supplier_name, name) >= SAME_NAME]
    return found


def nearest(own: Paper, rows: Iterable[Invoice | DeliveryNote]) -> set[str]:
    """The ids of those likeliest to have to do with the paper: tied to it by a number, else by place and day."""

    def nearness(row: Invoice | DeliveryNote) -> tuple[bool, float, str]:
        other = paper_of(row, ())
        near = weigh_day(own.day, other.day) + weigh_place(own.venue, other.venue)
        return not (is_named(own, other) or is_named(other, own)), -near, row.pk

    ranked = sorted(map(nearness, rows))
    return {pk for _, _, pk in ranked[:NEAREST]}


def pair(invoices: QuerySet[Invoice], notes: QuerySet[DeliveryNote]) -> Touched:
    """Stores the choice among these papers, beside what people decided."""
    known_invoices = {row.pk: row for row in invoices.select_related("mga").prefetch_related("lines")}
    known_notes = {row.pk: row for row in notes.select_related("mga").prefetch_related("lines")}
    standing = list(Pairing.objects.filter(Q(delivery_note__in=known_notes) | Q(invoice__in=known_invoices)))
    decided = [row for row in standing if row.decided_by_id is not None]
    confirmed = [row for row in decided if row.status == Pairing.Status.CONFIRMED]
    taken = {row.delivery_note_id for row in confirmed}
    refused = {(row.invoice_id, row.delivery_note_id) for row in decided if row.status == Pairing.Status.REJECTED}
    papers = {key: paper_of_note(row) for key, row in known_notes.items()}
    delivered = defaultdict(list)
    for row in confirmed:
        if row.delivery_note_id in papers:
            delivered[row.invoice_id].append(papers[row.delivery_note_id])
    free = {key: paper for key, paper in papers.items() if key not in taken}
    billed = {key: paper_of_invoice(row) for key, row in known_invoices.items() if row.kind != Invoice.Kind.CREDIT_NOTE}
    chosen = {choice.note: choice for choice in choose(billed, free, refused, delivered)}
    touched: Touched = set()
    for row in standing:
        if row.decided_by_id is None and row.delivery_note_id in taken:
            touched |= drop(row)
    automatic = {row.delivery_note_id: row for row in standing if row.decided_by_id is None}
    for note_id in free:
        touched |= store_choice(known_notes[note_id], chosen.get(note_id), automatic.get(note_id))
    return touched


def drop(pairing: Pairing) -> Touched:
    """Removes what was paired automatically and does not hold any more."""
    invoice_id = pairing.invoice_id
    record_event(pairing.invoice.mga, invoice_id, "pairing.dropped", data={"note": pairing.delivery_note_id})
    pairing.delete()
    return {invoice_id}


def store_choice(note: DeliveryNote, choice: Choice | None, standing: Pairing | None) -> Touched:
    if choice is None:
        return drop(standing) if standing else set()
    status = Pairing.Status.CONFIRMED if choice.is_sure else Pairing.Status.SUGGESTED
    value, reasons = round(choice.score.value, 4), list(choice.score.reasons)
    touched = {choice.invoice}
    if standing is not None:
        if (standing.invoice_id, standing.status, standing.score) == (choice.invoice, status, value):
            return set()
        if standing.invoice_id != choice.invoice:
            touched |= drop(standing)
    Pairing.objects.update_or_create(
        invoice_id=choice.invoice,
        delivery_note=note,
        defaults={"status": status, "score": value, "reasons": reasons},
    )
    record_event(note.mga, choice.invoice, f"pairing.{status}", data={"note": note.pk, "score": value})
    return touched


# --- What people decide ---------------------------------------------------------------------------------------------


def decide(pairing: Pairing, status: str, actor: AbstractBaseUser) -> None:
    """A person confirms or rejects a pairing (a confirmed one that is rejected is unpaired); nothing but a person
    changes that again."""
    with transaction.atomic():
        lock_tenant(pk=pairing.invoice.mga_id)
        _decide(pairing, status, actor)
        _follow_up(pairing)


def pair_by_hand(invoice: Invoice, note: DeliveryNote, actor: AbstractBaseUser) -> Pairing:
    """A person says that the note belongs to the invoice; it may belong to others as well, if a person said so of
    each. Raises PairingError."""
    if invoice.mga_id != note.mga_id:
        raise PairingError("The invoice and the delivery note belong to different tenants.")
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        raise PairingError("A credit note has no deliveries.")
    with transaction.atomic():
        lock_tenant(pk=invoice.mga_id)
        pairing = Pairing.objects.filter(invoice=invoice, delivery_note=note).first()
        if pairing is None:
            found = score(paper_of_invoice(invoice), paper_of_note(note))
            pairing = Pairing(
                invoice=invoice, delivery_note=note, score=round(found.value, 4), reasons=list(found.reasons)
            )
        _decide(pairing, Pairing.Status.CONFIRMED, actor)
        _follow_up(pairing)
    return pairing


def reassign(pairing: Pairing, invoice: Invoice, actor: AbstractBaseUser) -> Pairing:
    """A person says that the note belongs to another invoice instead. Raises PairingError."""
    if pairing.invoice_id == invoice.pk:
        raise PairingError("The delivery note is with this invoice already.")
    with transaction.atomic():
        decide(pairing, Pairing.Status.REJECTED, actor)
        return pair_by_hand(invoice, pairing.delivery_note, actor)


def _decide(pairing: Pairing, status: str, actor: AbstractBaseUser) -> None:
    pairing.status, pairing.decided_by_id, pairing.decided_at = status, actor.pk, timezone.now()
    pairing.save()
    data = {"note": pairing.delivery_note_id}
    record_event(pairing.invoice.mga, pairing.invoice_id, f"pairing.{status}", actor=actor, data=data)


def _follow_up(pairing: Pairing) -> None:
    """What follows for the note, for its rivals, and for the quantities."""
    judge_all({pairing.invoice_id} | pair_around(pairing.delivery_note))


def candidates(invoice: Invoice, limit: int = 8) -> list[tuple[DeliveryNote, float, tuple[str, ...]]]:
    """Notes that a person may want to pair with the invoice, likeliest first, with the score and its reasons."""
    _, near = neighbours(invoice)
    notes = DeliveryNote.objects.filter(pk__in=near).exclude(
        pairings__in=invoice.pairings.exclude(status=Pairing.Status.REJECTED)
    )
    own = paper_of_invoice(invoice)
    scored = [(note, score(own, paper_of_note(note))) for note in notes.prefetch_related("lines")]
    ranked = sorted(scored, key=lambda entry: (-entry[1].value, entry[0].pk))
    return [(note, found.value, found.reasons) for note, found in ranked[:limit]]


# --- Quantities -----------------------------------------------------------------------------------------------------


def judge_all(invoices: Touched) -> None:
    rows = Invoice.objects.filter(pk__in=invoices).select_related("mga").prefetch_related("lines")
    for invoice in rows.order_by("created_at", "pk"):
        judge_deliveries(invoice)


def judge_deliveries(invoice: Invoice) -> None:
    """Findings for quantities that differ from the confirmed deliveries, for a delivery that is missing and for what
    differs from the supplier's other invoices, and the status that follows."""
    confirmed = invoice.pairings.filter(status=Pairing.Status.CONFIRMED).select_related("delivery_note")
    notes = [pairing.delivery_note for pairing in confirmed.prefetch_related("delivery_note__lines")]
    tolerance = Tolerance(invoice.mga.quantity_tolerance, invoice.mga.quantity_tolerance_percent / 100)
    quantities = check_quantities(list(invoice.lines.all()), variances_of(invoice, notes), tolerance)
    checks = [*quantities, *history_checks(invoice)]
    replace_findings(invoice, checks, families=(FAMILY, *HISTORY))


def variances_of(invoice: Invoice, notes: Sequence[DeliveryNote]) -> list[Variance]:
    """Where an article has no line on one side, its pages are asked: what is printed there was misread, not missing."""
    found = variances(paper_of_invoice(invoice), [paper_of_note(note) for note in notes])
    if not any(variance.is_one_sided for variance in found):
        return found
    billed, brought = text_of(invoice), " ".join(text_of(note) for note in notes)

    def is_misread(variance: Variance) -> bool:
        text = billed if not variance.invoiced else brought
        return variance.is_one_sided and is_printed(variance.description, variance.sku, text)

    return [variance for variance in found if not is_misread(variance)]


def text_of(paper: Invoice | DeliveryNote) -> str:
    """What its pages show, folded."""
    pages = Page.objects.filter(document=paper.document_id, number__in=paper.page_numbers).order_by("number")
    return wording(" ".join(word["text"] for words in pages.values_list("words", flat=True) for word in words))


def goods_beside_each_other(
    invoice: Invoice, notes: Sequence[DeliveryNote]
) -> list[tuple[Article | None, Article | None]]:
    """Each article as it was billed and as it came."""
    return beside_each_other(paper_of_invoice(invoice), [paper_of_note(note) for note in notes])


def paper_of(row: Invoice | DeliveryNote, articles: tuple[Article, ...]) -> Paper:
    if isinstance(row, Invoice):
        number, day = row.invoice_number, row.delivery_date or row.issue_date
        linked = frozenset(row.delivery_note_numbers)
    else:
        number, day = row.number, row.delivery_date
        linked = frozenset({row.invoice_number} - {""})
    return Paper(number, row.supplier_name, row.venue, row.order_number, day, linked, articles, row.supplier_id or "")


def paper_of_invoice(invoice: Invoice) -> Paper:
    return paper_of(invoice, articles_of(invoice))


def paper_of_note(note: DeliveryNote) -> Paper:
    return paper_of(note, articles_of(note))


def articles_of(row: Invoice | DeliveryNote) -> tuple[Article, ...]:
    return tuple(Article(line.sku, line.description, line.quantity, line.unit) for line in row.lines.all())
