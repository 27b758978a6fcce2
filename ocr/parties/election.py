"""Supplier, customer and venue are elected together from the printed names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ocr.addresses import has_word, is_address_line
from ocr.candidates import Candidate
from ocr.details import is_person
from ocr.evidence import Sheet, once
from ocr.features import Features
from ocr.parse import fold
from ocr.parties.evidence import cell_above, name_features
from ocr.parties.facts import PartyFacts
from ocr.parties.names import NameCandidate, find_names
from ocr.scorer import FieldModel, field_model, sum_of_logits
from ocr.types import DocumentKind

PARTY_FIELDS = ("supplier_name", "customer_name", "venue")
BEST_KEPT = 6
SAME_PLACE, SAME_NAME = -8.0, -4.0  # logits against one place, or one name, as two parties
_ADDRESSES = frozenset({"block:bare", "block:contact", "sender_line"})
EMPLOYED = -6.0  # against a person under or over the name of a business


@dataclass(frozen=True, slots=True)
class NameOption:
    """under: the business that a person stands right under or over, folded; or ""."""

    value: str
    place: NameCandidate
    features: Features
    under: str = ""


Bonus = Callable[[str, NameCandidate], float]


@once
def party_options(
    sheet: Sheet, kind: DocumentKind, country: str, shown: tuple[Candidate, ...]
) -> tuple[NameOption, ...]:
    """Every printed name with what speaks for it. shown: places where the supplier's template has a party's name."""
    names = find_names(sheet, country)
    known = {(name.row.index, name.start, name.end) for name in names}
    names += [NameCandidate(p.row, p.start, p.end, p.text) for p in shown if (p.row.index, p.start, p.end) not in known]
    facts = PartyFacts(sheet, country, names)
    options = [NameOption(n.text, n, name_features(facts, n, kind), _employer(facts, n)) for n in names]
    return tuple(_beside_venue(options) if any(_is_named_venue(option) for option in options) else options)


def _is_named_venue(option: NameOption) -> bool:
    return "in_table" not in option.features and not option.features.keys().isdisjoint(
        ("left:venue", "section_0:venue", "delivered_block")
    )


def _is_addressed(option: NameOption) -> bool:
    """Whether a name has an address, and is no word of a strip that says when was delivered: "Delivered", "Arrived"."""
    if "up:delivery_date" in option.features:
        return "delivered_block" in option.features
    return not option.features.keys().isdisjoint(_ADDRESSES)


def _beside_venue(options: Sequence[NameOption]) -> Iterator[NameOption]:
    """Options of a document that names a place of delivery: no other is one, the less if it has its address with it,
    nor is a note's customer."""
    rivals = {"rival:venue": 1.0}
    if any(_is_named_venue(option) and _is_addressed(option) for option in options):
        rivals["rival:addressed_venue"] = 1.0
    for option in options:
        told = {n: v for n, v in option.features.items() if not (n.startswith("dn|") and n.endswith(":customer"))}
        yield replace(option, features=told if _is_named_venue(option) else told | rivals)


def _employer(facts: PartyFacts, name: NameCandidate) -> str:
    """The business on the line above or below a person's name, or with it in one name of two lines; not a practice,
    whose letters to people begin with its own."""
    if name.second:
        person, business = name.halves
        return fold(business) if is_person(person) and _is_business(fold(business)) else ""
    if not is_person(name.text):
        return ""
    below = next((ln for ln in facts.lines_below(name, 1) if not is_address_line(ln, facts.country)), "")
    return next((beside for beside in (cell_above(facts, name), fold(below)) if _is_business(beside)), "")


def _is_business(folded: str) -> bool:
    known = any(has_word(folded, topic) for topic in ("legal_forms", "hospitality", "business"))
    return known and not has_word(folded, "practices") and not any(c.isdigit() for c in folded)


@dataclass(frozen=True, slots=True)
class NameBallot:
    name: str
    options: tuple[NameOption, ...]
    scores: tuple[float, ...]
    none: float


def name_ballot(
    name: str, options: Sequence[NameOption], model: FieldModel | None = None, bonus: Bonus | None = None
) -> NameBallot:
    model = model or field_model(name)
    grouped: dict[str, list[tuple[float, NameOption]]] = {}
    for option in options:
        score = model.score(option.features) + (bonus(name, option.place) if bonus else 0.0)
        grouped.setdefault(fold(option.value), []).append((score, option))
    ranked = sorted(
        ((sum_of_logits([s for s, _ in g]), max(g, key=lambda e: e[0])[1]) for g in grouped.values()),
        key=lambda entry: -entry[0],
    )[:BEST_KEPT]
    return NameBallot(name, tuple(o for _, o in ranked), tuple(s for s, _ in ranked), model.none)


def elect_parties(
    options: Sequence[NameOption], models: Mapping[str, FieldModel], bonus: Bonus | None = None
) -> dict[str, tuple[NameOption, float]]:
    """The likeliest supplier, customer and venue together, with probabilities; those likelier absent are left out."""
    ballots = [name_ballot(name, options, models.get(name), bonus) for name in PARTY_FIELDS]
    shares = _party_shares(ballots)
    chosen = {}
    for ballot, share in zip(ballots, shares, strict=True):
        best = int(share.argmax())
        if best < len(ballot.options):
            model = models.get(ballot.name) or field_model(ballot.name)
            chosen[ballot.name] = (ballot.options[best], model.calibrate(float(share[best])))
    return chosen


def _party_shares(ballots: Sequence[NameBallot]) -> list[np.ndarray]:
    supplier, customer, venue = ballots
    logits = (
        np.array([*supplier.scores, supplier.none])[:, None, None]
        + np.array([*customer.scores, customer.none])[None, :, None]
        + np.array([*venue.scores, venue.none])[None, None, :]
    )
    logits = logits + _clash(supplier, customer)[:, :, None] + _clash(supplier, venue)[:, None, :]
    logits = logits + _clash(customer, venue, same_name=0.0)[None, :, :] + _employed(supplier, customer)[:, :, None]
    shares = []
    for axis in range(3):
        marginal = np.logaddexp.reduce(logits, axis=tuple(a for a in range(3) if a != axis))
        share = np.exp(marginal - marginal.max())
        shares.append(share / share.sum())
    return shares


def _employed(supplier: NameBallot, customer: NameBallot) -> np.ndarray:
    """Logits against a person as the customer who stands with the name of a business, unless that is the supplier."""
    weights = np.zeros((len(supplier.options) + 1, len(customer.options) + 1))
    names = [*(fold(option.value) for option in supplier.options), ""]
    for j, option in enumerate(customer.options):
        if option.under:
            weights[:, j] = [0.0 if option.under in name else EMPLOYED for name in names]
    return weights


def _clash(first: NameBallot, second: NameBallot, same_name: float = SAME_NAME) -> np.ndarray:
    """Logits against two parties at one place or of one name; customer and venue often share their name."""
    weights = np.zeros((len(first.options) + 1, len(second.options) + 1))
    for i, one in enumerate(first.options):
        for j, other in enumerate(second.options):
            a, b = one.place, other.place
            if a.row is b.row and a.start < b.end and b.start < a.end and same_name:
                weights[i, j] = SAME_PLACE
            elif fold(one.value) == fold(other.value):
                weights[i, j] = same_name
    return weights
