"""Words → rows of text as the paper has them, on level, tilted and curved pages alike.

The slope of the paper is measured where text shows it (the engine's own lines). From all of them follows how the paper
bends along a line of text, which is nearly the same all down a page; followed back to one x, words of a row are at the
same height.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

import numpy as np
import numpy.typing as npt

from ocr.bend import displacement
from ocr.types import Page, Word

SAME_ROW = 0.45  # of a word's height: vertical distance of centres that still is one row
OVERLAP = 0.3  # of the narrower word's width: words that share more of it cannot stand on one row
KEPT_PAGES = 64  # whose rows are kept, since several steps of a document's reading ask for them

# "BT-1": what EN 16931 calls a value, which viewers of e-invoices print between a label and its value.
_TERM_ID = re.compile(r"B[TG]-\d{1,3}$")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """Words that stand beside each other, from left to right. `y` is the corrected centre, page units."""

    page: int
    words: tuple[Word, ...]
    y: float

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def left(self) -> float:
        return self.words[0].left

    @property
    def right(self) -> float:
        return max(word.right for word in self.words)

    @property
    def top(self) -> float:
        return min(word.top for word in self.words)

    @property
    def bottom(self) -> float:
        return max(word.bottom for word in self.words)

    @property
    def height(self) -> float:
        """Of its median word, page units."""
        return median(word.bottom - word.top for word in self.words)


@lru_cache(maxsize=KEPT_PAGES)
def rows(page: Page) -> Sequence[Row]:
    """The rows of a page from top to bottom; every word is on exactly one, but for the ids of business terms."""
    if not page.words:
        return ()
    levels = corrected_centres(page)
    order = [i for i in np.argsort(levels, kind="stable") if not _TERM_ID.match(page.words[i].text)]
    return _cluster(page, [(float(levels[i]), page.words[i]) for i in order])


def corrected_centres(page: Page) -> Array:
    """The vertical centre of each word, followed along the paper's slope to the middle of the page."""
    x = np.array([(word.left + word.right) / 2 for word in page.words])
    y = np.array([(word.top + word.bottom) / 2 for word in page.words])
    return y - displacement(page)(x, y)


def _cluster(page: Page, levelled: Sequence[tuple[float, Word]]) -> list[Row]:
    """Joins each word, from top to bottom, to the nearest row that has room for it."""
    open_rows: list[tuple[float, list[Word]]] = []
    finished: list[tuple[float, list[Word]]] = []
    tallest = max(word.bottom - word.top for word in page.words)
    for level, word in levelled:
        finished += [row for row in open_rows if level - row[0] > tallest]
        open_rows = [row for row in open_rows if level - row[0] <= tallest]
        fitting = [i for i, (y, members) in enumerate(open_rows) if _fits(word, level, y, members)]
        if fitting:
            nearest = min(fitting, key=lambda i: abs(open_rows[i][0] - level))
            y, members = open_rows[nearest]
            open_rows[nearest] = ((y * len(members) + level) / (len(members) + 1), [*members, word])
        else:
            open_rows.append((level, [word]))
    found = sorted(finished + open_rows, key=lambda row: row[0])
    return [Row(page.number, tuple(sorted(members, key=lambda w: w.left)), y) for y, members in found]


def _fits(word: Word, level: float, y: float, members: Sequence[Word]) -> bool:
    own = word.bottom - word.top
    if abs(level - y) > SAME_ROW * own:
        return False
    height = min(own, median(member.bottom - member.top for member in members))
    return abs(level - y) <= SAME_ROW * height and not any(_overlap(word, member) for member in members)


def _overlap(one: Word, other: Word) -> bool:
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared > OVERLAP * min(one.right - one.left, other.right - other.left)
