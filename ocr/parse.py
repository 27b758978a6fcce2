"""Text to values: amounts, quantities, dates, and the folded text that labels are compared in.

Nothing here knows where a text stands or what it is for; an ambiguous date keeps both of its readings.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal

from ocr.lexicon import load_table

DateOrder = Literal["dmy", "mdy"]

EARLIEST_YEAR, LATEST_YEAR = 1990, 2059  # what a business document may be dated; keeps numbers from being read as days

# Letters that text recognition puts in the place of digits.
SLIPS = str.maketrans("OoQDIli|!SsBZz", "00001111155822")

# Dashes, curly apostrophes, multiplication signs and middle dots, to the plain characters that the patterns below know.
TYPOGRAPHY = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
    | {"\u2019": "'", "\u2018": "'", "\u00b4": "'", "\u00d7": "x", "\u00b7": ".", "\u00a0": " ", "\u202f": " "}
)
CURRENCY_MARK = (
    r"(?:(?:US|AU|NZ|CA|A|C|S|HK|R)?\$|£|€|¥|₹|RM|Rs\.?|S?Fr\.?|kr\.?"
    r"|EUR|Euro|GBP|USD|AUD|NZD|CAD|MYR|INR|CHF|SEK|NOK|DKK|PLN)"
)
_MARK = re.compile(rf"^{CURRENCY_MARK}\s*|\s*{CURRENCY_MARK}$", re.IGNORECASE)
# A tax or credit mark behind an amount: "1,99 A", "2.00*", "4.50SR".
_TAIL = re.compile(r"(?<=[.,]\d\d)\s*(?:[*#]{0,2}\s?[A-Z]|\*{1,2}|SR|ZRL|ZR|TX)$", re.IGNORECASE)
# Where a page stands among its document's.
PAGE_OF = re.compile(
    r"\b(?:page|pg|seite|p[aá]gina|pagine|p[aá]g|sheet|blatt|blad|hoja|foglio|p)\.?\s*(\d{1,2})\s*(?:of|von|van|de|di|sur|/)\s*(\d{1,2})\b"
)
# What stands for no cents: "6,-", "12.--", "500/-".
_NO_CENTS = re.compile(r"[.,]-*$|/[-=]$")
_GROUPED = re.compile(r"^\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*$|^\d{1,2}(?:,\d{2})+,\d{3}$")
_DIGITS = "0-9OoQIl|SB"


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Lower case without accents; punctuation is white space, single spaces. `#` and `%` stay, as words of their own.

    >>> fold("Fällig am:"), fold("Invoice#"), fold("N° de facture")
    ('fallig am', 'invoice #', 'no de facture')
    """
    if text.isascii() and text.isalnum():  # most words
        return text.lower()
    text = re.sub(r"(?<=\b[nN])[°º]", "o", text)
    text = without_accents(text).casefold()
    text = re.sub(r"([#%])", r" \1 ", text)
    return " ".join(re.sub(r"[^\w#%]+|_+", " ", text).split())


def without_accents(text: str) -> str:
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


@lru_cache(maxsize=8192)
def parse_amount(text: str, *, decimal: str = "") -> Decimal | None:
    """The amount that the whole of `text` is, or None.

    Takes currency marks on either side, signs in front, behind or as brackets, `CR`, thousands in groups, a space that
    recognition put beside the decimal point, and letters for digits where the rest is clearly a number.
    decimal: "." or "," if the document's own decimal sign is known; it decides "1.234".
    """
    if not re.search(r"\d", text):
        return None
    body, negative = _unsign(text)
    if body is None:
        return None
    number = _to_decimal(body, decimal, _read_single_separator_of_amount)
    return None if number is None else (-number if negative else number)


def parse_quantity(text: str, *, decimal: str = "") -> Decimal | None:
    """The quantity that the whole of `text` is ("2", "x2", "2 x", "1,500"), or None. A lone separator is decimal."""
    body = re.sub(r"^x\s*(?=\d)|(?<=\d)\s*x$", "", text.strip().translate(TYPOGRAPHY), flags=re.IGNORECASE)
    negative = body.startswith("-") or body.endswith("-")
    body = body.strip("+- ")
    number = _to_decimal(body, decimal, _read_single_separator_of_quantity)
    return None if number is None else (-number if negative else number)


def _unsign(text: str) -> tuple[str | None, bool]:
    """The bare figures of an amount, and whether it is negative. None where text is left that no amount has."""
    body = unicodedata.normalize("NFKC", text).translate(TYPOGRAPHY).strip()
    negative = False
    for _ in range(3):  # marks and signs may stand in any order: "-£12.00", "£-12.00", "(£12.00)", "12.00- EUR"
        before = body
        body = _TAIL.sub("", body) if not body.upper().endswith("CR") else body
        body = _MARK.sub("", body.strip()).strip(" :=")
        if re.fullmatch(r"\(.*\)", body):
            body, negative = body[1:-1], True
        elif body.count("(") != body.count(")"):  # a bracket of the words around it
            body = body.strip("()")
        if re.match(r"-", body):
            body, negative = body[1:], True
        elif re.search(r"\d\s?-$", body):
            body, negative = body.rstrip("- "), True
        if re.search(r"\d\s?CR$", body, re.IGNORECASE):
            body, negative = body[:-2], True
        body = re.sub(r"(?<=[.,]\d\d)\s?DR$", "", body).strip("+ ")
        if body == before:
            break
    body = re.sub(r"\s*([.,])\s*(?=\d{1,2}$)", r"\1", body)
    return (body if re.search(r"\d", body) else None), negative


