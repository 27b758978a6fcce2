"""The heading of a table and what stands in its columns.

A heading is one to four rows of column words (lexicon/columns.toml). Each row of the table is then shared out among the
columns as a whole: the assignment of its tokens, from left to right, that costs least in distance, kind and gaps.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from ocr.cells import Kind, Token, cut_word, is_code, is_misread_one, is_pack, split_quantity_unit
from ocr.layout import Row
from ocr.lexicon import load_table
from ocr.parse import CURRENCY_MARK, fold
from ocr.types import Word

CELL_GAP = 0.75  # word heights: heading words further apart name different columns
PHRASE_GAP = 0.55  # word heights: wider apart, two words that are both known are two columns
SPACED_GAP = 1.0  # word heights: in wide print, words of one known phrase stand no further apart
HEADING_PITCH = 2.0  # heights: the next row of the same heading stands no further
HEADING_ROWS = 3  # above and below the main row
LONGEST_PHRASE = 5  # words
MOST_LOOSE_WORDS = 4  # of a heading's further row in which not every word is known
SHORTEST_COMPOUND = 9  # letters
MISREAD = 84  # of 100: likeness of a misread heading word
SURE_HEADING = 4  # columns known
MAX_UNKNOWN = 0.5  # share of the heading's words that may be unknown
NOWHERE = 4.0  # cost of a token that no column takes
HOPELESS = NOWHERE + 3.0  # cost of a token in a column that no neighbour can make up for
GAP_COST = 1.5  # of parting two words that stand close
EDGE_COST = 0.05  # a height of misalignment
SHORT_UNIT, SHORT_UNIT_COST = 4, 0.8  # letters of an abbreviation that may be a unit nobody knows, and its cost
BEFORE_NAMES = 0.15  # cost of a name that ends left of its heading
WORDED_CODE = 0.0  # cost of an article number without a digit ("CONS") that begins below its heading
MOST_SUMS = 3  # columns that only say how much
LONGEST_TAX_CODE = 2  # letters
ALIGNED = 0.5  # word heights within which a token stands exactly below a heading's edge
SECOND_VALUE = 3.0  # cost of a second value in a column that has one


class Role(StrEnum):
    POSITION = "position"
    SKU = "sku"
    DESCRIPTION = "description"
    QUANTITY = "quantity"
    ORDERED = "quantity_ordered"
    UNIT = "unit"
    UNIT_PRICE = "unit_price"
    DISCOUNT = "discount"
    TAX = "tax"
    TOTAL = "total"
    DATE = "date"
    PATIENT = "patient"
    OTHER = "other"


VALUES = frozenset({Role.QUANTITY, Role.ORDERED, Role.UNIT_PRICE, Role.DISCOUNT, Role.TOTAL, Role.POSITION})
NAMES = frozenset({Role.DESCRIPTION, Role.SKU})

# What it costs to find a kind of token in a column, in the measure of one word height of distance.
_COSTS: dict[Role, dict[Kind, float]] = {
    Role.POSITION: {Kind.NUMBER: 0, Kind.CODE: 3},
    Role.SKU: {Kind.CODE: 0, Kind.NUMBER: 0.4, Kind.TEXT: 0.8, Kind.UNIT: 2, Kind.AMOUNT: 4},
    Role.DESCRIPTION: {
        Kind.TEXT: 0,
        Kind.UNIT: 0.2,
        Kind.CODE: 0.5,
        Kind.PERCENT: 0.8,
        Kind.NUMBER: 0.9,
        Kind.DATE: 0.8,
        Kind.AMOUNT: 2,
    },
    Role.QUANTITY: {Kind.NUMBER: 0, Kind.AMOUNT: 0.3, Kind.UNIT: 0.5, Kind.CODE: 2.5, Kind.TEXT: 3.5},
    Role.ORDERED: {Kind.NUMBER: 0, Kind.AMOUNT: 0.3, Kind.UNIT: 0.5, Kind.CODE: 2.5, Kind.TEXT: 3.5},
    Role.UNIT: {Kind.UNIT: 0, Kind.TEXT: 1.8, Kind.NUMBER: 1.5, Kind.CODE: 2, Kind.AMOUNT: 4},
    Role.UNIT_PRICE: {Kind.AMOUNT: 0, Kind.NUMBER: 0.5, Kind.UNIT: 2, Kind.TEXT: 4},
    Role.DISCOUNT: {Kind.AMOUNT: 0, Kind.PERCENT: 0, Kind.NUMBER: 0.6},
    Role.TAX: {Kind.PERCENT: 0, Kind.NUMBER: 0.3, Kind.AMOUNT: 0.3, Kind.CODE: 1.0, Kind.TEXT: 1.5, Kind.UNIT: 0.8},
    Role.TOTAL: {Kind.AMOUNT: 0, Kind.NUMBER: 1.0, Kind.TEXT: 5, Kind.CODE: 5},
    Role.DATE: {Kind.DATE: 0, Kind.CODE: 3},
    Role.PATIENT: {Kind.TEXT: 0.2, Kind.CODE: 2},
    Role.OTHER: {
        Kind.AMOUNT: 1.0,
        Kind.TEXT: 0.5,
        Kind.CODE: 0.6,
        Kind.NUMBER: 1.0,
        Kind.UNIT: 1.0,
        Kind.PERCENT: 1.0,
        Kind.DATE: 1.0,
    },
}
_UNFIT = 6.0

_RATE = re.compile(r"\d{1,2}(?:[.,]\d+)?%")
_MONEY_PER = re.compile(r"(?:[£€$₹]|\b(?:EUR|GBP|USD|CHF)\b) ?(?:/|per\b|je\b|pro\b) ?", re.IGNORECASE)
_TWO_HEADINGS = re.compile(r"([A-Z\u00c4\u00d6\u00dc][^\W\d_]*[a-z.])([A-Z][\w.]+)")
_CURRENCY_ONLY = re.compile(rf"[(\[]?{CURRENCY_MARK}[)\]]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: role, the heading's words and extent. under: role of what stands below in the same item."""

    role: Role
    text: str
    left: float
    right: float
    under: Role | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table from left to right."""

    columns: tuple[Column, ...]
    height: float
    printed: bool = True  # False where they were worked out without a heading

    def of(self, *roles: Role) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.role in roles)

    def has(self, role: Role) -> bool:
        return any(column.role is role for column in self.columns)

    def right_of(self, column: Column) -> float:
        """Where the next column begins."""
        later = [other.left for other in self.columns if other.left > column.left]
        return min(later, default=float("inf"))


@dataclass(frozen=True, slots=True)
class Heading:
    """The rows (indices `first`..`last`, inclusive) that head a table, and its columns."""

    first: int
    last: int
    columns: Columns


@dataclass(frozen=True, slots=True)
class _Cell:
    words: tuple[Word, ...]
    roles: frozenset[Role]

    @property
    def left(self) -> float:
        return self.words[0].left

    @property
    def right(self) -> float:
        return max(word.right for word in self.words)

    @property
    def text(self) -> str:
        return _folded(self.words)


@cache
def _phrases() -> dict[str, frozenset[Role]]:
    table = load_table("columns")
    found: dict[str, set[Role]] = {}
    for role in Role:
        for phrase in table[role]:
            found.setdefault(fold_heading(phrase), set()).add(role)
    return {phrase: frozenset(roles) for phrase, roles in found.items()}


@cache
def _phrases_in_any_order() -> dict[tuple[str, ...], frozenset[Role]]:
    """The phrases by their sorted words: "ord qty" and "qty ord" head the same column."""
    found: dict[tuple[str, ...], set[Role]] = {}
    for phrase, roles in _phrases().items():
        found.setdefault(tuple(sorted(phrase.split())), set()).update(roles)
    return {words: frozenset(roles) for words, roles in found.items()}


@cache
def _vocabulary() -> tuple[str, ...]:
    return tuple(sorted({word for phrase in _phrases() for word in phrase.split() if len(word) >= 4}))


@lru_cache(4096)
def _correct(word: str) -> str:
    if len(word) < 4 or word in _vocabulary():
        return word
    alike = [
        known for known in _vocabulary() if len(known) == len(word)
    ]  # recognition mistakes letters, seldom drops them
    best = process.extractOne(word, alike, scorer=fuzz.ratio, score_cutoff=MISREAD)
    return best[0] if best else word


@lru_cache(8192)
def fold_heading(text: str) -> str:
    """Folded without currency signs; `%` stays, "#" is a number, and "£/kg" a price."""
    text = _MONEY_PER.sub("price per ", text)
    return " ".join(fold(re.sub(r"[£€$₹]|\b(?:RM|Rs)\b\.?", " ", text)).replace("#", "no").split())


@lru_cache(8192)
def roles_of(phrase: str) -> frozenset[Role]:
    """The roles that a folded heading phrase names, with or without its qualifiers ("incl", "vat"); none if unknown."""
    corrected = " ".join(_correct(word) for word in phrase.split())
    joined = re.sub(r"(?<=\b\w) (?=\w\b)", "", phrase)  # "u o m" of "U.O.M."
    for text in (phrase, corrected, joined):
        known = _phrases().get(text) or _phrases_in_any_order().get(tuple(sorted(text.split())))
        if known:
            return known
    words = corrected.split()
    while len(words) > 1 and words[-1] in _qualifiers():
        words.pop()
        known = _phrases().get(" ".join(words))
        if known:
            return known
    return _roles_by_ending(words[0]) if len(words) == 1 and len(words[0]) >= SHORTEST_COMPOUND else frozenset()


@lru_cache(4096)
def _roles_by_ending(word: str) -> frozenset[Role]:
    """The role of a compound word, by its longest known ending."""
    endings = load_table("columns")["endings"]
    fitting = [(len(ending), role) for role, known in endings.items() for ending in known if word.endswith(ending)]
    return frozenset({Role(max(fitting)[1])}) if fitting else frozenset()


@cache
def _qualifiers() -> frozenset[str]:
    return frozenset(load_table("columns")["qualifiers"])


def find_headings(rows: Sequence[Row], tokens: Sequence[Sequence[Token]]) -> list[Heading]:
    """Every table heading, from top to bottom; rows of one heading are taken once."""
    found: list[Heading] = []
    scores = [_score(row, row_tokens) for row, row_tokens in zip(rows, tokens, strict=True)]
    i = 0
    while i < len(rows):
        if scores[i] < 2:
            i += 1
            continue
        near = range(i, min(i + HEADING_ROWS, len(rows)))
        main = max((j for j in near if rows[j].page == rows[i].page and _close(rows, i, j)), key=lambda j: scores[j])
        heading = _build(rows, tokens, main)
        if heading is None or _heads_taxes(heading.columns) or _stands_over_rate(heading, rows):
            i += 1
        else:
            found.append(heading)
            i = max(heading.last, i) + 1
    return found


def _heads_taxes(columns: "Columns") -> bool:
    """Whether a heading is that of a table of taxes, whose "Goods" are a sum: "Rate  Goods  VAT  Gross"."""
    names = [column.text for column in columns.of(Role.DESCRIPTION)]
    taxed = columns.has(Role.TAX) and not columns.has(Role.QUANTITY) and not columns.has(Role.SKU)
    return taxed and bool(names) and all(name.split()[-1:] == ["goods"] for name in names)


def _stands_over_rate(heading: Heading, rows: Sequence[Row]) -> bool:
    """Whether the first row below begins with a rate of tax, as goods do not."""
    below = rows[heading.last + 1 : heading.last + 2]
    return heading.columns.has(Role.TAX) and any(_RATE.fullmatch(row.words[0].text) for row in below)


def _close(rows: Sequence[Row], i: int, j: int) -> bool:
    return all(rows[k + 1].y - rows[k].y <= HEADING_PITCH * rows[k].height for k in range(i, j))


def _score(row: Row, tokens: Sequence[Token]) -> int:
    """How many different columns a row names; 0 for a row that holds values or prose."""
    if any(token.kind in (Kind.AMOUNT, Kind.DATE) for token in tokens):
        return 0
    cells = _cells(row)
    known = [cell for cell in cells if cell.roles]
    if len(known) < 2:
        return 0
    unknown = sum(len(cell.words) for cell in cells if not cell.roles)
    total = sum(len(cell.words) for cell in cells)
    sure = len(known) >= SURE_HEADING
    end = known[-1].right if sure else row.words[-1].right  # text beside the table may have numbers at its height
    numbers = sum(any(c.isdigit() for c in word.text) for word in row.words if word.left < end)
    if unknown > MAX_UNKNOWN * total or numbers > sure:
        return 0
    return len({next(iter(sorted(cell.roles))) for cell in known})


def _cells(row: Row) -> list[_Cell]:
    """The heading cells of a row: words that stand close, parted where they are several columns' words."""
    found: list[_Cell] = []
    group: list[Word] = []
    widest = CELL_GAP * row.height
    for word in (part for printed in row.words for part in _unglued(printed)):
        stroke = bool(group) and "/" in (group[-1].text, word.text)  # "Product / Code" stands wider apart
        is_told_again = bool(group) and word.text == group[-1].text and word.text.isalpha()  # "Tax  Tax  Tax"
        if is_told_again or (group and word.left - group[-1].right > (SPACED_GAP * row.height if stroke else widest)):
            found += _part(group)
            group = []
        group.append(word)
    return found + _part(group)


