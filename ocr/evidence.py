"""A document as rows of tokens with the labels found on them, and what the labels say about a place.

A `Sheet` is the pages of one document. A token is a word, cut where a label is glued to its value ("No:123"). A cell is
a run of tokens of a row without a wide gap. `label_left` and `labels_above` are the two relations that most values
are decided by.
"""

import re
from bisect import bisect
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, wraps
from statistics import median
from typing import Any, TypeVar, TypeVarTuple

from ocr.addresses import has_postcode, is_address_line, word_set
from ocr.columns import Role, fold_heading, roles_of
from ocr.layout import rows as layout_rows
from ocr.lexicon import load_table
from ocr.lexicon.labels import QUALIFIER, LabelIndex, LabelMatch, choose_languages, label_index, words_of_numbers
from ocr.parse import CURRENCY_MARK, find_dates, fold
from ocr.types import BoundingBox, Method, Page, Word

# All distances are in heights of the page's median word.
CELL_GAP = 1.1  # a wider gap between words starts a new cell
WORD_GAP = 0.75  # a wider gap cannot lie inside one value ("RM20. 40", "DN 0712")
ABOVE_LIMIT = 60.0  # a column's heading may stand this far above its last value
BOX_NUMBER = re.compile(r"\d{1,2}[.)]?")  # before the labels of a form of numbered boxes
BEHIND = 4.0  # word heights between a value and the label behind it
NEAR_ABOVE = 2.6  # centre to centre: a heading directly above its value
BROKEN = 1.8  # word heights between the two lines of a label, centre to centre
FEWEST_CAPTIONS = 3  # labels that stand below their values
FEWEST_COLUMNS = 3  # known headings of a table of goods
MOST_UNKNOWN = 0.4  # share of a row of captions that may be no known labels

