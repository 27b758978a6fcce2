"""A file is cut by a person, and stays cut so."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import transaction

import ocr
from invoices.errors import CutError
from invoices.models import Document, Event, Finding, Invoice
from invoices.services import cutting, review
from invoices.services.intake import local_copy
from invoices.services.judging import judge_document
from invoices.services.reading import reader_options
from invoices.services.recording import record_reading
from invoices.services.rereading import reread
from invoices.services.review import Changes, Pointed
from ocr import Cut, DocumentKind, Page, Reading
from tests.documents import INVOICE_LINES, make_pdf
from tests.factories import make_document, make_mga
from tests.invoices.api.conftest import make_reading

pytestmark = pytest.mark.django_db

LETTER = ("Harbour Vets", "", "Dear Ms Whitfield,", "thank you for your visit. See you in spring.")


def sheet(number: str) -> list[str]:
    return [line.replace("INV-1042", number) for line in INVOICE_LINES]


def receive(*sheets: Any) -> Document:
    """A file that was read, with a page for each."""
    document = Document(mga=make_mga(), filename="batch.pdf", sha256="1" * 64, size=1, media_type="application/pdf")
    document.file.save("x.pdf", ContentFile(make_pdf(sheets[0], more=sheets[1:])))
    with local_copy(document) as path, transaction.atomic():
        record_reading(document, ocr.read(path, reader_options()))
        judge_document(document)
    return document


@pytest.fixture
def ada() -> Any:
    return get_user_model().objects.create_user("ada", is_staff=True)


def shown(document: Document) -> list[tuple[str, list[int], str]]:
    rows = document.invoices.order_by("part")
    return [(row.invoice_number, row.page_numbers, row.filename) for row in rows]


def test_parts_keep_their_pages_kinds_and_names() -> None:
    document = receive(sheet("INV-1"), sheet("INV-2"), sheet("INV-2"))
    assert shown(document) == [
        ("INV-1", [1], "batch (page 1).pdf"),
        ("INV-2", [2, 3], "batch (pages 2-3).pdf"),
    ]
    parts = document.parts.all()
    assert [(part.kind, part.page_numbers, part.needs_look) for part in parts] == [
        ("invoice", [1], False),
        ("invoice", [2, 3], False),
    ]
    assert all(0.7 < part.kind_confidence <= 1 for part in parts)


def test_what_is_no_invoice_is_kept_flagged_and_not_listed() -> None:
    document = receive(LETTER)
    part = document.parts.get()
    assert (part.kind, part.needs_look) == ("other", True)
    assert not Invoice.objects.exists()


def test_a_merge_joins_and_a_split_parts_and_others_stay_the_same_rows(ada: Any) -> None:
    document = receive(sheet("INV-1"), sheet("INV-2"), sheet("INV-3"))
    third = document.invoices.get(invoice_number="INV-3")
    cutting.cut(document, [Cut((1, 2)), Cut((3,))], ada)
    assert [pages for _, pages, _ in shown(document)] == [[1, 2], [3]]
    assert document.invoices.get(invoice_number="INV-3").pk == third.pk
    cutting.split_pages(Document.objects.get(), ada)
    assert [number for number, _, _ in shown(document)] == ["INV-1", "INV-2", "INV-3"]
    assert document.invoices.get(invoice_number="INV-3").pk == third.pk
    cutting.merge_pages(Document.objects.get(), ada)
    assert [pages for _, pages, _ in shown(document)] == [[1, 2, 3]]
    told = Event.objects.filter(action="document.cut").order_by("pk")
    assert [event.data["after"] for event in told] == [[[1, 2], [3]], [[1], [2], [3]], [[1, 2, 3]]]


def test_reading_again_keeps_a_persons_cuts_and_kinds(ada: Any) -> None:
    document = receive(sheet("INV-1"), sheet("INV-2"))
    cutting.cut(document, [Cut((1, 2), DocumentKind.STATEMENT)], ada)
    assert not document.invoices.exists()
    reread(Document.objects.get())
    assert [(part.kind, part.page_numbers, part.needs_look) for part in document.parts.all()] == [
        ("statement", [1, 2], False)
    ]
    assert document.parts.get().decided_by == ada
    cutting.cut(Document.objects.get(), [Cut((1,), DocumentKind.INVOICE), Cut((2,))], ada)
    reread(Document.objects.get())
    assert [number for number, _, _ in shown(document)] == ["INV-1", "INV-2"]


def test_corrections_stay_with_the_pages_they_were_made_on(ada: Any) -> None:
    document = receive(sheet("INV-1"), sheet("INV-2"), sheet("INV-2"))
    second = document.invoices.get(invoice_number="INV-2")
    review.save(second.pk, ada, second.version, Changes({"gross_total": Pointed("55.00")}))
    cutting.cut(Document.objects.get(), [Cut((1,)), Cut((2,)), Cut((3,))], ada)
    totals = {row.page_numbers[0]: row.gross_total for row in document.invoices.all()}
    assert totals == {1: Decimal("108.00"), 2: Decimal("55.00"), 3: Decimal("108.00")}


def test_what_a_person_joins_to_another_is_gone_with_its_corrections(ada: Any) -> None:
    document = receive(sheet("INV-1"), sheet("INV-2"))
    second = document.invoices.get(invoice_number="INV-2")
    review.save(second.pk, ada, second.version, Changes({"gross_total": Pointed("55.00")}))
    cutting.cut_before(Document.objects.get(), {1}, ada)
    assert [pages for _, pages, _ in shown(document)] == [[1, 2]]


def test_what_somebody_else_is_at_keeps_its_pages(ada: Any) -> None:
    document = receive(sheet("INV-1"), sheet("INV-2"), sheet("INV-2"))
    review.claim(document.invoices.get(invoice_number="INV-2"), get_user_model().objects.create_user("bob"))
    cutting.cut_before(Document.objects.get(), {2}, ada)
    with pytest.raises(CutError, match="bob is reviewing it"):
        cutting.cut_before(Document.objects.get(), {2, 3}, ada)
    assert [pages for _, pages, _ in shown(document)] == [[1], [2, 3]]


def test_an_approved_invoice_keeps_its_pages(ada: Any) -> None:
    document = receive(sheet("INV-1"), sheet("INV-2"))
    first = document.invoices.get(invoice_number="INV-1")
    review.approve(first.pk, ada, first.version, accept=True)
    with pytest.raises(CutError, match="Reopen it first"):
        cutting.merge_pages(Document.objects.get(), ada)
    assert len(shown(document)) == 2


@pytest.mark.parametrize("pages", [[(1,)], [(1,), (1, 2)], [(1, 2, 3)], [(2, 1)], [(1, 2), ()]], ids=str)
def test_each_page_belongs_to_one_document(ada: Any, pages: list[tuple[int, ...]]) -> None:
    document = receive(sheet("INV-1"), sheet("INV-2"))
    with pytest.raises(CutError):
        cutting.cut(document, [Cut(each) for each in pages], ada)
    assert len(shown(document)) == 2


def test_an_uncertain_cut_is_flagged_until_somebody_looked(ada: Any) -> None:
    quote = ["Other Traders", "", "INVOICE", "thank you"]
    document = receive(sheet("INV-1"), quote)
    doubtful = document.parts.filter(needs_look=True)
    assert doubtful.exists()
    told = Finding.objects.filter(rule="pages.cut", state=Finding.State.OPEN)
    assert told.exists()
    cutting.accept(Document.objects.get(), ada)
    assert not doubtful.exists() and not told.exists()


def test_documents_beside_each_other_on_a_page_have_names_of_their_own_and_stay_the_same_rows() -> None:
    first, second = (make_reading(invoice_number=number).documents[0] for number in ("INV-1", "INV-2"))
    documents = (replace(first, place=1), replace(second, place=2))
    document = make_document(make_mga(), filename="scan.jpg")
    rows = []
    for _ in range(2):
        with transaction.atomic():
            record_reading(document, Reading((Page(1, 2480, 3508),), documents))
            judge_document(document)
        rows.append([(row.pk, row.invoice_number, row.filename) for row in document.invoices.order_by("part")])
    assert rows[0] == rows[1]
    assert [(number, name) for _, number, name in rows[0]] == [
        ("INV-1", "scan (page 1, no. 1 from left).jpg"),
        ("INV-2", "scan (page 1, no. 2 from left).jpg"),
    ]
