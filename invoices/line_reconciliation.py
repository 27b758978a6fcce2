"""The practice system's lines beside those of the page: one to one, wording may differ, amounts may not.

Lines may stand in another order, with tax or without it, bundled or split. What the reader missed or made up is told
from what was dropped or added by the page's own words and sums.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import combinations
from typing import Any

from rapidfuzz import fuzz, utils

from invoices.assignment import assign
from invoices.models import Invoice, InvoiceLine
from invoices.page_text import PageText
from invoices.validation import Check, CheckStatus
from pims.types import Line, PimsInvoice

WORDING, AMOUNT, QUANTITY, PRICE = 0.55, 0.35, 0.05, 0.05  # what speaks for two lines being one; sums to 1
ALIKE = 0.6  # of 1: wording that makes a pair whatever the amounts
ANOTHER_WORDING = 0.35  # below: the same amount, but for another thing
NEARBY = 0.002  # a line's place counts only where nothing else tells two apart
PRINTED_SHARE = 0.7  # of a description's words: the line stands on the page, and was not read as one
SURE = 0.5
MOST_BUNDLED = 3  # lines that the other side may hold as one
FEW = 12  # lines without a partner among which bundles are looked for
COMPARABLE = 0.5  # share of the system's lines with a partner, below which the table was not read well enough to judge
ZERO, CENT = Decimal(0), Decimal("0.01")


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line of the page with its line in the practice system; one side is None where the other has no partner."""

    printed: InvoiceLine | None
    recorded: Line | None


class Amounts:
    """What a line of the practice system may show as its amount: with its tax or without, as the invoice's rate has it
    where the line does not tell."""

    def __init__(self, record: PimsInvoice, allowed: Decimal) -> None:
        self.allowed = allowed
        net, tax = record.subtotal, record.tax_total
        self.rate = tax / net if net and tax and net > 0 and tax > 0 else ZERO
        self.way = 0
        """Which of the amounts this page shows; see `settle`."""

    def of(self, line: Line) -> list[Decimal]:
        total = line.total_price
        if line.tax_amount is not None:
            return [total, total - line.tax_amount]
        return [total, total / (1 + self.rate), total * (1 + self.rate)] if self.rate else [total]

    def agree(self, printed: Decimal, line: Line) -> bool:
        return any(map(partial(self._is_same, printed), self.of(line)))

    def settle(self, pairs: Sequence[LinePair]) -> None:
        """Learns from the pairs that agree whether the page shows amounts with tax or without."""
        votes: Counter[int] = Counter()
        for pair in pairs:
            if pair.printed is not None and pair.recorded is not None and pair.printed.net_amount is not None:
                same = map(partial(self._is_same, pair.printed.net_amount), self.of(pair.recorded))
                votes.update(way for way, is_same in enumerate(same) if is_same)
        self.way = votes.most_common(1)[0][0] if votes else 0

    def expected(self, line: Line, printed: Decimal | None = None) -> Decimal:
        """What this page should show: the amount that it does show, where that is right."""
        amounts = self.of(line)
        right = (amount for amount in amounts if printed is not None and self._is_same(printed, amount))
        return next(right, amounts[min(self.way, len(amounts) - 1)]).quantize(CENT)

    def _is_same(self, printed: Decimal, amount: Decimal) -> bool:
        return abs(abs(printed) - abs(amount)) <= self.allowed


def compare_lines(
    printed: Sequence[InvoiceLine], record: PimsInvoice, page: PageText, allowed: Decimal, invoice: Invoice
) -> Iterator[Check]:
    """Nothing where either side has no lines. invoice: for its totals."""
    if not printed or not record.lines:
        return
    amounts = Amounts(record, allowed)
    pairs = pair_lines(printed, record.lines, amounts)
    amounts.settle(pairs)
    matched = [pair for pair in pairs if pair.printed is not None and pair.recorded is not None]
    bundled = find_bundles(pairs, amounts)
    missing = [pair.recorded for pair in pairs if pair.printed is None and pair.recorded is not None]
    judged = (_judge_printed(p.printed, p.recorded, amounts, record, bundled) for p in pairs if p.printed is not None)
    checks = [check for check in judged if check is not None]
    checks += _judge_missing(missing, page, amounts, bundled)
    same_total = invoice.gross_total is not None and abs(abs(invoice.gross_total) - abs(record.total)) <= allowed
    if len(matched) < COMPARABLE * len(record.lines) and same_total:
        message = f"Only {len(matched)} of the practice system's {len(record.lines)} lines were found on the document."
        yield Check("pims.lines", "lineItems", CheckStatus.WARNING, message)
        return
    if len(matched) == len(pairs) and not any(check.status is CheckStatus.FAILED for check in checks):
        message = f"All {len(pairs)} lines are in the practice system."
        yield Check("pims.lines", "lineItems", CheckStatus.PASSED, message)
    yield from checks


