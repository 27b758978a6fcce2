"""A reading → rows. Reading again replaces what was read; what a person corrected or approved stays as it is."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.utils import timezone

from invoices.models import (
    DeliveryNote,
    DeliveryNoteLine,
    Document,
    DocumentPart,
    Invoice,
    InvoiceLine,
    Page,
    Payment,
)
from invoices.services.confidences import recalibrate
from invoices.services.practices import resolve_practice
from invoices.validation import is_cut_doubtful, is_kind_doubtful
from ocr import READER_VERSION, DocumentKind, DocumentReading, Field, Reading
from ocr.report import plain, report_box
from pims.numbers import normalise

INVOICE_KINDS = {
    DocumentKind.INVOICE: Invoice.Kind.INVOICE,
    DocumentKind.CREDIT_NOTE: Invoice.Kind.CREDIT_NOTE,
    DocumentKind.RECEIPT: Invoice.Kind.RECEIPT,
}
INVOICE_FIELDS = (
    "supplier_name",
    "venue",
    "invoice_number",
    "issue_date",
    "due_date",
    "delivery_date",
    "order_number",
    "payment_terms",
    "currency",
    "net_total",
    "tax_total",
    "gross_total",
    "amount_paid",
    "previous_balance",
    "amount_due",
    "customer_name",
    "customer_first_name",
    "customer_last_name",
    "customer_email",
    "customer_phone",
)
FAR_PART = 1_000_000  # beyond all parts
LARGEST = Decimal(10) ** 12  # what the columns hold; a larger "amount" is a misreading


def record_reading(document: Document, reading: Reading) -> None:
    """Replaces the document's pages, parts, invoices and delivery notes by what was read. What stands on the same pages
    stays the same row. Inside the caller's transaction."""
    replace_pages(document, reading)
    record_documents(document, reading.documents)
    document.state, document.read_at = Document.State.READ, timezone.now()
    document.page_count = len(reading.pages)
    document.reader_version, document.error_code, document.error_message = READER_VERSION, "", ""
    document.save(update_fields=["state", "read_at", "page_count", "reader_version", "error_code", "error_message"])


def record_documents(document: Document, documents: Sequence[DocumentReading]) -> None:
    """The documents of a file that was read, as rows."""
    kinds = [kind_of(document, read) for read in documents]
    replace_parts(document, documents, kinds)
    invoices = [(part, read.pages) for part, read in enumerate(documents) if kinds[part] in INVOICE_KINDS]
    notes = [(part, read.pages) for part, read in enumerate(documents) if kinds[part] is DocumentKind.DELIVERY_NOTE]
    known_invoices = move_to_parts(document.invoices.select_for_update(), invoices, len(documents))
    known_notes = move_to_parts(document.delivery_notes.all(), notes, len(documents))
    for part, _ in invoices:
        kind = INVOICE_KINDS[kinds[part]]
        record_invoice(document, part, documents[part], kind, len(documents), known_invoices.get(part))
    for part, _ in notes:
        record_delivery_note(document, part, documents[part], len(documents), known_notes.get(part))
    document.invoices.filter(approved_at=None, corrected={}).exclude(part__in=[part for part, _ in invoices]).delete()
    document.delivery_notes.exclude(part__in=[part for part, _ in notes]).delete()


def kind_of(document: Document, read: DocumentReading) -> DocumentKind:
    """What the sender said it is, else what its content says. A credit note is none the less one for being sent in as
    an invoice: its amounts count the other way."""
    hint = DocumentKind(document.kind_hint) if document.kind_hint in set(DocumentKind) else None
    if hint is None or document.cuts or (hint is DocumentKind.INVOICE and read.kind is DocumentKind.CREDIT_NOTE):
        return read.kind
    return hint


