"""Typed candidates: every place of a sheet that could be an amount, a date or a number of something."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ocr.evidence import BOX_NUMBER, WORD_GAP, Sheet, SheetRow, once
from ocr.parse import CURRENCY_MARK, PAGE_OF, TYPOGRAPHY, DateMatch, find_dates, parse_amount

LARGEST_AMOUNT = Decimal(10_000_000)
NEXT_LINE = 2.2  # word heights between the middles of a line and the next
LONGEST_NUMBER = 30  # characters; a longer run of letters and digits is no document number


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that stands on tokens `start` to `end` (exclusive) of a row."""

    row: SheetRow
    start: int
    end: int
    text: str

    @property
    def left(self) -> float:
        return self.row.tokens[self.start].left

    @property
    def right(self) -> float:
        return self.row.tokens[self.end - 1].right

    @property
    def height(self) -> float:
        return max(t.bottom - t.top for t in self.row.tokens[self.start : self.end])


@dataclass(frozen=True, slots=True)
class AmountCandidate(Candidate):
    """decimals: how many are printed. marked: a currency sign or code stands at it."""

    value: Decimal
    decimals: int
    marked: bool


@dataclass(frozen=True, slots=True)
class DateCandidate(Candidate):
    match: DateMatch

    @property
    def readings(self) -> tuple[date, ...]:
        return tuple(dict.fromkeys(d for d in (self.match.day_first, self.match.month_first) if d))


@dataclass(frozen=True, slots=True)
class NumberCandidate(Candidate):
    """value: the number as printed, without marks around it."""

    value: str


_MARK_ONLY = re.compile(rf"^-?{CURRENCY_MARK}-?$", re.IGNORECASE)
_MARKED = re.compile(rf"^[(\-+]*\s*{CURRENCY_MARK}|{CURRENCY_MARK}[)\-]*$", re.IGNORECASE)
_HAS_DIGIT = re.compile(r"\d")
_HALF = re.compile(rf"^[(\-]*(?:{CURRENCY_MARK})?\s*-?\d{{1,7}}[.,]$", re.IGNORECASE)  # "20." of "20. 40"
_THOUSANDS = re.compile(rf"^[(\-]*(?:{CURRENCY_MARK})?-?\d{{1,3}}$", re.IGNORECASE)


@once
def find_amounts(sheet: Sheet) -> tuple[AmountCandidate, ...]:
    return tuple(candidate for row in sheet.rows for candidate in _amounts_of_row(sheet, row))


def _amounts_of_row(sheet: Sheet, row: SheetRow) -> Iterator[AmountCandidate]:
    taken = -1
    height = sheet.height[row.page]
    for i, token in enumerate(row.tokens):
        if i <= taken or not _HAS_DIGIT.search(token.text):
            continue
        end = _join_amount(row, i, height)
        start = i
        text = row.text(start, end)
        value = parse_amount(text.replace(" ", "") if end > i + 1 else text)
        if value is None or abs(value) > LARGEST_AMOUNT:
            continue
        marked = bool(_MARKED.search(text))
        if start and _MARK_ONLY.match(row.tokens[start - 1].text) and _near(row, start - 1, height, 1.5):
            marked = True
            value = -value if "-" in row.tokens[start - 1].text and value > 0 else value
            start -= not any(label.end == start for label in row.labels)  # "Cash RM" is a label of its own
        if end < len(row.tokens):
            following = row.tokens[end].text.translate(TYPOGRAPHY)
            if _MARK_ONLY.match(following) and _near(row, end - 1, height, 1.5):
                end, marked = end + 1, True
            elif following in ("-", "CR") and _near(row, end - 1, height) and value > 0:
                end, value = end + 1, -value
        if (
            start
            and row.tokens[start - 1].text.translate(TYPOGRAPHY) in ("-", "(-")
            and _near(row, start - 1, height)
            and value > 0
        ):
            start, value = start - 1, -value
        if end < len(row.tokens) and row.tokens[end].text.startswith("%"):  # "(18.00 %)"
            continue
        decimals = _decimals(text)
        if decimals == 0 and not marked and not _plausible_integer(row, i, text):
            continue
        taken = end - 1
        yield AmountCandidate(row, start, end, row.text(start, end), value, decimals, marked)


def _near(row: SheetRow, token: int, height: float, limit: float = WORD_GAP) -> bool:
    return row.tokens[token + 1].left - row.tokens[token].right <= limit * height