# A label glued to its value: "Date:12/03/2018", "Total:RM12.00", "Inv#123", "Tel:07-123". No time, no web address.
_GLUED = re.compile(r"^([^\W\d][^:=#]*[:=#])(?!//)(\S+)$|^(\(?[^\W\d_]{3,}\.?)((?:RM|[£$€])?\d[\d.,/\-:]*)$")
_DATE_LIKE = re.compile(r"^\d{1,4}[-/.]\w{1,3}[-/.]\d{2,4}$")  # "Visa 04/11/24  100.00": the date parts nothing
_CURRENCY_WORD = re.compile(rf"^\(?(?:{CURRENCY_MARK})[).:]*$", re.IGNORECASE)
_CAPITALS = re.compile(r"([A-Z]+)-?\d[\w/-]*$")
SHORTEST_LABEL, LONGEST_PREFIX = 5, 4  # letters of a label that is glued to its number, and of the number itself
_PAIR = re.compile(r"^([^\W\d_]{2,}\.?)/([^\W\d_]{3,}[.:]?)$")
_REGISTERED = re.compile(r"^([^\W\d_]{2,}\.?)(\(\d{4,}[\w-]*\)?)$")  # "BHD(126926-H)"
_NUMERO = re.compile(r"^[Nn]\.?[º°ªo]\.?:?$")
_INITIALS = re.compile(r"^(?:[^\W\d_]\.){3,}:?$")
_VALUE = re.compile(r"\d|^[£$€#]")
_DAYS = re.compile(r"^\d{1,3}$")
SENTENCE = 8  # words in a cell that is prose: a lone word of it is no label unless a value follows
_COLUMNS = frozenset({"column", "other_amount"})
_WAYS_AND_DAYS = frozenset({"tendered", "payment_date", "date"})
_NAMED_AMOUNTS = frozenset({"amount_paid", "amount_due", "previous_balance", "rounding"})
_IN_ADDRESS = re.compile(r"\d{1,3}[A-Za-z]?,$")  # a house number
_AMOUNT = re.compile(r"\d[.,]\d\d$")
_ORDERS = frozenset({"order_number", "sales_order", "your_reference"})
_WHO_ORDERED = frozenset({"customer", "account_number"})
_TAXES = frozenset({"tax", "tax_included"})
_NUMBERED = frozenset(
    {"order_number", "sales_order", "account_number", "delivery_note_number", "original_invoice", "tax_id"}
)
_FULL_STOP = re.compile(r"[^\W\d]{5,}\.$")  # no abbreviation
_CLOSES = re.compile(r"[:#=]\s*$|\.{2,}$|\bNo\.?$", re.IGNORECASE)
_LEADERS = ".…·_"  # lead from a label to its value: "Mode de règlement ....: 30 jours"
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a part of one. `words` are its folded words (none for bare punctuation); geometry as `Word`."""

    text: str
    words: tuple[str, ...]
    left: float
    top: float
    right: float
    bottom: float
    confidence: float

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Label:
    """A label on tokens `start` to `end` (exclusive) of a row.

    alone: nothing but the label stands in its cell. closed: it ends in ":", "#" or the like. initials: "GLN", "DN".
    """

    classes: frozenset[str]
    row: int
    start: int
    end: int
    left: float
    right: float
    alone: bool
    closed: bool
    initials: bool = False

    @property
    def is_title(self) -> bool:
        """Whether it names a kind of document."""
        return any(name.startswith("title_") for name in self.classes)


@dataclass(slots=True, eq=False)
class SheetRow:
    """A row of tokens, left to right. `y` is its centre in page units; `cells` are (start, end) token ranges.

    headings: what tokens say to what stands below them, as far as somebody asked.
    """

    index: int
    page: int
    y: float
    tokens: list[Token]
    cells: list[tuple[int, int]]
    labels: list[Label] = field(default_factory=list)
    headings: dict[int, Label | None] = field(default_factory=dict)

    def text(self, start: int = 0, end: int | None = None) -> str:
        return " ".join(token.text for token in self.tokens[start:end])

    def cell_of(self, token: int) -> tuple[int, int]:
        return self.cells[bisect(self.cells, (token + 1,)) - 1]


@dataclass(frozen=True, slots=True)
class LeftLabel:
    """The nearest label to the left in the row: how many tokens lie between, how many of them end in figures, how far.

    wrapped: it ends the row above, and the value begins this one.
    """

    label: Label
    between: int
    values_between: int
    gap: float
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class AboveLabel:
    """A label higher up in the same column. `adjacent`: it heads the value directly. `distance` is in word heights."""

    label: Label
    distance: float
    values_between: int

    @property
    def adjacent(self) -> bool:
        return self.values_between == 0 and self.distance <= NEAR_ABOVE


class Sheet:
    """The pages of one document, ready to be asked."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.known: dict[Hashable, Any] = {}  # what was worked out `once`
        self.pages = {page.number: page for page in pages}
        self.method = Method.TEXT_LAYER if all(p.method == Method.TEXT_LAYER for p in pages) else Method.OCR
        self.rows: list[SheetRow] = []
        self.height: dict[int, float] = {}
        for page in pages:
            self._add_page(page)
        words = [word for row in self.rows for token in row.tokens for word in token.words]
        self.words = frozenset(words)
        self.languages = choose_languages(words)
        self.index: LabelIndex = label_index(self.languages)
        for row in self.rows:
            row.labels = self._find_labels(row)
        self.label_classes = frozenset(name for row in self.rows for label in row.labels for name in label.classes)

    def _add_page(self, page: Page) -> None:
        heights = [word.bottom - word.top for word in page.words if len(word.text) > 1]
        height = median(heights) if heights else max(page.height / 60, 1.0)
        self.height[page.number] = height
        for row in layout_rows(page):
            tokens = [token for word in row.words for token in _cut_word(word, misread=self.method == Method.OCR)]
            if not tokens:
                continue
            y = sum(token.middle for token in tokens) / len(tokens)
            self.rows.append(SheetRow(len(self.rows), page.number, y, tokens, _cut_cells(tokens, height)))

    def _find_labels(self, row: SheetRow) -> list[Label]:
        labels = [label for cell in row.cells for label in self._labels_of_cell(row, *cell)]
        if sum(bool(label.classes & _COLUMNS) for label in labels) < 2 and not _heads_goods(row):
            return labels
        return [  # "#" and "No" number the lines of the table that their row heads
            replace(label, classes=frozenset({"column"})) if label.classes == {"number"} and label.alone else label
            for label in labels
        ]

    def _labels_of_cell(self, row: SheetRow, cell_start: int, cell_end: int) -> list[Label]:
        tokens = row.tokens[cell_start:cell_end]
        words = [_label_word(word, t.text) for t in tokens for word in t.words]
        if tokens[0].text[0].isdigit() and words[1:2] == ["%"]:  # "6% BTW" is a rate of the tax, no heading of rates
            words[1] = ""
        owners = [i for i, token in enumerate(tokens, cell_start) for _ in token.words]
        labels: list[Label] = []
        for match in self.index.find(words, misread=self.method == Method.OCR):
            start, end = owners[match.start], owners[match.end - 1] + 1
            after = row.tokens[end] if end < len(row.tokens) else None
            closed = bool(_CLOSES.search(row.tokens[end - 1].text)) or (
                after is not None and after.text.lstrip(_LEADERS) in (":", "=", "#")
            )
            last = not any(token.words for token in row.tokens[end:cell_end])
            if last and start == cell_start + 1 and BOX_NUMBER.fullmatch(tokens[0].text):
                start = cell_start  # "4 Invoice to"
            alone = start == cell_start and last
            heads = start == cell_start and _heads_address(match, row.tokens[end:cell_end])
            if not heads and _is_no_label(
                match, words, row.tokens[start:end], after, closed=closed, last=last, alone=alone
            ):
                continue
            text = row.tokens[start].text
            initials = end - start == 1 and text.isupper() and len(text) <= 4
            left, right = row.tokens[start].left, row.tokens[end - 1].right
            label = Label(match.classes, row.index, start, end, left, right, alone, closed, initials)
            if labels and not closed and labels[-1].end == start and _orders_by(labels[-1], label, after):
                continue
            if labels and "company_number" in labels[-1].classes and label.classes == {"receipt_number"}:
                label = replace(label, classes=frozenset({"company_number"}))  # "… Tomo 1204, Folio 88"
            if labels and _belongs_to(row, labels[-1], label):
                alone = last and labels[-1].start == cell_start
                labels[-1] = replace(labels[-1], end=end, right=right, closed=closed, alone=alone)
            elif label.classes != {QUALIFIER}:
                labels.append(replace(label, classes=_meant(label, after)))
        return labels

    def label_left(self, row: SheetRow, token: int) -> LeftLabel | None:
        """The nearest label that ends before a token of the row; of several with strokes between, the value's own."""
        label = next((label for label in reversed(row.labels) if label.end <= token), None)
        group = _slashed(row, label) if label else ()
        at = _place_among(row, label.end, token) if label and group else 0
        if label and group:
            label = replace(group[min(at, len(group) - 1)], end=label.end)
        if label is None:
            return self._broken_label(row, token) or (self._wrapped_label(row) if token == 0 else None)
        gap = max((row.tokens[token].left - label.right) / self.height[row.page], 0.0)
        told = _told_closer(row, label, token)
        if told:
            return LeftLabel(replace(told, end=label.end, right=label.right), 0, 0, gap)
        begin = token if at else label.end
        between = [t for t in row.tokens[begin:token] if t.words and not _CURRENCY_WORD.match(t.text)]
        values = sum(1 for t in between if t.text[-1:].isdigit() and len(t.text) > 1 and not _DATE_LIKE.match(t.text))
        return LeftLabel(label, len(between), values, gap)

    def label_behind(self, row: SheetRow, start: int, end: int) -> LeftLabel | None:
        """The label right behind a value that begins its row ("150.79  Sub total"), unless it heads another value."""
        label = next((label for label in row.labels if label.start == end), None)
        if start or label is None or label.closed or label.end != row.cell_of(label.start)[1]:
            return None
        gap = (label.left - row.tokens[end - 1].right) / self.height[row.page]
        behind = row.tokens[label.end : label.end + 1]
        if gap > BEHIND or any(c.isdigit() for token in behind for c in token.text):
            return None
        return LeftLabel(label, 0, 0, max(gap, 0.0))

    def _wrapped_label(self, row: SheetRow) -> LeftLabel | None:
        """The label that ends the row above, when the value had to go to the next line ("… Nr. 471102 vom")."""
        above = self.rows[row.index - 1] if row.index else None
        height = self.height[row.page]
        if above is None or above.page != row.page or not above.labels or row.y - above.y > NEAR_ABOVE * height:
            return None
        label = above.labels[-1]
        if label.alone or label.end < len(above.tokens) or abs(above.tokens[0].left - row.tokens[0].left) > 2 * height:
            return None
        if _slashed(above, label):  # "Number / Date" heads "4711 / 1.2.2025" below it
            return None
        return LeftLabel(label, 0, 0, 0.0, wrapped=True)

    def _broken_label(self, row: SheetRow, token: int) -> LeftLabel | None:
        """The label in two lines, one above and one below a value beside them: "Ihre | Bestellnummer:" and 4711."""
        if not 0 < row.index < len(self.rows) - 1:
            return None
        value, height = row.tokens[token], self.height[row.page]
        above, below = self.rows[row.index - 1], self.rows[row.index + 1]
        if above.page != below.page or below.y - above.y > BROKEN * height:
            return None
        first, second = _cell_before(above, value.left), _cell_before(below, value.left)
        begin = row.tokens[token - 1].right if token else 0.0
        if first is None or second is None or first[1] != len(above.tokens) or second[1] != len(below.tokens):
            return None
        parts = above.tokens[slice(*first)] + below.tokens[slice(*second)]
        if parts[0].left < begin or abs(parts[0].left - below.tokens[second[0]].left) > height / 2:
            return None
        classes = self.index.classes(" ".join(word for part in parts for word in part.words)) - {QUALIFIER}
        right = max(part.right for part in parts)
        label = Label(classes, below.index, *second, parts[0].left, right, alone=True, closed=False)
        return LeftLabel(label, 0, 0, max(value.left - right, 0.0) / height) if classes else None

    def labels_above(self, row: SheetRow, left: float, right: float, limit: int = 2) -> list[AboveLabel]:
        """The nearest labels above the span `left` to `right` of the row, nearest first; one a row at the most."""
        height = self.height[row.page]
        found: list[AboveLabel] = []
        values = 0
        caption = self._caption(row, left, right)
        if caption:
            return [AboveLabel(caption, NEAR_ABOVE, 0)]
        for i in range(row.index - 1, -1, -1):
            other = self.rows[i]
            if other.page != row.page or row.y - other.y > ABOVE_LIMIT * height:
                break
            hit = self._hit(other, left, right)
            if hit is None:
                continue
            if i - 1 in self.captions:
                values += 1
                continue
            label = self._label_at(other, hit)
            group = _slashed(other, label) if label else ()
            if group:
                start = next((i for i, t in enumerate(row.tokens) if t.left >= left), 0)
                label = group[min(_place_among(row, row.cell_of(start)[0], start), len(group) - 1)]
            if label is None or _has_value(other, label):
                values += 1
                continue
            found.append(AboveLabel(label, (row.y - other.y) / height, values))
            if len(found) == limit:
                break
        return found

    def _caption(self, row: SheetRow, left: float, right: float) -> Label | None:
        """The label below the span `left` to `right` of a row whose values are named by the row below it."""
        below = self.rows[self.captions[row.index]] if row.index in self.captions else None
        hit = self._hit(below, left, right) if below else None
        return None if below is None or hit is None else self._label_at(below, hit)

    @cached_property
    def captions(self) -> dict[int, int]:
        """Rows of values above their labels, with the rows of those: "48358  04.05.26" over "Invoice  Date"."""
        pairs = zip(self.rows, self.rows[1:], [*self.rows[2:], None], strict=False)
        return {row.index: below.index for row, below, after in pairs if self._is_captioned(row, below, after)}

    def _is_captioned(self, row: SheetRow, below: SheetRow, after: SheetRow | None) -> bool:
        """Whether a row of labels names the values above it, each its own, and nothing below."""
        labels = [label for label in below.labels if label.alone]
        near = NEAR_ABOVE * self.height[row.page]
        if row.page != below.page or below.y - row.y > near or len(labels) < FEWEST_CAPTIONS:
            return False
        before = self.rows[row.index - 1] if row.index else None
        is_headed = before is not None and before.page == row.page and row.y - before.y <= near and _is_heading(before)
        heads = after is not None and after.page == row.page and after.y - below.y <= near and _is_valued(after, below)
        if is_headed or heads or not _is_valued(row, row) or len(labels) < (1 - MOST_UNKNOWN) * len(below.cells):
            return False
        return len(row.cells) == len(below.cells) and all(
            _extent(row, cell)[0] < _extent(below, caption)[1] and _extent(below, caption)[0] < _extent(row, cell)[1]
            for cell, caption in zip(row.cells, below.cells, strict=True)
        )

    def _label_at(self, row: SheetRow, token: int) -> Label | None:
        """The label that a token is part of, else that of its cell."""
        if token not in row.headings:
            label = next((lb for lb in row.labels if lb.start <= token < lb.end), None)
            row.headings[token] = label or self._label_of_cell(row, token)
        return row.headings[token]

    def _label_of_cell(self, row: SheetRow, token: int) -> Label | None:
        """The label at the head of the token's cell, if the rest of the cell is words too ("Amount incl. of all")."""
        start, end = row.cell_of(token)
        if any(c.isdigit() for i in range(start, end) if not _is_rate(row, i) for c in row.tokens[i].text):
            return None
        return next((label for label in row.labels if start <= label.start < end), None)

    @staticmethod
    def _hit(row: SheetRow, left: float, right: float) -> int | None:
        """The token that overlaps the span most: by a part of the span, or by most of itself ("To" over a name)."""
        best, most = None, 0.0
        for i, token in enumerate(row.tokens):
            if token.right <= left or token.left >= right or not token.words:
                continue
            overlap = min(right, token.right) - max(left, token.left)
            if overlap > most:
                best, most = i, overlap
        if best is None:
            return None
        token = row.tokens[best]
        return best if most > min(0.15 * (right - left), 0.6 * (token.right - token.left)) else None

    def box(self, row: SheetRow, start: int, end: int) -> BoundingBox:
        """The tokens' box in fractions of their page."""
        return self.box_of(row.page, row.tokens[start:end])

    def box_of(self, page_number: int, tokens: Sequence[Token]) -> BoundingBox:
        page = self.pages[page_number]

        def part(value: float, whole: float) -> float:
            return min(max(value / whole, 0.0), 1.0) if whole else 0.0

        return BoundingBox(
            part(min(t.left for t in tokens), page.width),
            part(min(t.top for t in tokens), page.height),
            part(max(t.right for t in tokens), page.width),
            part(max(t.bottom for t in tokens), page.height),
        )

    @cached_property
    def text(self) -> str:
        return "\n".join(row.text() for row in self.rows)

    @cached_property
    def folded(self) -> str:
        return fold(self.text)

    @cached_property
    def has_columns(self) -> dict[int, bool]:
        """Rows that head a table: three or more cells whose labels name columns."""
        return {row.index: sum(bool(lb.classes & _COLUMNS) for lb in row.labels) >= 2 for row in self.rows}


