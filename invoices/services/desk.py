"""What the review desk shows: the queue, an invoice with all that a reviewer needs to judge it, the text in a box.

Only reads. What a reviewer does goes through `services.review`.
"""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone
from PIL import Image

from invoices.models import Correction, DeliveryNote, Document, Event, Finding, Invoice, InvoiceLine, Pairing
from invoices.services.judging import checks_of
from invoices.services.pairing import WINDOW, variances_of
from invoices.services.reading import reader_options
from invoices.services.reasons import in_words
from invoices.services.rendering import draw_page
from invoices.services.review import HEADER_FIELDS, LINE_FIELDS, LINES, Preview, as_json
from invoices.validation import REQUIRED, Check, CheckStatus
from ocr import OcrError, shared_reader
from ocr.report import NAMES
from pims.types import PimsInvoice, from_json

DOUBTFUL_BELOW = 0.9  # confidence of a value that is worth a look
COLUMNS = {name: column for column, name in NAMES.items()} | {"customer": "customer_name", "lineItems": LINES}
"""The invoice's columns by the contract's names, as checks call them."""
RECORDED = {
    "invoice_number": "invoice_number",
    "issue_date": "invoice_date",
    "due_date": "due_date",
    "currency": "currency",
    "gross_total": "total",
    "net_total": "subtotal",
    "tax_total": "tax_total",
    "amount_due": "balance_due",
}
"""The practice system's values by the invoice's columns."""
LABELS = {"amount_due": "Balance due", "gross_total": "Total", "net_total": "Net total", "tax_total": "Tax"}
LINE_LABELS = {"net_amount": "Amount", "sku": "SKU", "tax_rate": "Tax %", "quantity": "Qty"}
OPEN = Q(findings__state=Finding.State.OPEN)
SORTS: dict[str, tuple[Any, ...]] = {
    "age": ("created_at", "pk"),
    "stake": (F("stake").desc(nulls_last=True), "created_at"),
    "due": (F("due_date").asc(nulls_last=True), "created_at"),
    "confidence": ("confidence", "created_at"),
}
MOST_CANDIDATES = 20
MOST_AHEAD = 500  # invoices of the queue among which the next one is looked for
ACTIONS = {
    "invoice.approved": "Approved",
    "invoice.rejected": "Rejected",
    "invoice.reopened": "Opened again",
    "invoice.corrected": "Corrected or confirmed",
    "invoice.status": "Status",
    "review.taken_over": "Taken over",
    "review.assigned": "Handed on",
    "review.postponed": "Postponed",
    "document.read": "Read",
    "document.reread": "Read again",
    "document.reread_asked": "To be read again",
    "pairing.confirmed": "Delivery note confirmed",
    "pairing.suggested": "Delivery note suggested",
    "pairing.rejected": "Delivery note refused",
    "pairing.dropped": "Delivery note dropped",
}
"""Events in words; others are told by their names."""
REGION_WIDTH = 2400  # pixels of the page that a region is read from
MOST_REGION_TEXT = 500


# --- The queue ------------------------------------------------------------------------------------------------------


def queue(rows: QuerySet[Invoice], sort: str = "age", *, now: datetime | None = None) -> QuerySet[Invoice]:
    """Of some invoices those that wait for a person now: first who waits longest, or as `sort` says."""
    now = now or timezone.now()
    waiting = rows.awaiting_review().filter(Q(postponed_until=None) | Q(postponed_until__lte=now))  # type: ignore[attr-defined]
    if sort == "stake":
        waiting = with_findings(waiting)
    ordered: QuerySet[Invoice] = waiting.order_by(*SORTS.get(sort, SORTS["age"]))
    return ordered


def postponed(rows: QuerySet[Invoice], *, now: datetime | None = None) -> QuerySet[Invoice]:
    """Of some invoices those that somebody put off, the next to come back first."""
    later: QuerySet[Invoice] = rows.awaiting_review().filter(postponed_until__gt=now or timezone.now())  # type: ignore[attr-defined]
    return later.order_by("postponed_until", "pk")


