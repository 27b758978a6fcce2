"""Words → rows of text as the paper has them, on level, tilted and curved pages alike.

The slope of the paper is measured where text shows it (the engine's own lines). From all of them follows how the paper
bends along a line of text, which is nearly the same all down a page; followed back to one x, words of a row are at the
same height.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

from ocr.types import Page, Word

SAME_ROW = 0.45  # of a word's height: vertical distance of centres that still is one row
OVERLAP = 0.3  # of the narrower word's width: words that share more of it cannot stand on one row
MIN_RUN_WIDTH = 1.5  # heights: the ends of shorter runs tell nothing about the slope
MOST_SLOPE = 0.3  # of a line on an upright page; what rises more is no line
MIN_RUNS_FOR_BEND = 6  # fewer: one slope for the whole page
ROUNDS = 6  # of reweighting
MAD = 1.4826  # median absolute deviation to standard deviation
DEGREE = 7  # of the polynomial along a line: enough for a wave and a half over the page
# What is known beforehand, as standard deviations, in units of half the page's width:
TILT = 0.2  # of a page's slope
TWIST = 0.05  # by which the slope changes down the page
BENDS = (1e-5, 0.003, 0.01, 0.03, 0.1, 0.3)  # of how far paper may bend: flat, or one of these
LEAST_SPREAD = 0.0006  # of the errors in a line's rise, at least
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
    return y - displacement(page)(x, y)


@dataclass(frozen=True, slots=True)
class Displacement:
    """How far below its height at `middle` a line of text lies at (x, y), page units: 0 everywhere on level paper.

    weights: page units, of the terms of `_terms`, where x counts from `middle` in units of `reach`, and y in units of
    `height`; none on level paper.
    """

    middle: float = 0.0
    reach: float = 1.0
    height: float = 1.0
    weights: tuple[float, ...] = ()

    def __call__(self, x: Array, y: Array) -> Array:
        if not self.weights:
            return np.zeros_like(x)
        level = _terms(np.zeros(1), np.zeros(1))
        terms = _terms((x - self.middle) / self.reach, y / self.height) - level
        return np.asarray(terms @ np.array(self.weights))


def _terms(x: Array, y: Array) -> Array:
    """The Chebyshev polynomials of x from degree 1 on, and x·y: the slope changes down a page seen from aside."""
    return np.column_stack([chebyshev.chebvander(x, DEGREE)[:, 1:], x * y])


def displacement(page: Page) -> Displacement:
    """Measured by how much each of the engine's lines rises from end to end."""
    ends = np.array(list(_ends(page.words)))
    if len(ends) == 0:
        return Displacement()
    x0, y0, x1, y1 = ends.T
    width, rise = x1 - x0, y1 - y0
    slope = rise / width
    if float(np.average(np.abs(slope), weights=width**2)) < LEVEL:
        return Displacement()
    tilt = _weighted_median(slope, width**2)
    middle = page.width / 2
    if len(ends) < MIN_RUNS_FOR_BEND:
        return Displacement(middle, 1.0, 1.0, (tilt, *[0.0] * DEGREE))
    y = (y0 + y1) / 2 / page.height
    terms = _terms((x1 - middle) / middle, y) - _terms((x0 - middle) / middle, y)
    weights = _fit(terms, rise / middle, tilt) * middle
    return Displacement(middle, middle, page.height, tuple(map(float, weights)))


def _ends(words: Iterable[Word]) -> Iterable[tuple[float, float, float, float]]:
    """x and y of the centres of the first and the last word of each of the engine's lines."""
    runs: dict[int, list[Word]] = defaultdict(list)
    for word in words:
        runs[word.run].append(word)
    for run in runs.values():
        first, last = min(run, key=lambda w: w.left), max(run, key=lambda w: w.right)
        x0, x1 = (first.left + first.right) / 2, (last.left + last.right) / 2
        y0, y1 = (first.top + first.bottom) / 2, (last.top + last.bottom) / 2
        if x1 - x0 > max(MIN_RUN_WIDTH * (first.bottom - first.top), abs(y1 - y0) / MOST_SLOPE):
            yield x0, y0, x1, y1


def _fit(terms: Array, rise: Array, tilt: float) -> Array:
    """Weights of the terms; both in units of half the page's width.

    Sources: robust regression by iteratively reweighted least squares (Holland and Welsch, 1977), here with priors. How
    far paper bends is chosen by the evidence for it (MacKay, Bayesian Interpolation, 1992): a few short lines do not
    bend a flat page."""
    found = np.zeros(terms.shape[1])
    found[0] = tilt
    for _ in range(ROUNDS):
        residual = np.abs(rise - terms @ found)
        spread = max(MAD * float(np.median(residual)), LEAST_SPREAD)
        root = 1 / np.sqrt(1 + (residual / (2 * spread)) ** 2) / spread
        tried = [_most_probable(terms * root[:, None], rise * root, bend) for bend in BENDS]
        found = max(tried, key=lambda result: result[0])[1]
    return found


def _most_probable(terms: Array, rise: Array, bend: float) -> tuple[float, Array]:
    """(log evidence, most probable weights) where paper bends by about `bend`, less in shorter waves. The errors of
    `rise` have a standard deviation of 1."""
    prior = np.array([TILT, *(bend / degree**2 for degree in range(2, DEGREE + 1)), TWIST])
    terms = terms * prior
    inner = np.eye(len(prior)) + terms.T @ terms
    best = np.linalg.solve(inner, terms.T @ rise)
    left = rise - terms @ best
    evidence = -0.5 * (np.linalg.slogdet(inner)[1] + left @ left + best @ best)
    return float(evidence), best * prior


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
