"""How a supplier's template is learned from its approved invoices, and whether it is good enough to be used.

approved invoices ─▶ ocr.learning ─▶ read each of them with what the others taught, and without ─▶ active, or a draft
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import msgspec
from django.utils import timezone

from invoices.models import Invoice, InvoiceLine, SupplierTemplate
from invoices.services.events import record_event
from invoices.services.recording import INVOICE_FIELDS, column_value
from invoices.services.templates import without
from ocr import DocumentKind
from ocr.decide import read_documents
from ocr.learning import learn, lines_right, merge
from ocr.templates import Template, choose_template
from ocr.types import FIELD_NAMES, BoundingBox, DocumentReading, LineItem, Method, Page, Value, Word, typed_value

MOST_EXAMPLES = 5  # the newest: a supplier changes its layout now and then
MOST_TESTED = 10
MOST_OTHERS = 40  # approved invoices of other suppliers that it must not take for its own
SURE = 0.9  # confidence of what was read and stands in no column, to be learned
LEARNED_FIELDS = tuple(name for name in INVOICE_FIELDS if name in FIELD_NAMES)


@dataclass(frozen=True, slots=True)
class Lesson:
    """An approved invoice, as the page and as its values."""

    invoice: Invoice
    pages: tuple[Page, ...]
    lines: tuple[LineItem, ...]

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind(self.invoice.kind)


@dataclass(slots=True)
class Test:
    """How many values and lines of the tested invoices are read right without a template, and with it."""

    invoices: int = 0
    values: int = 0
    right_without: int = 0
    right_with: int = 0


def learn_template(template_id: str) -> None:
    """Learns anew from the supplier's approved invoices and decides whether the template is used. Any number may run at
    a time: all come to the same. A template that has nothing to learn from is deleted."""
    template = SupplierTemplate.objects.select_related("mga", "supplier").filter(pk=template_id).first()
    if template is None or template.due_since is None:
        return
    seen = template.due_since
    lessons = lessons_of(template)
    if not lessons:
        SupplierTemplate.objects.filter(pk=template.pk, due_since=seen).delete()
        return
    known = teach(lessons[-MOST_EXAMPLES:])
    test = try_out(lessons, template.muted)
    stranger = taken_for_its_own(template, without(known, template.muted))
    state, verdict = judge(test, stranger)
    if template.state == SupplierTemplate.State.OFF:
        state = SupplierTemplate.State.OFF
    stored = SupplierTemplate.objects.filter(pk=template.pk, due_since=seen).update(
        state=state,
        verdict=verdict,
        sender=known.sender[:200],
        marks=sorted(known.marks),
        template=msgspec.to_builtins(known),
        examples=known.examples,
        tested=test.invoices,
        tested_values=test.values,
        right_without=test.right_without,
        right_with=test.right_with,
        learned_at=timezone.now(),
        due_since=None,
    )
    if stored and state != template.state:
        data = {"state": str(state), "without": test.right_without, "with": test.right_with, "of": test.values}
        record_event(template.mga, template.pk, "template.learned", data=data)


def judge(test: Test, stranger: Invoice | None) -> tuple[str, str]:
    """The state that a test leads to, and why."""
    if stranger is not None:
        return SupplierTemplate.State.DRAFT, f"It also fits an invoice of {stranger.supplier_name or 'another'}."[:300]
    if test.right_with > test.right_without:
        return SupplierTemplate.State.ACTIVE, "Approved invoices are read better with it."
    if test.right_with < test.right_without:
        return SupplierTemplate.State.DRAFT, "Approved invoices are read better without it."
    return SupplierTemplate.State.DRAFT, "Approved invoices are read as well without it."


# --- From rows to lessons -------------------------------------------------------------------------------------------


def lessons_of(template: SupplierTemplate) -> list[Lesson]:
    """The supplier's newest approved invoices that have words, oldest first."""
    approved = (
        Invoice.objects.for_mga(template.mga)
        .filter(supplier=template.supplier, kind=template.kind, approved_at__isnull=False, e_invoice__isnull=True)
        .order_by("-approved_at")
    )
    return lessons_from(approved[:MOST_TESTED])[::-1]


