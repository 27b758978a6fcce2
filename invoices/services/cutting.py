"""A file cut into documents by a person: split, merged, and told what each is. No reading changes that again."""

from collections.abc import Collection, Sequence

import msgspec
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

import ocr
from invoices.errors import CutError
from invoices.models import Document, Invoice, Job
from invoices.services.events import record_event
from invoices.services.intake import local_copy
from invoices.services.judging import judge_document
from invoices.services.reading import reader_options
from invoices.services.recording import record_documents
from invoices.services.templates import find_templates
from invoices.services.tenants import lock_tenant
from ocr import Cut, DocumentKind, DocumentReading, Page, shared_reader

PAGE_COLUMNS = ("number", "width", "height", "words", "method", "engine", "dpi", "turned", "paper", "notices")


def cuts_of(document: Document) -> tuple[Cut, ...]:
    """As a person cut it; empty where its pages say. What a person corrected or approved is not cut anew either."""
    if document.cuts:
        return tuple(
            Cut(tuple(cut["pages"]), DocumentKind(cut["kind"]) if cut["kind"] else None) for cut in document.cuts
        )
    has_work = document.invoices.exclude(corrected={}, approved_at=None).exists()
    return tuple(Cut(tuple(part.page_numbers)) for part in document.parts.all()) if has_work else ()


def cut(document: Document, cuts: Sequence[Cut], actor: AbstractBaseUser) -> None:
    """Cuts the file so. Each part is read anew, on its own; what stands on the same pages as before keeps its
    corrections and pairings. Raises CutError, and then nothing changed."""
    cuts = sorted(cuts, key=lambda each: each.pages)
    _require_each_page_once(document, cuts)
    documents = _read(document, cuts)
    with transaction.atomic():
        document = Document.objects.select_for_update(of=("self",)).select_related("mga").get(pk=document.pk)
        if document.jobs.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).exists():
            raise CutError("The document is being read. Try again in a moment.")
        _require_open(document, cuts, actor)
        lock_tenant(pk=document.mga_id)
        before = [part.page_numbers for part in document.parts.all()]
        document.cuts = [{"pages": list(each.pages), "kind": str(each.kind or "")} for each in cuts]
        document.save(update_fields=["cuts"])
        record_documents(document, documents)
        _drop_what_lost_its_pages(document, cuts)
        document.parts.update(decided_by=actor.pk, decided_at=timezone.now(), needs_look=False)
        judge_document(document)
        data = {"before": before, "after": [list(each.pages) for each in cuts]}
        record_event(document.mga, document.pk, "document.cut", actor=actor, data=data)


def cut_before(document: Document, begins: Collection[int], actor: AbstractBaseUser) -> None:
    """Cuts the file so that a document begins on each of these pages; what keeps its pages keeps the kind that a
    person gave it. Raises CutError."""
    known = {each.pages: each.kind for each in cuts_of(document)}
    runs = page_runs(begins, document.page_count or 0)
    cut(document, [Cut(pages, known.get(pages)) for pages in runs], actor)


def page_runs(begins: Collection[int], page_count: int) -> list[tuple[int, ...]]:
    """The pages of each document, where one begins on page 1 and on each of `begins` that there is."""
    firsts = sorted({1, *(number for number in begins if 1 < number <= page_count)})
    return [tuple(range(first, end)) for first, end in zip(firsts, [*firsts[1:], page_count + 1], strict=True)]


def split_pages(document: Document, actor: AbstractBaseUser) -> None:
    """Each page a document of its own. Raises CutError."""
    cut(document, [Cut((number,)) for number in range(1, (document.page_count or 0) + 1)], actor)


def merge_pages(document: Document, actor: AbstractBaseUser) -> None:
    """All pages one document. Raises CutError."""
    cut(document, [Cut(tuple(range(1, (document.page_count or 0) + 1)))], actor)


def accept(document: Document, actor: AbstractBaseUser) -> None:
    """A person looked: the parts are right as they are."""
    parts = [Cut(tuple(part.page_numbers), DocumentKind(part.kind)) for part in document.parts.all()]
    cut(document, parts, actor)


def _require_each_page_once(document: Document, cuts: Sequence[Cut]) -> None:
    if document.state != Document.State.READ:
        raise CutError("The document was not read, so there is nothing to cut.")
    pages = [page for each in cuts for page in each.pages]
    if not all(each.pages for each in cuts) or sorted(pages) != list(range(1, (document.page_count or 0) + 1)):
        raise CutError("Each page belongs to one document, and each document has a page.")
    if any(list(each.pages) != sorted(each.pages) for each in cuts):
        raise CutError("The pages of a document stand in their order.")


def _require_open(document: Document, cuts: Sequence[Cut], actor: AbstractBaseUser) -> None:
    """What was approved or rejected, and what somebody else is at, keeps its pages."""
    now = timezone.now()
    for invoice in _without_their_pages(document, cuts):
        if invoice.approved_at or invoice.rejected_at:
            raise CutError(f"{invoice} was decided by a reviewer. Reopen it first.")
        if invoice.is_held_by_another(actor.pk, now):
            raise CutError(f"{invoice}: {invoice.claimed_by} is reviewing it.")


def _without_their_pages(document: Document, cuts: Sequence[Cut]) -> list[Invoice]:
    """The invoices that stand on other pages than any of the parts."""
    kept = {each.pages for each in cuts}
    return [row for row in document.invoices.select_related("claimed_by") if tuple(row.page_numbers) not in kept]


def _drop_what_lost_its_pages(document: Document, cuts: Sequence[Cut]) -> None:
    """A reading leaves what a person corrected. Here a person says that it is no document."""
    for invoice in _without_their_pages(document, cuts):
        invoice.delete()


def _read(document: Document, cuts: Sequence[Cut]) -> tuple[DocumentReading, ...]:
    """From the words that were read before; where an e-invoice is attached, from the file. Raises CutError."""
    find = find_templates(document.mga)
    try:
        if document.invoices.filter(e_invoice__isnull=False).exists():
            with local_copy(document) as path:
                return ocr.read(path, reader_options(), find, cuts).documents
        rows = document.pages.order_by("number").values(*PAGE_COLUMNS)
        pages = tuple(msgspec.convert(row, Page) for row in rows)
        with shared_reader(reader_options()) as reader:
            return reader.decide(pages, find, cuts)
    except (ocr.OcrError, OSError) as error:
        raise CutError(f"The parts could not be read: {error}") from error