def _unglued(word: Word) -> list[Word]:
    """Two headings that stand so close that they were taken for one word: "MengeEinheit"."""
    cut = _TWO_HEADINGS.match(word.text)
    if not cut or roles_of(fold_heading(word.text)) or not all(roles_of(fold_heading(part)) for part in cut.groups()):
        return [word]
    return [*cut_word(word, cut[1], cut[2])]


def _whole_cells(cells: Sequence[_Cell], height: float) -> list[_Cell]:
    """Cells with the unknown words that stand close to them ("Descrizione" + "dei beni"): one heading, not two."""
    found: list[_Cell] = []
    for cell in cells:
        before = found[-1] if found else None
        if before is None:
            found.append(cell)
            continue
        gap = (cell.left - before.right) / height
        is_money = all(_CURRENCY_ONLY.fullmatch(word.text) for word in cell.words)
        phrase = _phrases().get(f"{before.text} {cell.text}") if gap <= SPACED_GAP else None
        aside = bool(before.roles) and cell.words[0].text.startswith("(")  # "Unit price (tax excl.)", in two lines
        if gap <= PHRASE_GAP and (aside or not (before.roles and cell.roles)):
            found[-1] = _Cell(before.words + cell.words, before.roles or cell.roles)
        elif phrase or (is_money and before.roles and gap <= SPACED_GAP):  # "Unit Cost ($)", spaced widely
            found[-1] = _Cell(before.words + cell.words, phrase or before.roles)
        else:
            found.append(cell)
    return found


