"""The rows of a document as a table sees them: shared out among columns, and told apart from sums and headings."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache
from itertools import pairwise

from ocr.addresses import word_set
from ocr.aside import without_aside
from ocr.cells import Kind, Token, decimal_sign, is_code, make_token, read_tokens
from ocr.columns import Column, Columns, Role, roles_of, share_out
from ocr.layout import Row, rows
from ocr.lexicon import load_table
from ocr.lexicon.labels import LANGUAGES
from ocr.parse import fold
from ocr.types import Page

SHEETS_KEPT = 8
CELL_GAP = 1.0  # word heights between two cells of a row
PROSE_WORDS = 18  # a longer row without an amount is no row of a table
UPRIGHT_LETTERS, UPRIGHT_WORDS = 3, 12  # a word of upright text has at most, a line of it at least
UPRIGHT_SHIFT, UPRIGHT_STEP = 1.2, 1.1  # word heights: left edges differ, and words follow each other, by no more
PROSE_BEFORE_SUM = 7  # words
SUM_CLASSES = ("gross_total", "net_total", "amount_due", "tax_included")
LONG_LABEL = 10  # letters
MOST_EXTRA_WORDS = 3  # beside the phrase in a row of sums ("Sales tax 6 % on goods")

_DASH = re.compile("[-\u2010-\u2015\u2212]")


@dataclass(frozen=True, slots=True)
class Sheet:
    """All rows of a document with their tokens, in reading order."""

    rows: tuple[Row, ...]
    tokens: tuple[tuple[Token, ...], ...]
    decimal: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of a table: `columns[i]` is where `tokens[i]` stands (None: in no column)."""

    index: int
    row: Row
    tokens: tuple[Token, ...]
    columns: tuple[Column | None, ...]

    def in_role(self, *roles: Role) -> tuple[Token, ...]:
        return tuple(
            token
            for token, column in zip(self.tokens, self.columns, strict=True)
            if column is not None and column.role in roles
        )

    def under(self, role: Role) -> tuple[Token, ...]:
        """What stands in a column whose second row in each item has that role."""
        return tuple(
            token
            for token, column in zip(self.tokens, self.columns, strict=True)
            if column is not None and column.under is role
        )

    def value(self, role: Role) -> Token | None:
        """The last number in a role's columns, from the rightmost column that has one."""
        numbers = [token for token in self.in_role(role) if token.number is not None and token.kind is not Kind.PERCENT]
        return numbers[-1] if numbers else None

    @property
    def total(self) -> Token | None:
        return self.value(Role.TOTAL)

    @property
    def is_text(self) -> bool:
        """Whether no value column is filled."""
        return not any(
            column is not None and column.role in (Role.TOTAL, Role.QUANTITY, Role.ORDERED, Role.UNIT_PRICE)
            for column in self.columns
        )


def read_sheet(pages: Sequence[Page]) -> Sheet:
    """The rows of pages as a table has them; kept for a while, as the kind is told from them and the lines are read."""
    return _read_sheet(tuple(pages))


@lru_cache(maxsize=SHEETS_KEPT)
def _read_sheet(pages: tuple[Page, ...]) -> Sheet:
    parts = (part for page in pages for part in without_aside(without_upright_text(page)))
    found = tuple(row for part in parts for row in rows(part))
    decimal = decimal_sign(found)
    return Sheet(found, tuple(without_tax_note(read_tokens(row, decimal)) for row in found), decimal)


