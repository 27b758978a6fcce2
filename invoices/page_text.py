"""The words of an invoice's pages as evidence: is a value printed anywhere, whatever it was taken for?"""

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property

from rapidfuzz import fuzz, process

from ocr.parse import parse_amount
from pims.numbers import normalise

SAME_WORD = 86  # of 100: likeness of a word and its misreading
LONGEST_NUMBER = 4  # words that one printed number may be torn into
SHORTEST_NAME = 3  # letters of a word that tells something


class PageText:
    """Words in reading order. Without any, nothing is printed as far as one can tell."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words = [word for word in words if word.strip()]

    @cached_property
    def _amounts(self) -> set[Decimal]:
        found = (parse_amount(word) for word in self.words if any(letter.isdigit() for letter in word))
        return {abs(amount) for amount in found if amount is not None}

    @cached_property
    def _numbers(self) -> set[str]:
        spans = range(1, LONGEST_NUMBER + 1)
        return {normalise("".join(self.words[i : i + n])) for n in spans for i in range(len(self.words))}

    @cached_property
    def _names(self) -> list[str]:
        return list({part for word in self.words for part in name_parts(word)})

    def has_amount(self, amount: Decimal) -> bool:
        return abs(amount) in self._amounts

    def has_number(self, number: str) -> bool:
        return normalise(number) in self._numbers

    def has_word(self, word: str) -> bool:
        return process.extractOne(word.casefold(), self._names, scorer=fuzz.ratio, score_cutoff=SAME_WORD) is not None

    def share_of(self, text: str) -> float:
        """Share of the text's words that are printed, 0..1; 0 for a text that says nothing."""
        parts = name_parts(text)
        return sum(map(self.has_word, parts)) / len(parts) if parts else 0.0


def name_parts(text: str) -> list[str]:
    """Words of at least three letters, folded: what tells one name or article from another."""
    return [part for part in re.findall(r"[^\W\d_]+", text.casefold()) if len(part) >= SHORTEST_NAME]