def _part(words: Sequence[Word]) -> list[_Cell]:
    """One cell if the words are one phrase, else the longest phrases from the left."""
    if any(_CURRENCY_ONLY.fullmatch(word.text) for word in words) and not any(fold_heading(w.text) for w in words):
        return [_Cell(tuple(words), frozenset({Role.TOTAL}))]
    text = " ".join(word.text for word in words)
    for cut in range(min(len(words), LONGEST_PHRASE)):  # "Product / Code", or "Qty Product / Code"
        before, either = _folded(words[:cut]), words[cut:]
        roles = _roles_of_alternatives(" ".join(word.text for word in either))
        if roles and (not cut or roles_of(before)):
            counted = [_Cell(tuple(words[:cut]), roles_of(before))] if cut else []
            return [*counted, _Cell(tuple(word for word in either if fold_heading(word.text)), roles)]
    words = [word for word in words if fold_heading(word.text)]
    if not words:
        return []
    whole = roles_of(fold_heading(text))
    if whole and not _are_several(words):
        return [_Cell(tuple(words), whole)]
    found: list[_Cell] = []
    loose: list[Word] = []
    start = 0
    while start < len(words):
        for length in range(min(LONGEST_PHRASE, len(words) - start), 0, -1):
            part = words[start : start + length]
            roles = roles_of(_folded(part))
            if roles and not _are_several(part) and not _ends_in_next(words, start, length):
                if loose:
                    found.append(_Cell(tuple(loose), frozenset()))
                    loose = []
                end = _with_aside(words, start, start + length)
                found.append(_Cell(tuple(words[start:end]), roles))
                start = end
                break
        else:
            loose.append(words[start])
            start += 1
    if loose:
        found.append(_Cell(tuple(loose), frozenset()))
    return found


