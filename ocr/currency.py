"""Which country a document comes from, in which currency it is written, and in which order its dates are."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from ocr.candidates import DateCandidate
from ocr.evidence import Sheet, once
from ocr.lexicon import load_table
from ocr.parse import DateOrder

DOLLARS = frozenset({"USD", "AUD", "NZD", "CAD", "SGD"})
MOST_HITS = 3  # a pattern that occurs more often says no more
WORD_WEIGHT = 1.0
UNSURE_COUNTRY = 2.0  # evidence below this says nothing

# Shares of documents that were right, rounded down: a printed code, a mark, "$" with a country, the country alone.
CODE_CONFIDENCE, MARK_CONFIDENCE, DOLLAR_CONFIDENCE, COUNTRY_CONFIDENCE = 0.99, 0.99, 0.97, 0.93
AMBIGUOUS_ORDER, EVIDENT_ORDER = 0.85, 0.97  # confidence in day/month by default, and by the country's custom


@dataclass(frozen=True, slots=True)
class Guess:
    """A value decided for the whole document with its confidence and what spoke for it."""

    value: str
    confidence: float
    evidence: str


Scores = Mapping[str, float]
"""How much speaks for each country or currency, the likeliest first."""


@once
def country_scores(sheet: Sheet) -> Scores:
    """How much speaks for each country, from what its words, postcodes, telephone and tax numbers look like."""
    text, folded = sheet.text, f" {sheet.folded} "
    scores = {}
    for code, words, patterns in _countries():
        score = sum(WORD_WEIGHT for word in words if word in folded)
        for pattern, weight in patterns:
            hits = min(MOST_HITS, len(pattern.findall(text)))
            score += weight * (1 + 0.3 * (hits - 1)) if hits else 0.0
        if score:
            scores[code] = score
    return _ranked(scores)


def _ranked(scores: Scores) -> Scores:
    return dict(sorted(scores.items(), key=lambda entry: -entry[1]))


@cache
def _countries() -> list[tuple[str, list[str], list[tuple[re.Pattern[str], float]]]]:
    return [
        (
            code,
            [f" {word} " for word in country["words"]],
            [(re.compile(expression), float(weight)) for expression, weight in country["patterns"]],
        )
        for code, country in load_table("countries").items()
    ]


def guess_country(scores: Scores) -> str:
    """The likeliest country's code, or "" when little speaks for any."""
    code, score = next(iter(scores.items()), ("", 0.0))
    return code if score >= UNSURE_COUNTRY else ""


def guess_currency(sheet: Sheet, scores: Scores) -> Guess | None:
    """The document's currency, or None when nothing tells.

    A mark on amounts or a printed code decides; "$" needs a country; without any mark the country must be evident.
    """
    table = load_table("currencies")
    text = sheet.text
    found: Counter[str] = Counter()
    for mark, currency in table["marks"].items():
        hits = len(_mark_pattern(mark).findall(text)) if mark in text else 0
        if hits:
            found[currency] += hits
    codes = Counter(match for match in _code_pattern().findall(text) if match in table["codes"])
    for code, hits in codes.items():
        found[code] += hits
    dollars = len(re.findall(r"(?<![A-Z])\$", text))
    by_currency = scores_of_currency(scores)
    if found and (not dollars or found.most_common(1)[0][1] >= dollars):
        best = max(found, key=lambda c: (found[c], by_currency.get(c, 0.0)))
        share = found[best] / sum(found.values())
        if share > 0.5 or codes.get(best):
            return Guess(best, (CODE_CONFIDENCE if codes.get(best) else MARK_CONFIDENCE) * (0.9 + 0.1 * share), "mark")
    if dollars:
        dollar_scores = {c: s for c, s in by_currency.items() if c in DOLLARS}
        if not dollar_scores:
            return Guess("USD", 0.6, "dollar sign")
        return _by_country(dollar_scores, DOLLAR_CONFIDENCE, "dollar sign and country")
    if by_currency and max(by_currency.values()) >= UNSURE_COUNTRY:
        return _by_country(by_currency, COUNTRY_CONFIDENCE, "country")
    return None


def scores_of_currency(scores: Scores) -> Scores:
    countries = load_table("countries")
    found: dict[str, float] = {}
    for code, score in scores.items():
        currency = countries[code]["currency"]
        found[currency] = max(found.get(currency, 0.0), score)
    return _ranked(found)


def _by_country(scores: Scores, ceiling: float, evidence: str) -> Guess:
    (best, score), *rest = list(scores.items())[:2]
    margin = score - (rest[0][1] if rest else 0.0)
    return Guess(best, ceiling * (1 - 0.5 * math.exp(-margin)), evidence)


@cache
def _mark_pattern(mark: str) -> re.Pattern[str]:
    if mark in "£€₹¥" or mark.endswith("$"):
        return re.compile(rf"(?<![A-Z]){re.escape(mark)}")
    return re.compile(
        rf"(?<![^\W\d_]){re.escape(mark)}(?=[\s.:)\-]*-?\d|\)|$)|(?<=\d )(?:{re.escape(mark)})\b", re.MULTILINE
    )


@cache
def _code_pattern() -> re.Pattern[str]:
    return re.compile(r"(?<![A-Za-z])(" + "|".join(load_table("currencies")["codes"]) + r")(?![a-z])(?![A-Z])")


def guess_date_order(dates: Sequence[DateCandidate], scores: Scores, currency: str) -> tuple[DateOrder, float]:
    """In which order the document writes numeric dates, and how sure that is for an ambiguous one.

    A date that can be read in one way only decides, then the country's custom: month first in the US, else day first.
    """
    day_first = sum(d.match.day_first is not None and d.match.month_first is None for d in dates)
    month_first = sum(d.match.month_first is not None and d.match.day_first is None for d in dates)
    if day_first != month_first:
        return ("dmy" if day_first > month_first else "mdy"), 0.99
    countries = load_table("countries")
    if not scores:
        return ("mdy" if currency == "USD" else "dmy"), AMBIGUOUS_ORDER
    (best, score), *rest = list(scores.items())[:2]
    custom: DateOrder = "mdy" if countries[best].get("month_first") else "dmy"
    if currency == "USD" and score < UNSURE_COUNTRY:
        custom = "mdy"
    margin = score - (rest[0][1] if rest else 0.0)
    return custom, EVIDENT_ORDER if margin >= UNSURE_COUNTRY else AMBIGUOUS_ORDER
