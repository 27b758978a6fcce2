"""Decides a document's header values: candidates and their evidence, one joint decision, calibrated confidences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from ocr.addresses import has_word
from ocr.candidates import (
    Candidate,
    NumberCandidate,
    clean_number,
    find_amounts,
    find_date_candidates,
    find_numbers,
)
from ocr.currency import country_scores, guess_country, guess_currency, guess_date_order
from ocr.details import is_person
from ocr.evidence import Sheet, once
from ocr.features import (
    AmountFacts,
    DateFacts,
    Features,
    LabelView,
    NumberFacts,
    amount_features,
    date_features,
    number_features,
)
from ocr.parse import fold
from ocr.parties.election import PARTY_FIELDS, NameOption, elect_parties, party_options
from ocr.parties.fields import name_fields, read_parties
from ocr.repair import repair_order
from ocr.scorer import FieldModel, field_model, sum_of_logits
from ocr.templates import Guide, Template
from ocr.types import DocumentKind, Field, LineItem, Method, Page, ReadPayment, Value

AMOUNT_FIELDS = ("gross_total", "net_total", "tax_total", "amount_paid", "previous_balance", "amount_due")
DATE_FIELDS = ("issue_date", "due_date", "delivery_date")
NUMBER_FIELDS = ("invoice_number", "order_number", "delivery_note_number")

BEST_KEPT = 6  # values of a field that take part in the joint decision
# Logits of the joint decision; chosen by cross-validation over layouts (bench/train_fields.py --tune).
HOLDS, FAILS = 3.0, -1.5  # an equation of three printed amounts
SAME_PLACE = -8.0  # one printed place read as two fields
OUT_OF_ORDER = -1.5  # due before it was issued
TOO_LONG, LONGEST_TERM = -4.0, 120  # due more than so many days after
SAME_VENUE_CONFIDENCE = 0.9  # that it is delivered where it is invoiced to, if no other place is printed
SAME_DAY_CONFIDENCE = 0.8  # that an invoice is of the day it was delivered on, if no other is printed
UNPAID_CONFIDENCE = 0.95  # that an invoice without a word of payment is to be paid in full
LISTED, LISTED_ALONE = 2.0, 0.5  # the sum of the payments listed is what was paid; a lone one may not be all
SAME = 0.5  # a balance that equals the total, nothing being paid
CENT = 0.011  # currency units; a cent, and what binary fractions lose
HIGHEST_TAX = 0.35  # share of the net amount; no country takes more
ROUNDING = 0.051  # currency units: cash rounding may stand between net + tax and the total

MOST_CHARGES = 3  # that are tried between net amount and total

_CHARGED = frozenset({"left:charge", "words:charge", "values:charge", "up:charge"})
_PAID = frozenset({"left:amount_paid", "words:amount_paid"})  # evidence that the row speaks of a payment

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Option:
    """A value that a field may have, where it stands and what speaks for it."""

    value: Value
    place: Candidate
    features: Features
    sure: float = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """All options of a document by sort of value, and what was found out about the whole document.

    guide: what the supplier's earlier documents taught, if it is known.
    """

    sheet: Sheet
    kind: DocumentKind
    amounts: tuple[Option, ...]
    dates: tuple[Option, ...]
    numbers: tuple[Option, ...]
    names: tuple[NameOption, ...]
    country: str
    fixed: Mapping[str, Field]
    guide: Guide | None = None

    def options(self, name: str) -> tuple[Option, ...]:
        if name in AMOUNT_FIELDS:
            return self.amounts
        return self.dates if name in DATE_FIELDS else self.numbers


@dataclass(frozen=True, slots=True)
class Ballot:
    """A field's best values with their logits, the best place of each, and the logit of its absence."""

    name: str
    model: FieldModel
    values: tuple[Value, ...]
    scores: tuple[float, ...]
    places: tuple[Option, ...]
    none: float

    @property
    def logits(self) -> Array:
        """The scores with absence behind them."""
        return np.array([*self.scores, self.none])


