"""The practice system's invoice beside what the page shows: each difference is a check. This is how an altered invoice
shows. Pure functions, no queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rapidfuzz import fuzz

from invoices.models import Invoice, InvoiceLine
from invoices.validation import Check, CheckStatus
from pims.numbers import keys, normalise
from pims.types import Line, PimsInvoice

CENT = Decimal("0.01")
ALIKE = 60  # of 100: wording differs between page and system ("Consult" and "Consultation")
NAME_ALIKE = 80


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line of the page with its line in the practice system; one side is None where the other has no partner."""

    printed: InvoiceLine | None
    recorded: Line | None


def compare(invoice: Invoice, lines: Sequence[InvoiceLine], record: PimsInvoice) -> list[Check]:
    """A check for each field that the page shows and the practice system knows."""
    return [*_compare_header(invoice, record), *_compare_lines(lines, record.lines)]


def _compare_header(invoice: Invoice, record: PimsInvoice) -> Iterator[Check]:
    if invoice.invoice_number:
        same = normalise(record.invoice_number) in keys(invoice.invoice_number)
        yield _judge("invoiceNumber", same, invoice.invoice_number, record.invoice_number)
    for field, printed, recorded in (
        ("invoiceDate", invoice.issue_date, record.invoice_date),
        ("dueDate", invoice.due_date, record.due_date),
        ("currency", invoice.currency or None, record.currency),
    ):
        if printed is not None and recorded is not None:
            yield _judge(field, printed == recorded, printed, recorded)
    for field, amount, known in (
        ("totalAmount", invoice.gross_total, record.total),
        ("balanceDue", invoice.amount_due, record.balance_due),
    ):
        if amount is not None and known is not None:
            yield _judge(field, abs(amount - known) < CENT, amount, known, money=abs(amount - known))
    yield from _compare_names(invoice, record)


def _compare_names(invoice: Invoice, record: PimsInvoice) -> Iterator[Check]:
    for field, printed, recorded in (
        ("practice.practiceName", invoice.supplier_name, record.practice.name),
        ("customer", invoice.customer_name, record.customer.name),
    ):
        if printed and recorded:
            alike = fuzz.token_set_ratio(printed.casefold(), recorded.casefold()) >= NAME_ALIKE
            status = CheckStatus.PASSED if alike else CheckStatus.WARNING
            yield Check(f"pims.{field}", field, status, _message(field, alike, printed, recorded))


def _compare_lines(printed: Sequence[InvoiceLine], recorded: Sequence[Line]) -> Iterator[Check]:
    if not printed or not recorded:
        return
    pairs = pair_lines(printed, recorded)
    for pair in pairs:
        if pair.printed is None and pair.recorded is not None:
            amount, name = pair.recorded.total_price, pair.recorded.description
            message = f"The practice system has the line {name!r} of {amount}, the document does not."
            yield Check("pims.line_missing", "lineItems", CheckStatus.FAILED, message, money_at_stake=abs(amount))
        elif pair.recorded is None and pair.printed is not None:
            line = pair.printed
            message = (
                f"The document has the line {line.description!r} of {line.net_amount}, the practice system does not."
            )
            stake = abs(line.net_amount) if line.net_amount is not None else None
            yield Check("pims.line_added", "lineItems", CheckStatus.FAILED, message, line.position, stake)
        elif pair.printed is not None and pair.recorded is not None:
            yield from _compare_line(pair.printed, pair.recorded)
    if all(pair.printed is not None and pair.recorded is not None for pair in pairs):
        message = f"All {len(pairs)} lines are in the practice system."
        yield Check("pims.lines", "lineItems", CheckStatus.PASSED, message)


def _compare_line(printed: InvoiceLine, recorded: Line) -> Iterator[Check]:
    amounts = {recorded.total_price, recorded.total_price - (recorded.tax_amount or 0)}
    if printed.net_amount is not None and all(abs(printed.net_amount - amount) >= CENT for amount in amounts):
        message = (
            f"{printed.description!r} costs {printed.net_amount} on the document, {recorded.total_price} in the system."
        )
        stake = abs(printed.net_amount - recorded.total_price)
        yield Check("pims.line_amount", "lineItems", CheckStatus.FAILED, message, printed.position, stake)
    elif printed.quantity is not None and recorded.quantity is not None and printed.quantity != recorded.quantity:
        message = f"{printed.description!r}: {printed.quantity:f} on the document, {recorded.quantity:f} in the system."
        yield Check("pims.line_quantity", "lineItems", CheckStatus.WARNING, message, printed.position)


def pair_lines(printed: Sequence[InvoiceLine], recorded: Sequence[Line]) -> list[LinePair]:
    """One-to-one, most alike first: wording and amount both count, since either may have been altered."""
    scored = [
        (_likeness(line, record), -abs(i - j), i, j)
        for i, line in enumerate(printed)
        for j, record in enumerate(recorded)
    ]
    used_printed: dict[int, int] = {}
    used_recorded: set[int] = set()
    for likeness, _, i, j in sorted(scored, reverse=True):
        if likeness >= ALIKE and i not in used_printed and j not in used_recorded:
            used_printed[i] = j
            used_recorded.add(j)
    pairs = [LinePair(line, recorded[used_printed[i]] if i in used_printed else None) for i, line in enumerate(printed)]
    return pairs + [LinePair(None, record) for j, record in enumerate(recorded) if j not in used_recorded]


def _likeness(line: InvoiceLine, record: Line) -> float:
    """0..120: the wording's likeness, and 20 for the same amount."""
    wording = fuzz.token_set_ratio(line.description.casefold(), record.description.casefold())
    net = record.total_price - (record.tax_amount or 0)
    same = (
        line.net_amount is not None
        and min(abs(line.net_amount - record.total_price), abs(line.net_amount - net)) < CENT
    )
    return wording + (20 if same else 0)


def _judge(field: str, same: bool, printed: object, recorded: object, money: Decimal | None = None) -> Check:
    status = CheckStatus.PASSED if same else CheckStatus.FAILED
    return Check(
        f"pims.{field}",
        field,
        status,
        _message(field, same, printed, recorded),
        money_at_stake=None if same else money,
    )


def _message(field: str, same: bool, printed: object, recorded: object) -> str:
    if same:
        return f"{field} agrees with the practice system."
    return f"{field} is {printed} on the document, but {recorded} in the practice system."