def once(read: Callable[[Sheet, *Arguments], T]) -> Callable[[Sheet, *Arguments], T]:
    """What is read of a sheet (and of arguments that can be hashed) is worked out the first time, and kept with it."""

    @wraps(read)
    def known(sheet: Sheet, *arguments: *Arguments) -> T:
        key = (read, *arguments)
        if key not in sheet.known:
            sheet.known[key] = read(sheet, *arguments)
        found: T = sheet.known[key]
        return found

    return known


def _heads_goods(row: SheetRow) -> bool:
    """Whether a row has headings of a table of goods: what they are called, and two more columns."""
    known = [roles for start, end in row.cells if (roles := roles_of(fold_heading(row.text(start, end))))]
    return len(known) >= FEWEST_COLUMNS and any(Role.DESCRIPTION in roles for roles in known)


def _cell_before(row: SheetRow, left: float) -> tuple[int, int] | None:
    """The last cell of a row that ends before a place."""
    return next((cell for cell in reversed(row.cells) if row.tokens[cell[1] - 1].right <= left), None)


def _has_value(row: SheetRow, label: Label) -> bool:
    """Whether a label's value stands right behind it in its cell, so that it heads nothing below."""
    end = row.cell_of(label.start)[1]
    following = next((lb.start for lb in row.labels if lb.start >= label.end), end)
    return any(
        c.isdigit() for i in range(label.end, min(end, following)) if not _is_rate(row, i) for c in row.tokens[i].text
    )


