"""What speaks for and against a candidate, as named numbers (0..1 mostly) that the scorer weighs.

The names are stable: the model file stores a weight for each. Prefixes: `left`, `words`, `values` are a label to
the left (directly, behind other words, behind other values), `wrap` one that ends the row above, `up` a label directly
above, `col` and `col2` the nearest and the second label further up in the column.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations
from statistics import median

from ocr.candidates import AmountCandidate, Candidate, DateCandidate, NumberCandidate
from ocr.evidence import AboveLabel, LeftLabel, Sheet
from ocr.lexicon import load_table
from ocr.parties.facts import party_section
from ocr.types import LineItem, Method

Features = dict[str, float]

CENT = Decimal("0.01")
LARGEST_ROUNDING = Decimal("0.99")
PAIR_LIMIT = 60  # amounts; sums of two are looked for among this many of the document's last ones
WIDE_GAP = 12.0  # word heights between a label and its value, beyond which it may belong to another column


class LabelView:
    """The labels that a candidate stands under, computed once. behind: one that follows its value is as good as one
    before it, where none is."""

    __slots__ = ("above", "left")

    def __init__(self, sheet: Sheet, candidate: Candidate, *, behind: bool = False) -> None:
        self.left: LeftLabel | None = sheet.label_left(candidate.row, candidate.start)
        if behind and (self.left is None or self.left.wrapped):
            self.left = sheet.label_behind(candidate.row, candidate.start, candidate.end) or self.left
        self.above: list[AboveLabel] = sheet.labels_above(candidate.row, candidate.left, candidate.right)

    def classes(self) -> dict[str, str]:
        """Relation of every label class, the closest relation first."""
        found: dict[str, str] = {}
        if self.left:
            for name in sorted(self.left.label.classes):
                found.setdefault(name, self.left_relation())
        for i, above in enumerate(self.above):
            relation = self.relation_above(i)
            for name in sorted(above.label.classes):
                found.setdefault(name, relation)
        return found

    def relation_above(self, i: int) -> str:
        """Right above; or further up in the column, as the first or second label. What stands above a heading that says
        enough by itself is a heading of something else."""
        first = self.above[0]
        says_enough = i > 0 and first.adjacent and first.label.classes.isdisjoint(_UNSAID)
        if self.above[i].adjacent and not says_enough:
            return "up"
        return "col" if i == 0 else "col2"

    def left_relation(self) -> str:
        assert self.left is not None
        if self.left.wrapped:
            return "wrap"
        if self.left.values_between:
            return "values"
        return "words" if self.left.between else "left"

    def nearest(self) -> frozenset[str]:
        """Classes of the label that most likely belongs to the value: left if it stands close, else above."""
        if self.left and not self.left.values_between:
            return self.left.label.classes
        if self.above:
            return self.above[0].label.classes
        return self.left.label.classes if self.left else frozenset()


# A weaker label names a value only where the document has none of the stronger ones.
_STRONGER = {
    "invoice_number": {"credit_note_number"},
    "number": {"invoice_number", "credit_note_number", "receipt_number"},
    "title_invoice": {"invoice_number", "receipt_number"},
    "title_credit_note": {"invoice_number", "credit_note_number", "receipt_number"},
    "receipt_number": {"invoice_number"},
    "sales_order": {"order_number"},
    "transaction_number": {"invoice_number", "receipt_number", "number", "docket"},
    "docket": {"invoice_number", "receipt_number", "number"},
    "your_reference": {"order_number"},
    "date": {"invoice_date"},
    "total": {"gross_total"},
    "amount_due": {"gross_total", "total"},
}


def row_features(sheet: Sheet, candidate: Candidate, view: LabelView) -> Features:
    """Classes of all labels left of the candidate in its row (or, wrapped, in the row above), but the nearest one."""
    if view.left and view.left.wrapped:
        labels = sheet.rows[view.left.label.row].labels
    else:
        labels = [label for label in candidate.row.labels if label.end <= candidate.start]
    return {f"row:{name}": 1.0 for label in labels[:-1] for name in label.classes}


def only_features(sheet: Sheet, view: LabelView) -> Features:
    """Weak labels beside or above the value: whether the document has better ones."""
    names = set(view.left.label.classes) if view.left and not view.left.values_between else set()
    if not names or (view.left and view.left.between):
        names |= {name for above in view.above[:1] if above.adjacent for name in above.label.classes}
    weak = names & _STRONGER.keys()
    return {f"{'outranked' if _STRONGER[n] & sheet.label_classes else 'only'}:{n}": 1.0 for n in weak}


_UNSAID = frozenset({"number", "date", "total", "other_amount", "column", "reference"})  # of what, stands further up
_VAGUE = frozenset({"total", "other_amount", "column"})


def label_features(view: LabelView, *, beside_decides: bool = False) -> Features:
    """beside_decides: a label right beside the value leaves no word to the heading of a column far above."""
    features: Features = {}
    left = view.left
    if left:
        relation = view.left_relation()
        for name in left.label.classes:
            features[f"{relation}:{name}"] = 1.0
        features[f"gap:{'wide' if left.gap > WIDE_GAP else 'near' if left.gap < 2 else 'middle'}"] = 1.0
        if left.label.closed:
            features["left_closed"] = 1.0
        if left.between > 3:
            features["left_many_words"] = 1.0
        if len(left.label.classes) > 1:
            features["left_classes"] = 1.0
    else:
        features["no_left"] = 1.0
    named = beside_decides and left and left.between == left.values_between == 0 and not left.label.classes & _VAGUE
    for i, above in enumerate(view.above):
        relation = view.relation_above(i)
        if named and not above.adjacent:
            break
        for name in above.label.classes:
            features[f"{relation}:{name}"] = 1.0
        if i == 0 and above.label.alone:
            features[f"{relation}_alone"] = 1.0
            if not left:
                for name in above.label.classes:
                    features[f"{relation}_noleft:{name}"] = 1.0
    if not view.above:
        features["no_above"] = 1.0
    return features


# Labels of a heading's row that tell what its table is about: reminders, not invoices.
_TABLE_TOPICS = frozenset({"other_date", "patient", "payment_date", "tendered", "order_number", "service_date"})


def heading_features(sheet: Sheet, view: LabelView) -> Features:
    """What stands in one row with the heading above the value."""
    if not view.above:
        return {}
    heading = view.above[0].label
    names = {n for label in sheet.rows[heading.row].labels if label is not heading for n in label.classes}
    features = {f"heading_row:{name}": 1.0 for name in names & _TABLE_TOPICS}
    if heading.classes & {"date", "invoice_date"}:  # "Order No.   Dated": the number's day
        before = next((lb for lb in reversed(sheet.rows[heading.row].labels) if lb.end <= heading.start), None)
        features |= {f"heading_left:{name}": 1.0 for name in (before.classes if before else ())}
    return features


LARGE = 1.25  # times the page's type


def place_features(sheet: Sheet, candidate: Candidate) -> Features:
    """Where the candidate stands; coarse, as layouts differ."""
    row = candidate.row
    share = row.index / max(1, len(sheet.rows) - 1)
    ratio = candidate.height / sheet.height[row.page]
    start, end = row.cell_of(candidate.start)
    return {
        f"third:{min(2, int(share * 3))}": 1.0,
        "first_rows": float(row.index < 4),
        "large": float(ratio > LARGE),
        "small": float(ratio < 0.8),
        "cell_alone": float((start, end) == (candidate.start, candidate.end)),
        "last_in_row": float(candidate.end == len(row.tokens)),
        "first_in_row": float(candidate.start == 0),
        "first_page": float(row.page == min(sheet.pages)),
        "last_page": float(row.page == max(sheet.pages)),
    }


# --- Amounts -------------------------------------------------------------------------------------------------------

_RATE = re.compile(r"(\d{1,2}(?:[.,]\d{1,2})?)\s?%")
_RATE_MARK = re.compile(
    r"^(?:[A-Z*]|S|Z|SR|ZR|ZRL|\d)?\s*[:=(]?\s*\d{1,2}(?:[.,]\d{1,2})?\s*[%)]*$|^[A-Z]$|^(?:SR|ZR|ZRL)\b"
)
_SUMS = frozenset({"total", "gross_total", "net_total", "tax", "tax_included", "amount_due"})
_WHOLES = frozenset({"total", "gross_total", "amount_due"})
_SUMMED = _WHOLES | {"other_amount"}
SHORTEST_SENTENCE = 7  # words, with figures
RATE_WORDS = 4  # at the head of a row of one rate


class AmountFacts:
    """What the amounts of a document say about each other, with the labels they stand at."""

    def __init__(
        self, sheet: Sheet, amounts: Sequence[AmountCandidate], views: Sequence[LabelView], items: Sequence[LineItem]
    ) -> None:
        self.sheet = sheet
        self.count = Counter(abs(a.value) for a in amounts if a.decimals or a.marked)
        self.values = set(self.count)
        self.by_row = Counter(a.row.index for a in amounts)
        self.order: dict[int, int] = {}
        seen: Counter[int] = Counter()
        for a in amounts:  # in reading order
            self.order[id(a)] = seen[a.row.index]
            seen[a.row.index] += 1
        self.labelled: dict[str, set[Decimal]] = {}
        for amount, view in zip(amounts, views, strict=True):
            for name in view.nearest():
                self.labelled.setdefault(name, set()).add(abs(amount.value))
        ranked = sorted(self.values, reverse=True)
        self.rank = {value: i for i, value in enumerate(ranked)}
        self.largest = ranked[0] if ranked else Decimal(1)
        self.rates = {rate for m in _RATE.finditer(sheet.text) if 0 < (rate := Decimal(m[1].replace(",", "."))) < 40}
        self.taxes = {
            (x * rate / base).quantize(CENT)
            for rate in self.rates
            for x in self.values
            if x
            for base in (100, 100 + rate)
        }
        rows: dict[int, list[AmountCandidate]] = {}
        for a in amounts:
            rows.setdefault(a.row.index, []).append(a)
        self.rate_rows = {index for index, row in rows.items() if len(row) > 1 and _is_rate_row(row)}
        self.summed_up = self._summed_up(rows.values())
        self.listed = self._listed(amounts, views)
        self.sum_of_parts = self._sums_of_parts(amounts, views)
        self.parts = {part for parts, _ in self.sum_of_parts.values() for part in parts}
        self.bottom = max((a.row.index for a in amounts), default=0)
        self.priced = sum(item.net_amount for item in items if item.net_amount is not None) if items else None
        self.item_boxes = [item.box for item in items if item.box]
        self.median_height = median([a.height for a in amounts]) if amounts else 1.0
        self.pair_sums = self._pair_sums(amounts)
        self.column_role = self._column_roles(amounts, views)
        self.roundings = [
            (a.row.index, abs(a.value))
            for a, view in zip(amounts, views, strict=True)
            if "rounding" in view.nearest() and 0 < abs(a.value) <= LARGEST_ROUNDING
        ]
        self.rows_of: dict[Decimal, list[int]] = {}
        for a in amounts:
            self.rows_of.setdefault(abs(a.value), []).append(a.row.index)

    @staticmethod
    def _listed(amounts: Sequence[AmountCandidate], views: Sequence[LabelView]) -> Decimal | None:
        """The sum of the amounts that end the rows above the first sum: of what was bought, where no heading tells."""
        found: list[Decimal] = []
        for amount, view in zip(amounts, views, strict=True):
            if view.left and view.left.label.classes & _SUMS:
                break
            if amount.end >= len(amount.row.tokens) - 1 and amount.decimals == 2 and "%" not in amount.row.text():
                found.append(amount.value)
        return sum(found, Decimal(0)) if len(found) > 1 else None

    @staticmethod
    def _sums_of_parts(
        amounts: Sequence[AmountCandidate], views: Sequence[LabelView]
    ) -> dict[int, tuple[tuple[int, int], Decimal]]:
        """Totals, by candidate, that add up two further up, each of one rate of tax ("Total 6% supplies"): those two,
        and their sum, which knows the sign better where a stroke of a pen stands before the total."""
        summed = [(a, classes) for a, v in zip(amounts, views, strict=True) if (classes := v.nearest()) & _SUMMED]
        of_rate = [a for a, _ in summed if _RATE.search(a.row.text(0, a.start)) and a.end == len(a.row.tokens)]
        found: dict[int, tuple[tuple[int, int], Decimal]] = {}
        for one, other in combinations(of_rate, 2):
            total = one.value + other.value
            for whole, classes in summed:
                is_below = one.row.index < other.row.index < whole.row.index
                if total and is_below and abs(total) == abs(whole.value) and classes & _WHOLES:
                    found[id(whole)] = ((id(one), id(other)), total)
        return found

    @staticmethod
    def _summed_up(rows: Iterable[Sequence[AmountCandidate]]) -> dict[int, str]:
        """Net, tax and gross, by candidate, of a row that sums up: "Invoice totals  2,279.86  524.38  2,804.24"."""
        found: dict[int, str] = {}
        for last in (row[-3:] for row in rows if len(row) > 2):
            net, tax, gross = (abs(a.value) for a in last)
            if net > tax > 0 and net + tax == gross and _in_total_row(last[0]):
                found |= {id(a): name for a, name in zip(last, ("net", "tax", "gross"), strict=True)}
        return found

    def _pair_sums(self, amounts: Sequence[AmountCandidate]) -> set[Decimal]:
        last = list(dict.fromkeys(abs(a.value) for a in amounts if a.decimals))[-PAIR_LIMIT:]
        return {a + b for i, a in enumerate(last) for b in last[i + 1 :] if a and b}

    @staticmethod
    def _column_roles(amounts: Sequence[AmountCandidate], views: Sequence[LabelView]) -> dict[int, str]:
        """Sums and summands of columns, by candidate: below a heading, an amount that is the sum of all above it."""
        columns: dict[tuple[int, int], list[AmountCandidate]] = {}
        for amount, view in zip(amounts, views, strict=True):
            if view.above:
                heading = view.above[0].label
                columns.setdefault((heading.row, heading.start), []).append(amount)
        roles: dict[int, str] = {}
        for column in columns.values():
            total = Decimal(0)
            for i, amount in enumerate(column):
                if i >= 2 and total and abs(total - amount.value) <= 2 * CENT:
                    roles |= {id(summand): "summand" for summand in column[:i]}
                    roles[id(amount)] = "sum"
                    break
                total += amount.value
        return roles

    def value_of(self, amount: AmountCandidate) -> Decimal:
        is_seen = self.sheet.method is Method.OCR and id(amount) in self.sum_of_parts
        return self.sum_of_parts[id(amount)][1] if is_seen else amount.value

    def of(self, *names: str) -> set[Decimal]:
        return set().union(*(self.labelled.get(name, set()) for name in names))


def _is_rate_row(amounts: Sequence[AmountCandidate]) -> bool:
    """Whether a row is of a table of taxes: net, tax, often gross of one rate, and the rate or its letter before."""
    row = amounts[0].row
    head = row.text(0, amounts[0].start)
    if any(
        label.end <= amounts[0].start for label in row.labels if label.classes & {"total", "gross_total", "net_total"}
    ):
        return False
    values = [abs(amount.value) for amount in amounts]
    adds_up = any(abs(a + b - c) <= CENT for a in values for b in values for c in values if a > b > 0 and c > a)
    marked = bool(_RATE.search(row.text())) or bool(_RATE_MARK.match(head.strip()))
    return marked and (adds_up or len(amounts) == 2) and len(head.split()) <= RATE_WORDS


def amount_features(facts: AmountFacts, amount: AmountCandidate, view: LabelView) -> Features:
    features = label_features(view, beside_decides=True) | only_features(facts.sheet, view)
    features |= place_features(facts.sheet, amount)
    features |= row_features(facts.sheet, amount, view)
    value = abs(amount.value)
    classes = view.nearest()
    rank = facts.rank.get(value, 99)
    features |= {
        f"decimals:{min(amount.decimals, 3)}": 1.0,
        "marked": float(amount.marked),
        "negative": float(amount.value < 0),
        "zero": float(value == 0),
        f"rank:{rank if rank < 3 else 'few' if rank < 6 else 'many'}": 1.0,
        f"times:{min(3, facts.count.get(value, 0))}": 1.0,
        f"row_amounts:{min(3, facts.by_row[amount.row.index])}": 1.0,
        f"order:{min(2, facts.order[id(amount)])}": 1.0,
        "percent_in_row": float("%" in amount.row.text()),
        "bottom": float(amount.row.index == facts.bottom),
        "tall": float(amount.height > 1.3 * facts.median_height),
        "in_item": float(_inside_item(facts, amount)),
        "no_class": float(not classes),
    }
    if _tells_payment(amount):
        features["sentence:paid"] = 1.0
    if "left:tendered" in features and value in facts.of("gross_total", "total"):
        features["tendered&total"] = 1.0
    if amount.row.index in facts.rate_rows:
        features[f"rate_row:{'one' if len(facts.rate_rows) == 1 else 'several'}"] = 1.0
    if id(amount) in facts.parts:
        features["parts:part"] = 1.0
    elif id(amount) in facts.sum_of_parts:
        features["parts:whole"] = 1.0
    if id(amount) in facts.summed_up:
        features[f"summed_up:{facts.summed_up[id(amount)]}"] = 1.0
    if id(amount) in facts.column_role:
        features[f"column:{facts.column_role[id(amount)]}"] = 1.0
    if facts.by_row[amount.row.index] > 1 and view.above and _in_total_row(amount):
        for name in view.above[0].label.classes:
            features[f"total_row_col:{name}"] = 1.0
    features |= _sums_and_rounding(facts, amount)
    return features


def _tells_payment(amount: AmountCandidate) -> bool:
    """Whether a sentence says that its amount was paid: "We have received your payment of £120.00 with thanks."."""
    start, end = amount.row.cell_of(amount.start)
    words = {word for token in amount.row.tokens[start:end] for word in token.words}
    payments = load_table("payments")
    return (
        end - start >= SHORTEST_SENTENCE
        and not words.isdisjoint(payments["settled"])
        and words.isdisjoint(payments["asking"])
    )


def _sums_and_rounding(facts: AmountFacts, amount: AmountCandidate) -> Features:
    """The amount's equations. A sum that was rounded hands its equations on to the one after rounding."""
    value = abs(amount.value)
    before, after = _rounded(facts, amount)
    if before is not None:
        return _arithmetic(facts, value) | _arithmetic(facts, before) | {"eq:after_rounding": 1.0}
    return {"eq:before_rounding": 1.0} if after else _arithmetic(facts, value)