def _join_amount(row: SheetRow, i: int, height: float) -> int:
    """The end of the amount that starts at a token: one token, or more where a gap splits its figures."""
    if i + 1 >= len(row.tokens) or not _near(row, i, height):
        return i + 1
    text, following = row.tokens[i].text, row.tokens[i + 1].text
    if _HALF.match(text) and re.match(r"^\d{2}\b", following) and len(following) <= 4:
        return i + 2
    if _THOUSANDS.match(text) and re.match(r"^[.,]\d{2}$", following):
        return i + 2
    if _THOUSANDS.match(text):
        end = i + 1
        while end < len(row.tokens) and re.match(r"^\d{3}$", row.tokens[end].text) and _near(row, end - 1, height):
            end += 1
        last = row.tokens[end] if end < len(row.tokens) else None
        if last and re.match(r"^\d{3},\d{2}[)\-]?$", last.text) and _near(row, end - 1, height, 0.65):
            return end + 1
    return i + 1


def _decimals(text: str) -> int:
    match = re.search(r"[.,]\s?([\dOoSl]{1,4})\D*$", text)
    return len(match[1]) if match and len(match[1]) != 3 else 0


def _plausible_integer(row: SheetRow, token: int, text: str) -> bool:
    """Figures without decimals are kept only where a total or the like is named beside them ("Total: 80", "3100")."""
    if not re.fullmatch(r"-?\d{1,6}|-?\d{1,3}([.,]\d{3})+", text):
        return False
    return any(label.end <= token for label in row.labels) and token == len(row.tokens) - 1


@once
def find_date_candidates(sheet: Sheet) -> tuple[DateCandidate, ...]:
    found = []
    for row in sheet.rows:
        found += _dates_of_row(row)
    return (*found, *_dates_over_two_rows(sheet, found))


def _dates_of_row(row: SheetRow) -> list[DateCandidate]:
    text, starts = "", []
    for token in row.tokens:
        starts.append(len(text))
        text += token.text + " "
    found = []
    for match in find_dates(text):
        first = max(i for i, at in enumerate(starts) if at <= match.start)
        last = max(i for i, at in enumerate(starts) if at < match.end)
        found.append(DateCandidate(row, first, last + 1, text[match.start : match.end], match))
    return found


def _dates_over_two_rows(sheet: Sheet, found: list[DateCandidate]) -> Iterator[DateCandidate]:
    """Dates whose year slipped to the next line of a narrow column: "10 September" over "2024"."""
    taken = {(c.row.index, i) for c in found for i in range(c.start, c.end)}
    for row, below in _close_rows(sheet):
        for start, end in row.cells:
            cell = row.text(start, end)
            if (
                not re.search(r"\b\d{1,2}\b", cell)
                or not re.search(r"[^\W\d_]{3,}", cell)
                or (row.index, end - 1) in taken
            ):
                continue
            for i, token in enumerate(below.tokens):
                overlaps = min(token.right, row.tokens[end - 1].right) > max(token.left, row.tokens[start].left)
                if re.fullmatch(r"20\d\d", token.text) and overlaps:
                    matches = find_dates(f"{cell} {token.text}")
                    if matches and (below.index, i) not in taken:
                        taken.add((below.index, i))
                        first = next(k for k in range(start, end) if len(row.text(start, k + 1)) > matches[-1].start)
                        yield DateCandidate(row, first, end, f"{cell} {token.text}", matches[-1])


def _close_rows(sheet: Sheet) -> Iterator[tuple[SheetRow, SheetRow]]:
    """Each row with those below it that may go on with one of its cells: another column's line may stand between."""
    for row in sheet.rows:
        for below in sheet.rows[row.index + 1 : row.index + 3]:
            if below.page == row.page and below.y - row.y <= NEXT_LINE * sheet.height[row.page]:
                yield row, below


