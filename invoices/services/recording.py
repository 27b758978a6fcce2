"""A reading → rows. Reading again replaces what was read; what a person corrected or approved stays as it is."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import msgspec
from django.utils import timezone

from invoices.models import (
    DeliveryNote,
    DeliveryNoteLine,
    Document,
    Invoice,
    InvoiceLine,
    Page,
    Payment,
)
from invoices.services.confidences import recalibrate
from invoices.services.events import record_event
from invoices.services.practices import resolve_practice
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
LARGEST = Decimal(10) ** 12  # what the columns hold; a larger "amount" is a misreading


def record_reading(document: Document, reading: Reading) -> None:
    """Replaces the document's pages, invoices and delivery notes by what was read. Inside the caller's transaction."""
    replace_pages(document, reading)
    kept_invoices, kept_notes = set(), set()
    for part, read in enumerate(reading.documents):
        kind = DocumentKind(document.kind_hint) if document.kind_hint in set(DocumentKind) else read.kind
        if kind in INVOICE_KINDS:
            record_invoice(document, part, read, INVOICE_KINDS[kind], len(reading.documents))
            kept_invoices.add(part)
        elif kind is DocumentKind.DELIVERY_NOTE:
            record_delivery_note(document, part, read, len(reading.documents))
            kept_notes.add(part)
        else:
            record_event(
                document.mga, document.pk, "document.other", data={"kind": str(kind), "pages": list(read.pages)}
            )
    document.invoices.filter(approved_at=None, corrected={}).exclude(part__in=kept_invoices).delete()
    document.delivery_notes.exclude(part__in=kept_notes).delete()
    document.state, document.read_at = Document.State.READ, timezone.now()
    document.page_count = len(reading.pages)
    document.reader_version, document.error_code, document.error_message = READER_VERSION, "", ""
    document.save(update_fields=["state", "read_at", "page_count", "reader_version", "error_code", "error_message"])


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


def record_invoice(document: Document, part: int, read: DocumentReading, kind: str, parts: int) -> Invoice:
    known = document.invoices.select_for_update().filter(part=part).first()
    invoice = known or Invoice(document=document, mga=document.mga, part=part)
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


def record_delivery_note(document: Document, part: int, read: DocumentReading, parts: int) -> DeliveryNote:
    note = document.delivery_notes.filter(part=part).first() or DeliveryNote(
        document=document, mga=document.mga, part=part
    )
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
    """The upload's name; of a part, with its pages: "scan (pages 3-4).pdf"."""
    if parts == 1:
        return document.filename
    stem, dot, suffix = document.filename.rpartition(".")
    first, last = read.pages[0], read.pages[-1]
    pages = f"page {first}" if first == last else f"pages {first}-{last}"
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