def _rounded(facts: AmountFacts, amount: AmountCandidate) -> tuple[Decimal | None, bool]:
    """The sum that the amount is the rounded one of, if any; and whether it is itself a sum that was rounded."""
    value, row = abs(amount.value), amount.row.index
    before, after = None, False
    for at, rounding in facts.roundings:
        for other in (value - rounding, value + rounding):
            rows = facts.rows_of.get(other, []) if value > LARGEST_ROUNDING else []
            if row >= at and any(r <= at for r in rows):
                before = other
            after |= row <= at and any(r >= at for r in rows)
    return before, after and before is None


def _in_total_row(amount: AmountCandidate) -> bool:
    """Whether the row begins with a total's label: its amounts are then told apart by their columns' headings."""
    first = next((label for label in amount.row.labels if label.end <= amount.start), None)
    return first is not None and bool(first.classes & {"total", "gross_total", "net_total", "other_amount"})


def _inside_item(facts: AmountFacts, amount: AmountCandidate) -> bool:
    if not facts.item_boxes:
        return False
    box = facts.sheet.box(amount.row, amount.start, amount.end)
    middle = (box.top + box.bottom) / 2
    return any(b.top <= middle <= b.bottom and b.left <= box.left <= b.right for b in facts.item_boxes)


def _arithmetic(facts: AmountFacts, value: Decimal) -> Features:
    """Equations with the document's other amounts; the labels of those decide which role the equation gives."""
    if not value:
        return {}
    values = facts.values
    net, tax = facts.of("net_total"), facts.of("tax", "tax_included") - {Decimal(0)}
    gross, due = facts.of("gross_total", "total"), facts.of("amount_due")
    paid, before = facts.of("amount_paid", "tendered"), facts.of("previous_balance")
    change, other = facts.of("change"), facts.of("other_amount")
    features = {
        "eq:net+tax": any(value - t in net for t in tax),
        "eq:x+tax": any(value - t in values and value - t > t for t in tax),
        "eq:gross+tax": any(value - t in gross for t in tax if t < value / 2),
        "eq:net+x": any(value - n in values and value - n < n for n in net if n != value),
        "eq:sum+tax": any(value + t in gross | due for t in tax if t < value),
        "eq:sum+taxes": any(value + a + b in gross for a, b in combinations(tax, 2) if a + b < value),
        "eq:x-tax": any(value + t in values for t in tax if t < value),
        "eq:gross-net": any(g - value in net for g in gross if g > value),
        "eq:gross-x": any(g - value in values and value < g / 2 for g in gross if g > value),
        "eq:tender-change": any(p - c == value for p in paid for c in change),
        "eq:tendered_over": any(value - c in gross for c in change if 0 < c < value),
        "eq:paid+due": any(value - p in due for p in paid if p < value),
        "eq:gross-paid": any(g - p == value for g in gross for p in paid),
        "eq:due-before": any(d - value in before for d in due if d > value),
        "eq:gross-due": any(g - d == value for g in gross for d in due),
        "eq:pair": value in facts.pair_sums,
        "eq:items": facts.priced is not None and abs(value) == abs(facts.priced),
        "eq:listed": facts.listed is not None and value == abs(facts.listed),
        "eq:groups": any(value - g in other or value + g in other for g in facts.of("tax_included")),
        "eq:with_rate": any(abs(value * r / (100 + r)).quantize(CENT) in values for r in facts.rates),
        "eq:rate_of": value in facts.taxes,
        "eq:net_of_rate": any((value * (100 + r) / 100).quantize(CENT) in values for r in facts.rates),
        "eq:same_as_total": value in gross,
        "eq:same_as_due": value in due,
        "eq:same_as_paid": value in paid,
        "eq:same_as_net": value in net,
    }
    return {name: 1.0 for name, holds in features.items() if holds}


