"""How right a reading is: fields and line items held against ground truth.

A truth row is {"id", "file", "set", "kind", "fields": {name: value}, "lineItems": [...], "layout", ...} with the
names of the `extract` report. A field that the truth leaves out is unknown, and not scored. Text is compared after
folding case, punctuation and white space; names and addresses also count as right when 85 % of their words agree.
A line item is found when its last amount is equal and its description alike (0.6), one to one.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher
from statistics import fmean
from typing import Any

AMOUNTS = frozenset({"totalAmount", "subtotal", "taxAmount", "balanceDue", "amountPaid", "previousBalance"})
ALIKE_ENOUGH = frozenset({"supplier", "customer", "supplierAddress", "paymentTerms", "venue"})
NUMBERS = frozenset({"invoiceNumber", "deliveryNoteNumber", "orderNumber"})
NAME_SIMILARITY = 0.85
DESCRIPTION_SIMILARITY = 0.6
REPORT_NAMES = {"customer": "customerPrinted", "supplierBrand": "supplier"}
"""Truth names that the report calls otherwise."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One expected value and what was read. `confidence` is None where nothing was read."""

    field: str
    expected: Any
    got: Any
    right: bool
    confidence: float | None = None


@dataclass(slots=True)
class Tally:
    """Counts over documents; `f1` is 0..1."""

    expected: int = 0
    predicted: int = 0
    right: int = 0

    def add(self, *, expected: int = 1, predicted: int, right: int) -> None:
        self.expected += expected
        self.predicted += predicted
        self.right += right

    @property
    def accuracy(self) -> float:
        return self.right / self.expected if self.expected else 0.0

    @property
    def f1(self) -> float:
        total = self.expected + self.predicted
        return 2 * self.right / total if total else 0.0


def fold(text: Any) -> str:
    folded = unicodedata.normalize("NFKC", str(text)).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", folded).split())


def as_amount(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value)).quantize(Decimal("0.01"))
    except (InvalidOperation, ValueError):
        return None


def compare_fields(truth: Mapping[str, Any], document: Mapping[str, Any]) -> list[Comparison]:
    """Each field of a truth row's `fields` beside the `data` of an extract report's document."""
    data, readings = document.get("data", {}), document.get("fields", {})
    found = []
    for name, expected in truth["fields"].items():
        reported = REPORT_NAMES.get(name, name)
        got = data.get(reported)
        if name == "deliveryNoteNumber" and got is None:
            reported, got = "number", data.get("number")
        confidence = readings.get(reported, {}).get("confidence")
        found.append(
            Comparison(name, expected, got, is_right(name, expected, got), None if got is None else confidence)
        )
    return found


def is_right(name: str, expected: Any, got: Any) -> bool:
    if got is None or got == "":
        return False
    if name in AMOUNTS:
        return as_amount(got) == as_amount(expected)
    if name == "supplierBrand":
        return fold(expected).replace(" ", "") in fold(got).replace(" ", "")
    if fold(expected) == fold(got):
        return True
    if name in NUMBERS:
        return fold(expected).replace(" ", "") == fold(got).replace(" ", "")
    return name in ALIKE_ENOUGH and similarity(str(expected), str(got)) >= NAME_SIMILARITY


def similarity(left: str, right: str) -> float:
    """Share of words that both have (a word may differ by a slip of the engine), or likeness of the letters; 0..1."""
    ours, theirs = sorted(set(fold(left).split())), sorted(set(fold(right).split()))
    if not ours or not theirs:
        return 0.0
    letters = SequenceMatcher(None, fold(left).replace(" ", ""), fold(right).replace(" ", ""), autojunk=False).ratio()
    return max(2 * len(_common(ours, theirs)) / (len(ours) + len(theirs)), letters)


def _common(words: Sequence[str], others: Sequence[str]) -> list[str]:
    left, common = list(others), []
    for word in words:
        partner = next((other for other in left if other == word), None) or next(
            (other for other in left if _is_slip(word, other)), None
        )
        if partner is not None:
            left.remove(partner)
            common.append(word)
    return common


def _is_slip(word: str, other: str) -> bool:
    return len(word) > 3 and len(other) > 3 and SequenceMatcher(None, word, other).ratio() >= 0.8


def match_line_items(
    expected: Sequence[Mapping[str, Any]], got: Sequence[Mapping[str, Any]]
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Pairs of an expected and a read item, best likeness first, each used once."""
    pairs = []
    for i, wanted in enumerate(expected):
        for j, item in enumerate(got):
            if "totalPrice" in wanted and as_amount(item.get("totalPrice")) != as_amount(wanted["totalPrice"]):
                continue
            alike = _description_similarity(wanted["description"], item.get("description") or "")
            if alike >= DESCRIPTION_SIMILARITY:
                pairs.append((alike, -abs(i - j), i, j))
    used_expected: set[int] = set()
    used_got: set[int] = set()
    matched = []
    for _, _, i, j in sorted(pairs, reverse=True):
        if i not in used_expected and j not in used_got:
            used_expected.add(i)
            used_got.add(j)
            matched.append((expected[i], got[j]))
    return matched


def _description_similarity(expected: str, got: str) -> float:
    """As `similarity`, but words that the page prints under an item may follow its description."""
    wanted, words = fold(expected).split(), fold(got).split()
    alike = similarity(expected, got)
    if wanted and len(words) <= 3 * len(wanted) + 8:
        alike = max(alike, 0.95 * len(_common(wanted, words)) / len(wanted))
    return alike


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The values whose confidence lies in one bin: how many, their mean confidence and the share that is right."""

    count: int
    confidence: float
    accuracy: float


def reliability(comparisons: Iterable[Comparison], bins: int = 10) -> list[ReliabilityBin]:
    """The bins, of equal width over 0..1, that hold a value; by rising confidence."""
    members: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for c in comparisons:
        if c.confidence is not None:
            members[min(int(c.confidence * bins), bins - 1)].append((c.confidence, c.right))
    return [
        ReliabilityBin(len(inside), fmean(p for p, _ in inside), fmean(ok for _, ok in inside))
        for _, inside in sorted(members.items())
    ]


def calibration_error(comparisons: Iterable[Comparison], bins: int = 10) -> float:
    """Expected calibration error (Naeini et al., 2015): the mean distance of confidence and share right, over bins
    of equal width, weighted by their size. 0 is perfect."""
    found = reliability(comparisons, bins)
    total = sum(b.count for b in found)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in found) / total if total else 0.0


def accepted_share(comparisons: Iterable[Comparison], precision: float = 0.99) -> float:
    """The largest share of values that one threshold on confidence accepts with `precision` of them right."""
    judged = sorted(((c.confidence, c.right) for c in comparisons if c.confidence is not None), reverse=True)
    best = right = 0
    for count, (confidence, ok) in enumerate(judged, start=1):
        right += ok
        is_last_of_tie = count == len(judged) or judged[count][0] < confidence
        if is_last_of_tie and right >= precision * count:
            best = count
    return best / len(judged) if judged else 0.0
