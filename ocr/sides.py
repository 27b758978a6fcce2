"""Receipts that lie side by side on one picture: found by the empty strip between them, and read one by one.

A strip alone is no proof: the columns of a table and the blocks of a letter have them too. Only where what stands on
either side of it is a document of its own, with another total, day or number than its neighbour, is the page parted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import combinations
from statistics import median
from typing import Any, TypeVar

import numpy as np

from ocr.evidence import Sheet
from ocr.fields import decide_fields, gather_evidence
from ocr.kind import decide_kind
from ocr.types import BoundingBox, DocumentKind, DocumentReading, Method, Page, Word

FEWEST_WORDS = 10  # of a side
SMALLEST_SHARE = 0.15  # of the page's words, on the emptier side
NARROWEST = 1.5  # heights of the median word: a narrower strip parts words, not papers
SLOPES = np.linspace(-0.08, 0.08, 17)  # of the strip against the page: the papers may lie crooked
SURE = 0.7  # confidence from which a value counts
_BILL = ("gross_total", "issue_date", "invoice_number")
TELLING = dict.fromkeys(DocumentKind, _BILL) | {DocumentKind.DELIVERY_NOTE: ("delivery_note_number", "delivery_date")}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Side:
    """A part of a page, as a page of its own: its words begin at its left edge. left: where that is on the page."""

    page: Page
    left: float

    def back(self, reading: DocumentReading, whole: Page) -> DocumentReading:
        """What was read of the side, with its boxes on the whole page."""

        def move(box: BoundingBox) -> BoundingBox:
            left, right = ((self.left + edge * self.page.width) / whole.width for edge in (box.left, box.right))
            return replace(box, left=left, right=right)

        return _with_boxes(reading, move)


def sides(page: Page) -> tuple[Side, ...]:
    """The documents that lie beside each other on a picture, from left to right; the page itself where it is one."""
    return (_cut(page) if page.method is Method.OCR else ()) or (Side(page, 0.0),)


def _cut(page: Page) -> tuple[Side, ...]:
    """The documents beside each other, or none where it is one: each must be whole, and no two the same (the customer's
    copy beside the shop's)."""
    parts = _parted(page)
    if parts is None:
        return ()
    whole = [(part, inner) for part in parts for inner in _cut(part.page) or (Side(part.page, 0.0),)]
    found = [_sure_of(inner.page) for _, inner in whole]
    if not all(map(_is_whole, found)) or any(one == other for one, other in combinations(found, 2)):
        return ()
    return tuple(Side(inner.page, part.left + inner.left) for part, inner in whole)


def _parted(page: Page) -> tuple[Side, Side] | None:
    """The page left and right of the widest strip that no word crosses."""
    words = page.words
    if len(words) < 2 * FEWEST_WORDS:
        return None
    edges = np.array([(word.left, word.right, (word.top + word.bottom) / 2) for word in words])
    width, slope, middle = max(_widest_strip(edges, slope) for slope in SLOPES)
    if width < NARROWEST * median(word.bottom - word.top for word in words):
        return None
    is_left = (edges[:, 0] + edges[:, 1]) / 2 - slope * edges[:, 2] < middle
    fewest = max(FEWEST_WORDS, SMALLEST_SHARE * len(words))
    if min(is_left.sum(), (~is_left).sum()) < fewest:
        return None
    halves = [[word for word, left in zip(words, is_left, strict=True) if left == wanted] for wanted in (True, False)]
    return _side(page, halves[0]), _side(page, halves[1])


def _widest_strip(edges: Any, slope: float) -> tuple[float, float, float]:
    """(its width, the slope, its middle) where the page is sheared by the slope; among the strips that leave enough
    words on either side."""
    lefts, rights = np.sort(edges[:, 0] - slope * edges[:, 2]), np.sort(edges[:, 1] - slope * edges[:, 2])
    spare = max(FEWEST_WORDS, round(SMALLEST_SHARE * len(edges)))
    gaps = lefts[spare : len(edges) - spare + 1] - rights[spare - 1 : len(edges) - spare]
    if not len(gaps):
        return 0.0, slope, 0.0
    # No word crosses where as many words have ended as words that begin later are left.
    best = int(np.argmax(gaps))
    return float(gaps[best]), slope, float(lefts[spare + best] + rights[spare + best - 1]) / 2


def _side(page: Page, words: Sequence[Word]) -> Side:
    left, right = min(word.left for word in words), max(word.right for word in words)
    margin = median(word.bottom - word.top for word in words)
    left = max(left - margin, 0.0)
    moved = tuple(replace(word, left=word.left - left, right=word.right - left) for word in words)
    return Side(replace(page, words=moved, width=right - left + margin), left)


def _sure_of(page: Page) -> dict[str, Any]:
    """The values that tell documents apart, those that are surely read; a delivery note's only under its title."""
    sheet = Sheet([page])
    kind, confidence = decide_kind(sheet)
    if kind is DocumentKind.DELIVERY_NOTE and confidence < SURE:
        return {}
    found = decide_fields(gather_evidence(sheet, kind), {})
    return {name: found[name].value for name in TELLING[kind] if name in found and found[name].confidence >= SURE}


def _is_whole(found: dict[str, Any]) -> bool:
    """An invoice or a receipt has a total, a delivery note its number; both have a day, or another number."""
    return bool({"gross_total", "delivery_note_number"} & set(found)) and len(found) > 1


def _with_boxes(value: T, move: Callable[[BoundingBox], BoundingBox]) -> T:
    """The same with every box in it moved."""
    if isinstance(value, BoundingBox):
        return move(value)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {name: _with_boxes(item, move) for name, item in value.items()}  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(_with_boxes(item, move) for item in value)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _with_boxes(getattr(value, f.name), move) for f in fields(value)}
        return replace(value, **changed)
    return value