def _to_decimal(body: str, decimal: str, read_single: Callable[[str, str], str | None]) -> Decimal | None:
    body = _NO_CENTS.sub("", body)
    if not re.fullmatch(r"[\d.,' ]+", body):
        repaired = _repair_digits(body)
        if repaired is None:
            return None
        body = repaired
    if _GROUPED.fullmatch(body) and not re.fullmatch(r"\d+[.,]\d+", body):
        return Decimal(re.sub(r"\D", "", body))
    separators = re.findall(r"[.,]", body)
    if not separators:
        plain = body.replace("'", "")
        return Decimal(plain) if re.fullmatch(r"\d{1,12}", plain) else None
    if len(set(separators)) == 2:
        head, tail = re.split(r"[.,](?=\d*$)", body, maxsplit=1)
        head = re.sub(r"[.,' ]", "", head)
        return _join(head, tail) if separators.count(separators[-1]) == 1 else None
    if len(separators) > 1:  # "1,234,56": recognition mixed the signs up
        match = re.fullmatch(r"(\d{1,3}(?:[.,]\d{3})+)[.,](\d{2})", body)
        return _join(re.sub(r"\D", "", match[1]), match[2]) if match else None
    body = re.sub(r"[' ](?=\d{3}(?:\D|$))", "", body)
    single = read_single(body, decimal)
    return None if single is None else Decimal(single)


def _join(head: str, tail: str) -> Decimal | None:
    return Decimal(f"{head or '0'}.{tail or '0'}") if (head + tail).isdigit() else None


def _read_single_separator_of_amount(body: str, decimal: str) -> str | None:
    match = re.fullmatch(r"(\d*)([.,])(\d*)", body)
    if not match or not (match[1] or match[3]):
        return None
    head, sign, tail = match.groups()
    if len(tail) == 3 and head.lstrip("0") and len(head) <= 3 and sign != decimal:
        return head + tail
    return f"{head or '0'}.{tail or '0'}" if len(tail) <= 4 else None


def _read_single_separator_of_quantity(body: str, decimal: str) -> str | None:
    match = re.fullmatch(r"(\d*)([.,])(\d*)", body)
    if not match or not (match[1] or match[3]):
        return None
    head, sign, tail = match.groups()
    if decimal and sign != decimal and len(tail) == 3:
        return head + tail
    return f"{head or '0'}.{tail or '0'}" if len(tail) <= 4 else None


def _repair_digits(body: str) -> str | None:
    """`body` with letters turned to the digits they stand for, if most of it is digits and it has an amount's shape."""
    repaired = body.translate(SLIPS)
    digits = sum(c.isdigit() for c in body)
    slips = sum(a != b for a, b in zip(body, repaired, strict=True))
    shaped = re.fullmatch(r"\d{1,3}(?:[.,' ]?\d{3})*[.,]\d{2}", repaired)
    return repaired if shaped and digits >= slips else None


# --- Dates ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DateMatch:
    """A date inside a text, from `start` to `end`.

    day_first, month_first: its two readings; the same day where the print leaves no doubt, None where one is no day.
    """

    start: int
    end: int
    day_first: date | None
    month_first: date | None

    @property
    def ambiguous(self) -> bool:
        return self.day_first is not None and self.month_first is not None and self.day_first != self.month_first

    def read(self, order: DateOrder) -> date | None:
        """The day in that order, or in the other one if only that exists."""
        first, second = (self.day_first, self.month_first) if order == "dmy" else (self.month_first, self.day_first)
        return first or second


@cache
def _months() -> dict[str, int]:
    return {fold(name): int(number) for number, names in load_table("months").items() for name in names}


def _month_pattern() -> str:
    """Any month's name, with the figures that recognition puts for its letters; those of one initial together, as text
    is mostly none of them."""
    names = {name for names in load_table("months").values() for name in names} | set(_months())
    slips = {"o": "[o0]", "l": "[l1i|]", "i": "[il1]"}
    by_initial: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        initial, *rest = (slips.get(c, c) for c in name)
        by_initial.setdefault(initial, []).append("".join(rest))
    grouped = "|".join(f"{initial}(?:{'|'.join(rests)})" for initial, rests in by_initial.items())
    return rf"(?:{grouped})(?![^\W\d_])\.?"


def is_month(word: str) -> bool:
    """Whether a folded word is a month's name, or short for one."""
    return word in _months()


def _month(name: str) -> int | None:
    months = _months()
    plain = fold(name).replace(" ", "").replace("0", "o").replace("1", "l").replace("|", "l")
    return months.get(plain) or months.get(plain.replace("l", "i")) or months.get(plain.replace("i", "l"))


