"""The reader's evidence in words: "left:invoice_number" as "labelled “invoice number”"."""

from collections.abc import Iterable

from ocr.types import FIELD_NAMES

WORDS = {
    "tallest": "the largest print",
    "domain": "fits the web address",
    "topmost": "at the top",
    "bottom": "at the foot",
    "foot": "in the foot of the page",
    "labelled": "labelled",
    "template": "as in corrected documents",
    "mark": "by the currency sign",
    "code": "by the currency code",
    "country": "by the country",
    "under the name": "under the supplier's name",
    "near the name": "beside the supplier's name",
    "rank:0": "the largest amount",
    "column:sum": "the amounts above add up to it",
    "eq:net+tax": "net and tax make it",
    "eq:sum+tax": "lines and tax make it",
    "eq:items": "the lines add up to it",
    "eq:gross-net": "total less net",
    "eq:gross-due": "total less balance",
    "eq:gross-paid": "total less payments",
    "eq:paid+due": "payments and balance make it",
    "eq:same_as_total": "the same as the total",
    "eq:same_as_net": "the same as the net total",
    "eq:same_as_due": "the same as the balance",
    "eq:same_as_paid": "the same as was paid",
    "eq:rate_of": "the printed rate of the net total",
    "eq:net_of_rate": "fits the printed tax rate",
    "eq:with_rate": "fits the printed tax rate",
    "eq:after_rounding": "after rounding",
    "eq:before_rounding": "before rounding",
    "eq:tender-change": "tendered less change",
}
PLACES = {
    "left": "labelled “{}”",
    "only": "the only “{}” printed",
    "up": "under “{}”",
    "up_noleft": "under “{}”",
    "col": "in the column of “{}”",
    "col2": "in the column of “{}”",
    "col_noleft": "in the column of “{}”",
    "words": "behind “{}”",
    "values": "behind “{}”",
    "wrap": "after “{}” on the line before",
    "row": "in the row of “{}”",
    "total_row_col": "in the row of “{}”",
    "section": "in the section “{}”",
    "section_0": "in the section “{}”",
    "section_1": "in the section “{}”",
    "section_beside": "beside the section “{}”",
}


def in_words(evidence: Iterable[str]) -> list[str]:
    """What is worth telling a reviewer, strongest first; what only counts in sum (a word's height, a row's length) is
    left out. A term of EN 16931 ("BT-112") is told as it is."""
    told = [phrase for name in evidence if (phrase := phrase_of(str(name)))]
    return list(dict.fromkeys(told))


def phrase_of(name: str) -> str:
    name = name.rpartition("|")[2]
    if name in WORDS or name.startswith("BT-"):
        return WORDS.get(name, name)
    place, _, label = name.partition(":")
    if place in PLACES and label:
        return PLACES[place].format(label.replace("_", " "))
    # A value that follows from another one.
    return f"from the {name.replace('_', ' ')}" if name in FIELD_NAMES else ""