def _is_valued(row: SheetRow, heading: SheetRow) -> bool:
    """Whether a row has cells with figures for half of a heading's cells or more."""
    valued = [cell for cell in row.cells if any(c.isdigit() for c in row.text(*cell))]
    return 2 * len(valued) >= len(heading.cells)


def _is_heading(row: SheetRow) -> bool:
    """Whether half of a row's cells or more are labels and nothing else."""
    return 2 * sum(label.alone for label in row.labels) >= len(row.cells)


def _extent(row: SheetRow, cell: tuple[int, int]) -> tuple[float, float]:
    return row.tokens[cell[0]].left, row.tokens[cell[1] - 1].right


def _is_rate(row: SheetRow, at: int) -> bool:
    """Whether a token is a rate or its sign: "7,00 %"."""
    return row.tokens[at].text.endswith("%") or row.text(at + 1, at + 2) == "%"


def _is_no_label(
    match: LabelMatch,
    words: Sequence[str],
    tokens: Sequence[Token],
    after: Token | None,
    *,
    closed: bool,
    last: bool,
    alone: bool,
) -> bool:
    """Whether words that may be a label are something else where they stand: a lone one needs more than its letters."""
    if match.end - match.start > 1:
        return False
    word = words[match.start]
    if len(word) == 1 and word != "#" and not _opens_value(tokens[-1], after):
        return True
    if word in _ONLY_CAPITALS and not tokens[0].text.isupper():
        return True
    if _is_part_of_name(match, words, alone or closed) or (len(tokens) == 1 and _CURRENCY_WORD.match(tokens[0].text)):
        return True
    if after is None and not closed and word in word_set("business") and word in tokens[0].words[1:]:
        return True  # "Seeblick-Markt"
    if match.corrected and not (alone or closed):
        return True  # "Cross" is no "gross": a corrected word must stand like a label
    if match.classes == {"number"} and (tokens[-1].text[-1:].isdigit() or (after and _IN_ADDRESS.match(after.text))):
        return True  # "Oysters No.3", "No. 27, 3rd Cross"
    if last or after is None:
        return len(words) > SENTENCE and bool(_FULL_STOP.search(tokens[-1].text))
    if match.classes == {"number"} and tokens[-1].text[-1:].isalpha() and after.words:
        return not any(c.isdigit() for c in after.text)  # "No claims after 24 hours"
    if closed:
        return False
    return len(words) > SENTENCE and not _VALUE.search(after.text)