# --- Pairing --------------------------------------------------------------------------------------------------------


def pair_lines(printed: Sequence[InvoiceLine], recorded: Sequence[Line], amounts: Amounts) -> list[LinePair]:
    """One-to-one with the greatest likeness in all; in the page's order, then what only the system has."""
    worth = [[_worth(line, other, i, j, amounts) for j, other in enumerate(recorded)] for i, line in enumerate(printed)]
    partner = dict(assign(worth))
    pairs = [LinePair(line, recorded[partner[i]] if i in partner else None) for i, line in enumerate(printed)]
    taken = set(partner.values())
    return pairs + [LinePair(None, line) for j, line in enumerate(recorded) if j not in taken]


def _worth(line: InvoiceLine, other: Line, i: int, j: int, amounts: Amounts) -> float:
    """0..1; 0 for lines that cannot be the same."""
    wording = likeness(line.description, other.description)
    same_amount = line.net_amount is not None and amounts.agree(line.net_amount, other)
    same_quantity = line.quantity is not None and line.quantity == other.quantity
    same_price = line.unit_price is not None and line.unit_price == other.unit_price
    if wording < ALIKE and not same_amount and not (same_quantity and same_price):
        return 0.0
    worth = WORDING * wording + AMOUNT * same_amount + QUANTITY * same_quantity + PRICE * same_price
    return worth - min(NEARBY * abs(i - j), 0.05)


def likeness(one: str, other: str) -> float:
    """0..1, by words in any order."""
    return fuzz.token_set_ratio(one, other, processor=utils.default_process) / 100


def find_bundles(pairs: Sequence[LinePair], amounts: Amounts) -> set[int]:
    """ids of the lines that one side has as part of another: a fee inside a medicine's price, a discount beside it."""
    lone_printed = [p.printed for p in pairs if p.recorded is None and p.printed is not None]
    lone_recorded = [p.recorded for p in pairs if p.printed is None and p.recorded is not None]
    found: set[int] = set()
    for pair in pairs:
        if pair.printed is None or pair.recorded is None or pair.printed.net_amount is None:
            continue
        shown = pair.printed.net_amount
        if amounts.agree(shown, pair.recorded):
            continue
        rest = [line for line in lone_recorded if id(line) not in found]
        bundle = _sum_to(rest, lambda line: line.total_price, shown - pair.recorded.total_price, amounts.allowed)
        if not bundle:
            missing = pair.recorded.total_price - shown
            split = [line for line in lone_printed if line.net_amount is not None and id(line) not in found]
            bundle = _sum_to(split, lambda line: line.net_amount, missing, amounts.allowed)
        if bundle:
            found |= {id(line) for line in bundle} | {id(pair.printed)}
    return found


def _sum_to(lines: Sequence[Any], amount: Callable[[Any], Decimal], wanted: Decimal, allowed: Decimal) -> Sequence[Any]:
    """One to three of the lines whose amounts sum to `wanted`; none where there are too many to try."""
    for size in range(1, MOST_BUNDLED + 1 if len(lines) <= FEW else 1):
        for some in combinations(lines, size):
            if abs(sum(map(amount, some), ZERO) - wanted) <= allowed:
                return some
    return ()


# --- Judging --------------------------------------------------------------------------------------------------------


