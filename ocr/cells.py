"""Rows of words → typed tokens: amounts, numbers, percentages, dates, codes, units, words.

Words that print one value ("€ 399,00", "RM20. 40", "12.00 -", "19 %") become one token.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import cache
from itertools import pairwise

from ocr.addresses import word_set
from ocr.layout import Row
from ocr.lexicon import load_table
from ocr.parse import CURRENCY_MARK, TYPOGRAPHY, find_dates, fold, parse_amount, parse_quantity
from ocr.types import Word

JOIN_GAP = 1.2  # word heights: parts of one value ("€ 399,00") stand closer
THOUSANDS_GAP = 0.45  # word heights: thousands parted by a space stand closer
LONGEST_NUMBER = 6  # digits: a longer run without separators is a code, not a quantity
LONGEST_VALUE = 3  # words that one amount may be printed in
SHORTEST_DIGIT_CODE = 4  # digits
TIMES_SIGNS = frozenset({"x", "X", "@", "*", "\u00d7"})

_CURRENCY = re.compile(rf"^\(?-?{CURRENCY_MARK}$", re.IGNORECASE)
_DECIMALS = r"(?:\d{1,3}(?:[.,' ]\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d+)?[.,]\s?\d{2}"
_AMOUNT = re.compile(
    rf"^[-+(]{{0,2}}\s?(?:{CURRENCY_MARK})?\s?[-+(]?\s?{_DECIMALS}\)?\s?-?\)?\s?(?:{CURRENCY_MARK}|CR|DR)?\)?$",
    re.IGNORECASE,
)
_MARKED = re.compile(
    rf"^[-+(]{{0,2}}(?:{CURRENCY_MARK}\s?[-+]?\d[\d.,']*|\d[\d.,']*\s?{CURRENCY_MARK})\)?-?$", re.IGNORECASE
)
_GLUED_MARK = re.compile(rf"^([-+(]?(?:{CURRENCY_MARK})?[-+(]?{_DECIMALS}[-)]?)\s?[*#]?([A-Z]|SR|ZRL|ZR|TX)$")
_PER_UNIT = re.compile(r"(?<=\d[.,]\d\d)\s?/\s?[A-Za-z]{1,6}\.?$")  # "0.85/pc"
_SPACED = re.compile(r"^-?\d{1,3}(?: \d{3})+,\d{2}$")  # "2 450,00"
_SLIPPED = re.compile(r"^[-+]?[\dOoIl|SB]{1,6}[.,][\dOoIl|SB]{2}$")
_NUMBER = re.compile(r"^[-+]?\d{1,3}(?:[.,']\d{3})*(?:[.,]\d+)?-?$|^[-+]?\d+(?:[.,]\d+)?-?$|^[.,]\d+$")
_PERCENT = re.compile(r"^[-+]?\d{1,2}(?:[.,]\d{1,4})?\s?%$")
_CODE = re.compile(r"^(?=.*\d)[A-Z0-9][A-Z0-9./_\-]{2,23}$", re.IGNORECASE)
_PACK = re.compile(
    r"^\d+(?:[.,]\d+)?(?:x\d+(?:[.,]\d+)?)*(?:kg|g|mg|ml|cl|l|lb|oz|cm|mm|m|gal|pk|s|day|h|er|%)?$", re.IGNORECASE
)
_MEASURE = r"(?:kg|g|gm|mg|ml|cl|l|ltr|litres?|lb|oz|cm|mm|m|gal|pk|s)"
_CASE = re.compile(rf"^\d+\s?[x\u00d7]\s?(?:\d+\s?[x\u00d7]\s?)?\d+(?:[.,]\d+)?\s?{_MEASURE}$", re.IGNORECASE)
_COUNTED = re.compile(r"([-+]?\d{1,4}(?:[.,]\d{2,3}(?=\w[a-z]{2})|[.,]\d{3}))([^\W\d_a-z]\w\S*)")
_TIMES = re.compile(r"(\d{1,4}(?:[.,]\d{1,3})?)[xX\u00d7]")  # "24.00x"
_TIMES_NAME = re.compile(r"(\d{1,3}[xX\u00d7])([^\W\d_a-z][a-z\u00df-\u00ff]\w+)")  # "2xLatte"
_NUMBER_UNIT = re.compile(r"^([-+]?\d+(?:[.,]\d+)?)\s?([A-Za-zµ]{1,8})\.?$")
# "2 of 5": how many were sent of how many that were ordered.
PARTIAL = re.compile(r"(\d{1,4}(?:[.,]\d{1,3})?) (?:of|von|van|de|sur|di) (\d{1,4}(?:[.,]\d{1,3})?)")
_DIGIT = re.compile(r"\d")


class Kind(StrEnum):
    AMOUNT = "amount"  # a number with two decimals, or with a currency mark
    NUMBER = "number"
    PERCENT = "percent"
    DATE = "date"
    CODE = "code"
    UNIT = "unit"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Token:
    """A value or a word of a row. left, right: page units. number: what an amount, number or percentage says."""

    text: str
    kind: Kind
    words: tuple[Word, ...]
    left: float
    right: float
    height: float
    number: Decimal | None = None

    @property
    def confidence(self) -> float:
        return min(word.confidence for word in self.words)

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2


def make_token(text: str, kind: Kind, words: tuple[Word, ...], number: Decimal | None = None) -> Token:
    height = max(word.bottom - word.top for word in words)
    return Token(text, kind, words, words[0].left, max(word.right for word in words), height, number)


@cache
def unit_words() -> frozenset[str]:
    return frozenset(load_table("columns")["units"]["words"])


def decimal_sign(rows: Iterable[Row]) -> str:
    """ "." or ",", as most numbers with two decimals are printed; "" where there are none."""
    found: Counter[str] = Counter()
    for row in rows:
        for word in row.words:
            match = re.search(r"\d([.,])\d{2}\D{0,2}$", word.text)
            if match:
                found[match[1]] += 1
    return found.most_common(1)[0][0] if found else ""


def read_tokens(row: Row, decimal: str = "") -> tuple[Token, ...]:
    """The tokens of a row from left to right; every word is in exactly one."""
    row = replace(row, words=tuple(part for word in row.words for part in _unglued(word)))
    dates = _dated_words(row)
    tokens: list[Token] = []
    start = 0
    while start < len(row.words):
        if start in dates:
            end = dates[start]
            words = row.words[start:end]
            tokens.append(make_token(_text(words), Kind.DATE, words))
        else:
            token = _value_at(row.words, start, decimal) or _single(row.words[start], decimal)
            tokens.append(token)
            end = start + len(token.words)
        start = end
    return tuple(tokens)


def _unglued(word: Word) -> tuple[Word, ...]:
    """A word, or quantity and name that stand so close that they were taken for one: "3.00Rabies", "2xLatte"."""
    match = _COUNTED.fullmatch(word.text) or _TIMES_NAME.fullmatch(word.text)
    if match is None:
        return (word,)
    return cut_word(word, match[1], match[2])


def cut_word(word: Word, first: str, second: str) -> tuple[Word, Word]:
    """A word as the two that it is made of, its letters all of one width."""
    middle = word.left + (word.right - word.left) * len(first) / len(word.text)
    return replace(word, text=first, right=middle), replace(word, text=second, left=middle)


def _dated_words(row: Row) -> dict[int, int]:
    """First word → word after the last one, of every date in the row."""
    text = row.text
    spans = [(match.start, match.end) for match in find_dates(text)]
    if not spans:
        return {}
    starts, position = [], 0
    for word in row.words:
        starts.append(position)
        position += len(word.text) + 1
    found = {}
    for begin, stop in spans:
        inside = [i for i, at in enumerate(starts) if at < stop and at + len(row.words[i].text) > begin]
        if inside and sum(c.isalpha() for i in inside for c in row.words[i].text) <= 2 + (stop - begin):
            found[inside[0] - _names_weekday(row.words, inside[0])] = inside[-1] + 1
    return found


def _names_weekday(words: Sequence[Word], at: int) -> bool:
    """Whether the word before a date is the day of its week."""
    return at > 0 and fold(words[at - 1].text) in word_set("weekdays")


def _value_at(words: Sequence[Word], start: int, decimal: str) -> Token | None:
    """The longest value of two to four words that begins here ("24 x 330 ml")."""
    near = words[start : start + 4]
    if len(near) < 2 or not _stand_close(near[:2]) or not any(_DIGIT.search(word.text) for word in near):
        return None
    for length in (4, 3, 2):
        part = tuple(words[start : start + length])
        if len(part) < length or not _stand_close(part):
            continue
        text = " ".join(word.text for word in part).translate(TYPOGRAPHY)
        if _CASE.fullmatch(text):
            return make_token(text, Kind.UNIT, part)
        if length > LONGEST_VALUE:
            continue
        if partial := PARTIAL.fullmatch(text):
            return make_token(text, Kind.NUMBER, part, parse_quantity(partial[1], decimal=decimal))
        if decimal == "," and _SPACED.fullmatch(text) and _stand_close(part, THOUSANDS_GAP):
            return make_token(text, Kind.AMOUNT, part, parse_amount(text.replace(" ", ""), decimal=decimal))
        if sum(any(c.isdigit() for c in word.text) for word in part) > 1 and not re.search(r"[.,] \d{2}\b", text):
            continue
        if _PERCENT.fullmatch(text):
            return make_token(text, Kind.PERCENT, part, parse_quantity(text.rstrip("% "), decimal=decimal))
        signed = re.fullmatch(r"- ?\S+|\S+ ?-", text) is not None and re.search(r"\d[.,]\d\d", text) is not None
        marked = any(_CURRENCY.fullmatch(word.text.translate(TYPOGRAPHY)) for word in part)
        split = re.search(r"\d ?[.,] \d{2}$", text) is not None
        if signed or marked or split:
            number = parse_amount(text, decimal=decimal)
            if number is not None:
                return make_token(text, Kind.AMOUNT, part, number)
    return None


def _stand_close(words: Sequence[Word], gap: float = JOIN_GAP) -> bool:
    return all(b.left - a.right <= gap * (a.bottom - a.top) for a, b in pairwise(words))


def _single(word: Word, decimal: str) -> Token:
    text = word.text.translate(TYPOGRAPHY)
    part = (word,)
    if not _DIGIT.search(text):
        return make_token(text, Kind.UNIT if fold(text) in unit_words() else Kind.TEXT, part)
    if _PERCENT.fullmatch(text):
        return make_token(text, Kind.PERCENT, part, parse_quantity(text.rstrip("% "), decimal=decimal))
    text = _PER_UNIT.sub("", text)
    glued = _GLUED_MARK.fullmatch(text)
    if glued or _AMOUNT.fullmatch(text) or _MARKED.fullmatch(text) or _is_slipped(text):
        number = parse_amount(glued[1] if glued else text, decimal=decimal)
        if number is not None:
            return make_token(text, Kind.AMOUNT, part, number)
    if _NUMBER.fullmatch(text) and sum(c.isdigit() for c in text) <= LONGEST_NUMBER + 4 * ("." in text or "," in text):
        number = parse_quantity(text, decimal=decimal)
        if number is not None:
            return make_token(text, Kind.NUMBER, part, number)
    if times := _TIMES.fullmatch(text):
        return make_token(text, Kind.NUMBER, part, parse_quantity(times[1], decimal=decimal))
    if fold(text) in unit_words() or _CASE.fullmatch(text):
        return make_token(text, Kind.UNIT, part)
    if (_CODE.fullmatch(text) and not _PACK.fullmatch(text)) or re.fullmatch(r"\d{7,14}", text):
        return make_token(text, Kind.CODE, part)
    return make_token(text, Kind.TEXT, part)


def _is_slipped(text: str) -> bool:
    """ "O.50", "1l.20": letters for digits, but clearly an amount."""
    return _SLIPPED.fullmatch(text) is not None and sum(c.isdigit() for c in text) * 2 >= len(text) - 1


def split_quantity_unit(text: str) -> tuple[str, str] | None:
    """ "2.5kg" → ("2.5", "kg"), if that is a unit."""
    match = _NUMBER_UNIT.fullmatch(text)
    return (match[1], match[2]) if match and fold(match[2]) in unit_words() else None


def is_pack(text: str) -> bool:
    """ "20L", "24x330ml": how large, or how many in a case."""
    return _PACK.fullmatch(text) is not None and any(c.isalpha() for c in text)


def is_misread_one(text: str) -> bool:
    """A lone stroke, which in a column of quantities is a 1."""
    return text in ("I", "l", "|", "!", "i")


def is_code(token: Token) -> bool:
    """Whether a token may be an article number."""
    digits = sum(c.isdigit() for c in token.text)
    plain = token.kind is Kind.NUMBER and token.text.isdigit()
    return token.kind is Kind.CODE or (plain and digits >= SHORTEST_DIGIT_CODE)


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)