# --- Dates ---------------------------------------------------------------------------------------------------------

ANCIENT_DAYS = 5 * 365  # before the latest day of the document: a law is as old, or an animal
_TIME = re.compile(r"\b\d{1,2}[:.]\d\d\b")


class DateFacts:
    """What the dates of a document say about each other. readings: each candidate's day as decided for the document."""

    def __init__(self, sheet: Sheet, dates: Sequence[DateCandidate], readings: Sequence[date]) -> None:
        self.sheet = sheet
        self.count = Counter(readings)
        self.ranked = sorted(self.count)
        self.first_row = min((d.row.index for d in dates), default=0)
        self.by_row = Counter(d.row.index for d in dates)


def date_features(facts: DateFacts, candidate: DateCandidate, day: date, view: LabelView) -> Features:
    row = candidate.row
    rest = row.text(candidate.end, min(candidate.end + 3, len(row.tokens))) + candidate.text[-8:]
    features = label_features(view) | only_features(facts.sheet, view) | place_features(facts.sheet, candidate)
    features |= row_features(facts.sheet, candidate, view)
    features |= heading_features(facts.sheet, view)
    rank = facts.ranked.index(day)
    features |= {
        "time": float(bool(_TIME.search(rest)) and ":" in rest),
        "only_date": float(len(facts.ranked) == 1),
        "earliest": float(rank == 0),
        "latest": float(rank == len(facts.ranked) - 1),
        "ancient": float((facts.ranked[-1] - day).days > ANCIENT_DAYS),
        f"times:{min(3, facts.count[day])}": 1.0,
        "topmost": float(row.index == facts.first_row),
        "row_dates": float(facts.by_row[row.index] > 1),
        "row_has_amount": float(bool(re.search(r"\d[.,]\d\d\b(?![.,/-])", row.text(candidate.end)))),
        "row_alone": float(candidate.start == 0 and candidate.end == len(row.tokens)),
    }
    return features