def _heads_address(match: LabelMatch, tokens: Sequence[Token]) -> bool:
    """Whether a word for a party stands before a name and its address: "Messrs The Swan, 4 Mill Lane, York YO1 7HU"."""
    if match.end - match.start > 1 or match.classes.isdisjoint(_RECEIVERS):
        return False
    name, _, address = " ".join(token.text for token in tokens).partition(",")
    whole = [word for word in fold(name).split() if word not in word_set("legal_forms")]
    return len(whole) > 1 and (has_postcode(address) or (address.count(",") > 1 and is_address_line(address, "")))


def _orders_by(before: Label, label: Label, after: Token | None) -> bool:
    """Whether a word that may be a label says how was ordered: "Order No TEL", by telephone."""
    is_way = label.classes == {"phone"} and not before.classes.isdisjoint(_ORDERS)
    return is_way and not (after and any(c.isdigit() for c in after.text))


def _belongs_to(row: SheetRow, before: Label, label: Label) -> bool:
    """Whether a label only qualifies the one before it: "Balance due, this invoice", "Total (incl. State Tax)"."""
    if any(token.words for token in row.tokens[before.end : label.start]):
        return False
    if row.text(label.start, label.end) == "#":  # "Invoice No: # 4711"
        return True
    if label.classes == {"number"} and before.classes & _NUMBERED:  # "Ihr Auftrag | Nr. 4711"
        return True
    if before.classes == {"order_number"} and not before.closed and label.classes <= _WHO_ORDERED:
        return label.end - label.start == 1  # "Bestellung Kunde: 4711", "Ref. pedido cliente"
    ties = (row.tokens[before.end - 1].words[-1:], row.tokens[label.start].words[:1])  # "Total incl. | VAT (incl. VAT)"
    return QUALIFIER in label.classes or bool(
        label.classes & _TAXES and any(tie and tie[0] in _joins() for tie in ties)
    )


