"""Finding labels ("Invoice No", "Gesamtbetrag") in the words of a document.

A language file has `language` and a table `labels` of class = [phrases]; see en.toml. `LabelIndex` finds those phrases
in folded words, whether glued ("InvoiceNo") or, on request, with one letter misread ("lnvoice").
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ocr.lexicon import load_table
from ocr.parse import fold

QUALIFIER = "qualifier"  # class of what only belongs to the label that it stands behind ("Balance due, this invoice")
LANGUAGES = ("en", "ms", "de", "fr", "nl", "es", "it")

SHORTEST_MISREAD = 5  # letters; shorter words have too many neighbours to be corrected
MOST_PIECES = 3  # a label printed in more pieces ("Rechnungs-Datum", "Sub - Total") is not looked for
LANGUAGE_SHARE = 0.6  # a second language is kept if it has this share of the first one's labels


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """Label classes found on the words `start` to `end` (exclusive). corrected: a word was misread."""

    start: int
    end: int
    classes: frozenset[str]
    corrected: bool = False


class LabelIndex:
    """The labels of some languages, for finding them in sequences of folded words."""

    def __init__(self, languages: Iterable[str]) -> None:
        self._classes: dict[tuple[str, ...], set[str]] = {}
        for language in languages:
            for label_class, phrases in load_table(language)["labels"].items():
                for phrase in phrases:
                    words = tuple(fold(phrase).split())
                    self._classes.setdefault(words, set()).add(label_class)
            for words, classes in list(self._classes.items()):
                for variant in _variants(words, load_table(language)["labels"].get("number", ())):
                    self._classes.setdefault(variant, set(classes))
        self._longest: dict[str, int] = {}
        self._glued: dict[str, tuple[str, ...]] = {}
        self._deletions: dict[str, str] = {}
        for words in self._classes:
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))
            if len("".join(words)) > SHORTEST_MISREAD:
                self._glued.setdefault("".join(words), words)
        self._vocabulary = {word for words in self._classes for word in words}
        for word in sorted(self._vocabulary):
            for worded in _deletions(word):
                self._deletions.setdefault(worded, word)

    def find(self, words: Sequence[str], *, misread: bool = False) -> list[LabelMatch]:
        """The longest labels from left to right, none overlapping. misread: correct one wrong letter a word."""
        printed = words
        if misread:
            words = [self._correct(word) for word in words]
        found = []
        start = 0
        while start < len(words):
            match = self._match_at(words, start)
            if match is None:
                start += 1
            else:
                corrected = list(words[start : match.end]) != list(printed[start : match.end])
                found.append(LabelMatch(match.start, match.end, match.classes, corrected))
                start = match.end
        return found

    def classes(self, phrase: str) -> frozenset[str]:
        """The classes of the label that a folded phrase is; none if it is no label."""
        return frozenset(self._classes.get(tuple(phrase.split()), ()))

    def is_label(self, phrase: str) -> bool:
        """Whether the whole of a folded phrase is a label."""
        return tuple(phrase.split()) in self._classes or phrase.replace(" ", "") in self._glued

    def _match_at(self, words: Sequence[str], start: int) -> LabelMatch | None:
        first = words[start]
        for length in range(min(self._longest.get(first, 0), len(words) - start), 0, -1):
            classes = self._classes.get(tuple(words[start : start + length]))
            if classes:
                return LabelMatch(start, start + length, frozenset(classes))
        for length in range(min(MOST_PIECES, len(words) - start), 0, -1):
            if not all(words[start : start + length]):
                continue
            whole = self._glued.get("".join(words[start : start + length]))
            if whole:
                return LabelMatch(start, start + length, frozenset(self._classes[whole]))
        return None

    def _correct(self, word: str) -> str:
        if word in self._vocabulary or word in self._glued or len(word) < SHORTEST_MISREAD:
            return word
        if any(c.isdigit() for c in word):
            if sum(c.isdigit() for c in word) > 2:
                return word
            word = word.translate(str.maketrans("01583", "olsbe"))
            if word in self._vocabulary:
                return word
        return next((self._deletions[v] for v in _deletions(word) if v in self._deletions), word)


def _variants(words: tuple[str, ...], numbers: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A label with its word for "number" in the language's other words for it: "nº de pedido", "número de pedido"."""
    for at in {0, len(words) - 1} if len(words) > 1 else ():
        if words[at] in numbers:
            yield from ((*words[:at], number, *words[at + 1 :]) for number in numbers)
    if len(words) == 1 and "nummer" in numbers:
        for ending, other in (("nummer", "nr"), ("nr", "nummer")):
            if words[0].endswith(ending) and words[0] != ending:
                yield (words[0].removesuffix(ending) + other,)


def _deletions(word: str) -> list[str]:
    """The word and what is left of it without one letter, for words long enough to be told from their neighbours."""
    if len(word) < SHORTEST_MISREAD or not word.isalpha():
        return []
    return [word] + [word[:i] + word[i + 1 :] for i in range(len(word))]


@cache
def label_index(languages: tuple[str, ...]) -> LabelIndex:
    return LabelIndex(languages)


def choose_languages(words: Sequence[str]) -> tuple[str, ...]:
    """The languages that a document's folded words are labelled in: the likeliest, near equals, and always English.

    English stays because documents of every country mix it in; the others are left out so that their short words
    ("an", "del", "du") are not taken for labels.
    """
    seen = Counter(words)
    scores = {
        language: sum(min(seen[w], 2) for w in telling.intersection(seen)) for language, telling in _telling().items()
    }
    best = max(scores.values(), default=0)
    chosen = [language for language, score in scores.items() if score >= 2 and score >= LANGUAGE_SHARE * best]
    return ("en", *chosen)


NUMBERS = ("number", "invoice_number", "credit_note_number", "order_number", "sales_order", "delivery_note_number")


@cache
def words_of_numbers() -> frozenset[str]:
    """All folded words that labels of numbers are made of, in any language."""
    labels = [load_table(language)["labels"] for language in LANGUAGES]
    return frozenset(w for table in labels for name in NUMBERS for p in table.get(name, ()) for w in fold(p).split())


@cache
def _telling() -> dict[str, frozenset[str]]:
    """Words of labels that only one language besides English has, and English has not."""
    words = {
        language: {
            word for phrases in load_table(language)["labels"].values() for p in phrases for word in fold(p).split()
        }
        for language in LANGUAGES
    }
    english = words.pop("en")
    return {
        language: frozenset(
            w
            for w in own - english
            if len(w) >= 3 and not any(w in other for name, other in words.items() if name != language)
        )
        for language, own in words.items()
    }