def replace_parts(document: Document, documents: Sequence[DocumentReading], kinds: Sequence[DocumentKind]) -> None:
    """What a person decided stays with the pages that it was decided of."""
    decided = {tuple(row.page_numbers): row for row in document.parts.exclude(decided_at=None)}
    document.parts.all().delete()
    for number, (read, kind) in enumerate(zip(documents, kinds, strict=True)):
        known = decided.get(tuple(read.pages))
        is_worked_with = kind in INVOICE_KINDS or kind is DocumentKind.DELIVERY_NOTE
        is_doubtful = is_kind_doubtful(read.kind_confidence) or is_cut_doubtful(read.cut_confidence)
        DocumentPart.objects.create(
            document=document,
            number=number,
            kind=str(kind),
            kind_confidence=1.0 if document.kind_hint else read.kind_confidence,
            cut_confidence=read.cut_confidence,
            page_numbers=list(read.pages),
            needs_look=(is_doubtful or not is_worked_with) and known is None,
            decided_by=known.decided_by if known else None,
            decided_at=known.decided_at if known else None,
        )


def move_to_parts(rows: QuerySet[Any], parts: Sequence[tuple[int, Sequence[int]]], count: int) -> dict[int, Any]:
    """Which of the rows that there are goes on as which part, moved there: the one on the same pages, else one that
    begins on one of them, and what had no pages yet as the first. What is left stands behind all parts."""
    left = list(rows.order_by("part"))
    found: dict[int, Any] = {}
    for is_same in (
        lambda row, pages: row.page_numbers == list(pages),
        lambda row, pages: bool(row.page_numbers) and row.page_numbers[0] in pages,
        lambda row, pages: not row.page_numbers,
    ):
        for part, pages in parts:
            match = None if part in found else next((row for row in left if is_same(row, pages)), None)
            if match is not None:
                found[part] = match
                left.remove(match)
    places = {row.pk: part for part, row in found.items()} | {row.pk: count + n for n, row in enumerate(left)}
    for row in [*found.values(), *left]:
        if row.part != places[row.pk]:  # two steps, as no two rows may stand at one place meanwhile
            rows.model.objects.filter(pk=row.pk).update(part=FAR_PART + places[row.pk])
    for row in [*found.values(), *left]:
        if row.part != places[row.pk]:
            rows.model.objects.filter(pk=row.pk).update(part=places[row.pk])
            row.part = places[row.pk]
    return found


def replace_pages(document: Document, reading: Reading) -> None:
    document.pages.all().delete()
    Page.objects.bulk_create(
        Page(
            document=document,
            number=page.number,
            width=page.width,
            height=page.height,
            method=str(page.method),
            engine=page.engine,
            dpi=page.dpi,
            turned=page.turned,
            paper=list(page.paper),
            notices=list(page.notices),
            words=msgspec.to_builtins(page.words),
        )
        for page in reading.pages
    )


def record_invoice(
    document: Document, part: int, read: DocumentReading, kind: str, parts: int, known: Invoice | None
) -> Invoice:
    # As old as the upload: the order in which documents are read plays no part.
    invoice = known or Invoice(document=document, mga=document.mga, part=part, created_at=document.created_at)
    if invoice.approved_at is not None:
        return invoice
    if "kind" not in invoice.corrected:
        invoice.kind = kind
    invoice.page_numbers = list(read.pages)
    invoice.filename = part_name(document, read, parts)
    invoice.confidence = read.confidence
    invoice.version += 1
    for name in INVOICE_FIELDS:
        if name not in invoice.corrected:
            setattr(invoice, name, column_value(Invoice, name, read.fields.get(name)))
    if "venue" not in invoice.corrected:
        invoice.venue = invoice.venue or document.venue_hint
    invoice.number_key = normalise(invoice.invoice_number)[:100]
    invoice.delivery_note_numbers = list(read.delivery_note_numbers)
    if "supplier_name" not in invoice.corrected:
        invoice.supplier = resolve_practice(document.mga, read.fields)
    invoice.reading = recalibrate(reading_json(read), document.mga_id)
    invoice.e_invoice = msgspec.to_builtins(read.e_invoice)
    apply_currency_default(invoice)
    invoice.save()
    if "lines" not in invoice.corrected:
        invoice.lines.all().delete()
        InvoiceLine.objects.bulk_create(
            InvoiceLine(invoice=invoice, position=position, **line_values(item, InvoiceLine))
            for position, item in enumerate(read.line_items, start=1)
        )
    invoice.payments.all().delete()
    Payment.objects.bulk_create(
        Payment(
            invoice=invoice,
            position=position,
            payment_date=payment.payment_date,
            amount=payment.amount,
            payment_method=payment.payment_method[:50],
            status=Payment.Status.COMPLETED,
            confidence=payment.confidence,
            page=payment.page,
            box=report_box(payment.box),
            method=str(payment.method),
        )
        for position, payment in enumerate(read.payments, start=1)
    )
    return invoice


