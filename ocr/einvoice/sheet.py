"""An e-invoice that came without pages → pages: its values set out for people, each with the place where it stands.

Drawn with OpenCV's own typeface, which has the letters of all languages that are read here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocr.einvoice.merge import as_text
from ocr.types import BoundingBox, DocumentKind, DocumentReading, Field, LineItem, Method, Page, Value, Word

WIDTH, HEIGHT = 595, 842  # points: A4
MARGIN = 48
FOOT = HEIGHT - MARGIN
SMALL, BODY, TITLE = 8.5, 10.0, 20.0  # points: heights of type
LEADING = 1.45  # lines stand so many heights apart
BASELINE = 0.9  # of the height, from the top of a word's box
BOX_HEIGHT = 1.15  # of the height
SPACE = 0.27  # of the height, between words
REGULAR, BOLD = 400, 700  # weights
INK, GREY, RULE = 25, 115, 205  # of 255
OVERSAMPLING = 4  # pixels a point that pages are drawn with before they are shrunk: widths are exact then
MEASURE = 64  # pixels of the height at which widths are measured
LABEL_WIDTH = 100
MIDDLE = WIDTH / 2 + 10
# The columns of the table: (heading, left edge, right edge), figures right-aligned but for the first.
COLUMNS: tuple[tuple[str, float, float], ...] = (
    ("Description", MARGIN, 280.0),
    ("Quantity", 282.0, 335.0),
    ("Unit", 340.0, 385.0),
    ("Unit price", 385.0, 445.0),
    ("Tax %", 447.0, 482.0),
    ("Amount", 484.0, WIDTH - MARGIN),
)
TITLES = {DocumentKind.CREDIT_NOTE: "Credit note"}
SUPPLIER = ("supplier_address", "supplier_tax_id", "supplier_phone", "supplier_email")
FACTS = (
    ("invoice_number", "Number"),
    ("issue_date", "Date"),
    ("due_date", "Due"),
    ("delivery_date", "Delivered"),
    ("order_number", "Order"),
    ("delivery_note_number", "Delivery note"),
    ("venue", "Delivered to"),
    ("payment_terms", "Terms"),
)
TOTALS = (
    ("allowance_total", "Allowances"),
    ("charge_total", "Charges"),
    ("net_total", "Net total"),
    ("tax_total", "Tax"),
    ("gross_total", "Total"),
    ("amount_paid", "Paid"),
    ("rounding_amount", "Rounding"),
    ("amount_due", "Amount due"),
)
# Fields that are part of another one's text.
PART_OF = {
    "supplier_trading_name": "supplier_name",
    "supplier_street": "supplier_address",
    "supplier_city": "supplier_address",
    "supplier_state": "supplier_address",
    "supplier_postcode": "supplier_address",
    "customer_first_name": "customer_name",
    "customer_last_name": "customer_name",
    "currency": "gross_total",
}

Key = str | int  # of a field, or of a line by its position


@dataclass(frozen=True, slots=True)
class Piece:
    """A word on a page, in points; key: the value that it belongs to."""

    page: int
    word: Word
    size: float
    weight: int
    ink: int
    key: Key | None


class Sheet:
    """Text set from top to bottom, on as many pages as it takes."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.rules: list[tuple[int, float]] = []
        self.page = 1
        self.y = float(MARGIN)
        self._runs = 0

    def set(
        self,
        text: str,
        left: float,
        right: float = WIDTH - MARGIN,
        *,
        y: float | None = None,
        size: float = BODY,
        weight: int = REGULAR,
        ink: int = INK,
        key: Key | None = None,
        align_right: bool = False,
    ) -> float:
        """Sets text between two edges, wrapped; the y below it."""
        top = self.y if y is None else y
        for line in wrap(text.split(), right - left, size, weight):
            self._runs += 1
            x = right - width_of(line, size, weight) if align_right else left
            for part in line:
                wide = word_width(part, size, weight)
                word = Word(part, x, top, x + wide, top + BOX_HEIGHT * size, 1.0, self._runs)
                self.pieces.append(Piece(self.page, word, size, weight, ink, key))
                x += wide + SPACE * size
            top += LEADING * size
        return top

    def rule(self) -> None:
        self.rules.append((self.page, self.y))
        self.y += 6

    def turn(self) -> None:
        """Begins a new page."""
        self.page += 1
        self.y = float(MARGIN)

    def pages(self) -> list[Page]:
        by_page: dict[int, list[Word]] = {number: [] for number in range(1, self.page + 1)}
        for piece in self.pieces:
            by_page[piece.page].append(piece.word)
        return [Page(n, WIDTH, HEIGHT, tuple(words), Method.E_INVOICE) for n, words in by_page.items()]

    def places(self) -> dict[Key, tuple[int, BoundingBox]]:
        """Where each value stands; of one that goes over a page's end, what is on its first page."""
        grouped: dict[Key, list[Piece]] = {}
        for piece in self.pieces:
            if piece.key is not None:
                grouped.setdefault(piece.key, []).append(piece)
        return {key: (pieces[0].page, _around(pieces)) for key, pieces in grouped.items()}

    def draw(self, number: int, width: int) -> npt.NDArray[np.uint8]:
        """Page `number` as grey pixels, shape (height, width), 255 is white."""
        image = np.full((HEIGHT * OVERSAMPLING, WIDTH * OVERSAMPLING), 255, np.uint8)
        for page, y in self.rules:
            if page == number:
                level = round(y * OVERSAMPLING)
                ends = (MARGIN * OVERSAMPLING, level), ((WIDTH - MARGIN) * OVERSAMPLING, level)
                cv2.line(image, *ends, (RULE,), OVERSAMPLING // 2)
        for piece in self.pieces:
            if piece.page == number:
                baseline = piece.word.top + BASELINE * piece.size
                origin = (round(piece.word.left * OVERSAMPLING), round(baseline * OVERSAMPLING))
                size = round(piece.size * OVERSAMPLING)
                cv2.putText(image, piece.word.text, origin, (piece.ink,), typeface(), size, piece.weight)
        height = round(HEIGHT * width / WIDTH)
        return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def compose(document: DocumentReading) -> tuple[Sheet, DocumentReading]:
    """The document set out on pages, and the document with the places of its values."""
    sheet = Sheet()
    _set_head(sheet, document)
    _set_parties(sheet, document.fields)
    _set_facts(sheet, document)
    _set_lines(sheet, document.line_items)
    _set_totals(sheet, document.fields)
    places = sheet.places()
    fields = {name: _placed(field, places.get(PART_OF.get(name, name))) for name, field in document.fields.items()}
    lines = tuple(_placed(line, places.get(number)) for number, line in enumerate(document.line_items, start=1))
    numbers = tuple(range(1, sheet.page + 1))
    return sheet, replace(document, pages=numbers, fields=fields, line_items=lines)


def _placed(found: Any, place: tuple[int, BoundingBox] | None) -> Any:
    return replace(found, page=place[0], box=place[1]) if place else found


def _set_head(sheet: Sheet, document: DocumentReading) -> None:
    profile = document.e_invoice.profile if document.e_invoice else ""
    origin = "Set out from the values of an e-invoice" + (f" ({profile})" if profile else "")
    sheet.y = sheet.set(origin, MARGIN, size=SMALL, ink=GREY) + 6
    sheet.y = sheet.set(TITLES.get(document.kind, "Invoice"), MARGIN, size=TITLE, weight=BOLD) + 8


def _set_parties(sheet: Sheet, fields: dict[str, Field]) -> None:
    """Who sends it on the left, who gets it on the right."""
    top = sheet.y
    sheet.set("From", MARGIN, y=top, size=SMALL, ink=GREY)
    sheet.set("To", MIDDLE, y=top, size=SMALL, ink=GREY)
    top += LEADING * SMALL
    left = _set_value(sheet, fields, "supplier_name", MARGIN, MIDDLE - 20, top, BOLD)
    for name in SUPPLIER:
        left = _set_value(sheet, fields, name, MARGIN, MIDDLE - 20, left)
    right = _set_value(sheet, fields, "customer_name", MIDDLE, WIDTH - MARGIN, top, BOLD)
    for name in ("customer_phone", "customer_email"):
        right = _set_value(sheet, fields, name, MIDDLE, WIDTH - MARGIN, right)
    sheet.y = max(left, right) + 14


def _set_value(
    sheet: Sheet, fields: dict[str, Field], name: str, left: float, right: float, y: float, weight: int = REGULAR
) -> float:
    if name not in fields:
        return y
    return sheet.set(shown(fields[name].value), left, right, y=y, weight=weight, key=name)


def _set_facts(sheet: Sheet, document: DocumentReading) -> None:
    for name, label in FACTS:
        if name not in document.fields:
            continue
        sheet.set(label, MARGIN, MARGIN + LABEL_WIDTH, size=SMALL, ink=GREY)
        value = shown(document.fields[name].value)
        if name == "delivery_note_number":
            value = ", ".join(document.delivery_note_numbers) or value
        sheet.y = sheet.set(value, MARGIN + LABEL_WIDTH, key=name)
        _turn_if_full(sheet, BODY)
    sheet.y += 14


def _set_lines(sheet: Sheet, lines: Sequence[LineItem]) -> None:
    if not lines:
        return
    _set_heading(sheet)
    for number, line in enumerate(lines, start=1):
        description = describe(line)
        _, left, right = COLUMNS[0]
        height = LEADING * BODY * sum(1 for _ in wrap(description.split(), right - left, BODY, REGULAR))
        if sheet.y + height > FOOT:
            sheet.turn()
            _set_heading(sheet)
        bottom = sheet.set(description, left, right, key=number)
        for (_, left, right), text in zip(COLUMNS[1:], _figures(line), strict=True):
            bottom = max(bottom, sheet.set(text, left, right, key=number, align_right=left != COLUMNS[2][1]))
        sheet.y = bottom + 2
    sheet.y += 2
    sheet.rule()


def describe(line: LineItem) -> str:
    allowance = f"(less {money(line.discount)})" if line.discount else ""
    return f"{line.sku} {line.description} {allowance}".strip()


def _figures(line: LineItem) -> tuple[str, ...]:
    """The columns behind the description."""
    amount = "" if line.net_amount is None else money(line.net_amount)
    return number(line.quantity), line.unit, number(line.unit_price, 2), number(line.tax_rate), amount


def _set_heading(sheet: Sheet) -> None:
    for heading, left, right in COLUMNS:
        is_text = heading in ("Description", "Unit")
        sheet.set(heading, left, right, size=SMALL, ink=GREY, align_right=not is_text)
    sheet.y += LEADING * SMALL + 2
    sheet.rule()


def _set_totals(sheet: Sheet, fields: dict[str, Field]) -> None:
    currency = shown(fields["currency"].value)
    for name, label in TOTALS:
        value = fields[name].value if name in fields else None
        if not isinstance(value, Decimal) or (not value and name not in ("gross_total", "amount_due")):
            continue
        _turn_if_full(sheet, BODY)
        weight = BOLD if name in ("gross_total", "amount_due") else REGULAR
        sheet.set(label, MIDDLE + 30, 445, weight=weight)
        text = f"{currency} {money(value)}"
        sheet.y = sheet.set(text, 400, WIDTH - MARGIN, weight=weight, key=name, align_right=True)


def _turn_if_full(sheet: Sheet, size: float) -> None:
    if sheet.y + LEADING * size > FOOT:
        sheet.turn()


def shown(value: Value) -> str:
    return money(value) if isinstance(value, Decimal) else as_text(value)


def money(value: Decimal) -> str:
    return f"{value:,.2f}"


def number(value: Decimal | None, decimals: int = 0) -> str:
    """At least so many decimals, and as many more as the number has."""
    if value is None:
        return ""
    exact = f"{value.normalize():f}"
    return f"{value:.{decimals}f}" if len(exact.partition(".")[2]) <= decimals else exact


def wrap(words: Iterable[str], room: float, size: float, weight: int) -> Iterator[list[str]]:
    """The words in lines that fit; one that is wider than a line is cut."""
    line: list[str] = []
    for word in words:
        for part in _cut(word, room, size, weight):
            if line and width_of([*line, part], size, weight) > room:
                yield line
                line = []
            line.append(part)
    if line:
        yield line


def _cut(word: str, room: float, size: float, weight: int) -> Iterator[str]:
    while word_width(word, size, weight) > room and len(word) > 1:
        fitting = max(1, int(len(word) * room / word_width(word, size, weight)) - 1)
        yield word[:fitting]
        word = word[fitting:]
    yield word


def width_of(words: Sequence[str], size: float, weight: int) -> float:
    return sum(word_width(word, size, weight) for word in words) + SPACE * size * (len(words) - 1)


@lru_cache(maxsize=4096)
def word_width(word: str, size: float, weight: int) -> float:
    """In points."""
    left, _, width, _ = cv2.getTextSize((0, 0), word, (0, 0), typeface(), MEASURE, weight)
    return float((left + width) * size / MEASURE)


@lru_cache(maxsize=1)
def typeface() -> Any:
    return cv2.FontFace("sans")


def _around(pieces: Sequence[Piece]) -> BoundingBox:
    words = [piece.word for piece in pieces if piece.page == pieces[0].page]
    return BoundingBox(
        min(word.left for word in words) / WIDTH,
        min(word.top for word in words) / HEIGHT,
        max(word.right for word in words) / WIDTH,
        max(word.bottom for word in words) / HEIGHT,
    )