def _with_aside(words: Sequence[Word], start: int, end: int) -> int:
    """Where a phrase ends with what stands in brackets behind it: "Gesamt (ohne Steuer)"; one word if none closes."""
    opened = [i for i, word in enumerate(words[start : end + 1], start) if word.text.startswith("(")]
    if not opened:
        return end
    closed = (i for i in range(opened[-1], len(words)) if words[i].text.endswith(")"))
    return max(end, next(closed, opened[-1]) + 1)


def _ends_in_next(words: Sequence[Word], start: int, length: int) -> bool:
    """Whether a part's last word only qualifies it and begins the next column's phrase: "Charity pays Your share"."""
    last = start + length - 1
    if length < 2 or _folded(words[start : last + 1]) in _phrases():
        return False
    return any(
        _folded(words[last : last + more]) in _phrases()
        for more in range(2, min(LONGEST_PHRASE, len(words) - last) + 1)
    )


def _folded(words: Sequence[Word]) -> str:
    return fold_heading(" ".join(word.text for word in words))


@lru_cache(4096)
def _roles_of_alternatives(text: str) -> frozenset[Role]:
    """The role of a column that holds two things below each other ("Product / Code"): the name's, else the first."""
    parts = [roles_of(fold_heading(part)) for part in re.split(r"\s*[/&+]\s*", text)]
    if len(parts) < 2 or not all(parts):
        return frozenset()
    return next((frozenset({Role.DESCRIPTION}) for roles in parts if Role.DESCRIPTION in roles), parts[0])