def with_findings(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """With `errors`, `warnings` and `stake`: the largest amount at stake, as findings often tell of the same money."""
    told: QuerySet[Invoice] = rows.annotate(
        errors=Count("findings", filter=OPEN & Q(findings__severity=Finding.Severity.ERROR)),
        warnings=Count("findings", filter=OPEN & Q(findings__severity=Finding.Severity.WARNING)),
        stake=Max("findings__money_at_stake", filter=OPEN),
    )
    return told


def free_for(rows: QuerySet[Invoice], actor: AbstractBaseUser) -> QuerySet[Invoice]:
    """Those that nobody else holds."""
    return rows.filter(Q(claimed_until=None) | Q(claimed_until__lte=timezone.now()) | Q(claimed_by=actor.pk))


def held_by(rows: QuerySet[Invoice], actor: AbstractBaseUser) -> QuerySet[Invoice]:
    """Those that `actor` holds, or was handed."""
    return rows.filter(claimed_by=actor.pk, claimed_until__gt=timezone.now())


def counts(rows: QuerySet[Invoice], actor: AbstractBaseUser) -> dict[str, int]:
    """How many wait, are the person's, are overdue, are held by others, are postponed."""
    now = timezone.now()
    waiting = rows.awaiting_review()  # type: ignore[attr-defined]
    is_due = Q(postponed_until=None) | Q(postponed_until__lte=now)
    is_held = is_due & Q(claimed_until__gt=now)
    found: dict[str, int] = waiting.aggregate(
        waiting=Count("pk", filter=is_due),
        mine=Count("pk", filter=is_held & Q(claimed_by=actor.pk)),
        others=Count("pk", filter=is_held & ~Q(claimed_by=actor.pk)),
        overdue=Count("pk", filter=is_due & Q(due_date__lt=now.date())),
        postponed=Count("pk", filter=~is_due),
    )
    return found


def money_at_stake(rows: QuerySet[Invoice]) -> list[tuple[str, Decimal]]:
    """What is at stake in some invoices, by currency: of each the largest amount that an open finding tells."""
    largest = Finding.objects.filter(invoice=OuterRef("pk"), state=Finding.State.OPEN, money_at_stake__isnull=False)
    told = rows.order_by().annotate(told=Subquery(largest.order_by("-money_at_stake").values("money_at_stake")[:1]))
    sums = told.exclude(told=None).values_list("currency").annotate(sum=Sum("told")).order_by("-sum")
    return list(sums)


def next_in_queue(waiting: QuerySet[Invoice], actor: AbstractBaseUser, after: Invoice) -> Invoice | None:
    """What to review once `after` is done, of a queue as it is sorted: the one behind it, else the first."""
    ids = list(free_for(waiting, actor).values_list("pk", flat=True)[:MOST_AHEAD])
    behind = ids[ids.index(after.pk) + 1 :] if after.pk in ids else []
    found = (behind or [pk for pk in ids if pk != after.pk])[:1]
    return Invoice.objects.filter(pk__in=found).first()


# --- An invoice -----------------------------------------------------------------------------------------------------


def describe(invoice: Invoice) -> dict[str, Any]:
    """All that the page needs, as JSON: fields with origin and doubt, lines, findings, pages, practice system,
    deliveries. `invoice` has its document, lines, findings and payments prefetched or not."""
    findings = [f for f in invoice.findings.all() if f.state == Finding.State.OPEN]
    recorded = from_json(invoice.pims_record) if invoice.pims_record is not None else None
    passed = [check for check in checks_of(invoice) if check.status is CheckStatus.PASSED]
    return {
        "id": invoice.pk,
        "version": invoice.version,
        "decided": bool(invoice.approved_at or invoice.rejected_at),
        "fields": [describe_field(invoice, name, findings, recorded, passed) for name in HEADER_FIELDS],
        "lines": [describe_line(line) for line in invoice.lines.all()],
        "columns": [describe_column(name) for name in LINE_FIELDS],
        "findings": [describe_finding(finding) for finding in findings],
        "pages": [
            {"number": page.number, "width": page.width, "height": page.height}
            for page in invoice.document.pages.defer("words")
            if page.number in invoice.page_numbers
        ],
        "filePages": invoice.document.page_count or 1,
        "parts": [
            {"first": part.page_numbers[0], "kind": part.get_kind_display()} for part in invoice.document.parts.all()
        ],
        "practiceSystem": recorded is not None,
        "deliveries": describe_deliveries(invoice),
        "candidates": [
            {"note": note.pk, "label": " · ".join(filter(None, (str(note), str(note.delivery_date or ""), note.venue)))}
            for note in possible_notes(invoice)
        ],
        "rereading": invoice.document.reread_since is not None,
        "engine": invoice.document.engine,
    }


def describe_field(
    invoice: Invoice, name: str, findings: Sequence[Finding], recorded: PimsInvoice | None, passed: Sequence[Check]
) -> dict[str, Any]:
    column: Any = Invoice._meta.get_field(name)
    value, origin = getattr(invoice, name), invoice.origin(name)
    by_staff = name in invoice.corrected
    told = [f for f in findings if COLUMNS.get(f.field) == name]
    is_missing = name in REQUIRED and value in (None, "")
    is_unsure = value not in (None, "") and origin.get("confidence", 1.0) < DOUBTFUL_BELOW
    return {
        "name": name,
        "label": LABELS.get(name) or str(column.verbose_name).capitalize(),
        "type": "number"
        if hasattr(column, "decimal_places")
        else "date"
        if "Date" in type(column).__name__
        else "text",
        "choices": [list(choice) for choice in column.choices or ()],
        "value": as_json(value) or "",
        "required": name in REQUIRED,
        "confidence": origin.get("confidence"),
        "page": origin.get("page"),
        "box": origin.get("box"),
        "method": origin.get("method", ""),
        "evidence": in_words(origin.get("evidence", [])),
        "checks": [c.message for c in passed if COLUMNS.get(c.field) == name and c.rule != "required"],
        "byStaff": by_staff,
        "doubtful": not by_staff and (is_missing or is_unsure or bool(told)),
        "recorded": as_json(getattr(recorded, RECORDED[name])) if recorded and name in RECORDED else None,
    }


def type_of(column: Any) -> str:
    if isinstance(column, models.DecimalField):
        return "number"
    return "date" if isinstance(column, models.DateField) else "text"


def describe_line(line: InvoiceLine) -> dict[str, Any]:
    values = {name: as_json(getattr(line, name)) or "" for name in LINE_FIELDS}
    values |= {name: plain(found) for name in ("quantity", "tax_rate") if (found := getattr(line, name)) is not None}
    return {"id": line.pk, "values": values, "confidence": line.confidence, "page": line.page, "box": line.box}


def describe_column(name: str) -> dict[str, Any]:
    column: Any = InvoiceLine._meta.get_field(name)
    label = LINE_LABELS.get(name) or str(column.verbose_name).capitalize()
    return {"name": name, "label": label, "type": type_of(column)}


def describe_finding(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "message": finding.message,
        "field": COLUMNS.get(finding.field, ""),
        "line": finding.line,
        "stake": as_json(finding.money_at_stake),
    }


def describe_deliveries(invoice: Invoice) -> list[dict[str, Any]]:
    """The paired notes, and what differs between them and the invoice."""
    pairings = invoice.pairings.exclude(status=Pairing.Status.REJECTED).select_related("delivery_note")
    rows = list(pairings.prefetch_related("delivery_note__lines"))
    return [
        {
            "id": row.pk,
            "number": row.delivery_note.number or row.delivery_note.filename,
            "note": row.delivery_note_id,
            "status": row.status,
            "byStaff": row.decided_by_id is not None,
            "score": row.score,
            "reasons": row.reasons,
            "lines": len(row.delivery_note.lines.all()),
            "pages": [[row.delivery_note.document_id, number] for number in row.delivery_note.page_numbers],
            "differences": [
                {"item": v.description, "invoiced": plain(v.invoiced), "delivered": plain(v.delivered)}
                for v in variances_of(invoice, [row.delivery_note])
            ],
        }
        for row in rows
    ]


def possible_notes(invoice: Invoice) -> QuerySet[DeliveryNote]:
    """Delivery notes of the supplier around the invoice's day that belong to no invoice yet, for a person to choose."""
    same = Q(supplier_name__iexact=invoice.supplier_name) if invoice.supplier_name else Q(pk=None)
    if invoice.supplier_id:
        same |= Q(supplier=invoice.supplier_id)
    notes: QuerySet[DeliveryNote] = DeliveryNote.objects.for_mga(invoice.mga_id).filter(same)
    taken = Q(pairings__status=Pairing.Status.CONFIRMED) | Q(pairings__invoice=invoice)
    if invoice.issue_date is not None:
        near = (invoice.issue_date - WINDOW, invoice.issue_date + WINDOW)
        notes = notes.filter(Q(delivery_date=None) | Q(delivery_date__range=near))
    return notes.exclude(pk__in=DeliveryNote.objects.filter(taken).values("pk"))[:MOST_CANDIDATES]


def plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def describe_preview(preview: Preview) -> dict[str, Any]:
    """What the checks say of unsaved changes: the bad first."""
    order = {CheckStatus.FAILED: 0, CheckStatus.WARNING: 1}
    told = sorted((c for c in preview.checks if c.status in order), key=lambda check: order[check.status])
    return {"errors": dict(preview.errors), "checks": [describe_check(check) for check in told]}


def describe_check(check: Check) -> dict[str, Any]:
    severity = Finding.Severity.ERROR if check.status is CheckStatus.FAILED else Finding.Severity.WARNING
    return {
        "severity": severity,
        "message": check.message,
        "field": COLUMNS.get(check.field, ""),
        "line": check.line,
        "stake": as_json(check.money_at_stake),
    }


def history_of(invoice: Invoice) -> list[dict[str, Any]]:
    """What happened to the invoice, its document and its values, latest first: {at, who, what, details: [text]}."""
    events = Event.objects.filter(subject__in=(invoice.pk, invoice.document_id)).select_related("actor")
    told = [
        (event.at, event.actor, ACTIONS.get(event.action, plain_words(event.action)), details_of(event))
        for event in events
    ]
    corrections = invoice.corrections.select_related("actor")
    told += [(c.at, c.actor, correction_in_words(c), []) for c in corrections]
    rows = sorted(told, key=lambda row: row[0], reverse=True)
    return [
        {"at": at.isoformat(), "who": actor.get_username() if actor else "", "what": what, "details": details}
        for at, actor, what, details in rows
    ]


def plain_words(action: str) -> str:
    return action.replace(".", " ").replace("_", " ").capitalize()


def details_of(event: Event) -> list[str]:
    """What an event's data says, but for what is empty and for the ids of people."""
    told = {
        name: value
        for name, value in event.data.items()
        if value not in (None, "", [], {}) and name not in ("to", "from")
    }
    if event.action == "invoice.status":
        return [f"{event.data.get('from')} → {event.data.get('to')}"]
    return [
        f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}" for name, value in told.items()
    ]


