"""Words → documents: the pages of a file are cut into documents, and each is decided on its own."""

from collections.abc import Sequence
from statistics import fmean

from ocr.candidates import DateCandidate
from ocr.fields import Evidence, decide_fields, delivery_note_numbers, gather_evidence
from ocr.kind import decide_kind
from ocr.line_items import read_line_items
from ocr.parse import DateOrder
from ocr.payments import read_payments
from ocr.splitting import Part, split
from ocr.types import DocumentKind, DocumentReading, Field, LineItem, Page

ESSENTIAL = ("invoice_number", "issue_date", "gross_total", "supplier_name", "currency")
ESSENTIAL_OF_NOTE = ("delivery_note_number", "delivery_date", "supplier_name")
DOUBTFUL_CUT = 0.8  # confidence below which a cut is worth a look


def read_documents(pages: Sequence[Page]) -> tuple[DocumentReading, ...]:
    """The documents that stand on the pages of one file, in page order."""
    by_number = {page.number: page for page in pages}
    return tuple(read_document([by_number[number] for number in part.pages], part) for part in split(pages))


def read_document(pages: Sequence[Page], part: Part) -> DocumentReading:
    """One document: its kind first, since every field means something else on another kind."""
    kind, kind_confidence = decide_kind(pages)
    line_items = read_line_items(pages, kind)
    evidence = gather_evidence(pages, kind, line_items)
    payments = () if kind is DocumentKind.DELIVERY_NOTE else read_payments(pages, date_order(evidence))
    fields = decide_fields(evidence, {}, paid=bool(payments))
    return DocumentReading(
        kind=kind,
        pages=part.pages,
        confidence=document_confidence(kind, kind_confidence * part.confidence, fields, line_items),
        fields=fields,
        line_items=line_items,
        payments=payments,
        delivery_note_numbers=delivery_note_numbers(evidence.numbers),
        notices=("doubtful-cut",) if part.confidence < DOUBTFUL_CUT else (),
    )


def date_order(evidence: Evidence) -> DateOrder:
    """In which order the document's ambiguous dates were read."""
    for option in evidence.dates:
        match = option.place.match if isinstance(option.place, DateCandidate) else None
        if match is not None and match.ambiguous:
            return "mdy" if option.value == match.month_first else "dmy"
    return "dmy"


def document_confidence(
    kind: DocumentKind, identity: float, fields: dict[str, Field], line_items: Sequence[LineItem]
) -> float:
    """Mean confidence of the essential fields (0 for a missing one) and the lines, times that of kind and cut."""
    essential = ESSENTIAL_OF_NOTE if kind is DocumentKind.DELIVERY_NOTE else ESSENTIAL
    values = [fields[name].confidence if name in fields else 0.0 for name in essential]
    if line_items:
        values.append(fmean(item.confidence for item in line_items))
    return identity * fmean(values)
