"""How the paper of a page is tilted and bent: measured on its lines of text.

How much each of the engine's own lines rises from end to end tells the slope there. From all of them follows how the
paper bends along a line of text, which is nearly the same all down a page; then lines that stand beside each other are
brought to one height, as in a table, where nothing is printed between the columns that could tell.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

from ocr.types import Page, Word

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
LEVEL = 0.0015  # slope below which a page counts as level
MOST_LINES = 2000  # that are brought to one height: no photographed page has more
MOST_APART = 1.2  # heights between two lines that may be of one row
NEAR = (0.6, 0.45, 0.3, 0.2)  # heights apart, within which two lines are taken for one row: closer in each round
ROW_SPREAD = 0.15  # heights: by how much the centres of the lines of a row differ

Array = npt.NDArray[np.float64]


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
        return np.asarray(_terms((x - self.middle) / self.reach, y / self.height) @ np.array(self.weights))


def displacement(page: Page) -> Displacement:
    """Of the page's words, by what is told above."""
    lines = _lines(page.words)
    if len(lines) == 0:
        return Displacement()
    x0, y0, x1, y1, height = lines.T
    long = x1 - x0 > np.maximum(MIN_RUN_WIDTH * height, np.abs(y1 - y0) / MOST_SLOPE)
    if not long.any():
        return Displacement()
    width = (x1 - x0)[long]
    slope = (y1 - y0)[long] / width
    if float(np.average(np.abs(slope), weights=width**2)) < LEVEL:
        return Displacement()
    tilt = _weighted_median(slope, width**2)
    middle = page.width / 2
    if len(slope) < MIN_RUNS_FOR_BEND:
        return Displacement(middle, 1.0, 1.0, (tilt, *[0.0] * DEGREE))
    scaled = (lines - [middle, 0, middle, 0, 0]) / middle
    weights = _fit(scaled, long, tilt, page.height / middle) * middle
    return Displacement(middle, middle, page.height, tuple(map(float, weights)))


def _lines(words: tuple[Word, ...]) -> Array:
    """x and y of the centres of the first and the last word of each of the engine's lines, and its height."""
    runs: dict[int, list[Word]] = defaultdict(list)
    for word in words:
        runs[word.run].append(word)
    lines = np.array(list(map(_line, runs.values()))).reshape(-1, 5)
    return lines[lines[:, -1] > 0]


def _line(run: list[Word]) -> tuple[float, float, float, float, float]:
    first, last = min(run, key=lambda w: w.left), max(run, key=lambda w: w.right)
    x0, y0 = (first.left + first.right) / 2, (first.top + first.bottom) / 2
    x1, y1 = (last.left + last.right) / 2, (last.top + last.bottom) / 2
    return x0, y0, x1, y1, first.bottom - first.top


def _terms(x: Array, y: Array) -> Array:
    """The Chebyshev polynomials of x from degree 1 on, and x·y (the slope changes down a page seen from aside); all 0
    in the middle."""
    bends = chebyshev.chebvander(x, DEGREE)[:, 1:] - chebyshev.chebvander(np.zeros(1), DEGREE)[:, 1:]
    return np.column_stack([bends, x * y])


def _fit(lines: Array, long: npt.NDArray[np.bool_], tilt: float, page_height: float) -> Array:
    """Weights of the terms; all in units of half the page's width.

    Sources: robust regression by iteratively reweighted least squares (Holland and Welsch, 1977), here with priors. How
    far paper bends is chosen by the evidence for it (MacKay, Bayesian Interpolation, 1992): a few short lines do not
    bend a flat page."""
    x0, y0, x1, y1, _ = lines[long].T
    y = (y0 + y1) / 2 / page_height
    terms, rise = _terms(x1, y) - _terms(x0, y), y1 - y0
    start = np.zeros(terms.shape[1])
    start[0] = tilt
    best = _Fit(start, np.zeros((len(start), len(start))), -np.inf)
    for _ in range(ROUNDS):
        residual = np.abs(rise - terms @ best.weights)
        spread = max(MAD * float(np.median(residual)), LEAST_SPREAD)
        root = 1 / np.sqrt(1 + (residual / (2 * spread)) ** 2) / spread
        tried = [_most_probable(terms * root[:, None], rise * root, bend) for bend in BENDS]
        best = max(tried, key=lambda result: result.evidence)
    return _align(lines, best, page_height) if len(lines) <= MOST_LINES else best.weights


@dataclass(frozen=True, slots=True)
class _Fit:
    """The most probable weights, and how sure they are: `precision` is the inverse of their covariance."""

    weights: Array
    precision: Array
    evidence: float


def _most_probable(terms: Array, rise: Array, bend: float) -> _Fit:
    """Where paper bends by about `bend`, less in shorter waves. The errors of `rise` have a standard deviation of 1."""
    prior = np.array([TILT, *(bend / degree**2 for degree in range(2, DEGREE + 1)), TWIST])
    terms = terms * prior
    inner = np.eye(len(prior)) + terms.T @ terms
    best = np.linalg.solve(inner, terms.T @ rise)
    left = rise - terms @ best
    evidence = -0.5 * (np.linalg.slogdet(inner)[1] + left @ left + best @ best)
    return _Fit(best * prior, inner / np.outer(prior, prior), float(evidence))


def _align(lines: Array, fit: _Fit, page_height: float) -> Array:
    """The weights that also bring lines of one row to one height: by expectation and maximisation, where any two lines
    that stand beside each other at about the same height may be of one row."""
    x0, y0, x1, y1, height = lines.T
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    terms = _terms(x, y / page_height)
    weights = fit.weights
    one, other = _beside(lines, y - terms @ weights)
    size = np.minimum(height[one], height[other])
    for near in NEAR:
        level = y - terms @ weights
        apart = (level[one] - level[other]) / size
        root = np.exp(-0.25 * (apart / near) ** 2) / (ROW_SPREAD * size)
        pairs, gap = (terms[one] - terms[other]) * root[:, None], (y[one] - y[other]) * root
        weights = np.linalg.solve(fit.precision + pairs.T @ pairs, fit.precision @ fit.weights + pairs.T @ gap)
    return weights


def _beside(lines: Array, level: Array) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Which lines stand left of which others, and so near their height that both may be of one row."""
    x0, _, x1, _, height = lines.T
    apart = np.abs(level[:, None] - level[None, :])
    near = apart < MOST_APART * np.minimum(height[:, None], height[None, :])
    one, other = np.nonzero(near & (x1[:, None] + height[:, None] < x0[None, :]))
    return one, other


def _weighted_median(values: Array, weights: Array) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