def correction_in_words(correction: Correction) -> str:
    name = correction.field.replace("_", " ").capitalize()
    where = f"{name} of line {correction.line}" if correction.line and correction.field != "line" else name
    if correction.field == "line":
        return f"Line {correction.line} {'removed' if correction.after is None else 'added'}"
    before, after = (blank_or(value) for value in (correction.before, correction.after))
    return f"{where}: {before} → {after}"


def blank_or(value: Any) -> str:
    return "nothing" if value in (None, "") else str(value)


# --- The page -------------------------------------------------------------------------------------------------------


def words_of(document: Document, number: int) -> list[list[Any]]:
    """The words of a page as [text, left, top, right, bottom], in fractions of the page."""
    page = document.pages.filter(number=number).first()
    if page is None or not page.width or not page.height:
        return []
    return [
        [
            word["text"],
            round(word["left"] / page.width, 5),
            round(word["top"] / page.height, 5),
            round(word["right"] / page.width, 5),
            round(word["bottom"] / page.height, 5),
        ]
        for word in page.words
    ]


def read_region(document: Document, number: int, box: Sequence[float]) -> str:
    """The text in a box (left, top, right, bottom in fractions of the page): of the words that were read there, else
    recognised anew. Raises PageNotShownError."""
    inside = [word for word in words_of(document, number) if _is_inside(word, box)]
    if inside:
        return " ".join(str(word[0]) for word in inside)[:MOST_REGION_TEXT]
    return _recognise(draw_page(document, number, REGION_WIDTH), box)[:MOST_REGION_TEXT]


def _is_inside(word: Sequence[Any], box: Sequence[float]) -> bool:
    x, y = (word[1] + word[3]) / 2, (word[2] + word[4]) / 2
    return bool(box[0] <= x <= box[2] and box[1] <= y <= box[3])


def _recognise(picture: bytes, box: Sequence[float]) -> str:
    """With a margin around the region: letters at the edge of a picture are misread."""
    with Image.open(BytesIO(picture)) as page:
        left, top, right, bottom = (round(f * s) for f, s in zip(box, (*page.size, *page.size), strict=True))
        region = page.convert("RGB").crop((left, top, max(right, left + 8), max(bottom, top + 8)))
    framed = Image.new("RGB", (region.width + 80, region.height + 80), "white")
    framed.paste(region, (40, 40))
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        framed.save(file, format="PNG")
        file.flush()
        try:
            with shared_reader(reader_options()) as reader:
                reading = reader.read(Path(file.name))
        except OcrError:
            return ""
    return " ".join(word.text for page in reading.pages for word in page.words)
