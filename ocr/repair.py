"""Undoes what recognition does to names and addresses: lost spaces, broken legal forms, a misread letter; to the
currency signs of amounts; and to the letter O.

Only for words from a picture; a text layer is taken as it is. Repairs go no further than words of the lexicon, signs
that stand at the page's other amounts, and a zero among letters.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from ocr.addresses import word_set
from ocr.lexicon.labels import words_of_numbers
from ocr.parse import fold, without_accents
from ocr.types import Word

SHORTEST_PART = 4  # letters of a word that a glued one may be cut into
SHORTEST_KNOWN = 6  # letters of a known word that proves a cut inside mixed case
SHORTEST_GLUED = 12  # letters of a word in capitals that is looked into
SHORTEST_MISREAD = 6  # letters of a word that is corrected by one letter
FEWEST_LETTERS = 4  # in capitals, that make a word with a zero among them no code

_SDN_BHD = re.compile(r"\bS\s?[DO0]\s?N\.?\s*[BD]\s?H\s?D\b|\bS\s?D?\s?N\.? [BD]\s?H\s?D\b", re.IGNORECASE)
_S_B = re.compile(r"\s[S5]\s?/\s?[B8]$")
_CAMEL = re.compile(r"(?<=[a-z]{3})(?=[A-Z][a-z]{3})")
_SIGNED = re.compile(r"([-+(]*)([^\W\d_]|[£€$])(\d[\d.,]*[.,]\d\d\)?-?)")
_STROKE_IN_CAPITALS = re.compile(r"^(?=[A-Z]*l)[A-Zl]{2,5}(?=[-/]?\d{3,}$)")
_ZERO_IN_LETTERS = re.compile(r"(?=[A-Z]+0)[A-Z0]+(?![^\W_])")
_AMONG_LETTERS = re.compile(r"[A-Z]0[A-Z]")
_LETTERED = re.compile(r"^([-+(]*(?:US|AU|NZ|CA|HK|A|C|S))S([-+]?\d[\d.,]*[.,]\d\d\)?-?)$")  # "AS12.50" for "A$12.50"
_MISREAD = {"£": "fFEtL", "€": "EeCcG", "$": "S"}  # letters that a currency sign is read as


def repair_words(words: Sequence[Word]) -> list[Word]:
    """The words of a page with the letters and signs put right that its other words, or their own letters, tell."""
    seen = frozenset(word.text for word in words)
    return repair_signs([replace(word, text=_with_letters(word.text, seen)) for word in words])


def _with_letters(text: str, seen: frozenset[str]) -> str:
    """A word whose small l is an I among capitals ("Sl686703"), and whose zero is an O: among letters ("INV0ICE"),
    before a number or as its prefix ("P0 4711", "P0-4711"), or where the same number is printed with an O, too."""
    text = _STROKE_IN_CAPITALS.sub(lambda match: match[0].replace("l", "I"), text)
    match = _ZERO_IN_LETTERS.match(text)
    if match is None:
        with_letter = text.replace("0", "O", 1)
        return with_letter if with_letter in seen and text[:1].isupper() else text
    head = match[0].replace("0", "O")
    among = len(head) - match[0].count("0") >= FEWEST_LETTERS and _AMONG_LETTERS.search(match[0])
    return f"{head}{text[match.end() :]}" if among or fold(head) in words_of_numbers() else text


def repair_order(number: str) -> str:
    """The number of an order whose letters PO were read as P0: "P06835"."""
    return re.sub(r"^P0(?=[1-9]\d{2,}$)", "PO", number)


def repair_signs(words: Sequence[Word]) -> list[Word]:
    """The words of a page, the currency signs before its amounts put right: "f17.48" where others are "£4.84", only
    where the sign stands before more amounts than the letter; and "AS17.48", whose letters are of a dollar's sign."""
    words = [replace(word, text=_LETTERED.sub(r"\1$\2", word.text)) for word in words]
    signed = [_SIGNED.fullmatch(word.text) for word in words]
    count = Counter(match[2] for match in signed if match)
    printed = {
        letter: sign for sign, letters in _MISREAD.items() for letter in letters if count[sign] > count[letter] > 0
    }
    return [
        replace(word, text=f"{match[1]}{printed[match[2]]}{match[3]}") if match and match[2] in printed else word
        for word, match in zip(words, signed, strict=True)
    ]