def read_fields(
    pages: Sequence[Page],
    kind: DocumentKind,
    line_items: Sequence[LineItem] = (),
    payments: Sequence[ReadPayment] = (),
) -> dict[str, Field]:
    """The header values of one document by name (`ocr.types.FIELD_NAMES`). What is not found is left out.

    line_items, payments: of the same document, if they are known; they only add evidence.
    """
    return decide_fields(gather_evidence(Sheet(pages), kind, line_items), {}, payments)


def read_identity(sheet: Sheet, kind: DocumentKind) -> dict[str, Field]:
    """Only what tells one document from another: its numbers and its parties' names."""
    country = guess_country(country_scores(sheet))
    numbers = _number_options(sheet, kind, None)
    names = party_options(sheet, kind, country, ())
    evidence = Evidence(sheet, kind, (), (), numbers, names, country, {})
    return decide_apart(evidence, NUMBER_FIELDS, {}) | name_fields(sheet, elect_parties(names, {}))


def decide_fields(
    evidence: Evidence, models: Mapping[str, FieldModel], payments: Sequence[ReadPayment] = ()
) -> dict[str, Field]:
    """The values of a document from its evidence. models: other weights than the stored ones, by field name."""
    fields = dict(evidence.fixed)
    fields |= decide_amounts(evidence, models, payments)
    fields |= decide_apart(evidence, DATE_FIELDS, models)
    fields |= decide_apart(evidence, NUMBER_FIELDS, models)
    guide = evidence.guide
    fields |= read_parties(evidence.sheet, evidence.names, evidence.country, models, guide.bonus if guide else None)
    if guide:
        fields |= guide.constants(fields)
    return derive_fields(fields, evidence.kind, paid=bool(payments))


def derive_fields(fields: dict[str, Field], kind: DocumentKind, *, paid: bool) -> dict[str, Field]:
    """With the values that follow from others where nothing else is told."""
    if kind == DocumentKind.DELIVERY_NOTE:
        fields = _as_delivery_note(fields)
    if kind == DocumentKind.INVOICE and not paid:
        fields = _with_balance(fields)
    if kind in (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE):
        fields = _with_issue_date(_with_venue(fields))
    return fields


def read_delivery_note_numbers(pages: Sequence[Page], kind: DocumentKind) -> tuple[str, ...]:
    """All delivery-note numbers that a document prints, in reading order."""
    return delivery_note_numbers(_number_options(Sheet(pages), kind, None))


def delivery_note_numbers(options: Sequence[Option]) -> tuple[str, ...]:
    """Of a document's numbers those that are likelier a delivery note's than not, without parts of a longer one."""
    model = field_model("delivery_note_number")
    places = [o.place for o in options if model.score(o.features) > model.none]
    whole = [place for place in places if not any(_is_part(place, other) for other in places)]
    return tuple(dict.fromkeys(clean_number(place.text) for place in whole))


def _is_part(place: Candidate, other: Candidate) -> bool:
    inside = place.row is other.row and other.start <= place.start and place.end <= other.end
    return inside and other.end - other.start > place.end - place.start


