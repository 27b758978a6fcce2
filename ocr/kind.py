"""What kind of document the pages are: by its title, else by what only one kind has."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

from ocr.layout import Row, rows
from ocr.lexicon import load_table
from ocr.parse import fold
from ocr.types import DocumentKind, Page, Word

LONGEST_TITLE = 4  # words
CELL_GAP = 1.1  # heights
TITLE_ZONE = 0.45  # of the page, from its top
STRIP_SHAPE = 1.9  # height over width: of a till receipt
TILL_WIDTH = 25.0  # heights of a word: wider print is no till roll's; measured on 110 receipts and 210 sheets
FEWEST_WORDS = 25  # that tell the width of the print
OUTSIDERS = 40  # one word in so many may stand outside the print
SIZE_WEIGHT = 1.2  # for each size of type above the page's median
ALONE, HEADED, WEAK = 2.0, 0.6, 0.05  # points of a title that fills its cell, of one with others, of a mere mention
LONGEST_HEADING = 6  # words
SHORT_CELL = 7  # words: longer cells are sentences
NUMBER_WORDS = frozenset(
    {
        "no",
        "nr",
        "number",
        "num",
        "nummer",
        "numero",
        "n",
        "vom",
        "du",
        "del",
        "dated",
        "date",
        "ref",
        "reference",
        "id",
        "#",
    }
)
TITLED_TILL = 0.85  # probability of what a till printed a title of
DENIED = 4.0
SURE_MARGIN = 2.5  # points before the runner-up at which a title leaves no doubt
KINDS = {
    "credit_note": DocumentKind.CREDIT_NOTE,
    "delivery_note": DocumentKind.DELIVERY_NOTE,
    "statement": DocumentKind.STATEMENT,
    "invoice": DocumentKind.INVOICE,
    "receipt": DocumentKind.RECEIPT,
    "other": DocumentKind.OTHER,
}


@dataclass(frozen=True, slots=True)
class Title:
    kind: str
    points: float


def decide_kind(pages: Sequence[Page]) -> tuple[DocumentKind, float]:
    """The kind and its probability."""
    points = dict.fromkeys(KINDS, 0.0)
    for title in _titles(pages[0]):
        points[title.kind] = max(points[title.kind], title.points)
    text = " " + fold(" ".join(word.text for page in pages for word in page.words)) + " "
    if len(pages) == 1 and is_till_roll(pages[0]) and not points["delivery_note"]:
        kind, confidence = _by_client(text, text_width(pages[0]))
        return kind, max(confidence, TITLED_TILL) if points[kind.value] >= HEADED else confidence
    if any(f" {denial} " in text for denial in load_table("kinds")["denials"]):
        points["invoice"] -= DENIED
        points["delivery_note"] += 1.0
    if max(points.values()) <= 0:
        return _by_content(pages[0], text)
    ranked = sorted(points, key=lambda kind: (points[kind], kind == "invoice"), reverse=True)
    margin = points[ranked[0]] - max(points[ranked[1]], 0.0)
    return KINDS[ranked[0]], 0.75 + 0.24 * min(margin / SURE_MARGIN, 1.0)


def text_width(page: Page) -> float:
    """How wide the print is, in heights of its median word: 12 to 24 on a till roll, above 30 on a sheet."""
    if not page.words:
        return 0.0
    height = median(word.bottom - word.top for word in page.words)
    lefts = sorted(word.left for word in page.words)
    rights = sorted(word.right for word in page.words)
    few = len(page.words) // OUTSIDERS
    return (rights[-1 - few] - lefts[few]) / height


def is_till_roll(page: Page) -> bool:
    """Whether the page is printed as narrow as a till does, and shows amounts."""
    if len(page.words) < FEWEST_WORDS or text_width(page) > TILL_WIDTH:
        return False
    return any(re.search(r"\d[.,]\d\d\b", word.text) for word in page.words)


def _by_client(text: str, width: float) -> tuple[DocumentKind, float]:
    """What a till printed: an invoice if it names a client, patient or account, else a receipt."""
    named = any(f" {word} " in text for word in load_table("kinds")["client"])
    narrow = min((TILL_WIDTH - width) / TILL_WIDTH * 2, 0.15)
    return (DocumentKind.INVOICE, 0.8) if named else (DocumentKind.RECEIPT, 0.82 + narrow)


def _by_content(page: Page, text: str) -> tuple[DocumentKind, float]:
    """No title: an amount to pay makes an invoice or, on a till roll, a receipt."""
    has_total = re.search(
        r" (?:totals?|amount (?:now )?due|balance due|to pay|gesamt\w*|\w*summe|\w+betrag"
        r"|montant|totaal|importe|totale) ",
        text,
    )
    if page.height > STRIP_SHAPE * page.width and has_total:
        return DocumentKind.RECEIPT, 0.8
    if has_total and re.search(r"\d [.,]?\d\d ", text):
        return DocumentKind.INVOICE, 0.7
    return DocumentKind.OTHER, 0.6


def _titles(page: Page) -> Iterator[Title]:
    lines = rows(page)
    if not lines:
        return
    usual = median(word.bottom - word.top for word in page.words)
    for row in lines:
        if row.y > TITLE_ZONE * page.height:
            break
        for cell in cells(row):
            yield from _titles_of_cell(cell, usual)


def cells(row: Row) -> list[list[Word]]:
    """The words of a row, cut at wide gaps."""
    found: list[list[Word]] = [[row.words[0]]]
    for word in row.words[1:]:
        before = found[-1][-1]
        if word.left - before.right > CELL_GAP * (before.bottom - before.top):
            found.append([])
        found[-1].append(word)
    return found


def _titles_of_cell(cell: Sequence[Word], usual: float) -> Iterator[Title]:
    words = spelled_together([fold(word.text) for word in cell])
    bonus = SIZE_WEIGHT * max(median(word.bottom - word.top for word in cell) / usual - 1.0, 0.0)
    start = 0
    while start < len(words):
        length = next(
            (n for n in range(LONGEST_TITLE, 0, -1) if " ".join(words[start : start + n]) in _vocabulary()), 0
        )
        if length:
            points = _points(words, start, length)
            if points == WEAK and start == 0 and len(words) <= LONGEST_HEADING and _is_capitals(cell):
                points = HEADED  # "INVOICE FOR PROFESSIONAL SERVICES"
            for kind in _vocabulary()[" ".join(words[start : start + length])]:
                yield Title(kind, points + (bonus if points > WEAK else 0.0) + 0.1 * length)
        start += max(length, 1)


def _is_capitals(cell: Sequence[Word]) -> bool:
    return all(word.text.isupper() for word in cell if any(c.isalpha() for c in word.text))


def _points(words: Sequence[str], start: int, length: int) -> float:
    """How much of a title a phrase is: alone in its cell, before its number, at the end, or in passing."""
    if length == len(words):
        return ALONE
    behind = words[start + length :]
    if not behind:
        return HEADED if start <= 2 and len(words) <= SHORT_CELL else WEAK
    if start == 0 and (any(c.isdigit() for c in behind[0]) or behind[0] in NUMBER_WORDS):
        return HEADED
    return HEADED if length > 1 and len(words) <= SHORT_CELL else WEAK


def spelled_together(words: Sequence[str]) -> list[str]:
    """ "i n v o i c e" as one word: titles are spaced out."""
    together = "".join(words)
    if len(words) > 1 and together in _vocabulary():
        return [together]
    return [word for word in words if word]


@cache
def _vocabulary() -> dict[str, tuple[str, ...]]:
    phrases: dict[str, tuple[str, ...]] = {}
    for kind in KINDS:
        for phrase in load_table("kinds")[kind]:
            phrases[phrase] = (*phrases.get(phrase, ()), kind)
    return phrases
