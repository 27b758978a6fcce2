"""An e-invoice and the pages it is embedded in → one document: the stated values, each with the place where the pages
show it, and a difference for each that they show otherwise.

Pages and e-invoice are two accounts by one sender. Nothing says that they agree: people approve what they see, programs
pay what is stated.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from rapidfuzz import fuzz

from ocr.addresses import word_set
from ocr.candidates import DateCandidate
from ocr.evidence import Sheet
from ocr.fields import Evidence, Option
from ocr.parse import fold
from ocr.types import BoundingBox, Difference, DocumentKind, DocumentReading, EInvoice, Field, LineItem, Value

CENT = Decimal("0.01")
UNSURE = 0.5  # confidence of a page's reading below which the stated value's being printed anywhere is agreement
NAME_ALIKE = 80  # of 100
LONGEST_TEXT = 200  # characters of a value in a difference
MOST_COMPARISONS = 250_000  # of two lines' wordings, a quarter of a second; beyond that amounts alone make pairs
WORDING_ALIKE = 60  # of 100: pages shorten descriptions
AMOUNTS = ("gross_total", "net_total", "tax_total", "amount_paid", "amount_due")
DATES = ("issue_date", "due_date", "delivery_date")
NUMBERS = ("invoice_number", "order_number", "delivery_note_number", "supplier_tax_id")
NAMES = ("supplier_name", "customer_name")
COMPARED = (*AMOUNTS, *DATES, *NUMBERS, *NAMES, "currency")
EXPECTED = ("invoice_number", "issue_date", "gross_total")  # that no page of an invoice is without
MONEY_KINDS = (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE)

Place = tuple[int, BoundingBox]


def merge(page: DocumentReading, evidence: Evidence, stated: DocumentReading) -> DocumentReading:
    """The document as `stated`, on the pages of `page`. What only the page tells is kept as it was read."""
    same = _Comparison(page, evidence, stated)
    differences = tuple(same.differences())
    line_items = same.placed_lines() or page.line_items
    return replace(
        stated,
        pages=page.pages,
        fields=page.fields | {name: same.placed(name, field) for name, field in stated.fields.items()},
        line_items=line_items,
        payments=stated.payments or page.payments,
        delivery_note_numbers=stated.delivery_note_numbers or page.delivery_note_numbers,
        notices=page.notices,
        e_invoice=replace(stated.e_invoice or EInvoice(), is_compared=True, differences=differences),
    )


class _Comparison:
    """One document's stated values beside its printed ones."""

    def __init__(self, page: DocumentReading, evidence: Evidence, stated: DocumentReading) -> None:
        self._page = page
        self._evidence = evidence
        self._stated = stated
        self._pairs = pair_lines(stated.line_items, page.line_items)

    def placed(self, name: str, field: Field) -> Field:
        """The field with the place where the page shows its value, if it does."""
        printed = self._page.fields.get(name)
        if printed is not None and printed.box is not None and self._agree(name, field.value, printed.value):
            return replace(field, page=printed.page, box=printed.box)
        place = self._find(name, field.value)
        return replace(field, page=place[0], box=place[1]) if place else field

    def placed_lines(self) -> tuple[LineItem, ...]:
        return tuple(
            replace(line, page=printed.page, box=printed.box) if printed else line for line, printed in self._paired()
        )

    def _paired(self) -> Iterator[tuple[LineItem, LineItem | None]]:
        """The stated lines, each with its printed one."""
        return zip(self._stated.line_items, self._pairs, strict=True)

    def differences(self) -> Iterator[Difference]:
        page, stated = self._page, self._stated
        if page.kind in MONEY_KINDS and page.kind is not stated.kind:
            yield Difference("kind", str(stated.kind), str(page.kind))
        for name in COMPARED:
            if name in stated.fields:
                yield from self._difference(name, stated.fields[name].value)
        yield from self._line_differences()

    def _difference(self, name: str, value: Value) -> Iterator[Difference]:
        printed = self._page.fields.get(name)
        if printed is None:
            if name in EXPECTED and self._find(name, value) is None:
                yield Difference(name, as_text(value), None)
            return
        if self._agree(name, value, printed.value) or is_derived(printed):
            return
        if name in DATES and self._is_other_reading(printed, value):
            return
        if printed.confidence < UNSURE and self._find(name, value) is not None:
            return
        yield Difference(name, as_text(value), as_text(printed.value), page=printed.page, box=printed.box)

    def _agree(self, name: str, stated: Value, printed: Value) -> bool:
        if isinstance(stated, Decimal) and isinstance(printed, Decimal):
            if DocumentKind.CREDIT_NOTE in (self._stated.kind, self._page.kind):  # printed with a sign or without
                stated, printed = abs(stated), abs(printed)
            return abs(stated - printed) < CENT
        if name in NUMBERS:
            return is_same_number(str(stated), str(printed))
        if name == "supplier_name":
            trading = self._stated.fields.get("supplier_trading_name")
            names = [stated, *([trading.value] if trading else [])]
            return any(is_same_name(str(known), str(printed)) for known in names)
        if name in NAMES:
            return is_same_name(str(stated), str(printed))
        return bool(stated == printed)

    def _is_other_reading(self, printed: Field, value: Value) -> bool:
        """Whether an ambiguous date (03/04/2025) reads as the stated one the other way round."""
        return any(
            isinstance(option.place, DateCandidate) and value in option.place.readings
            for option in self._evidence.dates
            if option.value == printed.value and self._box(option) == (printed.page, printed.box)
        )

    def _find(self, name: str, value: Value) -> Place | None:
        """Where the page shows a value, of whatever meaning."""
        if isinstance(value, str):
            return find_text(self._evidence.sheet, value)
        options: Sequence[Option] = self._evidence.amounts if isinstance(value, Decimal) else self._evidence.dates
        return next((self._box(option) for option in options if self._shows(name, option, value)), None)

    def _shows(self, name: str, option: Option, value: Value) -> bool:
        if isinstance(option.place, DateCandidate):
            return value in option.place.readings
        return self._agree(name, value, option.value)

    def _box(self, option: Option) -> Place:
        row = option.place.row
        return row.page, self._evidence.sheet.box(row, option.place.start, option.place.end)

    def _line_differences(self) -> Iterator[Difference]:
        stated, printed = self._stated.line_items, self._page.line_items
        if not stated or not printed or self._are_with_tax(printed):
            return
        used = {id(line) for line in self._pairs if line is not None}
        for position, (line, partner) in enumerate(self._paired(), start=1):
            if partner is None:
                yield Difference("line_items", describe(line), None, position)
            elif not _same_amount(line, partner):
                yield Difference("line_items", describe(line), describe(partner), position, partner.page, partner.box)
        for position, line in enumerate(printed, start=1):
            if id(line) not in used:
                yield Difference("line_items", None, describe(line), position, line.page, line.box)

    def _are_with_tax(self, printed: Sequence[LineItem]) -> bool:
        """Whether the page prints its lines with tax, as e-invoices never do: none agrees, but all make the total."""
        if any(partner and _same_amount(line, partner) for line, partner in self._paired()):
            return False
        gross = Decimal(str(self._stated.fields["gross_total"].value))
        total = sum((line.net_amount or Decimal(0) for line in printed), Decimal(0))
        net = sum((line.net_amount or Decimal(0) for line in self._stated.line_items), Decimal(0))
        return total != net and abs(abs(total) - abs(gross)) < CENT * len(printed)