def repair_name(text: str, country: str) -> str:
    """A name as it was probably printed."""
    if country == "MY":
        text = _SDN_BHD.sub("SDN BHD", without_accents(text))
        text = _S_B.sub(" S/B", text)
    return " ".join(_respace(word, country) for word in text.split())


def repair_address(text: str, country: str) -> str:
    """A line of an address as it was probably printed."""
    if country == "MY":
        text = without_accents(text)
        text = re.sub(r"\b(JALAN|TAMAN|LORONG|KAMPUNG|BANDAR)(?=[A-Z]{3})", r"\1 ", text)
        text = re.sub(r"\b(NO|LOT)(?=\d|[A-Z]\.)", r"\1 ", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![\d/\-])(\d{5})(?=[A-Z][A-Za-z]{2})", r"\1 ", text)  # "43300SERI KEMBANGAN"
    text = re.sub(r"(?<=\d)(?=[A-Z][a-z]{3})", " ", text)  # "Seksyen U3Shah Alam"
    text = re.sub(r"\b([A-Z])I([a-z])\b", r"\1l\2", text)  # "JIn" for "Jln"
    text = re.sub(r"(?<![^\W\d_])(\d{2,})O(?![^\W_])", r"\g<1>0", text)  # "No 29O"
    if country == "US":
        text = re.sub(r"\b0([HKR])(?=,? \d{5})", r"O\1", text)
    return re.sub(r"[^\W\d_]{6,}", lambda match: _correct(_respace(match[0], country)), text)


def _respace(word: str, country: str) -> str:
    """A glued word cut at words of the lexicon: "BrewingCompany", "TAMANBERKELEY"."""
    parts = _CAMEL.split(word)
    if len(parts) > 1 and any(len(p) >= SHORTEST_KNOWN and fold(p) in _vocabulary() for p in parts):
        return " ".join(parts)
    compounds = country in ("DE", "AT", "CH", "NL", "BE")  # long words are none that lost their spaces
    if word.isupper() and word.isalpha() and len(word) >= SHORTEST_GLUED and not compounds:
        return _cut_capitals(word)
    return word


def _cut_capitals(word: str) -> str:
    if fold(word) in _vocabulary():
        return word
    for length in range(len(word) - SHORTEST_PART, SHORTEST_PART - 1, -1):
        if fold(word[-length:]) in _vocabulary():
            return f"{_cut_capitals(word[:-length])} {word[-length:]}"
        if fold(word[:length]) in _vocabulary():
            return f"{word[:length]} {_cut_capitals(word[length:])}"
    return word


def _correct(text: str) -> str:
    """A word that is one letter away from a single place's or street's name, as that name."""
    folded = fold(text)
    if len(folded) < SHORTEST_MISREAD or " " in folded or folded in _vocabulary():
        return text
    near = {word for variant in _blanked(folded) for word in _places().get(variant, ())}
    if len(near) != 1:
        return text
    known = next(iter(near))
    return known.upper() if text.isupper() else known.capitalize()


@cache
def _vocabulary() -> frozenset[str]:
    topics = ("business", "streets", "places", "legal_forms")
    return frozenset(
        w for topic in topics for phrase in word_set(topic) for w in phrase.split() if len(w) >= SHORTEST_PART
    )


@cache
def _places() -> dict[str, set[str]]:
    """Words of places and streets by what is left of them with one letter blanked."""
    found: dict[str, set[str]] = {}
    for phrase in word_set("places") | word_set("address_starts"):
        for word in phrase.split():
            if len(word) >= SHORTEST_MISREAD:
                for variant in _blanked(word):
                    found.setdefault(variant, set()).add(word)
    return found


def _blanked(word: str) -> list[str]:
    return [f"{word[:i]}?{word[i + 1 :]}" for i in range(len(word))]