def gather_evidence(
    sheet: Sheet,
    kind: DocumentKind,
    line_items: Sequence[LineItem] = (),
    template: Template | None = None,
) -> Evidence:
    """Everything that the decisions, and their training, stand on. template: the supplier's, if it is known."""
    guide = Guide(template, sheet) if template else None
    shown = [place for name in PARTY_FIELDS for place in guide.shown(name, whole=True)] if guide else []
    scores = country_scores(sheet)
    country = guess_country(scores)
    currency = guess_currency(sheet, scores)
    dates = find_date_candidates(sheet)
    order, order_confidence = guess_date_order(dates, scores, currency.value if currency else "")
    readings = [d.match.read(order) or d.readings[0] for d in dates]

    amounts = find_amounts(sheet)
    views = [LabelView(sheet, a, behind=True) for a in amounts]
    amount_facts = AmountFacts(sheet, amounts, views, line_items)
    date_facts = DateFacts(sheet, dates, readings)

    fixed = {}
    if currency:
        fixed["currency"] = Field(
            currency.value, currency.confidence, method=sheet.method, evidence=(currency.evidence,)
        )
    return Evidence(
        sheet,
        kind,
        tuple(
            Option(amount_facts.value_of(a), a, _of_kind(amount_features(amount_facts, a, view), kind))
            for a, view in zip(amounts, views, strict=True)
        ),
        tuple(
            Option(
                day,
                d,
                _of_kind(date_features(date_facts, d, day, LabelView(sheet, d)), kind),
                order_confidence if d.match.ambiguous else 1.0,
            )
            for d, day in zip(dates, readings, strict=True)
        ),
        _number_options(sheet, kind, guide),
        party_options(sheet, kind, country, tuple(shown)),
        country,
        fixed,
        guide,
    )


@once
def _number_options(sheet: Sheet, kind: DocumentKind, guide: Guide | None) -> tuple[Option, ...]:
    numbers = find_numbers(sheet, find_date_candidates(sheet))
    if guide:
        known = {(n.row.index, n.start, n.end) for n in numbers}
        shown = {(p.row.index, p.start, p.end): p for name in NUMBER_FIELDS for p in guide.shown(name, whole=False)}
        numbers += [
            NumberCandidate(p.row, p.start, p.end, p.text, value)
            for key, p in shown.items()
            if key not in known and (value := clean_number(p.text))
        ]
    facts = NumberFacts(sheet, numbers)
    return tuple(Option(n.value, n, _of_kind(number_features(facts, n, LabelView(sheet, n)), kind)) for n in numbers)


# Labels that change their meaning with the kind of document; the features get a twin that only that kind has.
_KIND_PREFIX = {DocumentKind.DELIVERY_NOTE: "dn|", DocumentKind.CREDIT_NOTE: "cn|", DocumentKind.RECEIPT: "rc|"}
_KIND_LABELS = frozenset(
    {"receipt_number", "docket", "number", "date", "invoice_date", "reference", "total", "tendered", "title_invoice"}
)
_KIND_FEATURES = frozenset({"only_date", "topmost", "time", "crowning"})


def _of_kind(features: Features, kind: DocumentKind) -> Features:
    prefix = _KIND_PREFIX.get(kind)
    if prefix:
        twins = {
            f"{prefix}{n}": v
            for n, v in features.items()
            if n.rpartition(":")[2] in _KIND_LABELS or n in _KIND_FEATURES
        }
        features |= twins
    features[f"kind:{kind.value}"] = 1.0
    return {name: value for name, value in features.items() if value}


def cast_ballot(evidence: Evidence, name: str, model: FieldModel | None = None) -> Ballot:
    """The field's options weighed and grouped by value, the best `BEST_KEPT` of them."""
    model = model or field_model(name)
    guide = evidence.guide
    grouped: dict[Value, list[tuple[float, Option]]] = {}
    for option in evidence.options(name):
        if name == "gross_total" and is_deducted_payment(option, evidence):
            continue
        score = model.score(option.features) + (guide.bonus(name, option.place) if guide else 0.0)
        grouped.setdefault(option.value, []).append((score, option))
    ranked = sorted(
        (
            (sum_of_logits([s for s, _ in group]), max(group, key=lambda g: g[0])[1], value)
            for value, group in grouped.items()
        ),
        key=lambda entry: -entry[0],
    )[:BEST_KEPT]
    return Ballot(
        name,
        model,
        tuple(value for _, _, value in ranked),
        tuple(score for score, _, _ in ranked),
        tuple(option for _, option, _ in ranked),
        model.none + (guide.none(name) if guide else 0.0),
    )