def _are_several(words: Sequence[Word]) -> bool:
    """Two words that could be one phrase ("Disc Amount"), but stand apart and are columns of their own."""
    if len(words) != 2:
        return False
    first, second = (roles_of(fold_heading(word.text)) for word in words)
    if not first or not second or first & second:
        return False
    text = _folded(words)
    turned = text not in _phrases() and not first & roles_of(text)  # "Qty Pack" is no "pack qty"
    return turned or words[1].left - words[0].right > PHRASE_GAP * (words[0].bottom - words[0].top)


def _build(rows: Sequence[Row], tokens: Sequence[Sequence[Token]], main: int) -> Heading | None:
    """The heading around its main row, with what its neighbours add; None if no table can stand below."""
    stacks = [[cell] for cell in _whole_cells(_cells(rows[main]), rows[main].height)]
    first, last = main, main
    for step in (-1, 1):
        for _ in range(HEADING_ROWS):
            at = (first if step < 0 else last) + step
            if not 0 <= at < len(rows) or rows[at].page != rows[main].page:
                break
            nearest = rows[first if step < 0 else last]
            if abs(rows[at].y - nearest.y) > HEADING_PITCH * nearest.height or not _continues(
                rows[at], tokens[at], stacks
            ):
                break
            _stack(stacks, _cells(rows[at]), step)
            first, last = (at, last) if step < 0 else (first, at)
    height = rows[main].height
    columns = _resolve(tuple(_column(stack) for stack in sorted(stacks, key=lambda s: min(c.left for c in s))))
    model = Columns(columns, height)
    return Heading(first, last, model) if _is_table(model) else None


def _continues(row: Row, tokens: Sequence[Token], stacks: Sequence[Sequence[_Cell]]) -> bool:
    """Whether a neighbouring row belongs to the heading: column words, or few words exactly above or below some."""
    if any(token.kind not in (Kind.TEXT, Kind.UNIT) for token in tokens):
        return False
    if any(word.text.endswith(":") for word in row.words[:-1]):  # "Patient: Bella" above the table
        return False
    if row.words[-1].text.strip() == ":":  # "Ref  :", without a value
        return False
    cells = _cells(row)
    known = sum(bool(cell.roles) or cell.text in _qualifiers() for cell in cells)
    if known == len(cells) > 0:
        return True
    inside = sum(bool(cell.roles) or any(_over(cell, o) for stack in stacks for o in stack) for cell in cells)
    return inside == len(cells) and known > 0 and (len(row.words) <= MOST_LOOSE_WORDS or 2 * known > len(cells))


def _over(one: _Cell, other: _Cell) -> bool:
    return min(one.right, other.right) > max(one.left, other.left)


def _stack(stacks: list[list[_Cell]], cells: Sequence[_Cell], step: int) -> None:
    for cell in cells:
        home = next((stack for stack in stacks if any(_over(cell, other) for other in stack)), None)
        if home is None:
            stacks.append([cell])
        else:
            home.insert(0 if step < 0 else len(home), cell)


