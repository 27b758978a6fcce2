"""Pages → documents: where one ends and the next begins.

Pages of one document stay together (its page numbering, its number, sums carried forward); different numbers never do.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ocr.evidence import Sheet
from ocr.fields import read_identity
from ocr.kind import decide_kind
from ocr.layout import rows
from ocr.parse import PAGE_OF, fold
from ocr.types import DocumentKind, Page

BARE_PAGE_OF = re.compile(r"^(\d{1,2})\s*(?:/|of)\s*(\d{1,2})$")
PAGE_ONLY = re.compile(r"\b(?:page|seite|pagina|sheet|blatt)\.?\s*(\d{1,2})\b")
CARRIED = re.compile(r"\b(?:brought forward|carried over|b f|ubertrag|report|continued|fortsetzung|vervolg|suite)\b")
MISREAD = str.maketrans("OILSBZG", "0115826")  # letters that are read for digits
HEAD = 0.25  # of the page: where a heading can say that it goes on
FOOT_ROWS, HEAD_ROWS = 6, 10
TITLE_CONFIDENCE = 0.8  # of the kind: below, it was told by the content and not by a title
SURE_IDENTITY = 0.85  # of number and supplier: above, they tell a document without a title from a page that goes on
SURE, FAIR, DOUBTFUL = 0.98, 0.9, 0.6


@dataclass(frozen=True, slots=True)
class Part:
    """A document's pages (from 1), and how sure the cut before it is. sheet: of a single page that was looked at."""

    pages: tuple[int, ...]
    confidence: float
    reasons: tuple[str, ...] = ()
    sheet: Sheet | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page tells about the document it belongs to."""

    number: int
    kind: DocumentKind
    kind_confidence: float
    document_number: str
    supplier: str
    place: int  # "page 2 of 3": 2; 0 = not printed
    count: int
    goes_on: bool  # its head says that it continues another page
    is_addressed: bool = False  # it names who it is from and who it is for
    text: str = field(default="", repr=False)  # as `number_key` has it
    sure: bool = False  # of its number and its supplier
    sheet: Sheet | None = field(default=None, repr=False, compare=False)


def split(pages: Sequence[Page]) -> tuple[Part, ...]:
    """The documents of a file, in page order."""
    if len(pages) == 1:
        return (Part((pages[0].number,), 1.0),)
    facts = [look_at(page) for page in pages]
    groups: list[list[PageFacts]] = [[facts[0]]]
    cuts: list[tuple[float, str]] = [(1.0, "first page")]
    for page in facts[1:]:
        begins, confidence, reason = begins_document(page, groups[-1])
        if begins:
            groups.append([page])
            cuts.append((confidence, reason))
        else:
            groups[-1].append(page)
            cuts[-1] = (min(cuts[-1][0], confidence), cuts[-1][1])
    return tuple(
        Part(tuple(p.number for p in group), confidence, (reason,), group[0].sheet if len(group) == 1 else None)
        for group, (confidence, reason) in zip(groups, cuts, strict=True)
    )


def begins_document(page: PageFacts, before: Sequence[PageFacts]) -> tuple[bool, float, str]:
    """(whether the page begins a new document, how sure, why)."""
    last = before[-1]
    has_title = page.kind is not DocumentKind.OTHER and page.kind_confidence > TITLE_CONFIDENCE
    number = next((p.document_number for p in before if p.document_number), "")
    if page.place == 1 and page.count != 0 and (page.kind is not DocumentKind.OTHER or page.document_number):
        return True, SURE, "page 1"
    if page.place > 1 and last.place == page.place - 1 and (page.count == last.count or not page.count):
        # A small number on a page without a title may be anything, "tax free by § 4 Nr. 14" for one; where the number
        # of the pages before stands too, another is that of a docket; one of another make is that of a subscription.
        is_own = page.sure or make_of(page.document_number) == make_of(number)
        other = has_title and bool(page.document_number and number) and number not in page.text and is_own
        return other, DOUBTFUL if other else SURE, "page numbering"
    if page.document_number and number:
        if page.document_number == number:
            return False, SURE, "same number"
        # Without a title a number may be any that the small print mentions; one that is sure, or of the same make, is
        # the document's.
        is_own = page.sure and page.kind is not DocumentKind.OTHER
        if has_title or is_own or make_of(page.document_number) == make_of(number):
            return True, SURE, "another number"
    if page.goes_on or page.place > 1:
        return False, FAIR, "continued"
    if page.document_number and has_title:
        return True, FAIR, "a number of its own"
    if page.sure and number and page.supplier not in {p.supplier for p in before}:
        return True, FAIR, "another number and supplier"
    if has_title and page.supplier and page.supplier != last.supplier:
        return True, DOUBTFUL, "another supplier"
    if has_title and page.kind is not before[0].kind:
        return True, DOUBTFUL, "another kind"
    # A page that repeats the head of its document repeats the number in it.
    if has_title and page.is_addressed and number and number not in page.text:
        return True, DOUBTFUL, "addressed anew"
    # A document that begins has at least a title or a number.
    return False, DOUBTFUL if has_title or page.document_number else FAIR, "nothing of its own"


def make_of(number: str) -> str:
    """ "INV1042" → "AAA9999": numbers of one supplier are of one make."""
    return "".join("9" if letter.isdigit() else "A" for letter in number)


def look_at(page: Page) -> PageFacts:
    sheet = Sheet([page])
    kind, confidence = decide_kind(sheet)
    fields = read_identity(sheet, kind)
    name = "delivery_note_number" if kind is DocumentKind.DELIVERY_NOTE else "invoice_number"
    found, supplier = fields.get(name), fields.get("supplier_name")
    place, count = page_place(page)
    return PageFacts(
        number=page.number,
        kind=kind,
        kind_confidence=confidence,
        document_number=number_key(str(found.value)) if found and found.confidence > 0.4 else "",
        supplier=fold(str(supplier.value)) if supplier else "",
        place=place,
        count=count,
        goes_on=continues(page),
        is_addressed=supplier is not None and ("customer_name" in fields or "venue" in fields),
        text=number_key("".join(word.text for word in page.words)),
        sure=bool(found and supplier and min(found.confidence, supplier.confidence) > SURE_IDENTITY),
        sheet=sheet,
    )


def number_key(number: str) -> str:
    """Equal for two readings of one number, whichever letters were taken for digits."""
    return re.sub(r"[\W_]", "", number).upper().translate(MISREAD)


def page_place(page: Page) -> tuple[int, int]:
    """(2, 3) for "Page 2 of 3"; (2, 0) for "Page 2"; (0, 0) where nothing is printed."""
    texts = [row.text.casefold() for row in rows(page)]
    for text in (*texts[-FOOT_ROWS:], *texts[:HEAD_ROWS], *texts):
        match = PAGE_OF.search(text) or BARE_PAGE_OF.match(text.strip())
        if match and 1 <= int(match.group(1)) <= int(match.group(2)):
            return int(match.group(1)), int(match.group(2))
    for text in (*texts[-FOOT_ROWS:], *texts[:HEAD_ROWS]):
        match = PAGE_ONLY.search(text)
        if match:
            return int(match.group(1)), 0
    return 0, 0


def continues(page: Page) -> bool:
    head = " ".join(row.text for row in rows(page) if row.y < HEAD * page.height)
    return bool(CARRIED.search(fold(head)))
