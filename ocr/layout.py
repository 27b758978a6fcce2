"""Words → rows of text as the paper has them, on level, tilted and curved pages alike.

The slope of the paper is measured where text shows it (the engine's own lines), fitted as a plane over the page, and
followed to one x: words at the same corrected height stand on one row.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

import numpy as np
import numpy.typing as npt

from ocr.types import Page, Word

SAME_ROW = 0.45  # of a word's height: vertical distance of centres that still is one row
OVERLAP = 0.3  # of the narrower word's width: words that share more of it cannot stand on one row
MIN_RUN_WIDTH = 6.0  # heights: shorter runs tell too little about the slope
MIN_RUNS_FOR_PLANE = 6  # fewer: one slope for the whole page
ROUNDS = 6  # of reweighting
STIFFNESS = 0.02  # of paper: how much evidence a bend needs, so that a few short lines do not bend a flat page
KEPT_PAGES = 64  # whose rows are kept, since several steps of a document's reading ask for them
LEVEL = 0.0015  # slope below which a page counts as level

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
    """The rows of a page from top to bottom; every word is on exactly one."""
    if not page.words:
        return ()
    levels = corrected_centres(page)
    order = np.argsort(levels, kind="stable")
    return _cluster(page, [(float(levels[i]), page.words[i]) for i in order])


def corrected_centres(page: Page) -> Array:
    """The vertical centre of each word, followed along the paper's slope to the middle of the page."""
    x = np.array([(word.left + word.right) / 2 for word in page.words])
    y = np.array([(word.top + word.bottom) / 2 for word in page.words])
    constant, by_x, by_y = slope_field(page)
    middle = page.width / 2
    return np.asarray(y - (constant + by_y * y) * (x - middle) - by_x * (x**2 - middle**2) / 2)


def slope_field(page: Page) -> tuple[float, float, float]:
    """(a, b, c): the slope of text lines at (x, y) is a + b·x + c·y, downwards to the right positive.

    Source: robust regression by iteratively reweighted least squares (Holland and Welsch, 1977)."""
    samples = np.array(list(_slopes(page.words)))
    if len(samples) == 0:
        return 0.0, 0.0, 0.0
    x, y, slope, weight = samples.T
    if float(np.average(np.abs(slope), weights=weight)) < LEVEL:
        return 0.0, 0.0, 0.0
    if len(samples) < MIN_RUNS_FOR_PLANE:
        return _weighted_median(slope, weight), 0.0, 0.0
    scale = max(page.width, page.height)
    terms = np.column_stack([np.ones_like(x), x / scale, y / scale])
    constant, by_x, by_y = _fit(terms, slope, weight)
    return constant, by_x / scale, by_y / scale


def _slopes(words: Iterable[Word]) -> Iterable[tuple[float, float, float, float]]:
    """(x, y, slope, weight) of each of the engine's lines that are long; the error of a slope falls with width."""
    runs: dict[int, list[Word]] = defaultdict(list)
    for word in words:
        runs[word.run].append(word)
    for run in runs.values():
        first, last = min(run, key=lambda w: w.left), max(run, key=lambda w: w.right)
        width = (last.left + last.right - first.left - first.right) / 2
        if width > 0 and width >= MIN_RUN_WIDTH * (first.bottom - first.top):
            rise = (last.top + last.bottom - first.top - first.bottom) / 2
            yield (first.left + last.right) / 2, (first.top + last.bottom) / 2, rise / width, width**2


def _fit(terms: Array, slope: Array, weight: Array) -> tuple[float, float, float]:
    found = np.array([_weighted_median(slope, weight), 0.0, 0.0])
    for _ in range(ROUNDS):
        residual = np.abs(slope - terms @ found)
        spread = max(float(np.median(residual)), 1e-4)
        root = np.sqrt(weight / (1 + (residual / (2 * spread)) ** 2))
        stiff = np.diag([0.0, 1.0, 1.0]) * np.sqrt(STIFFNESS * float(np.sum(root**2)))
        found, *_ = np.linalg.lstsq(
            np.vstack([terms * root[:, None], stiff]), np.append(slope * root, [0.0] * 3), rcond=None
        )
    return float(found[0]), float(found[1]), float(found[2])


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


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
