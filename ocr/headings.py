"""The columns of a line-item table: headings found by their words, and what stands below them told apart by place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from ocr.layout import Row
from ocr.lexicon import load_table
from ocr.parse import fold
from ocr.types import Word

LONGEST_HEADING = 4  # words
HEADING_SHARE = 0.5  # of a row's words that must be headings
NEIGHBOUR_SHARE = 0.6  # the same, of a second or third line of headings
CELL_GAP = 0.9  # heights: a wider gap between words starts a new cell
STACKED = 2.2  # heights between the centres of two lines of one heading
NUMERIC = frozenset({"quantity", "quantity_ordered", "unit_price", "discount", "tax", "total", "unit", "position"})
VALUE_CLASSES = frozenset({"quantity", "unit_price", "total", "quantity_ordered"})
CLASS_ORDER = (
    "total",
    "unit_price",
    "quantity_ordered",
    "quantity",
    "unit",
    "sku",
    "description",
    "discount",
    "tax",
    "date",
    "position",
    "other",
)
# A heading word that may mean either is the second where the first is there already.
SECOND_MEANING = {"description": "sku", "unit_price": "total", "unit": "unit_price"}


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: what stands below it, and its span in page units. `meanings`: all that its words can say."""

    kind: str
    left: float
    right: float
    meanings: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Columns:
    """The headings of a table from left to right, on a page of `width`."""

    headings: tuple[Heading, ...]
    width: float

    def scaled(self, width: float) -> "Columns":
        """The same columns on a page of another width."""
        factor = width / self.width
        moved = (replace(h, left=h.left * factor, right=h.right * factor) for h in self.headings)
        return Columns(tuple(moved), width)

    def has(self, *kinds: str) -> bool:
        return any(heading.kind in kinds for heading in self.headings)


@cache
def vocabulary() -> dict[str, frozenset[str]]:
    """Folded phrase → the columns that it can head."""
    table = load_table("tables")
    phrases: dict[str, set[str]] = {}
    for kind in CLASS_ORDER:
        for phrase in table[kind]:
            phrases.setdefault(phrase, set()).add(kind)
    return {phrase: frozenset(kinds) for phrase, kinds in phrases.items()}


def find_columns(rows: Sequence[Row], index: int, width: float) -> tuple[Columns, int] | None:
    """The columns that row `index` heads, and the number of rows the heading takes (lines of it may follow); None when
    the row is no heading."""
    headings, share = headings_of(rows[index])
    if share < HEADING_SHARE or has_amount(rows[index]):
        return None
    taken = 1
    for step in (1, 2):
        if index + step >= len(rows) or not is_stacked(rows[index + step - 1], rows[index + step]):
            break
        more, more_share = headings_of(rows[index + step])
        if more_share < NEIGHBOUR_SHARE or has_amount(rows[index + step]):
            break
        headings, taken = merge(headings, more), step + 1
    for step in (1, 2):
        if index - step < 0 or not is_stacked(rows[index - step], rows[index - step + 1]):
            break
        more, more_share = headings_of(rows[index - step])
        if more_share < NEIGHBOUR_SHARE or has_amount(rows[index - step]):
            break
        headings = merge(headings, more)
    found = settle(headings)
    kinds = {heading.kind for heading in found}
    is_named = "description" in kinds and kinds & VALUE_CLASSES
    is_counted = "total" in kinds and "quantity" in kinds and kinds & {"sku", "unit_price"}
    if not (is_named or is_counted) or _heads_payments(rows[index]):
        return None
    return Columns(tuple(found), width), taken


def _heads_payments(row: Row) -> bool:
    """Payments are listed in tables as well."""
    return bool(set(fold(row.text).split()) & set(load_table("tables")["payments"]["words"]))


def is_stacked(above: Row, below: Row) -> bool:
    return below.y - above.y < STACKED * max(above.height, below.height)


def has_amount(row: Row) -> bool:
    """Whether a word of the row has digits with decimals: a heading has none."""
    return any(word.text[-1:].isdigit() and any(mark in word.text for mark in ".,") for word in row.words)


def headings_of(row: Row) -> tuple[list[Heading], float]:
    """The headings on a row, and the share of its words that are headings."""
    words = [(word, fold(word.text)) for word in row.words]
    words = [(word, text) for word, text in words if text or word.text in "£€$#%"]
    found: list[Heading] = []
    covered = start = free = 0  # free: where a heading may begin, its cell so far being headings
    while start < len(words):
        length, meanings = longest_phrase(words, start)
        begins_cell = start == 0 or words[start][0].left - words[start - 1][0].right > CELL_GAP * row.height
        if meanings and (begins_cell or free == start):
            free = start + length
            span = [word for word, _ in words[start : start + length]]
            found.append(Heading("", span[0].left, span[-1].right, meanings))
            covered += length
        start += max(length, 1)
    return found, covered / len(words) if words else 0.0


def longest_phrase(words: Sequence[tuple[Word, str]], start: int) -> tuple[int, frozenset[str]]:
    """(number of words, meanings) of the longest heading that begins here; a wide gap ends it."""
    best: tuple[int, frozenset[str]] = (0, frozenset())
    text = ""
    for length in range(1, min(LONGEST_HEADING, len(words) - start) + 1):
        word, folded = words[start + length - 1]
        if length > 1 and word.left - words[start + length - 2][0].right > 1.1 * (word.bottom - word.top):
            break
        text = f"{text} {folded}".strip()
        if text in vocabulary():
            best = (length, vocabulary()[text])
    word, _ = words[start]
    if best[0] == 0 and word.text in ("£", "€", "$"):
        return 1, frozenset({"total"})
    if best[0] == 0 and word.text == "#":
        return 1, frozenset({"position"})
    return best


def merge(headings: Sequence[Heading], more: Sequence[Heading]) -> list[Heading]:
    """Two lines of headings as one: what stands over the other belongs together."""
    merged = list(headings)
    for heading in more:
        over = next((i for i, h in enumerate(merged) if overlap(h, heading) > 0), None)
        if over is None:
            merged.append(heading)
            continue
        own = merged[over]
        both = own.meanings & heading.meanings or own.meanings | heading.meanings
        merged[over] = Heading("", min(own.left, heading.left), max(own.right, heading.right), both)
    return merged


def overlap(one: Heading, other: Heading) -> float:
    return min(one.right, other.right) - max(one.left, other.left)


def settle(headings: Sequence[Heading]) -> list[Heading]:
    """Each heading with one meaning, left to right: words that mean several things take what the table still lacks."""
    ordered = sorted(headings, key=lambda h: h.left)
    plain = {next(iter(h.meanings)) for h in ordered if len(h.meanings) == 1}
    settled: list[Heading] = []
    for heading in ordered:
        kind = next(kind for kind in CLASS_ORDER if kind in heading.meanings)
        if len(heading.meanings) > 1:
            kind = next((k for k in CLASS_ORDER if k in heading.meanings and k not in plain), kind)
        settled.append(replace(heading, kind=kind))
        plain.add(kind)
    return second_meanings(settled)


def second_meanings(headings: list[Heading]) -> list[Heading]:
    """Of "Product | Description" the first is a code; a price with nothing right of it is the amount."""
    names = [i for i, h in enumerate(headings) if h.kind == "description"]
    if len(names) > 1 and not any(h.kind == "sku" for h in headings):
        headings[names[0]] = replace(headings[names[0]], kind="sku")
    if not any(h.kind == "total" for h in headings):
        prices = [i for i, h in enumerate(headings) if h.kind == "unit_price"]
        if prices:
            headings[prices[-1]] = replace(headings[prices[-1]], kind="total")
    return headings