def without_tax_note(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """A row without the words behind its amount that say of each line what is true of all: "1.050,00 exkl. Ust"."""
    amount = next((i for i in range(len(tokens) - 1, 0, -1) if tokens[i].kind is Kind.AMOUNT), 0)
    note = [fold(token.text) for token in tokens[amount + 1 :]]
    if amount and len(note) == 2 and note[0] in word_set("tax_joins") and Role.TAX in roles_of(note[1]):
        return tokens[: amount + 1]
    return tokens


def without_upright_text(page: Page) -> Page:
    """A page without the letters of text that runs upwards along its edge."""
    short = [word for word in page.words if len(word.text) <= UPRIGHT_LETTERS]
    dropped: set[int] = set()
    if len({word.text for word in short if len(word.text) == 1 and word.text.isalpha()}) < UPRIGHT_WORDS // 2:
        return page
    for lead in short:
        if id(lead) in dropped:
            continue
        height = lead.bottom - lead.top
        stack = sorted(
            (word for word in short if abs(word.left - lead.left) <= UPRIGHT_SHIFT * height), key=lambda w: w.top
        )
        single = {word.text for word in stack if len(word.text) == 1 and word.text.isalpha()}
        if len(stack) >= UPRIGHT_WORDS and len(single) >= UPRIGHT_WORDS // 2:
            steps = sorted(below.top - above.top for above, below in pairwise(stack))
            if steps[len(steps) // 2] <= UPRIGHT_STEP * height:
                dropped |= {id(word) for word in stack}
    return replace(page, words=tuple(word for word in page.words if id(word) not in dropped)) if dropped else page


def place(sheet: Sheet, index: int, model: Columns) -> TableRow:
    tokens = tuple(part for token in sheet.tokens[index] for part in _unsigned(token, model))
    if len(tokens) > PROSE_WORDS and not any(token.kind is Kind.AMOUNT for token in tokens):
        return TableRow(index, sheet.rows[index], tokens, (None,) * len(tokens))
    return TableRow(index, sheet.rows[index], tokens, tuple(share_out(tokens, model)))


def _unsigned(token: Token, model: Columns) -> tuple[Token, ...]:
    """A token, or the dash for nothing in the column before and the amount that it was taken for the sign of."""
    dash, *amount = token.words
    if token.kind is not Kind.AMOUNT or token.number is None or not amount or not _DASH.fullmatch(dash.text):
        return (token,)
    middle = (dash.left + dash.right) / 2
    if not any(c.left < middle < c.right + model.height / 2 and c.right < amount[0].left for c in model.columns):
        return (token,)
    text = " ".join(word.text for word in amount)
    return (
        make_token(dash.text, Kind.TEXT, (dash,)),
        make_token(text, Kind.AMOUNT, tuple(amount), abs(token.number)),
    )


@cache
def _phrases(group: str) -> dict[str, tuple[tuple[str, ...], ...]]:
    """The phrases of a group of sums by their first word, longest first."""
    found: dict[str, list[tuple[str, ...]]] = {}
    phrases = [*load_table("columns")["totals"][group], *(_sum_labels() if group == "hard" else ())]
    for phrase in phrases:
        words = tuple(fold(phrase).split())
        found.setdefault(words[0], []).append(words)
    return {first: tuple(sorted(phrases, key=len, reverse=True)) for first, phrases in found.items()}


def _sum_labels() -> Iterator[str]:
    """What the languages call sums, where it cannot be taken for goods: phrases, and long words."""
    for language in LANGUAGES:
        labels = load_table(language)["labels"]
        for phrase in (phrase for name in SUM_CLASSES for phrase in labels.get(name, ())):
            if " " in phrase or len(phrase) >= LONG_LABEL:
                yield phrase


def _opens_with(words: Sequence[str], group: str) -> int:
    """How many words the longest phrase of the group has that these words begin with; 0 if none."""
    if not words:
        return 0
    for phrase in _phrases(group).get(words[0], ()):
        if tuple(words[: len(phrase)]) == phrase:
            return len(phrase)
    return 0


def names_a_sum(words: Sequence[str]) -> bool:
    """Whether a cell's label opens with a word for a sum below the table."""
    return _opens_with(words, "hard") > 0


def titles_taxes(tokens: Sequence[Token]) -> bool:
    """Whether a row opens a table of taxes: "GST Summary"."""
    return _opens_with(label_words(tokens), "taxes") > 0


def cells(tokens: Sequence[Token]) -> list[list[Token]]:
    """Tokens that stand close, in groups."""
    found: list[list[Token]] = []
    for token in tokens:
        before = found[-1][-1] if found else None
        if before and token.left - before.right <= CELL_GAP * max(before.height, token.height):  # "Lobby Bar", typed
            found[-1].append(token)
        else:
            found.append([token])
    return found


def label_words(tokens: Sequence[Token]) -> list[str]:
    """The folded words of a cell before its first number."""
    words: list[str] = []
    while tokens and tokens[0].kind is Kind.AMOUNT:  # "85.50 Total"
        tokens = tokens[1:]
    for token in tokens:
        if token.kind is Kind.AMOUNT or (words and token.kind in (Kind.NUMBER, Kind.PERCENT)):
            break
        words += [word for word in fold(token.text).split() if not word.isdigit() and word != "%"]
    if words:
        words[0] = re.sub(r"(?<=[a-z]{4})(?:rm|eur|usd|gbp)$", "", words[0])  # "TotalRM"
    return words


def is_carried(tokens: Sequence[Token]) -> bool:
    """A sum within the table: of a patient or a page, carried or brought forward."""
    amounts = sum(token.kind is Kind.AMOUNT for token in tokens)
    if amounts > 1:
        return False
    labels = [label_words(cell) for cell in cells(tokens)]
    least = 1 if amounts else 2  # a word by itself may be the rest of a name: "… with Specialist / Report"
    return any(
        (known := _opens_with(words, "soft")) >= least and len(words) - known <= MOST_EXTRA_WORDS for words in labels
    )


def ends_as_sum(placed: TableRow) -> bool:
    """Whether a row is named as the sum of something ("Bella total"), and has of an item only its amount."""
    words = label_words(placed.in_role(Role.DESCRIPTION) or placed.tokens)
    return placed.total is not None and not _looks_sold(placed) and len(words) > 1 and _ends_as_sum(words)


def _ends_as_sum(words: Sequence[str]) -> bool:
    return (words[-1],) in _phrases("endings").get(words[-1], ())


def is_sum(placed: TableRow) -> bool:
    """Whether a row belongs below the table: it opens with a word for a sum and has of an item only numbers."""
    groups = cells(placed.tokens)
    sold = _looks_sold(placed)
    if not sold and _prose_ends_in_sum(placed.tokens):
        return True
    for number, cell in enumerate(groups):
        if number and sold and _is_taxed(placed, cell):  # "1   12%   IGST   61.07   570.00"
            continue
        words = label_words(cell)
        if number and not sold and 1 < len(words) <= MOST_EXTRA_WORDS and _ends_as_sum(words):
            return True  # "… of the goods described.    Product total   12.00"
        known = _opens_with(words, "hard")
        rest = len(words) - known
        if not known or (rest and sold):
            continue
        if number and rest and not _stands_apart(placed, cell):
            continue
        if rest <= MOST_EXTRA_WORDS or words[0] in _phrases("always"):
            return True
    return False


def _prose_ends_in_sum(tokens: Sequence[Token]) -> bool:
    """Whether a sentence runs up to the name of a sum ("… a copy of which is available on Sub Total  6,547.03")."""
    amounts = [i for i, token in enumerate(tokens) if token.kind is Kind.AMOUNT]
    words = [word for token in tokens[: amounts[-1] if amounts else 0] for word in fold(token.text).split()]
    if len(words) < PROSE_BEFORE_SUM:
        return False
    return any(_opens_with(words[-length:], "hard") == length for length in (1, 2, 3)) or _ends_as_sum(words)


def _is_taxed(placed: TableRow, cell: Sequence[Token]) -> bool:
    """Whether a cell tells, in its column, how an item is taxed."""
    found = dict(zip(map(id, placed.tokens), placed.columns, strict=True))
    columns = [found[id(token)] for token in cell]
    return all(column is not None and column.role is Role.TAX for column in columns)


def _stands_apart(placed: TableRow, cell: Sequence[Token]) -> bool:
    """Whether a cell stands in no column of names."""
    column = next(column for token, column in zip(placed.tokens, placed.columns, strict=True) if token is cell[0])
    return column is None or column.role not in (Role.DESCRIPTION, Role.SKU)


def _looks_sold(placed: TableRow) -> bool:
    """Quantity or article number stand in their columns."""
    quantity = placed.value(Role.QUANTITY) or placed.value(Role.ORDERED)
    return quantity is not None or any(is_code(token) for token in placed.in_role(Role.SKU))


def is_leader(text: str) -> bool:
    """Dots, dashes and boxes that only rule the table."""
    return re.sub(r"[\W_]+", "", text) == ""


def sums(sheet: Sheet) -> set[Decimal]:
    """Every amount printed, without sign."""
    return {
        abs(token.number)
        for tokens in sheet.tokens
        for token in tokens
        if token.kind is Kind.AMOUNT and token.number is not None
    }
