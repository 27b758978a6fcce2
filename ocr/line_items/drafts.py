"""A line in the making: a row of amounts with the text that belongs to it, and what its cells say."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from ocr.cells import LONGEST_NUMBER, Kind, Token, is_misread_one, split_quantity_unit
from ocr.columns import Column, Columns, Role
from ocr.details import species
from ocr.layout import Row
from ocr.lexicon import load_table
from ocr.parse import CURRENCY_MARK, fold, parse_quantity
from ocr.tables import CELL_GAP, TableRow, cells

PRICE_TOLERANCE = Decimal("0.011")  # of a product of printed values, which were rounded
NEAR_ROW = 2.2  # word heights: halves of one line stand no further apart
TIMES = re.compile(
    r"(?:^|\s)([-+]?\d+(?:[.,]\d+)?)\s*(?:[A-Za-z]{1,4}\s*)?(?:[xX@*]+|\u00e0|je)"
    rf"\s*{CURRENCY_MARK}?\s*((?!0\d)\d+(?:[.,]\d+)?)(?=\s|$|[A-Za-z(=/])"
)

_PRICED = re.compile(rf"(?:[A-Za-z]{{1,4}} )?[xX@*\u00d7] ?{CURRENCY_MARK}? ?\d+(?:[.,]\d+)?$")  # of "4 kg @ £10.00"


@dataclass(slots=True)
class Draft:
    """A line in the making: its rows with values, and the text that was found to belong to it."""

    rows: list[TableRow]
    model: Columns
    name: list[tuple[Token, ...]] = field(default_factory=list)
    begun: list[tuple[Token, ...]] = field(default_factory=list)  # what of the name stands above the amounts
    code: tuple[Token, ...] = ()  # an article number where its name should be; the name is on the next row
    factors: tuple[Decimal, Decimal] | None = None
    patient: str = ""
    category: str = ""

    def value(self, role: Role) -> Token | None:
        return next((token for row in reversed(self.rows) if (token := row.value(role))), None)

    def in_role(self, *roles: Role) -> tuple[Token, ...]:
        return tuple(token for row in self.rows for token in row.in_role(*roles))

    @property
    def own_name(self) -> tuple[Token, ...]:
        """Words in the name's column of the amount row itself, without a multiplication."""
        tokens = tuple(token for token in self.in_role(Role.DESCRIPTION) if token not in self.code)
        text = " ".join(token.text for token in tokens)
        if TIMES.search(f" {text} "):  # "10 @ 1.37 each"
            text = " ".join(token.text for token in tokens if token.kind is not Kind.UNIT)
        if (count_letters(TIMES.sub(" ", f" {text} ")) < 2 or _PRICED.match(text)) and not re.search(r"\w-$", text):
            return ()
        return tokens

    @property
    def last(self) -> TableRow:
        return self.rows[-1]


def cells_of(placed: TableRow) -> Iterable[tuple[Token, Column | None]]:
    return zip(placed.tokens, placed.columns, strict=True)


def has_glued_quantity(placed: TableRow) -> bool:
    return any(quantity_in(token.text, "")[0] is not None for token in placed.in_role(Role.QUANTITY))


def run_of(placed: TableRow, tokens: Sequence[Token]) -> tuple[Token, ...]:
    """A text row's words from the first of these on, as far as they stand close."""
    found = list(placed.tokens[placed.tokens.index(tokens[0]) :])
    for count in range(1, len(found)):
        if found[count].left - found[count - 1].right > CELL_GAP * placed.row.height:
            return tuple(found[:count])
    return tuple(found)


def is_near(above: Row, below: Row) -> bool:
    return above.page == below.page and below.y - above.y <= NEAR_ROW * max(above.height, below.height)


def words_of(placed: TableRow) -> tuple[Token, ...]:
    """The words of a text row, without what stands in columns of values; a name may begin below the code's heading."""
    named = placed.in_role(Role.DESCRIPTION)
    if not named:
        return placed.tokens
    first, *rest = placed.tokens
    if rest[:1] == [named[0]] and first.kind is Kind.TEXT and named[0] in run_of(placed, placed.tokens):
        return (first, *named)
    return named


def factors_in(text: str) -> tuple[Decimal, Decimal] | None:
    """The two sides of "3 x 74.20"."""
    match = TIMES.search(text.replace("\u00d7", "x"))
    if not match:
        return None
    first, second = parse_quantity(match[1]), parse_quantity(match[2])
    return (first, second) if first is not None and second is not None else None


@cache
def _patient_label() -> re.Pattern[str]:
    labels = sorted(load_table("columns")["headings"]["patient_labels"], key=len, reverse=True)
    return re.compile(rf"^(?:{'|'.join(map(re.escape, labels))})(?: name)?\s*[:\-]\s*(.+)$", re.IGNORECASE)


def patient_of(text: str) -> str:
    """The animal that a heading names ("Gus (Canine, Beagle)", "Patient: Gus"), or ""."""
    match = _patient_label().match(text)
    if match:
        return cleaned(re.split(r"\s*[(,]|\s{2,}", match[1])[0])
    words = fold(text).split()
    if len(words) > 1 and species() & set(words[1:]) and words[0] not in species():
        return cleaned(re.split(r"\s*[(,\-]", text)[0])
    return ""


def patient_in(tokens: Sequence[Token]) -> str:
    """The animal that a row names; where the rest stands apart ("Gus      Canine, Beagle"), its first cell does."""
    head = text_of(cells(tokens)[0])
    name = patient_of(head) or patient_of(text_of(tokens))
    return cleaned(head) if name.startswith(f"{head} ") else name


def cleaned(text: str) -> str:
    text = re.sub(r"[\u0002\u00ad]\s?", "", text)
    text = re.sub(r"^[^\w(\"'€£$+-]+|(?: [à@])?[\s.,;:|_=~*\-]*$", "", text.strip())  # "Latte à" 4.50
    return " ".join(text.split())


def quantity_in(text: str, decimal: str) -> tuple[Decimal | None, str]:
    if is_misread_one(text):
        return Decimal(1), ""
    split = split_quantity_unit(text)
    if split:
        return parse_quantity(split[0], decimal=decimal), split[1]
    if text.isdigit() and len(text) > LONGEST_NUMBER:
        return None, ""
    return parse_quantity(text, decimal=decimal), ""


def is_product(
    quantity: Decimal | None, price: Decimal | None, amount: Decimal | None, discount: Decimal | None
) -> bool:
    """Whether quantity x price, less the discount, is the amount, signs aside."""
    if quantity is None or price is None or amount is None:
        return False
    product = abs(quantity * price)
    slack = PRICE_TOLERANCE
    return any(abs(expected - abs(amount)) <= slack for expected in (product, product - abs(discount or Decimal(0))))


def text_of(tokens: Iterable[Token]) -> str:
    return " ".join(token.text for token in tokens)


def count_letters(text: str) -> int:
    return sum(c.isalpha() for c in text)