def pair_lines(stated: Sequence[LineItem], printed: Sequence[LineItem]) -> list[LineItem | None]:
    """For each stated line the printed one: of the same amount first, then of the same wording; most alike first."""
    if len(stated) * len(printed) > MOST_COMPARISONS:
        return _pair_by_amount(stated, printed)
    scored = sorted(
        (
            (score, -abs(i - j), i, j)
            for i, line in enumerate(stated)
            for j, other in enumerate(printed)
            if (score := _likeness(line, other)) >= WORDING_ALIKE
        ),
        reverse=True,
    )
    pairs: list[LineItem | None] = [None] * len(stated)
    taken: set[int] = set()
    for _, _, i, j in scored:
        if pairs[i] is None and j not in taken:
            pairs[i] = printed[j]
            taken.add(j)
    return pairs


def _pair_by_amount(stated: Sequence[LineItem], printed: Sequence[LineItem]) -> list[LineItem | None]:
    waiting: dict[Decimal | None, list[LineItem]] = {}
    for line in reversed(printed):
        waiting.setdefault(_size(line), []).append(line)
    return [found.pop() if (found := waiting.get(_size(line))) else None for line in stated]


def _size(line: LineItem) -> Decimal | None:
    return None if line.net_amount is None else abs(line.net_amount)