def is_deducted_payment(option: Option, evidence: Evidence) -> bool:
    """A payment that is printed with a minus: never the total, however well it would fit. Where the total was altered,
    it alone keeps the old one. On a bill it is called one, or the same amount stands there without the minus."""
    if not isinstance(option.value, Decimal) or option.value >= 0:
        return False
    if not _PAID.isdisjoint(option.features) and "left:gross_total" not in option.features:
        return True
    is_bill = evidence.kind is not DocumentKind.CREDIT_NOTE
    return is_bill and any(other.value == -option.value for other in evidence.amounts)


# --- Amounts: one decision -----------------------------------------------------------------------------------------


def decide_amounts(
    evidence: Evidence, models: Mapping[str, FieldModel], payments: Sequence[ReadPayment] = ()
) -> dict[str, Field]:
    """The amounts that make the likeliest whole: net + tax = total, and total + previous - paid = due."""
    ballots = {name: cast_ballot(evidence, name, models.get(name)) for name in AMOUNT_FIELDS}
    ballots["amount_paid"] = _with_payments(ballots["amount_paid"], evidence, payments)
    shares = amount_shares(ballots, charges(evidence))
    return {
        name: field for name, ballot in ballots.items() if (field := _elect(evidence, ballot, shares[name])) is not None
    }


def _with_payments(ballot: Ballot, evidence: Evidence, payments: Sequence[ReadPayment]) -> Ballot:
    """The ballot for what was paid, with the sum of the payments listed, which is likelier than any of them alone."""
    listed = {payment.amount for payment in payments}
    places = [o for o in evidence.amounts if isinstance(o.value, Decimal) and abs(o.value) in listed]
    if not places:
        return ballot
    whole = sum((payment.amount for payment in payments), Decimal(0))
    found = list(zip(ballot.values, ballot.scores, ballot.places, strict=True))
    alone = [score for value, score, _ in found if isinstance(value, Decimal) and abs(value) in listed]
    score = max([ballot.none, *alone]) + (LISTED if len(payments) > 1 else LISTED_ALONE)
    others = [entry for entry in found if entry[0] not in (whole, -whole)]
    values, scores, options = zip((whole, score, places[-1]), *others, strict=True)
    return replace(ballot, values=values, scores=scores, places=options)


def charges(evidence: Evidence) -> tuple[float, ...]:
    """What is printed as carriage, for service or the like, and may stand between the net amount and the total."""
    found = {
        float(abs(option.value))
        for option in evidence.amounts
        if isinstance(option.value, Decimal) and option.value and not _CHARGED.isdisjoint(option.features)
    }
    return tuple(sorted(found)[:MOST_CHARGES])


def amount_shares(ballots: Mapping[str, Ballot], extras: Sequence[float] = ()) -> dict[str, Array]:
    """For each amount field the probability of its values, absence last, over all ways to assign the six together.

    extras: `charges`. The two equations share only the total, so that each is summed over on its own and handed on to
    the other.
    """
    gross, net, tax = (ballots[n] for n in ("gross_total", "net_total", "tax_total"))
    paid, before, due = (ballots[n] for n in ("amount_paid", "previous_balance", "amount_due"))
    sums = _sums(extras, *_sides(gross, net, tax)) + _spread(net, 1, 3) + _spread(tax, 2, 3)
    balance = _balance(*_sides(gross, paid, before, due))
    balance = balance + _spread(paid, 1, 4) + _spread(before, 2, 4) + _spread(due, 3, 4)
    over_sums = np.logaddexp.reduce(sums, axis=(1, 2))
    over_balance = np.logaddexp.reduce(balance, axis=(1, 2, 3))
    sums = sums + (gross.logits + over_balance)[:, None, None]
    balance = balance + (gross.logits + over_sums)[:, None, None, None]
    return {
        "gross_total": _normalise(gross.logits + over_sums + over_balance),
        "net_total": _normalise(np.logaddexp.reduce(sums, axis=(0, 2))),
        "tax_total": _normalise(np.logaddexp.reduce(sums, axis=(0, 1))),
        "amount_paid": _normalise(np.logaddexp.reduce(balance, axis=(0, 2, 3))),
        "previous_balance": _normalise(np.logaddexp.reduce(balance, axis=(0, 1, 3))),
        "amount_due": _normalise(np.logaddexp.reduce(balance, axis=(0, 1, 2))),
    }