def _meant(label: Label, after: Token | None) -> frozenset[str]:
    """The label's classes where it stands: "Net 14" are terms of payment."""
    if label.classes == {"net_total"} and label.end - label.start == 1 and after and _DAYS.match(after.text):
        return frozenset({"payment_terms"})
    return label.classes - {QUALIFIER}


def _told_closer(row: SheetRow, label: Label, token: int) -> Label | None:
    """What a label says together with those before it. An order's number may have its day behind it, or before it. Or
    the label of which the given one only tells more: the way or the day of a payment ("Paid today - Visa ending
    4417"), or whether tax is in an amount that has a name ("Already paid | gross")."""
    if _dates_order(row, label):
        return replace(label, classes=frozenset({"order_date"}))
    if _is_order_by_day(row, label, token):
        return replace(label, classes=frozenset({"order_number"}))
    if label.classes <= _WAYS_AND_DAYS:
        named = frozenset({"amount_paid"})
    elif label.alone and set(row.tokens[label.start].words) <= set(load_table("names")["net_or_gross"]):
        named = _NAMED_AMOUNTS
    else:
        return None
    told = next((before for before in row.labels if before.end <= label.start and before.classes & named), None)
    return None if told is None or any(_AMOUNT.search(t.text) for t in row.tokens[told.end : token]) else told