# --- Numbers -------------------------------------------------------------------------------------------------------

_SHAPES = (
    ("invoice_prefix", re.compile(r"^(?:INV?|I|S[IL]|R[EG]?|RNR|FAC?|F[TV]?|VF|TI|AR|BILL)[-/ ]?\d", re.IGNORECASE)),
    ("credit_prefix", re.compile(r"^(?:CN|CR|SC|GS|AV|CM|ADJ|NC|AB|G)[-/ ]?\d", re.IGNORECASE)),
    ("order_prefix", re.compile(r"^(?:PO|P\.O|ORD|SO|BE|AB|CMD|BC|OC|OD|AU)[-/ ]?\d", re.IGNORECASE)),
    ("note_prefix", re.compile(r"^(?:DN|DEL|D|DO|DD|LS|BL|PB|ALB|DDT|PS|DSP|GDN|CON)[-/ ]?\d", re.IGNORECASE)),
    ("vat_id", re.compile(r"^(?:GB|DE|FR|NL|IE|ES|IT|AT|BE)\s?[A-Z]?\d{7,}", re.IGNORECASE)),
    ("year", re.compile(r"^(?:19|20)\d\d$")),
    ("has_year", re.compile(r"(?:^|\D)20[12]\d(?:\D|$)")),
    ("page", re.compile(r"^\d{1,2}/\d{1,2}$")),
    ("payment_prefix", re.compile(r"^(?:PMT|PAY|PYMT|RCPT|TXN|TRN|AUTH)[-/ ]?\d", re.IGNORECASE)),
    ("postcode", re.compile(r"^[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}$|^[A-Z]\d\d ?[A-Z\d]{4}$")),
    ("all_digits", re.compile(r"^\d+$")),
    ("letters_first", re.compile(r"^[A-Za-z]")),
    ("mixed_end", re.compile(r"\d[A-Za-z]+$")),
    ("has_dash", re.compile(r"[-/]")),
    ("has_space", re.compile(r"\s")),
    ("has_dot", re.compile(r"\.")),
    ("quantity", re.compile(r"^\d{1,4}[.,]\d{1,3}$")),
)  # fmt: skip


