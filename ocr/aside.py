"""Text that runs beside a table at lines of its own: who practises there, what is due, the terms.

An empty strip parts it from the table, as the table's own columns are parted. But the cells of a table stand at the
heights of its rows, and text beside it does not; and read without that text, more of its rows are whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

import numpy as np

from ocr.cells import Kind, Token, decimal_sign, read_tokens
from ocr.columns import Columns, Role, find_headings, roles_of, share_out
from ocr.layout import SAME_ROW, Array, Row, corrected_centres, rows
from ocr.types import Page

STRIP = 0.8  # word heights: text stands no closer beside a table
MARGIN = 0.1  # of the page's width: no text beside a table is narrower
LEAST_EXTENT = 0.12  # of the page's height that the strip is empty for, at least
FEWEST_LINES = 3  # of the text that stand at no row of the table
OFF = 0.2  # word heights from the nearest row: a line of its own
NEAR = 1.0  # word heights: a line further from all rows says nothing
SHARE = 0.35  # of the lines near a row that stand at none
MOST_TRIED = 6  # strips of a page
HEADED = 3.0  # word heights from a table's heading to its first row
MOST_BESIDE = 0.6  # of a table's rows that text beside it stands at, or has amounts for, by chance
COUNTED = frozenset({Role.QUANTITY, Role.UNIT_PRICE, Role.TOTAL})


@dataclass(frozen=True, slots=True)
class _Strip:
    """Which words of a page stand to the left and to the right of an empty strip, over the height where it is empty.

    off: how many lines of either side stand at no row of the other."""

    left: frozenset[int]
    right: frozenset[int]
    off: int


def without_aside(page: Page) -> tuple[Page, ...]:
    """The text beside the page's table and the page without it, if the table then has more whole rows; or the page."""
    strips = _strips(page) if page.words else []
    best: tuple[Page, ...] = (page,)
    most = len(_whole_rows(page)) if strips else 0
    for strip in strips:
        for aside, beside in ((strip.left, strip.right), (strip.right, strip.left)):
            whole = _whole_rows(_only(page, beside))
            if len(whole) > most and not _goes_on(whole, _only(page, aside)):
                best = _only(page, aside), _only(page, frozenset(range(len(page.words))) - aside)
                most = len(whole)
    return best


def _strips(page: Page) -> list[_Strip]:
    """The strips beside which lines stand at heights of their own, those with most of them first."""
    levels = corrected_centres(page)
    lefts, rights = np.array([w.left for w in page.words]), np.array([w.right for w in page.words])
    height = median(word.bottom - word.top for word in page.words)
    first, last = float(lefts.min()), float(rights.max())
    found: dict[bytes, _Strip] = {}  # by the words beside it: of strips within one gap the first
    seen: set[bytes] = set()  # ways to part the words: most places of a strip part them alike
    for x in np.arange(first + MARGIN * (last - first), last - MARGIN * (last - first), height / 2):
        crossing = (lefts < x + STRIP * height) & (rights > x)
        for inside in _open(levels, crossing, LEAST_EXTENT * page.height):
            left, right = inside & (rights <= x), inside & (lefts >= x + STRIP * height)
            way = left.tobytes() + right.tobytes()
            if way in seen:
                continue
            seen.add(way)
            off = _lines_off(levels, left, right, height)
            if off >= FEWEST_LINES:
                found.setdefault((left | right).tobytes(), _Strip(_indices(left), _indices(right), off))
    return sorted(found.values(), key=lambda strip: -strip.off)[:MOST_TRIED]


def _open(levels: Array, crossing: np.ndarray, least: float) -> Iterator[np.ndarray]:
    """The words at the heights where none crosses a strip."""
    ends = [-np.inf, *np.sort(levels[crossing]), np.inf]
    for above, below in pairwise(ends):
        inside = (levels > above) & (levels < below) & ~crossing
        if inside.any() and float(np.ptp(levels[inside])) >= least:
            yield inside


def _indices(chosen: np.ndarray) -> frozenset[int]:
    return frozenset(int(i) for i in np.flatnonzero(chosen))


def _lines_off(levels: Array, left: np.ndarray, right: np.ndarray, height: float) -> int:
    """How many lines of the side with fewer words stand at no line of the other; 0 where too many do."""
    fewer, more = sorted((left, right), key=np.count_nonzero)
    ours, theirs = _lines(levels[fewer], height), _lines(levels[more], height)
    if not len(ours) or not len(theirs):
        return 0
    apart = np.abs(ours[:, None] - theirs[None, :]).min(axis=1) / height
    near, off = int((apart < NEAR).sum()), int(((apart > OFF) & (apart < NEAR)).sum())
    return off if off >= SHARE * near else 0


def _lines(levels: Array, height: float) -> Array:
    """The heights of the lines that words stand on."""
    ordered = np.sort(levels)
    parts = np.split(ordered, np.flatnonzero(np.diff(ordered) > SAME_ROW * height) + 1)
    return np.array([part.mean() for part in parts if len(part)])


def _whole_rows(page: Page) -> list[Row]:
    """The rows below headings that hold a name and what is counted or paid, and nothing outside the columns or below a
    word that heads none."""
    found = rows(page)
    tokens = _tokens(found)
    headings = find_headings(found, tokens)
    ends = [*(heading.first for heading in headings[1:]), len(found)]
    return [
        found[i]
        for heading, end in zip(headings, ends, strict=False)
        for i in range(heading.last + 1, end)
        if _is_whole(tokens[i], heading.columns)
    ]


def _tokens(lines: Sequence[Row]) -> list[tuple[Token, ...]]:
    decimal = decimal_sign(lines)
    return [read_tokens(line, decimal) for line in lines]


def _is_whole(tokens: Sequence[Token], model: Columns) -> bool:
    columns = share_out(tokens, model)
    roles = {column.role for column in columns if column is not None}
    values = {c.role for c, t in zip(columns, tokens, strict=True) if c is not None and t.number is not None}
    begun = bool(tokens) and tokens[0].right >= model.columns[0].left - model.height
    known = all(column is not None and (column.role is not Role.OTHER or roles_of(column.text)) for column in columns)
    return begun and known and Role.DESCRIPTION in roles and bool(COUNTED & values)


def _goes_on(table: Sequence[Row], text: Page) -> bool:
    """Whether the rows of a table go on in the text beside it, at their heights or with an amount for most: then it is
    columns of the table, and where they stand at other heights, the paper is bent. So does a heading beside its own."""
    lines = rows(text)
    tokens = _tokens(lines)
    for heading in find_headings(lines, tokens):
        if 0 < table[0].y - lines[heading.last].y < HEADED * table[0].height:
            return True
    beside = [any(abs(line.y - row.y) < OFF * row.height for line in lines) for row in table]
    priced = [
        any(token.kind is Kind.AMOUNT for token in words)
        for line, words in zip(lines, tokens, strict=True)
        if table[0].y - line.height < line.y < table[-1].y + line.height
    ]
    return max(sum(beside), sum(priced)) > MOST_BESIDE * len(table)


def _only(page: Page, chosen: frozenset[int]) -> Page:
    return replace(page, words=tuple(page.words[i] for i in sorted(chosen)))
