"""Payments that a document shows: a way of paying, an amount, and a day on the row or beside it."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise

from ocr.cells import Kind, read_tokens
from ocr.layout import Row, rows
from ocr.lexicon import load_table
from ocr.parse import DateOrder, find_dates, fold
from ocr.types import BoundingBox, Method, Page, ReadPayment, Word

LONGEST_METHOD = 3  # words
APART = 2.0  # word heights between the cells of two tables beside each other
SURE, FAIR = 0.97, 0.9  # confidence with the day on the same row, and on the next


def read_payments(pages: Sequence[Page], order: DateOrder = "dmy") -> tuple[ReadPayment, ...]:
    """The payments with a day, in the order of print; amounts without sign. `order`: of ambiguous days."""
    found = [payment for page in pages for payment in _read_page(page, order)]
    return tuple(p for i, p in enumerate(found) if p.payment_method or not _is_told(p, found[:i]))


def _is_told(payment: ReadPayment, before: Sequence[ReadPayment]) -> bool:
    """Whether a payment without its way is one that was listed already: "$49.00 paid on 3 April", at head and foot."""
    return any(p.amount == payment.amount and p.payment_date == payment.payment_date for p in before)


def _read_page(page: Page, order: DateOrder) -> Iterator[ReadPayment]:
    lines = [part for row in rows(page) for part in _parts(row)]
    for index, row in enumerate(lines):
        method = method_of(row)
        if method is None:
            continue
        amount = amount_of(row, lines[index - 1] if index else None)
        if amount is None or amount == 0:
            continue
        day, confidence = day_of(row, order), SURE if method else FAIR
        if day is None and method:
            day, confidence = _day_beside(lines, index, order), FAIR
        if day is not None:
            yield ReadPayment(abs(amount), day, method, confidence, page.number, _box(row, page), Method(page.method))


def _parts(row: Row) -> Iterator[Row]:
    """A row cut behind the amounts that end a cell: payments listed beside the sums are rows of their own."""
    wide = APART * row.height
    gaps = [i for i, (word, after) in enumerate(pairwise(row.words), start=1) if after.left - word.right > wide]
    gaps = [i for i in gaps if _has_digit(row.words[:i]) and _has_letters(row.words[i:])]
    ends = [t.words[-1] for t in read_tokens(row) if t.kind is Kind.AMOUNT] if gaps else []
    start = 0
    for i in gaps:
        if row.words[i - 1] in ends:
            yield Row(row.page, row.words[start:i], row.y)
            start = i
    yield Row(row.page, row.words[start:], row.y)


def _has_digit(words: Sequence[Word]) -> bool:
    return any(c.isdigit() for word in words for c in word.text)


def _has_letters(words: Sequence[Word]) -> bool:
    """Whether a word stands among these, not only amounts, days and signs."""
    return any(sum(c.isalpha() for c in word.text) > 2 for word in words)


@cache
def _words(topic: str) -> frozenset[str]:
    return frozenset(load_table("payments")[topic])


def method_of(row: Row) -> str | None:
    """How was paid, as printed; "" where a row speaks of a payment without saying how; None where it is no payment."""
    words = [fold(word.text) for word in row.words]
    text = " ".join(words)
    if any(f" {never} " in f" {text} " for never in _words("never")):
        return None
    for size in range(LONGEST_METHOD, 0, -1):
        for start in range(len(words) - size + 1):
            if " ".join(words[start : start + size]) in _words("methods"):
                end = start + size
                numbered = end < len(row.words) and row.words[end].text.startswith("#")  # "Check #2214"
                return " ".join(word.text for word in row.words[start : end + numbered]).strip(" :,-#()*")
    return "" if set(words) & _words("received") else None


def amount_of(row: Row, above: Row | None = None) -> Decimal | None:
    """The last amount of the row, but for a balance that runs on from the row above: the payment stands before it."""
    amounts = _amounts(row)
    before = _amounts(above) if above and len(amounts) > 1 else []
    if before and before[-1] - abs(amounts[-2]) == amounts[-1]:
        return amounts[-2]
    return amounts[-1] if amounts else None


def _amounts(row: Row) -> list[Decimal]:
    return [token.number for token in read_tokens(row) if token.kind is Kind.AMOUNT and token.number is not None]


def day_of(row: Row, order: DateOrder) -> date | None:
    return next((match.read(order) for match in find_dates(row.text)), None)


def _day_beside(lines: Sequence[Row], index: int, order: DateOrder) -> date | None:
    """The day on a neighbouring row that speaks of paying and has no amount of its own."""
    for beside in (index + 1, index - 1):
        if 0 <= beside < len(lines) and amount_of(lines[beside]) is None:
            words = set(fold(lines[beside].text).split())
            if words & _words("signs") and (day := day_of(lines[beside], order)) is not None:
                return day
    return None


def _box(row: Row, page: Page) -> BoundingBox:
    return BoundingBox(
        max(row.left / page.width, 0.0),
        max(row.top / page.height, 0.0),
        min(row.right / page.width, 1.0),
        min(row.bottom / page.height, 1.0),
    )
