"""Words → documents: the pages of a file are cut into documents, and each is decided on its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import fmean

from ocr.candidates import DateCandidate
from ocr.einvoice import Attached
from ocr.einvoice.merge import assign, merge
from ocr.evidence import Sheet
from ocr.fields import Evidence, decide_fields, delivery_note_numbers, gather_evidence
from ocr.kind import decide_kind
from ocr.line_items.reading import read_line_items
from ocr.parse import DateOrder
from ocr.payments import read_payments
from ocr.sides import Side, sides
from ocr.splitting import FAIR, TITLE_CONFIDENCE, Part, split
from ocr.templates import Template, choose_template
from ocr.types import Cut, DocumentKind, DocumentReading, EInvoice, Field, LineItem, Page

ESSENTIAL = ("invoice_number", "issue_date", "gross_total", "supplier_name", "currency")
ESSENTIAL_OF_NOTE = ("delivery_note_number", "delivery_date", "supplier_name")
DOUBTFUL_CUT = 0.8  # confidence below which a cut is worth a look


def read_documents(
    pages: Sequence[Page],
    attached: Attached | None = None,
    templates: Sequence[Template] = (),
    cuts: Sequence[Cut] = (),
) -> tuple[DocumentReading, ...]:
    """The documents that stand on the pages of one file, in page order; with the e-invoices attached to it, if any.

    templates: of suppliers that the pages may be from. cuts: as a person cut the file, which is then not cut anew.
    """
    by_number = {page.number: page for page in pages}
    read: list[tuple[DocumentReading, Evidence]] = []
    for part, kind in given_parts(cuts) if cuts else ((part, None) for part in split(pages)):
        of_part = [by_number[number] for number in part.pages]
        beside = sides(of_part[0]) if len(of_part) == 1 and not cuts else ()
        if len(beside) > 1:
            read += read_sides(of_part[0], beside, templates)
        else:
            read.append(read_document(of_part, part, templates, kind))
    if attached is None or not (attached.documents or attached.problem):
        return tuple(document for document, _ in read)
    return tuple(with_e_invoices(read, attached))


def read_sides(
    page: Page, beside: Sequence[Side], templates: Sequence[Template]
) -> Iterator[tuple[DocumentReading, Evidence]]:
    """Documents that lie beside each other on one page."""
    part = Part((page.number,), FAIR, ("beside another",))
    for place, side in enumerate(beside, start=1):
        document, evidence = read_document([side.page], part, templates)
        yield replace(side.back(document, page), place=place), evidence


def given_parts(cuts: Sequence[Cut]) -> Iterator[tuple[Part, DocumentKind | None]]:
    for cut in cuts:
        yield Part(cut.pages, 1.0, ("a person",)), cut.kind


def with_e_invoices(read: Sequence[tuple[DocumentReading, Evidence]], attached: Attached) -> Iterator[DocumentReading]:
    """The documents as their e-invoices state them; where one is not to be had, as the pages read, with the reason."""
    stated, is_left = assign([document for document, _ in read], attached.documents)
    problem = "several" if is_left else attached.problem
    for position, (document, evidence) in enumerate(read):
        if position in stated:
            merged = merge(document, evidence, stated[position])
            confidence = document_confidence(merged.kind, 1.0, merged.fields, merged.line_items)
            e_invoice = replace(merged.e_invoice or EInvoice(), problem=problem)
            yield replace(merged, confidence=confidence, e_invoice=e_invoice)
        else:
            yield replace(document, e_invoice=EInvoice(problem=problem)) if problem else document


def read_document(
    pages: Sequence[Page], part: Part, templates: Sequence[Template] = (), given: DocumentKind | None = None
) -> tuple[DocumentReading, Evidence]:
    """One document and what it was decided from: its kind first, since every field means something else on another.

    given: the kind, where a person said it.
    """
    sheet = part.sheet or Sheet(pages)
    kind, kind_confidence = (given, 1.0) if given else decide_kind(sheet)
    titled = kind_confidence > TITLE_CONFIDENCE
    template = choose_template([t for t in templates if t.kind is kind or not titled], pages)
    if template:
        kind, kind_confidence = template.kind, max(kind_confidence, TITLE_CONFIDENCE)
    line_items = read_line_items(pages, kind, template)
    evidence = gather_evidence(sheet, kind, line_items, template)
    payments = () if kind is DocumentKind.DELIVERY_NOTE else read_payments(pages, date_order(evidence))
    fields = decide_fields(evidence, {}, payments)
    document = DocumentReading(
        kind=kind,
        pages=part.pages,
        confidence=document_confidence(kind, kind_confidence * part.confidence, fields, line_items),
        fields=fields,
        line_items=line_items,
        payments=payments,
        delivery_note_numbers=delivery_note_numbers(evidence.numbers),
        notices=("doubtful-cut",) if part.confidence < DOUBTFUL_CUT else (),
        kind_confidence=kind_confidence,
        cut_confidence=part.confidence,
    )
    return document, evidence


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