def _judge_missing(lines: Sequence[Line], page: PageText, amounts: Amounts, bundled: set[int]) -> Iterator[Check]:
    """One check for those that the page does not have, one for those that it seems to have."""
    told = [line for line in lines if abs(line.total_price) > amounts.allowed]
    unread = [line for line in told if id(line) in bundled or _is_printed(line, page, amounts)]
    missing = [line for line in told if line not in unread]
    for rule, status, some, end in (
        ("pims.line_missing", CheckStatus.FAILED, missing, "the document does not"),
        ("pims.line_unread", CheckStatus.WARNING, unread, "which was not read as such on the document"),
    ):
        if some:
            named = "; ".join(f"{line.description!r} of {line.total_price}" for line in some)
            message = f"The practice system has {named}, {end}."
            stake = abs(sum((line.total_price for line in some), ZERO))
            yield Check(rule, "lineItems", status, message, money_at_stake=stake, recorded=named)


def _is_printed(line: Line, page: PageText, amounts: Amounts) -> bool:
    shown = [amount.quantize(CENT) for amount in amounts.of(line)]
    return page.share_of(line.description) >= PRINTED_SHARE and any(map(page.has_amount, shown))


def _judge_added(line: InvoiceLine, amounts: Amounts, record: PimsInvoice, bundled: set[int]) -> Check | None:
    amount = line.net_amount
    if amount is None or abs(amount) <= amounts.allowed:
        return None
    message = f"The document has the line {line.description!r} of {amount}, the practice system does not."
    sums = {record.total, record.subtotal, record.tax_total, record.balance_due} - {None}
    is_sum = any(abs(abs(amount) - abs(total)) <= amounts.allowed for total in sums if total is not None)
    is_doubtful = is_sum or id(line) in bundled or line.confidence < SURE
    return _of_line("pims.line_added", line, is_doubtful, message, abs(amount), f"{line.description}: {amount}", "")


def _judge_printed(
    printed: InvoiceLine, recorded: Line | None, amounts: Amounts, record: PimsInvoice, bundled: set[int]
) -> Check | None:
    if recorded is None:
        return _judge_added(printed, amounts, record, bundled)
    return _judge_pair(printed, recorded, amounts, bundled)


def _judge_pair(printed: InvoiceLine, recorded: Line, amounts: Amounts, bundled: set[int]) -> Check | None:
    shown = printed.net_amount
    if shown is not None and not amounts.agree(shown, recorded):
        nearest = amounts.expected(recorded)
        message = f"{printed.description!r} costs {shown} on the document, {nearest} in the practice system."
        is_list_price = _is_list_price(shown, recorded, amounts.allowed)
        is_doubtful = is_list_price or id(printed) in bundled or printed.confidence < SURE
        stake = abs(abs(shown) - abs(nearest))
        return _of_line("pims.line_amount", printed, is_doubtful, message, stake, str(shown), str(nearest))
    if printed.quantity is not None and recorded.quantity is not None and printed.quantity != recorded.quantity:
        message = f"{printed.description!r}: {printed.quantity:f} on the document, {recorded.quantity:f} in the system."
        values = (f"{printed.quantity.normalize():f}", f"{recorded.quantity.normalize():f}")
        return _of_line("pims.line_quantity", printed, True, message, None, *values)
    if likeness(printed.description, recorded.description) < ANOTHER_WORDING:
        message = f"{printed.description!r} is {recorded.description!r} in the practice system, for the same amount."
        return _of_line("pims.line_wording", printed, True, message, None, printed.description, recorded.description)
    return None


def _is_list_price(shown: Decimal, recorded: Line, allowed: Decimal) -> bool:
    """Whether the page shows the amount before the line's discount."""
    if recorded.quantity is None or recorded.unit_price is None:
        return False
    listed = recorded.quantity * recorded.unit_price
    return listed > recorded.total_price and abs(abs(shown) - abs(listed)) <= allowed


def _of_line(
    rule: str, line: InvoiceLine, is_doubtful: bool, message: str, stake: Decimal | None, printed: str, recorded: str
) -> Check:
    status = CheckStatus.WARNING if is_doubtful else CheckStatus.FAILED
    return Check(
        rule,
        "lineItems",
        status,
        message,
        line.position,
        stake,
        printed=printed,
        recorded=recorded,
        page=line.page,
        box=line.box,
    )