_BANKS = ("IBAN", "BIC", "SWIFT")
_EDGE = "|.,:;()[]{}<>*'\"#=_\u2022\u00b7"
_HEADED = re.compile(r"^[#:]\s*")
_AROUND_STROKE = re.compile(r"\s*([-/])\s*")
_STROKES = frozenset("/-")
_ID = re.compile(r"^[^\W_][\w\-/.&+\\]*$")
_PREFIX = re.compile(r"^(?:[A-Z]{1,5}|[A-Za-z]{1,3})[-/.#]?$")
_PLAIN_WORD = re.compile(r"^[^\W\d_]+$")
_PHONE = re.compile(r"^[+(]?\(?0?\d{2,5}\)?[\s\-/]\d{2,}([\s\-]\d{2,})+$|^\(\d{2,5}\)")
_AREA_CODE = re.compile(r"^\(\d{2,5}\)$")  # "(612) 555-0189"
_POSTCODE = re.compile(r"^[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}[,.;]?$")  # "NE46 3NU"
_NO_PREFIX = frozenset({"tax_id", "company_number", "bank", "phone", "mobile", "fax"})  # "EIN 74-0321072"
_PAGE = re.compile(
    r"^(?:pages?|pg|p[aá]g|seite|blatt|blad|p[aá]gina|hoja|foglio)\.?:? \d", re.IGNORECASE
)  # "PAGE 1 OF 1"
_PERCENT_OR_UNIT = re.compile(r"%$|^\d+([.,]\d+)?(kg|g|ml|l|cl|mm|cm|m|x|pk|kw|h|%)$", re.IGNORECASE)
_DECIMAL = re.compile(r"^[£$€]?-?\d{1,3}(?:[.,]?\d{3})*[.,]\d{2}-?$")


def find_numbers(sheet: Sheet, dates: Sequence[DateCandidate]) -> list[NumberCandidate]:
    """Everything that could be a document's or account's number: words with figures, joined where a gap splits them."""
    printed = [c for c in dates if not c.text.isdigit()]  # "20240311" may be a day or a number
    taken = {(c.row.index, i) for c in printed for i in range(c.start, c.end)}
    found = []
    for row in sheet.rows:
        labelled = {i for label in row.labels for i in range(label.start, label.end)}
        closed = {label.start for label in row.labels if label.closed}
        places = {i + k for i in range(len(row.tokens) - 1) if _POSTCODE.match(row.text(i, i + 2)) for k in (0, 1)}
        foreign = places | {label.start for label in row.labels if label.classes & _NO_PREFIX}
        foreign |= {lb.start for lb in row.labels if BOX_NUMBER.fullmatch(row.tokens[lb.start].text)}
        foreign |= {i + k for i, token in enumerate(row.tokens) if token.text.startswith("§") for k in range(4)}
        foreign |= {i for i, token in enumerate(row.tokens) if PAGE_OF.match(token.text.casefold())}
        foreign |= {i + k for i in range(len(row.tokens)) if _PAGE.match(row.text(i, i + 2)) for k in range(4)}
        for i in range(len(row.tokens)):
            if i in foreign or (i and _AREA_CODE.match(row.tokens[i - 1].text)):
                continue
            for end in _ends_of_number(sheet, row, i, labelled):
                if end - 1 in closed:  # "PO3350 - DN: 4711"
                    break
                if any((row.index, k) in taken for k in range(i, end)):
                    break
                value = clean_number(row.text(i, end))
                if value and _is_number(value):
                    found.append(NumberCandidate(row, i, end, row.text(i, end), value))
    return found


def clean_number(text: str) -> str:
    value = text.translate(TYPOGRAPHY).strip().strip(_EDGE).rstrip("-/").strip()
    return value if value.isalnum() else _AROUND_STROKE.sub(r"\1", _HEADED.sub("", value))


def _ends_of_number(sheet: Sheet, row: SheetRow, start: int, labelled: set[int]) -> Iterator[int]:
    """Ends of the numbers that begin at a token: the token alone, and with up to two that stand close behind it."""
    first = row.tokens[start].text
    height = sheet.height[row.page]
    if _HAS_DIGIT.search(first):
        yield start + 1
    elif not _PREFIX.match(first) or (start in labelled and not first.isupper()):
        return
    for end in range(start + 2, min(start + 4, len(row.tokens) + 1)):
        token = row.tokens[end - 1]
        if (
            not _near(row, end - 2, height)
            or token.text in (".", ",", ":", "|")
            or (end - 1 in labelled and not token.text.isupper())
        ):
            return
        if token.text in _STROKES:  # "2 / 2024"
            continue
        text = clean_number(token.text)
        if not (re.fullmatch(r"[\w/\-.]*\d[\w/\-.]*|[A-Z]{1,3}|[-/]", text)):
            return
        yield end


def _is_number(value: str) -> bool:
    if not _HAS_DIGIT.search(value) or len(value) > LONGEST_NUMBER or "@" in value or value.startswith(_BANKS):
        return False
    if not _ID.match(value.replace(" ", "")) or _PERCENT_OR_UNIT.search(value) or _DECIMAL.match(value):
        return False
    digits = sum(c.isdigit() for c in value)
    letters = sum(c.isalpha() for c in value)
    return letters <= max(8, 3 * digits) or (
        bool(re.search(r"\w[-_/]\w", value)) and letters <= 16 and " " not in value
    )