_GAP = r"\s?[-/.,~]\s?"  # a dash of worn print is read as a tilde
_DAY = rf"(?=.?\d)[{_DIGITS}]{{1,2}}"
_YEAR = rf"(?:[{_DIGITS}]{{4}}|'?[{_DIGITS}]{{2}})"
_MONTH = _month_pattern()
_BEFORE = r"(?<![^\W_])(?<!\d[-/.,])"
# The year may be glued to a time: "16-03-201812:07:10", "30.07.2007/13:29".
_AFTER = r"(?=\d{1,2}:\d\d|$|[^\d%]|T\d\d)(?![-/]\d(?!\d?:\d\d)|[.,]\d{2,}(?!:\d\d)|:\d\d)"
_NUMERIC = re.compile(rf"{_BEFORE}({_DAY})(?:{_GAP})({_DAY})(?:{_GAP})({_YEAR}){_AFTER}")
_DATED = re.compile(r"\d\D*\d\D*\d")  # fewer figures are no date
_SPACED = re.compile(rf"{_BEFORE}(\d\d) (\d\d) (\d{{4}})(?!\d)")
_ISO = re.compile(rf"{_BEFORE}((?:19|20)[{_DIGITS}]{{2}})\s?[-/.]\s?({_DAY})\s?[-/.]\s?({_DAY})(?=$|\D|\d\d:)")
_COMPACT = re.compile(r"(?<![\d.,-])(20\d\d)(0[1-9]|1[0-2])([0-3]\d)(?![\d.,-])")
_NAMED = re.compile(
    rf"{_BEFORE}({_DAY})\s?(?:st|nd|rd|th|er|\.|°|º)?[\s\-./,]*(?:of\s+|de\s+)?({_MONTH})"
    rf"[\s\-./,]*(?:de\s+|del\s+)?({_YEAR}){_AFTER}",
    re.IGNORECASE,
)
_MONTH_LEADS = re.compile(
    rf"(?<![^\W\d_])({_MONTH})[\s\-./]*({_DAY})(?:st|nd|rd|th)?\s?[\s,\-./]\s*({_YEAR}){_AFTER}", re.IGNORECASE
)
_YEAR_LEADS = re.compile(rf"{_BEFORE}(20\d\d)[\s\-./]*({_MONTH})[\s\-./]*({_DAY})(?!\d)", re.IGNORECASE)


def _number(text: str) -> int:
    digits = text.strip("'").translate(SLIPS)
    return int(digits) if digits.isdigit() else -1


def _day(year: str, month: int, day: int) -> date | None:
    full = _number(year)
    if len(year.strip("'")) == 2:
        full += 2000
    try:
        return date(full, month, day) if EARLIEST_YEAR <= full <= LATEST_YEAR else None
    except ValueError:
        return None


def _read_numeric(match: re.Match[str]) -> tuple[date | None, date | None]:
    first, second = _number(match[1]), _number(match[2])
    if sum(c.isdigit() for c in match[0]) < 4 or ("," in match[0] and len(match[3]) != 4):
        return None, None
    if len(match[3]) < 4 and len({c for c in match[0] if c in "-/.,"}) > 1:  # "4 -20.00" is a quantity and an amount
        return None, None
    return _day(match[3], second, first), _day(match[3], first, second)


def _read_iso(match: re.Match[str]) -> tuple[date | None, date | None]:
    day = _day(match[1], _number(match[2]), _number(match[3]))
    return day, day


def _read_named(match: re.Match[str]) -> tuple[date | None, date | None]:
    month = _month(match[2])
    day = _day(match[3], month, _number(match[1])) if month else None
    return day, day


def _read_month_leads(match: re.Match[str]) -> tuple[date | None, date | None]:
    month = _month(match[1])
    day = _day(match[3], month, _number(match[2])) if month else None
    return day, day


def _read_year_leads(match: re.Match[str]) -> tuple[date | None, date | None]:
    month = _month(match[2])
    day = _day(match[1], month, _number(match[3])) if month else None
    return day, day


# In this order; a later pattern may not overlap an earlier find.
_PATTERNS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[date | None, date | None]]], ...] = (
    (_ISO, _read_iso),
    (_NUMERIC, _read_numeric),
    (_NAMED, _read_named),
    (_MONTH_LEADS, _read_month_leads),
    (_YEAR_LEADS, _read_year_leads),
    (_SPACED, _read_numeric),
    (_COMPACT, _read_iso),
)


def find_dates(text: str) -> list[DateMatch]:
    """All dates inside `text`, from left to right: `1.2.2024`, `31-Oct-25`, `12 mars 2024`, `2024-02-01T10:00`."""
    if not _DATED.search(text):
        return []
    text = text.translate(TYPOGRAPHY)
    found: list[DateMatch] = []
    for pattern, read in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            day_first, month_first = read(match)
            if day_first or month_first:
                found.append(DateMatch(match.start(), match.end(), day_first, month_first))
    return sorted(found, key=lambda match: match.start)


def parse_date(text: str, order: DateOrder = "dmy") -> date | None:
    """The first date inside `text`; `order` decides what could be read both ways."""
    return next((match.read(order) for match in find_dates(text)), None)