def _column(stack: Sequence[_Cell]) -> Column:
    """One column of the cells above each other: read together as one phrase, or else the first that is known."""
    text = fold_heading(re.sub(r"(?<=[a-z])\.?- (?=[a-z])", "", " ".join(w.text for cell in stack for w in cell.words)))
    left, right = min(cell.left for cell in stack), max(cell.right for cell in stack)
    whole = stack[0].roles if len(stack) == 1 else roles_of(text)
    if whole:
        return Column(_first(whole), text, left, right)
    known = [cell for cell in stack if cell.roles]
    if not known:
        return Column(Role.OTHER, text, left, right)
    roles = [_first(cell.roles) for cell in known]
    if Role.SKU in roles and Role.DESCRIPTION in roles:
        return Column(Role.SKU, text, left, right, under=Role.DESCRIPTION)
    inner = [phrase for phrase in _phrases() if len(phrase) > 3 and f" {phrase} " in f" {text} "]
    return Column(_first(roles_of(max(inner, key=len))) if inner else roles[0], text, left, right)


_PRECEDENCE = (
    Role.DESCRIPTION, Role.TOTAL, Role.QUANTITY, Role.UNIT_PRICE, Role.TAX, Role.DISCOUNT, Role.UNIT, Role.SKU,
    Role.POSITION, Role.ORDERED, Role.DATE, Role.PATIENT, Role.OTHER,
)  # fmt: skip


def _first(roles: frozenset[Role]) -> Role:
    return next(role for role in _PRECEDENCE if role in roles)


# Headings that a column of article numbers may have when another column holds the names.
_CODE_HEADINGS = frozenset(
    {
        "item",
        "product",
        "article",
        "artikel",
        "produkt",
        "no",
        "nr",
        "art",
        "produit",
        "articulo",
        "producto",
        "prodotto",
    }
)
_DEBIT_OR_DOCTOR = "dr"  # what is charged, beside a column of credits; else who treated
_CREDITS = frozenset({"cr", "credit", "credits"})
_NAME_OR_MAKER = "brand"  # a beer's name, behind its number; else who made the goods
_EXPECTED_OR_EXPIRY = "exp"  # what was expected, beside a column of what came; else until when goods keep
_DELIVERED = (
    "del",
    "ship",
    "suppl",
    "sent",
    "patched",
    "geliefert",
    "liefer",
    "livre",
    "gelever",
    "entreg",
    "conseg",
    "inv",
    "charged",
    "act",
    "this",
    "now",
)