_VAGUE_NUMBERS = frozenset(
    {"reference", "your_reference", "number", "receipt_number", "other_number", "title_invoice", "delivery_date"}
)


class NumberFacts:
    """What the numbers of a document say about each other."""

    def __init__(self, sheet: Sheet, numbers: Sequence[NumberCandidate]) -> None:
        self.sheet = sheet
        self.count = Counter(number.value for number in numbers)
        self.spans = {(n.row.index, n.start, n.end) for n in numbers}


_AMOUNT_IN_ROW = re.compile(r"(?<![\d.,])\d[\d.,]*[.,]\d\d(?![.,/-]?\d)")  # no day


def number_features(facts: NumberFacts, number: NumberCandidate, view: LabelView) -> Features:
    features = label_features(view) | only_features(facts.sheet, view) | place_features(facts.sheet, number)
    features |= row_features(facts.sheet, number, view)
    value = number.value
    digits = sum(c.isdigit() for c in value)
    for name, shape in _SHAPES:
        if shape.search(value):
            features[f"shape:{name}"] = 1.0
    shapes = [n for n, shape in _SHAPES[:4] if shape.search(value)]
    for name in view.nearest() & _VAGUE_NUMBERS:
        features |= {f"{name}&{shape}": 1.0 for shape in shapes}
    if "number" in view.nearest():
        features |= _whose_number(facts.sheet, number, view)
    row = number.row
    title = {name for label in row.labels for name in label.classes if name.startswith("title_")}
    wider = any(
        (row.index, s, e) in facts.spans
        for s in range(max(0, number.start - 2), number.start + 1)
        for e in range(number.end, number.end + 3)
        if (s, e) != (number.start, number.end)
    )
    features |= {
        f"digits:{digits if digits < 4 else '4-5' if digits < 6 else '6-8' if digits < 9 else '9+'}": 1.0,
        f"times:{min(3, facts.count[value])}": 1.0,
        "inside_wider": float(wider),
        "joined": float(number.end - number.start > 1),
        "cut_cell": float(number.end < row.cell_of(number.start)[1]),
        "amounts_in_row": float(bool(_AMOUNT_IN_ROW.search(row.text()))),
        "crowning": float(_is_crowning(facts.sheet, number, view)),
    }
    for name in title:
        features[f"row_{name}"] = 1.0
    return features | _prefix_features(number, view)