def _dates_order(row: SheetRow, label: Label) -> bool:
    """Whether a word before a day stands right behind the number of an order: "Ihre Bestellung 4711 vom 3.5.2025"."""
    if label.closed or label.alone or not set(row.text(label.start, label.end).lower().split()) <= _dated():
        return False
    before = next((known for known in reversed(row.labels) if known.end <= label.start), None)
    number = row.tokens[before.end : label.start] if before and before.classes & _ORDERS else []
    return 0 < len(number) <= 2 and any(c.isdigit() for token in number for c in token.text)


def _is_order_by_day(row: SheetRow, label: Label, token: int) -> bool:
    """Whether nothing but its day stands between an order's label and a value: "Bestellung vom 3.5.2025 4711"."""
    if label.classes != {"order_date"} or label.closed:
        return False
    day = row.text(label.end, token)
    found = find_dates(day)
    return len(found) == 1 and found[0].end - found[0].start >= len(day.strip())


def _slashed(row: SheetRow, label: Label) -> tuple[Label, ...]:
    """The labels of "Number / Date", of which the given one is part, in print order; none if it stands by itself."""
    at = row.labels.index(label)
    first = last = at
    while first and _is_stroke(row, row.labels[first - 1], row.labels[first]):
        first -= 1
    while last + 1 < len(row.labels) and _is_stroke(row, row.labels[last], row.labels[last + 1]):
        last += 1
    return tuple(row.labels[first : last + 1]) if last > first else ()


def _is_stroke(row: SheetRow, first: Label, second: Label) -> bool:
    between = row.tokens[first.end : second.start]
    return [token.text for token in between] == ["/"]


def _place_among(row: SheetRow, start: int, token: int) -> int:
    """Which of the values that begin at `start` a token is: by the strokes between, or else by its brackets."""
    strokes = sum(before.text == "/" for before in row.tokens[start:token])
    return strokes or int(token > start and row.tokens[token].text.startswith("("))


def _cut_word(word: Word, *, misread: bool = False) -> list[Token]:
    """The parts of a word. misread: of a picture, where a label in capitals may be glued to its number."""
    label = _label_in_capitals(word.text) if misread else ""
    if label:  # "CONSIGNMENTDN193528"
        return _halves(label, word.text[len(label) :], word)
    pair = _PAIR.match(word.text)
    if pair:  # "Number/Date"
        ends = (0.0, len(pair[1]) / len(word.text), (len(pair[1]) + 1) / len(word.text), 1.0)
        texts = (pair[1], "/", pair[2])
        return [_token(text, word, ends[i], ends[i + 1]) for i, text in enumerate(texts)]
    registered = _REGISTERED.match(word.text)
    if registered:
        return _halves(registered[1], registered[2], word)
    match = _GLUED.match(word.text)
    if match and match[1] and re.search(r"\d:\d\d$", word.text) and re.match(r"^\d", word.text):
        match = None
    if not match:
        return [_token(word.text, word, 0.0, 1.0)] if word.text.strip() else []
    first, second = (match[1], match[2]) if match[1] else (match[3], match[4])
    if match[3] and (len(fold(first)) < 4 or not any(c.islower() for c in first)) and not _total_like(first, second):
        return [_token(word.text, word, 0.0, 1.0)]
    return _halves(first, second, word)


