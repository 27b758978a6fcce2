"""What was invoiced beside what was delivered: findings with the money at stake. Pure functions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoices.matching import Variance
from invoices.models import InvoiceLine
from invoices.validation import Check, CheckStatus

FAMILY = "delivery."
CENT = Decimal("0.01")
FIELD_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Tolerance:
    """By how much a delivery may differ: in the article's unit, or as a share of the invoiced; the larger counts."""

    absolute: Decimal = Decimal(0)
    share: Decimal = Decimal(0)

    def allows(self, variance: Variance) -> bool:
        allowed = max(self.absolute, variance.invoiced * self.share)
        return abs(variance.invoiced - variance.delivered) <= allowed


def check_quantities(
    lines: Sequence[InvoiceLine], variances: Sequence[Variance], tolerance: Tolerance
) -> Iterator[Check]:
    """A check for each article of which another quantity was billed than delivered."""
    telling = [variance for variance in variances if not tolerance.allows(variance)]
    substitutes = find_substitutes(telling)
    for variance in telling:
        if variance in substitutes.values():
            continue
        line = next((row for row in lines if row.description == variance.description), None)
        rule, told = judge_variance(variance)
        if variance in substitutes:
            rule, told = "substituted", f"{told}; {describe(substitutes[variance])} came instead, it seems"
        stake = None
        if line is not None and line.unit_price is not None:
            stake = (abs(variance.invoiced - variance.delivered) * abs(line.unit_price)).quantize(CENT)
        message = f"{variance.description}: {told}."
        # What is on no line of the invoice is told apart by its name.
        field = "lineItems" if line else f"delivered {variance.sku or variance.description}"[:FIELD_LENGTH]
        yield Check(f"{FAMILY}{rule}", field, CheckStatus.WARNING, message, line.position if line else 0, stake)


def judge_variance(variance: Variance) -> tuple[str, str]:
    """What the difference is called, and in words."""
    billed, came = plain(variance.invoiced), plain(variance.delivered)
    if not variance.delivered:
        return "absent", f"{billed} invoiced, none delivered"
    if not variance.invoiced:
        return "unbilled", f"{came} delivered, none invoiced"
    rule = "short" if variance.delivered < variance.invoiced else "over"
    return rule, f"{billed} invoiced, {came} delivered"


def find_substitutes(variances: Sequence[Variance]) -> dict[Variance, Variance]:
    """What did not come, with what came unbilled in the same quantity, one to one in the order of the papers."""
    unbilled = [variance for variance in variances if not variance.invoiced]
    found: dict[Variance, Variance] = {}
    for variance in variances:
        other = next((each for each in unbilled if each.delivered == variance.invoiced), None)
        if not variance.delivered and other is not None:
            found[variance] = other
            unbilled.remove(other)
    return found


def describe(variance: Variance) -> str:
    return f"{plain(variance.delivered)} {variance.description}"


def plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