def _normalise(logits: Array) -> Array:
    shares = np.exp(logits - logits.max())
    return np.asarray(shares / shares.sum())


def _spread(ballot: Ballot, axis: int, axes: int) -> Array:
    """A ballot's logits along one axis of several."""
    return ballot.logits.reshape([-1 if a == axis else 1 for a in range(axes)])


def _sides(*ballots: Ballot) -> list[Array]:
    """Each ballot's values along an axis of its own, absence (last) as NaN."""
    return [
        np.array([*(float(v) for v in ballot.values if isinstance(v, Decimal)), np.nan]).reshape(
            [-1 if a == axis else 1 for a in range(len(ballots))]
        )
        for axis, ballot in enumerate(ballots)
    ]


def _sums(extras: Sequence[float], gross: Array, net: Array, tax: Array) -> Array:
    """Logits of net + tax = total, or of net + a charge + tax, whatever the signs; 0 where one is absent."""
    ways = [np.abs(np.abs(net) + np.abs(tax) + extra - np.abs(gross)) for extra in (0.0, *extras)]
    off = np.minimum.reduce(ways)
    off = np.where(np.abs(tax) > HIGHEST_TAX * np.abs(net), np.inf, off)
    weights = np.where(off <= CENT, HOLDS, np.where(off <= ROUNDING, 0.9 * HOLDS, FAILS))
    return np.where(np.isnan(off), 0.0, weights)


def _balance(gross: Array, paid: Array, before: Array, due: Array) -> Array:
    """Logits of total + previous - paid = due; 0 where total or due is absent, weak where nothing stands between."""
    off = np.abs(gross + np.nan_to_num(before) - np.abs(np.nan_to_num(paid)) - due)
    plain = np.isnan(before) & np.isnan(paid)
    holds = np.where(plain, SAME, HOLDS)
    weights = np.where(off <= CENT, holds, np.where(plain, -SAME, FAILS))
    return np.where(np.isnan(off), 0.0, weights)


# --- Dates and numbers: one place, one field -----------------------------------------------------------------------


def decide_apart(evidence: Evidence, names: Sequence[str], models: Mapping[str, FieldModel]) -> dict[str, Field]:
    """The likeliest values of fields that may not share a printed place."""
    ballots = [cast_ballot(evidence, name, models.get(name)) for name in names]
    shares = apart_shares(ballots)
    return {
        ballot.name: field
        for ballot, share in zip(ballots, shares, strict=True)
        if (field := _elect(evidence, ballot, share)) is not None
    }


def apart_shares(ballots: Sequence[Ballot]) -> list[Array]:
    """For each ballot the probability of its values, absence last, over all ways to assign them together."""
    logits = np.zeros([len(b.values) + 1 for b in ballots])
    for axis, ballot in enumerate(ballots):
        shape = [1] * len(ballots)
        shape[axis] = -1
        logits = logits + ballot.logits.reshape(shape)
    for i, first in enumerate(ballots):
        for j in range(i + 1, len(ballots)):
            shape = [1] * len(ballots)
            shape[i], shape[j] = len(first.values) + 1, len(ballots[j].values) + 1
            logits = logits + _clash(first, ballots[j]).reshape(shape)
    axes = range(len(ballots))
    return [_normalise(np.logaddexp.reduce(logits, axis=tuple(a for a in axes if a != axis))) for axis in axes]