def _label_in_capitals(text: str) -> str:
    """The word of a number's label that a word in capitals begins with, before figures and few letters."""
    glued = _CAPITALS.match(text)
    lengths = range(len(glued[1]), SHORTEST_LABEL - 1, -1) if glued else ()
    found = next((text[:n] for n in lengths if fold(text[:n]) in words_of_numbers()), "")
    return found if glued and len(glued[1]) - len(found) <= LONGEST_PREFIX else ""


def _halves(first: str, second: str, word: Word) -> list[Token]:
    share = len(first) / len(word.text)
    return [_token(first, word, 0.0, share), _token(second, word, share, 1.0)]


def _total_like(first: str, second: str) -> bool:
    """Whether a word in capitals glued to figures is a label: figures with a decimal point are no serial number."""
    return bool(re.search(r"\d[.,]\d\d$|\d[-/.]\d\d?[-/.]\d", second)) and len(first) >= 3


def _token(text: str, word: Word, start: float, end: float) -> Token:
    width = word.right - word.left
    return Token(
        text,
        _words(text),
        word.left + start * width,
        word.top,
        word.left + end * width,
        word.bottom,
        word.confidence,
    )


def _words(text: str) -> tuple[str, ...]:
    """A token's folded words; "V.A.T." is one, and so is "N.º"."""
    if _NUMERO.match(text):
        return ("no",)
    words = tuple(fold(text).split())
    return ("".join(words),) if len(words) > 2 and _INITIALS.match(text) else words


def _cut_cells(tokens: Sequence[Token], height: float) -> list[tuple[int, int]]:
    cells = []
    start = 0
    for i in range(1, len(tokens) + 1):
        if i == len(tokens) or tokens[i].left - tokens[i - 1].right > CELL_GAP * max(height, _type_size(tokens, i)):
            cells.append((start, i))
            start = i
    return cells


def _type_size(tokens: Sequence[Token], i: int) -> float:
    """The height of two neighbours' type: words of a large heading stand wider apart than others."""
    before, token = tokens[i - 1], tokens[i]
    return min(before.bottom - before.top, token.bottom - token.top)


def _label_word(word: str, text: str) -> str:
    """A token's word as labels have it: "gst06" is "gst"; what has other figures is no label's word."""
    if text.isalpha():
        return word
    digits = sum(c.isdigit() for c in text)
    if digits < 2 or (digits == 2 and word.isalpha()):
        return word
    tail = re.fullmatch(r"([^\W\d]{3,})\d{1,2}", word)
    return tail[1] if tail else ""


@cache
def _dated() -> frozenset[str]:
    """Words between a number and its day."""
    return frozenset(load_table("names")["dated"])


@cache
def _joins() -> frozenset[str]:
    """Words that tie a tax to the label before them: "Total incl. VAT"."""
    return frozenset(load_table("names")["tax_joins"])


_BARE_PARTY = frozenset({"customer", "supplier", "venue", "contact", "staff", "patient"})
_RECEIVERS = frozenset({"customer", "venue"})
_ONLY_CLOSED = frozenset({"for"})
_ONLY_CAPITALS = frozenset({"ein"})  # a German article, too
_BARE_WORDS = frozenset({"to", "from", "attn", "messrs", "spett", "att", "fao"})


def _is_part_of_name(match: LabelMatch, words: Sequence[str], stands_alone: bool) -> bool:
    """Whether a single word that may name a party is rather part of a name: "Lieferant GmbH", "Customer Care Ltd"."""
    if match.end - match.start == 1 and words[match.start] in _ONLY_CLOSED:
        return not stands_alone
    if stands_alone or match.end - match.start > 1 or not match.classes <= _BARE_PARTY:
        return False
    return words[match.start] not in _BARE_WORDS


def _opens_value(token: Token, after: Token | None) -> bool:
    """Whether a single letter stands for a label: "T: 020…", "P. 555", "E x@y"."""
    if token.text.endswith((":", ".")) and len(token.text) <= 3 and after is not None:
        return True
    return after is not None and bool(re.match(r"[+(]?\d{2}|\S+@", after.text)) and len(token.text) == 1
