"""How much an invoice looks altered beside the practice system's record of it: a score with its reasons."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoices.validation import Check, CheckStatus

RULE = "pims.altered"
# How much each difference alone speaks for an alteration, where nothing explains it.
WEIGHTS = {
    "pims.totalAmount": 0.9,
    "pims.invoiceNumber": 0.85,
    "pims.customer": 0.85,
    "pims.customer_id": 0.7,
    "pims.invoiceDate": 0.8,
    "pims.currency": 0.7,
    "pims.line_added": 0.8,
    "pims.line_amount": 0.8,
    "pims.line_missing": 0.6,
}
NAMES = {
    "pims.totalAmount": "total",
    "pims.invoiceNumber": "number",
    "pims.customer": "customer",
    "pims.customer_id": "customer",
    "pims.invoiceDate": "date",
    "pims.currency": "currency",
    "pims.line_added": "added line",
    "pims.line_amount": "amount of a line",
    "pims.line_missing": "dropped lines",
}
DOUBTFUL = 0.15  # of its weight: what a warning counts
ALTERED = 0.5  # a score from here on is a finding


@dataclass(frozen=True, slots=True)
class Alteration:
    """score: 0..1. reasons: what differs, the heaviest first."""

    score: float
    reasons: tuple[str, ...] = ()


def judge_alteration(checks: Sequence[Check]) -> Alteration:
    """Of the checks of a reconciliation. Each difference leaves less room for an honest explanation: the score is
    1 - Π(1 - weight)."""
    left = 1.0
    told: list[tuple[float, str]] = []
    for check in checks:
        weight = WEIGHTS.get(check.rule, 0.0)
        if check.status is CheckStatus.FAILED and weight:
            left *= 1 - weight
            told.append((weight, reason_of(check)))
        elif check.status is CheckStatus.WARNING:
            left *= 1 - weight * DOUBTFUL
    told.sort(key=lambda found: -found[0])
    return Alteration(round(1 - left, 3), tuple(reason for _, reason in told))


def reason_of(check: Check) -> str:
    name = NAMES[check.rule]
    if check.printed and check.recorded:
        return f"{name}: {check.printed} instead of {check.recorded}"
    return f"{name}: {check.printed or check.recorded}"


def alteration_check(alteration: Alteration, checks: Sequence[Check]) -> Iterator[Check]:
    """A failed check where the document looks altered."""
    if alteration.score < ALTERED or not alteration.reasons:
        return
    stakes = [check.money_at_stake or Decimal(0) for check in checks if check.status is CheckStatus.FAILED]
    message = f"The document looks altered ({100 * alteration.score:.0f} %): {'; '.join(alteration.reasons)}."
    yield Check(RULE, "invoice", CheckStatus.FAILED, message, money_at_stake=max(stakes, default=Decimal(0)) or None)