def _resolve(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Settles words that serve two columns."""
    found = list(columns)
    for i, column in enumerate(found):
        if column.text == _NAME_OR_MAKER and not _is_name_behind_code(i, columns):
            found[i] = replace(column, role=Role.OTHER)
    names = [i for i, column in enumerate(found) if column.role is Role.DESCRIPTION]
    if len(names) > 1:
        codes = [i for i in names if found[i].text in _CODE_HEADINGS]
        for i in codes if len(codes) < len(names) else names[:-1][: len(names) - 1] if len(codes) == len(names) else []:
            found[i] = replace(found[i], role=Role.SKU)
    quantities = [i for i, column in enumerate(found) if column.role is Role.QUANTITY]
    credited = any(column.text in _CREDITS for column in found)
    ordered = any(column.role is Role.ORDERED and column.text != _EXPECTED_OR_EXPIRY for column in found)
    expected = not ordered and any(_names_delivered(found[i].text) for i in quantities)
    for i, column in enumerate(found):
        meant = {_DEBIT_OR_DOCTOR: credited, _EXPECTED_OR_EXPIRY: expected}
        if not meant.get(column.text, True):
            found[i] = replace(column, role=Role.OTHER)
    first_name = next((i for i, column in enumerate(found) if column.role is Role.DESCRIPTION), 0)
    if not quantities:  # "Amount, Product, Price, Total": what stands before the name is counted, not paid
        totals = [i for i, column in enumerate(found) if column.role is Role.TOTAL]
        if len(totals) > 1 and totals[0] < first_name:
            found[totals[0]] = replace(found[totals[0]], role=Role.QUANTITY)
    if len(quantities) > 1:
        counted = [i for i in quantities if not _names_position(found[i].text)] or quantities
        best = next((i for i in counted if _names_delivered(found[i].text)), counted[0])
        for i in quantities:
            if i != best:
                role = Role.POSITION if i == 0 and _names_position(found[i].text) else Role.ORDERED
                found[i] = replace(found[i], role=Role.OTHER if i > best else role)
    return tuple(found)


def _is_name_behind_code(at: int, columns: Sequence[Column]) -> bool:
    """Whether a column that may name the goods stands behind that of their numbers, and no other column names them."""
    before = columns[at - 1] if at else None
    coded = before is not None and (before.role is Role.SKU or before.text in _CODE_HEADINGS)
    return coded and not any(c.role is Role.DESCRIPTION for i, c in enumerate(columns) if i not in (at - 1, at))


def _names_position(text: str) -> bool:
    return "no" in text.split()


def _names_delivered(text: str) -> bool:
    return any(word.startswith(_DELIVERED) for word in text.split())


def _is_table(model: Columns) -> bool:
    """Whether goods can stand below: a name or article number, and what is counted or paid."""
    if _heads_sums(model) or _heads_signatures(model):
        return False
    named = model.has(Role.DESCRIPTION) or any(column.under for column in model.columns)
    counted = model.has(Role.QUANTITY) or model.has(Role.UNIT_PRICE) or model.has(Role.TOTAL)
    if named:
        return counted and len(model.columns) >= 2
    if model.has(Role.SKU) and model.has(Role.QUANTITY) and not model.has(Role.DATE):
        return model.has(Role.UNIT_PRICE) or model.has(Role.UNIT) or model.has(Role.ORDERED)
    return model.has(Role.QUANTITY) and model.has(Role.UNIT_PRICE) and model.has(Role.TOTAL)


def _heads_sums(model: Columns) -> bool:
    """Whether a heading is of sums beside each other: "Lines, Goods, Carriage, VAT, Total"."""
    names = {column.text for column in model.of(Role.DESCRIPTION)}
    counted = model.of(Role.QUANTITY, Role.SKU, Role.DATE, Role.DISCOUNT)
    taxed = model.has(Role.TAX) or len(model.of(Role.TOTAL, Role.OTHER)) >= MOST_SUMS
    return bool(names) and names <= _sums() and taxed and not counted


def _heads_signatures(model: Columns) -> bool:
    """Whether a heading is of a form to be signed: "Customer signature    Name    Received"."""
    phrases = load_table("columns")["headings"]["signed"]
    return any(f" {phrase} " in f" {column.text} " for column in model.columns for phrase in phrases)


@cache
def _sums() -> frozenset[str]:
    return frozenset(load_table("columns")["totals"]["hard"])


def share_out(tokens: Sequence[Token], model: Columns) -> list[Column | None]:
    """The column of each token of a row (None: no column's), by the cheapest assignment that keeps their order."""
    columns = model.columns
    if not tokens:
        return []
    nowhere = len(columns)
    regions = [_region(column, model) for column in columns]
    # best[c]: the cheapest way so far with the last token that has a column in column c (or none yet: index -1).
    best: dict[tuple[int, bool], tuple[float, tuple[int, ...]]] = {(0, False): (0.0, ())}
    previous: Token | None = None
    for token in tokens:
        costs = [_cost(token, column, region, model) for column, region in zip(columns, regions, strict=True)]
        near = [c for c, cost in enumerate(costs) if cost <= HOPELESS]
        gap = float("inf") if previous is None else (token.left - previous.right) / model.height
        reached: dict[tuple[int, bool], tuple[float, tuple[int, ...]]] = {}
        for (at, filled), (cost, path) in best.items():
            last = path[-1] if path else nowhere
            for c in near:
                if c < at:
                    continue
                again = c == at and filled
                parted = _are_two_values(previous, token) or _are_counted(previous, token, last, c, model)
                apart = float("inf") if parted else gap
                new = cost + costs[c] + _joint(token, columns[c], apart, last, c, again)
                value = columns[c].role in VALUES and token.kind in (Kind.NUMBER, Kind.AMOUNT, Kind.PERCENT)
                _keep(reached, (c, value or again), new, (*path, c))
            _keep(reached, (at, filled), cost + NOWHERE, (*path, nowhere))
        best = reached
        previous = token
    _, path = min(best.values(), key=lambda found: found[0])
    return [None if c == nowhere else columns[c] for c in path]


def _are_two_values(before: Token | None, token: Token) -> bool:
    """Whether a rate and an amount follow each other, as "21% 11.96", an amount and its tax's code ("61.08 S"), or a
    number and a name that touch ("3.00Rabies"): close as they stand, they are two columns'."""
    if before is None:
        return False
    touching = before.kind in (Kind.NUMBER, Kind.AMOUNT) and before.right == token.left
    coded = before.kind is Kind.AMOUNT and token.kind is Kind.TEXT and len(token.text) <= LONGEST_TAX_CODE
    return touching or coded or (before.kind, token.kind) == (Kind.PERCENT, Kind.AMOUNT)


def _are_counted(before: Token | None, token: Token, last: int, here: int, model: Columns) -> bool:
    """Whether a number that ends where the column of quantities does, and a word that begins where that of the names
    does, follow each other: close as the columns stand, they are two columns'."""
    if before is None or before.kind is not Kind.NUMBER or not last < here < len(model.columns):
        return False
    counts, names = model.columns[last], model.columns[here]
    aligned = min(abs(before.right - counts.right), abs(before.left - counts.left)) < ALIGNED * model.height
    return (counts.role, names.role) == (Role.QUANTITY, Role.DESCRIPTION) and aligned and _begins(token, names, model)


def _begins(token: Token, column: Column, model: Columns) -> bool:
    """Whether a token begins exactly below its column's heading."""
    return abs(token.left - column.left) < ALIGNED * model.height


def _keep(
    reached: dict[tuple[int, bool], tuple[float, tuple[int, ...]]],
    key: tuple[int, bool],
    cost: float,
    path: tuple[int, ...],
) -> None:
    if key not in reached or cost < reached[key][0]:
        reached[key] = (cost, path)


def _joint(token: Token, column: Column, gap: float, last: int, here: int, again: bool) -> float:
    cost = 0.0
    if last != here:
        cost += max(0.0, 1.0 - gap) * GAP_COST
    elif column.role not in (Role.DESCRIPTION, Role.OTHER) and gap > 2:
        cost += 0.5
    if again and column.role in VALUES and token.kind in (Kind.NUMBER, Kind.AMOUNT):
        cost += SECOND_VALUE
    return cost


def _region(column: Column, model: Columns) -> tuple[float, float]:
    """Where a column's tokens may stand without cost."""
    if column.role in (Role.DESCRIPTION, Role.OTHER, Role.PATIENT):
        left = column.left - model.height
        if column.role is Role.DESCRIPTION:  # its heading may be centred over names that begin further left
            before = max((c.right for c in model.columns if c.right < column.left), default=float("-inf"))
            left = min(left, before + model.height / 2)
        return left, max(column.right, model.right_of(column) - model.height)
    return column.left, column.right


def _cost(token: Token, column: Column, region: tuple[float, float], model: Columns) -> float:
    left, right = region
    distance = max(0.0, left - token.right, token.left - right) / model.height
    if distance > HOPELESS:  # whatever its kind
        return distance
    kind = _COSTS[column.role].get(token.kind, _UNFIT)
    if column.role is Role.SKU and is_code(token):
        kind = 0.0
    if column.role is Role.SKU and token.kind is Kind.TEXT and _begins(token, column, model):
        kind = WORDED_CODE
    if column.role is Role.TAX and token.kind is Kind.TEXT and len(token.text) <= 3:
        kind = 0.0
    if column.role is Role.PATIENT and token.kind is Kind.TEXT and _begins(token, column, model):
        kind = 0.0
    if column.role is Role.UNIT and token.kind is Kind.TEXT and (is_pack(token.text) or len(token.text) <= SHORT_UNIT):
        kind = SHORT_UNIT_COST
    if column.role in (Role.QUANTITY, Role.ORDERED) and _is_glued_quantity(token):
        kind = 0.4
    edge = min(
        abs(column.left - token.left),
        abs(column.right - token.right),
        abs((column.left + column.right) / 2 - token.centre),
    )
    if column.role is Role.DESCRIPTION:
        edge = 0.0
        kind += BEFORE_NAMES if token.right < column.left - model.height else 0.0
    return kind + distance + EDGE_COST * edge / model.height


def _is_glued_quantity(token: Token) -> bool:
    """A word that says how many: a stroke for a 1, a number with its unit."""
    worded = token.kind in (Kind.TEXT, Kind.CODE)
    return worded and (is_misread_one(token.text) or split_quantity_unit(token.text) is not None)