def _likeness(stated: LineItem, printed: LineItem) -> float:
    """0..200: the wording's likeness, and 100 for the same amount."""
    wording = fuzz.token_set_ratio(fold(stated.description), fold(printed.description))
    return wording + (100 if _same_amount(stated, printed) else 0)


def _same_amount(stated: LineItem, printed: LineItem) -> bool:
    """Signs apart: credit notes are printed with and without."""
    if stated.net_amount is None or printed.net_amount is None:
        return stated.net_amount is printed.net_amount
    return abs(abs(stated.net_amount) - abs(printed.net_amount)) < CENT


def describe(line: LineItem) -> str:
    description = as_text(line.description)
    return description if line.net_amount is None else f"{description}, {as_text(line.net_amount)}"


def as_text(value: Value) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)[:LONGEST_TEXT]


def is_derived(printed: Field) -> bool:
    """Whether a reading was concluded from another field's and stands nowhere itself."""
    return printed.evidence in (("gross_total",), ("customer_name",))


def is_same_number(stated: str, printed: str) -> bool:
    """Whether two numbers are one: case, marks, and letters before the digits that only one of them has, apart."""
    one, other = (re.sub(r"[\W_]", "", text.upper()) for text in (stated, printed))
    if one == other:
        return True
    bare_one, bare_other = (re.sub(r"^[A-Z]+", "", text) for text in (one, other))
    return bool(bare_one) and bare_one == bare_other and (one == bare_one or other == bare_other)


def is_same_name(stated: str, printed: str) -> bool:
    """Whether two names may be one business's: legal forms do not count, and one may be the shorter."""
    one, other = (_bare_name(text) for text in (stated, printed))
    return bool(one and other) and fuzz.token_set_ratio(one, other) >= NAME_ALIKE


def _bare_name(text: str) -> str:
    words = fold(text).split()
    kept = [word for word in words if word not in word_set("legal_forms")]
    return " ".join(kept or words)


def find_text(sheet: Sheet, value: str) -> Place | None:
    """Where the page prints a text, its words one after the other in a row."""
    wanted = fold(value).split()
    for row in sheet.rows:
        words = [(word, index) for index, token in enumerate(row.tokens) for word in token.words]
        for start in range(len(words) - len(wanted) + 1):
            if wanted and all(words[start + n][0] == word for n, word in enumerate(wanted)):
                return row.page, sheet.box(row, words[start][1], words[start + len(wanted) - 1][1] + 1)
    return None


def assign(
    pages: Sequence[DocumentReading], stated: Sequence[DocumentReading]
) -> tuple[dict[int, DocumentReading], bool]:
    """Which e-invoice belongs to which document of a file (by position), and whether one is left over.

    By number where a document shows it, else to the first invoice that has none yet, else to the first document.
    """
    found: dict[int, DocumentReading] = {}
    left = list(stated)
    tests: tuple[Callable[[DocumentReading, DocumentReading], bool], ...] = (
        _has_number,
        lambda page, _: page.kind in MONEY_KINDS,
        lambda page, _: True,
    )
    for test in tests:
        for document in list(left):
            free = (n for n, page in enumerate(pages) if n not in found and test(page, document))
            if (position := next(free, None)) is not None and (test is not tests[-1] or not found):
                found[position] = document
                left.remove(document)
    return found, bool(left)


def _has_number(page: DocumentReading, stated: DocumentReading) -> bool:
    printed = page.fields.get("invoice_number")
    return printed is not None and is_same_number(str(stated.fields["invoice_number"].value), str(printed.value))