def _clash(first: Ballot, second: Ballot) -> Array:
    weights = np.zeros((len(first.values) + 1, len(second.values) + 1))
    for i, one in enumerate(first.places):
        for j, other in enumerate(second.places):
            if (
                one.place.row is other.place.row
                and one.place.start < other.place.end
                and other.place.start < one.place.end
            ):
                weights[i, j] += SAME_PLACE
            if (first.name, second.name) == ("issue_date", "due_date"):
                weights[i, j] += _term(first.values[i], second.values[j])
    return weights


def _term(issued: Value, due: Value) -> float:
    """The logit for a term of payment: it may not be negative and is seldom long."""
    if not isinstance(issued, date) or not isinstance(due, date):
        return 0.0
    days = (due - issued).days
    return OUT_OF_ORDER if days < 0 else (TOO_LONG if days > LONGEST_TERM else 0.0)


def _elect(evidence: Evidence, ballot: Ballot, shares: Array) -> Field | None:
    best = int(shares.argmax())
    if best == len(ballot.values):
        return None
    option = ballot.places[best]
    place = option.place
    value = ballot.values[best]
    if ballot.name == "amount_paid" and isinstance(value, Decimal):
        value = abs(value)
    if ballot.name == "order_number" and evidence.sheet.method == Method.OCR:
        value = repair_order(str(value))
    told = sorted(option.features, key=lambda n: -ballot.model.weights[n] * option.features[n])
    by_template = evidence.guide is not None and evidence.guide.told(ballot.name, place)
    names = tuple(n for n in told[:3] if ballot.model.weights[n] > 0)
    return Field(
        value=value,
        confidence=ballot.model.calibrate(float(shares[best])) * option.sure,
        page=place.row.page,
        box=evidence.sheet.box(place.row, place.start, place.end),
        method=Method.TEMPLATE if by_template else evidence.sheet.method,
        evidence=("template", *names) if by_template else names,
    )


def _as_delivery_note(fields: dict[str, Field]) -> dict[str, Field]:
    """A delivery note's date is its delivery's; only an invoice has the number that `invoice_number` names."""
    if "issue_date" not in fields and "delivery_date" in fields:
        fields["issue_date"] = replace(fields["delivery_date"])
    elif "delivery_date" not in fields and "issue_date" in fields:
        fields["delivery_date"] = replace(fields["issue_date"])
    return fields


def _with_balance(fields: dict[str, Field]) -> dict[str, Field]:
    """An invoice that shows neither a payment nor an earlier balance is to be paid in full."""
    total, due = fields.get("gross_total"), fields.get("amount_due")
    if total is None or {"amount_paid", "previous_balance"} & set(fields):
        return fields
    if due is None or due.value == total.value:
        derived = replace(total, confidence=total.confidence * UNPAID_CONFIDENCE, evidence=("gross_total",))
        fields["amount_due"] = max(derived, due or derived, key=lambda field: field.confidence)
    return fields


def _with_issue_date(fields: dict[str, Field]) -> dict[str, Field]:
    """An invoice that only says when it was delivered was written then."""
    delivered = fields.get("delivery_date")
    if delivered and "issue_date" not in fields:
        confidence = delivered.confidence * SAME_DAY_CONFIDENCE
        fields["issue_date"] = replace(delivered, confidence=confidence, evidence=("delivery_date",))
    return fields


def _with_venue(fields: dict[str, Field]) -> dict[str, Field]:
    """Goods that are invoiced to a business without a word of delivery went to that business."""
    customer = fields.get("customer_name")
    if customer and "venue" not in fields and _is_supplied(str(customer.value), fields.get("supplier_name")):
        confidence = customer.confidence * SAME_VENUE_CONFIDENCE
        fields["venue"] = replace(customer, confidence=confidence, evidence=("customer_name",))
    return fields


def _is_supplied(customer: str, supplier: Field | None) -> bool:
    """Whether a customer is a business: by its name, or as no person whom anybody but a practice invoices."""
    if any(has_word(fold(customer), topic) for topic in ("business", "hospitality")):
        return True
    return supplier is not None and not has_word(fold(str(supplier.value)), "practices") and not is_person(customer)