def _is_crowning(sheet: Sheet, number: NumberCandidate, view: LabelView) -> bool:
    """Whether a number stands in the head by itself and in large type, as the title does that it replaces."""
    row = number.row
    is_head = row.page == min(sheet.pages) and row.index < len(sheet.rows) / 2
    is_large = number.height > LARGE * sheet.height[row.page]
    return is_head and is_large and view.left is None and number.start == 0 and number.end == len(row.tokens)


def _whose_number(sheet: Sheet, number: NumberCandidate, view: LabelView) -> Features:
    """What a bare "No." counts: the document whose title it follows, or the party whose block it stands in."""
    row = number.row
    if _is_titled(view) or any(label.is_title and label.end <= number.start for label in row.labels):
        return {"number&title": 1.0}
    left, right = row.tokens[number.start].left, row.tokens[number.end - 1].right
    section = party_section(sheet, row, number.start, left, right)
    return {f"number&{section.name}": 1.0} if section else {}


def _is_titled(view: LabelView) -> bool:
    """Whether the document's title stands right over the label that is nearest: "Factura" over "Número"."""
    return any(above.label.is_title for above in view.above[:2])


def _prefix_features(number: NumberCandidate, view: LabelView) -> Features:
    """Whether initials before the figures are part of the number: they are if another label names it already.

    "Delivery note  DN 0712" has the number DN 0712; "DN: 0712" has 0712.
    """
    row = number.row
    heading = view.above[0].label.classes if view.above and view.above[0].adjacent else frozenset()
    for label in row.labels:
        if not label.initials or label.closed:
            continue
        named = not heading.isdisjoint(label.classes | {"number"}) or any(
            other.end == label.start for other in row.labels
        )
        if named and label.start == number.start and label.end < number.end:
            return {"prefixed": 1.0}
        if named and label.end == number.start:
            return {"bare_of_prefix": 1.0}
    return {}