def apply_currency_default(invoice: Invoice) -> None:
    """Where the document does not tell: the practice's currency or the tenant's. `reading` has none then."""
    if not invoice.currency and "currency" not in invoice.corrected:
        known = invoice.supplier.currency if invoice.supplier else ""
        invoice.currency = known or invoice.mga.default_currency


def record_delivery_note(
    document: Document, part: int, read: DocumentReading, parts: int, known: DeliveryNote | None
) -> DeliveryNote:
    note = known or DeliveryNote(document=document, mga=document.mga, part=part, created_at=document.created_at)
    note.page_numbers = list(read.pages)
    note.filename = part_name(document, read, parts)
    note.confidence = read.confidence
    fields = read.fields
    note.number = column_value(DeliveryNote, "number", fields.get("delivery_note_number"))
    note.number_key = normalise(note.number)[:100]
    note.delivery_date = column_value(
        DeliveryNote, "delivery_date", fields.get("delivery_date") or fields.get("issue_date")
    )
    for name in ("supplier_name", "venue", "order_number", "invoice_number"):
        setattr(note, name, column_value(DeliveryNote, name, fields.get(name)))
    note.venue = note.venue or document.venue_hint
    note.supplier = resolve_practice(document.mga, fields)
    note.reading = reading_json(read)
    note.save()
    note.lines.all().delete()
    DeliveryNoteLine.objects.bulk_create(
        DeliveryNoteLine(note=note, position=position, **line_values(item, DeliveryNoteLine))
        for position, item in enumerate(read.line_items, start=1)
    )
    return note


def part_name(document: Document, read: DocumentReading, parts: int) -> str:
    """The upload's name; of a part, with its pages: "scan (pages 3-4).pdf", "scan (page 1, no. 2 from left).jpg"."""
    if parts == 1:
        return document.filename
    stem, dot, suffix = document.filename.rpartition(".")
    first, last = read.pages[0], read.pages[-1]
    pages = f"page {first}" if first == last else f"pages {first}-{last}"
    if read.place:
        pages += f", no. {read.place} from left"
    name = f"{stem or suffix} ({pages}){dot}{suffix if dot else ''}"
    return name[-255:]


def column_value(model: type[Any], name: str, found: Field | None) -> Any:
    """The value as the column takes it: text cut to length, an amount that fits, or what the column has for unknown."""
    column = model._meta.get_field(name)
    if found is None:
        return None if column.null else ""
    if isinstance(found.value, Decimal):
        return found.value if abs(found.value) < LARGEST else None
    return found.value[: column.max_length] if isinstance(found.value, str) and column.max_length else found.value


def line_values(item: Any, model: type[Any]) -> dict[str, Any]:
    """The columns of a line, from ocr.types.LineItem."""
    columns = {column.name: column for column in model._meta.get_fields() if hasattr(column, "attname")}
    values = {name: value for name, value in asdict(item).items() if name in columns}
    for name, value in values.items():
        if isinstance(value, str) and columns[name].max_length:
            values[name] = value[: columns[name].max_length]
        elif isinstance(value, Decimal) and abs(value) >= LARGEST:
            values[name] = None
    return values | {"box": report_box(item.box), "method": str(item.method)}


def reading_json(read: DocumentReading) -> dict[str, Any]:
    """{field: {value, confidence, page, box, method, evidence}} of what was read."""
    return {
        name: {
            "value": str(found.value) if isinstance(found.value, Decimal) else plain(found.value),
            "confidence": round(found.confidence, 4),
            "page": found.page,
            "box": report_box(found.box),
            "method": str(found.method),
            "evidence": list(found.evidence),
        }
        for name, found in read.fields.items()
    }
