"""Sums that were misread: a digit lost at a streak, or taken for another, where the rest of the page tells which.

Only for words from a picture. A sum is put right where the one that it should be is at most a slip away from what was
read, two things that do not hang together say so, and nothing speaks for what was read. As invoices are added up wrong,
too, what it should be must be printed elsewhere, or what was read must have been read with doubt.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ocr.candidates import AmountCandidate

ROLES: Mapping[str, frozenset[str]] = {
    "gross": frozenset({"gross_total", "total"}),
    "net": frozenset({"net_total"}),
    "tax": frozenset({"tax", "tax_included"}),
    "due": frozenset({"amount_due"}),
    "paid": frozenset({"amount_paid", "tendered"}),
    "before": frozenset({"previous_balance"}),
}
MENDED = frozenset({"gross", "net", "tax", "due", "paid"})
FEWEST_PROOFS = 2
IN_PRINT = frozenset({"twice", "balance"})  # proofs that it was printed so, not only that it should be
SURE = 0.999  # confidence of a word; one in ten that are right is below
MOST_LOST = 2  # digits at the head of an amount
FEWEST_READ = 3  # digits of an amount whose head was lost
SMALLEST_SLIP = Decimal("0.11")  # nearer amounts differ by what cash is rounded to
ROUNDED_OFF = Decimal(1)  # likewise, where a whole amount is printed, or a rounding
HIGHEST_TAX = Decimal("0.35")  # share of the net amount
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Sums:
    """The amounts of a page that stand at labels of sums, by role; all amounts; the rates of tax; the sum of the lines.

    is_rounded: a rounding is printed.
    """

    labelled: Mapping[str, Sequence[AmountCandidate]]
    amounts: Sequence[AmountCandidate]
    rates: frozenset[Decimal]
    priced: Decimal | None
    is_rounded: bool

    def of(self, role: str, but: AmountCandidate) -> set[Decimal]:
        """The amounts in a role, other than the given one."""
        return {abs(a.value) for a in self.labelled.get(role, ()) if a is not but and a.value}


def mend_amounts(
    amounts: Sequence[AmountCandidate],
    labels: Sequence[frozenset[str]],
    rates: frozenset[Decimal],
    priced: Decimal | None,
) -> tuple[AmountCandidate, ...]:
    """The amounts of a page with the misread sums put right. labels: the classes of the label that each stands at.
    priced: the sum of the lines, if they were read."""
    labelled = {
        role: [a for a, classes in zip(amounts, labels, strict=True) if classes & names]
        for role, names in ROLES.items()
    }
    sums = Sums(labelled, amounts, rates, priced, any("rounding" in classes for classes in labels))
    mended = {}
    for role in MENDED:
        for amount in labelled[role]:
            found = _as_printed(sums, role, amount)
            if found:
                mended[id(amount)] = found
    return tuple(mended.get(id(a), a) for a in amounts)


def _as_printed(sums: Sums, role: str, amount: AmountCandidate) -> AmountCandidate | None:
    """The amount as it was printed, if what was read is certainly wrong."""
    read = abs(amount.value)
    if not read or _proofs(sums, role, amount, read):
        return None
    others = {abs(a.value) for a in sums.amounts}
    pairs = {a + b for a in others for b in others}
    found = {
        value: proofs
        for value in _demanded(sums, role, amount)
        if value > 0
        and is_slip(amount, value)
        and not _is_rounding(sums, read, value)
        and abs(value - read) not in others | pairs
        and len(proofs := _proofs(sums, role, amount, value)) >= FEWEST_PROOFS
        and (not IN_PRINT.isdisjoint(proofs) or _is_doubtful(amount))
    }
    if len(found) != 1:
        return None
    ((value, proofs),) = found.items()
    return replace(amount, value=value.copy_sign(amount.value), misread=("misread", *proofs))


def is_slip(amount: AmountCandidate, value: Decimal) -> bool:
    """Whether one digit, or the head, of a value was lost or misread to give the amount."""
    read, printed = (f"{abs(x):.2f}".replace(".", "") for x in (amount.value, value))
    if len(read) == len(printed):
        return sum(a != b for a, b in zip(read, printed, strict=True)) == 1
    if len(read) < FEWEST_READ or len(printed) < FEWEST_READ:
        return False
    shorter, longer = sorted((read, printed), key=len)
    if len(longer) - len(shorter) == 1:
        return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
    return printed.endswith(read) and len(printed) - len(read) <= MOST_LOST


def _is_doubtful(amount: AmountCandidate) -> bool:
    return min(token.confidence for token in amount.row.tokens[amount.start : amount.end]) < SURE


def _is_rounding(sums: Sums, read: Decimal, value: Decimal) -> bool:
    is_whole = sums.is_rounded or read == int(read)
    return abs(read - value) < (ROUNDED_OFF if is_whole else SMALLEST_SLIP)


def _demanded(sums: Sums, role: str, amount: AmountCandidate) -> set[Decimal]:
    """What the other sums, and the lines, say that an amount should be."""
    values = {value for other in ROLES for value in sums.of(other, amount)}
    values |= set(_by_tax(sums, role, amount)) | set(_by_balance(sums, role, amount))
    return values | ({sums.priced} if sums.priced and role in ("gross", "net") else set())


def _by_tax(sums: Sums, role: str, amount: AmountCandidate) -> Iterator[Decimal]:
    """net + tax = total."""
    gross, net, tax = (sums.of(name, amount) for name in ("gross", "net", "tax"))
    is_settled = any(not due.value for due in sums.labelled["due"])
    if role in ("gross", "due") or (role == "paid" and is_settled):
        yield from (n + t for n in net for t in tax if t <= HIGHEST_TAX * n)
    elif role == "net":
        yield from (g - t for g in gross for t in tax if t <= HIGHEST_TAX * (g - t))
    elif role == "tax":
        yield from (g - n for g in gross for n in net if 0 < g - n <= HIGHEST_TAX * n)


def _by_balance(sums: Sums, role: str, amount: AmountCandidate) -> Iterator[Decimal]:
    """total + previous - paid = due."""
    gross, paid, due = (sums.of(name, amount) for name in ("gross", "paid", "due"))
    before = sums.of("before", amount) | {Decimal(0)}
    if role == "gross":
        yield from (d + p - b for d in due for p in paid for b in before)
    elif role == "due":
        yield from (g + b - p for g in gross for p in paid for b in before)
    elif role == "paid":
        yield from (g + b - d for g in gross for d in due for b in before)


def _proofs(sums: Sums, role: str, amount: AmountCandidate, value: Decimal) -> tuple[str, ...]:
    """What speaks for a value of an amount in its role."""
    said = {
        "net+tax": value in set(_by_tax(sums, role, amount)),
        "balance": value in set(_by_balance(sums, role, amount)),
        "items": role in ("gross", "net") and value == sums.priced,
        "twice": any(value in sums.of(name, amount) for name in ROLES),
        "rate": _has_rate(sums, role, amount, value),
    }
    return tuple(name for name, holds in said.items() if holds)


def _has_rate(sums: Sums, role: str, amount: AmountCandidate, value: Decimal) -> bool:
    """Whether the tax is a printed rate of the net amount."""
    net, tax = sums.of("net", amount), sums.of("tax", amount)
    if role in ("gross", "due"):
        pairs = {(value - t, t) for t in tax if value - t in net}
    else:
        pairs = {(value, t) for t in tax} if role == "net" else {(n, value) for n in net} if role == "tax" else set()
    return any(abs(n * rate / 100 - t) <= CENT for n, t in pairs for rate in sums.rates)