def lessons_from(invoices: Any) -> list[Lesson]:
    """A lesson of each invoice that has words."""
    found = invoices.select_related("document", "mga").prefetch_related("lines", "document__pages")
    lessons = [Lesson(i, pages_of(i), tuple(line_item(line) for line in i.lines.all())) for i in found]
    return [lesson for lesson in lessons if any(page.words for page in lesson.pages)]


def pages_of(invoice: Invoice) -> tuple[Page, ...]:
    """The pages that the invoice stands on, as they were read."""
    return tuple(
        Page(
            number=page.number,
            width=page.width,
            height=page.height,
            words=msgspec.convert(page.words, tuple[Word, ...]),
            method=Method(page.method),
            engine=page.engine,
            dpi=page.dpi,
            turned=page.turned,
            paper=tuple(page.paper),
            notices=tuple(page.notices),
        )
        for page in invoice.document.pages.all()
        if page.number in invoice.page_numbers
    )


def line_item(line: InvoiceLine) -> LineItem:
    return LineItem(
        description=line.description,
        quantity=plain_number(line.quantity),
        unit_price=plain_number(line.unit_price),
        net_amount=line.net_amount,
        sku=line.sku,
        unit=line.unit,
        discount=line.discount,
    )


def plain_number(number: Decimal | None) -> Decimal | None:
    """Without the zeros that the column keeps."""
    return None if number is None else Decimal(f"{number.normalize():f}")


def values_of(invoice: Invoice) -> dict[str, Value]:
    """All that is known of the invoice: what a person approved, and beside it what was read with certainty."""
    read = {
        name: typed_value(name, str(origin["value"]))
        for name, origin in invoice.reading.items()
        if name not in INVOICE_FIELDS and origin["confidence"] >= SURE and "supplier_name" not in invoice.corrected
    }  # a corrected name: its address was read of the wrong one
    approved = {name: getattr(invoice, name) for name in LEARNED_FIELDS}
    return read | {name: value for name, value in approved.items() if value not in (None, "")}


def boxes_of(invoice: Invoice) -> dict[str, BoundingBox]:
    """Where a person pointed."""
    return {name: BoundingBox(*origin["box"]) for name, origin in invoice.corrected.items() if origin.get("box")}


# --- Teaching and testing -------------------------------------------------------------------------------------------


def teach(lessons: Sequence[Lesson]) -> Template:
    """What the lessons have in common. Only what people approve can be known to be absent."""
    known = merge(
        [
            learn(lesson.pages, lesson.kind, values_of(lesson.invoice), lesson.lines, boxes_of(lesson.invoice))
            for lesson in lessons
        ]
    )
    return replace(known, absent=known.absent.intersection(LEARNED_FIELDS))


def try_out(lessons: Sequence[Lesson], muted: list[str]) -> Test:
    """Reads each lesson with what the others taught; a single one with what it taught itself."""
    test = Test()
    for lesson in lessons:
        others = [other for other in lessons if other is not lesson] or [lesson]
        known = without(teach(others[-MOST_EXAMPLES:]), muted)
        test.invoices += 1
        test.values += len(LEARNED_FIELDS) + len(lesson.lines)
        test.right_without += count_right(lesson, read_documents(list(lesson.pages)))
        test.right_with += count_right(lesson, read_documents(list(lesson.pages), templates=[known]))
    return test


def count_right(lesson: Lesson, documents: Sequence[DocumentReading]) -> int:
    """Values and lines that were read as they were approved; lines that are none count against them."""
    if len(documents) != 1:
        return 0
    fields = documents[0].fields
    right = sum(
        column_value(Invoice, name, fields.get(name)) == getattr(lesson.invoice, name) for name in LEARNED_FIELDS
    )
    return right + max(0, round(lines_right(documents[0].line_items, lesson.lines)))


def taken_for_its_own(template: SupplierTemplate, known: Template) -> Invoice | None:
    """An approved invoice of another supplier that the template would be used for, if there is one."""
    others = (
        Invoice.objects.for_mga(template.mga)
        .filter(approved_at__isnull=False)
        .exclude(supplier=template.supplier)
        .order_by("-approved_at")
    )
    strangers = lessons_from(others[:MOST_OTHERS])
    return next((lesson.invoice for lesson in strangers if choose_template([known], lesson.pages)), None)
