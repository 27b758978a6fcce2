"""The practice system's invoice beside what the page shows: each difference is a check. This is how an altered invoice
shows. Pure functions, no queries.

A difference that has an honest reason (a later payment, another way to write a date, a value that was read off the
wrong place) is at most a warning. What is left, nobody but a forger or a misreading puts there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rapidfuzz import fuzz

from invoices.line_reconciliation import compare_lines
from invoices.models import Invoice, InvoiceLine
from invoices.page_text import PageText
from invoices.validation import Check, CheckStatus
from ocr.parse import without_accents
from pims.connectors.base import InvoiceRef
from pims.numbers import normalise
from pims.types import PaymentStatus, PimsInvoice
from pims.values import smallest_unit

NAME_ALIKE = 80  # of 100
SURNAME_ALIKE = 82
SURE = 0.5  # a value read with less confidence is no proof of anything
SLIP = 2  # characters in which a misread or altered number differs from the true one
# Half of the smallest coin, where totals are rounded to it in cash.
CASH_ROUNDING = {
    "CHF": Decimal("0.025"),
    "AUD": Decimal("0.02"),
    "CAD": Decimal("0.02"),
    "NZD": Decimal("0.05"),
    "SEK": Decimal("0.50"),
    "NOK": Decimal("0.50"),
    "DKK": Decimal("0.25"),
    "HUF": Decimal("2.50"),
}
# Currencies of one sign: $, kr, ¥.
ONE_SIGN = (
    frozenset({"USD", "AUD", "NZD", "CAD", "SGD", "HKD", "MXN"}),
    frozenset({"SEK", "NOK", "DKK", "ISK"}),
    frozenset({"JPY", "CNY"}),
)
TITLES = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "mme", "sig", "and", "und", "the"})


@dataclass(frozen=True, slots=True)
class Compared:
    """What both sides have of one field, and where the page has it."""

    field: str
    printed: Any
    recorded: Any
    origin: dict[str, Any]

    @property
    def is_sure(self) -> bool:
        return float(self.origin.get("confidence", 1.0)) >= SURE


def compare(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    record: PimsInvoice,
    page: PageText | None = None,
    tolerance: Decimal = Decimal(0),
) -> list[Check]:
    """A check for each value that the page shows and the practice system knows.

    page: all words of the invoice's pages. tolerance: by how much amounts may differ, if more than the currency's own
    rounding.
    """
    page = page or PageText()
    allowed = max(tolerance, smallest_unit(record.currency or invoice.currency))
    return [*_compare_header(invoice, record, page, allowed), *compare_lines(lines, record, page, allowed, invoice)]


def _compare_header(invoice: Invoice, record: PimsInvoice, page: PageText, allowed: Decimal) -> Iterator[Check]:
    yield from _compare_number(_of(invoice, "invoiceNumber", "invoice_number", record.invoice_number), page)
    issued = _of(invoice, "invoiceDate", "issue_date", record.invoice_date)
    yield from _compare_days(issued, CheckStatus.FAILED)
    yield from _compare_days(_of(invoice, "dueDate", "due_date", record.due_date), CheckStatus.WARNING)
    currency = _of(invoice, "currency", "currency", record.currency)
    if currency.printed and currency.recorded:
        is_same = currency.printed == currency.recorded
        is_told = currency.origin and not _share_sign(currency, page)
        yield _judge(currency, is_same, CheckStatus.FAILED if is_told else CheckStatus.WARNING)
    yield from _compare_total(_of(invoice, "totalAmount", "gross_total", record.total), record, page, allowed)
    yield from _compare_balance(_of(invoice, "balanceDue", "amount_due", record.balance_due), record, allowed)
    practice = _of(invoice, "practice.practiceName", "supplier_name", record.practice.name)
    if practice.printed and practice.recorded:
        alike = fuzz.token_set_ratio(practice.printed.casefold(), practice.recorded.casefold()) >= NAME_ALIKE
        yield _judge(practice, alike, CheckStatus.WARNING)
    yield from _compare_customer(_of(invoice, "customer", "customer_name", record.customer.name), page)


def _of(invoice: Invoice, field: str, column: str, recorded: Any) -> Compared:
    return Compared(field, getattr(invoice, column), recorded, invoice.origin(column))


def _share_sign(pair: Compared, page: PageText) -> bool:
    """Whether both may be what one sign on the page means, such as a bare "$"."""
    is_named = any(pair.printed in word.upper() for word in page.words)
    return not is_named and any({pair.printed, pair.recorded} <= codes for codes in ONE_SIGN)


# --- Number, days, amounts ------------------------------------------------------------------------------------------


def _compare_number(pair: Compared, page: PageText) -> Iterator[Check]:
    """By letters and digits; a prefix that only one side has does not count."""
    if not pair.printed:
        return
    if InvoiceRef(pair.printed).matches(pair.recorded):
        yield _judge(pair, True, CheckStatus.FAILED)
        return
    # The right number is printed, and another one was taken for it: no alteration, unless the two are nearly the same.
    is_elsewhere = page.has_number(pair.recorded) and not _is_slip(pair.printed, pair.recorded)
    yield _judge(pair, False, CheckStatus.WARNING if is_elsewhere or not pair.is_sure else CheckStatus.FAILED)


def _is_slip(one: str, other: str) -> bool:
    left, right = normalise(one), normalise(other)
    return len(left) == len(right) and sum(a != b for a, b in zip(left, right, strict=True)) <= SLIP


def _compare_days(pair: Compared, worst: CheckStatus) -> Iterator[Check]:
    if pair.printed is None or pair.recorded is None:
        return
    is_same = pair.printed == pair.recorded or _swapped(pair.printed) == pair.recorded
    yield _judge(pair, is_same, worst if pair.is_sure else CheckStatus.WARNING)


def _swapped(day: date) -> date | None:
    """04/03 is a day in March or in April: which, no page tells."""
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else None


def _compare_total(pair: Compared, record: PimsInvoice, page: PageText, allowed: Decimal) -> Iterator[Check]:
    if pair.printed is None:
        return
    difference = abs(abs(pair.printed) - abs(pair.recorded))
    if difference <= max(allowed, CASH_ROUNDING.get(record.currency or "", Decimal(0))):
        yield _judge(pair, True, CheckStatus.FAILED)
        return
    others = {record.subtotal, record.balance_due, record.tax_total, *balances(record)} - {None}
    is_another = any(abs(pair.printed - other) <= allowed for other in others if other is not None)
    is_misread = is_another and page.has_amount(pair.recorded)
    status = CheckStatus.WARNING if is_misread or not pair.is_sure else CheckStatus.FAILED
    yield _judge(pair, False, status, money=difference)


def _compare_balance(pair: Compared, record: PimsInvoice, allowed: Decimal) -> Iterator[Check]:
    """The page tells what was owed when it was printed; payments came later."""
    if pair.printed is None or pair.recorded is None:
        return
    known = [pair.recorded, *balances(record)]
    is_same = any(abs(pair.printed - amount) <= allowed for amount in known)
    yield _judge(pair, is_same, CheckStatus.WARNING, money=abs(pair.printed - pair.recorded))


def balances(record: PimsInvoice) -> list[Decimal]:
    """What was owed at first, and after each payment."""
    counted = (PaymentStatus.COMPLETED, PaymentStatus.REFUNDED, PaymentStatus.UNKNOWN)
    payments = [payment for payment in record.payments or () if payment.status in counted]
    found = [record.total]
    for payment in sorted(payments, key=lambda payment: payment.payment_date or date.max):
        found.append(found[-1] - payment.amount)
    return found


# --- The customer ---------------------------------------------------------------------------------------------------


def _compare_customer(pair: Compared, page: PageText) -> Iterator[Check]:
    if not pair.printed or not pair.recorded:
        return
    if is_same_person(pair.printed, pair.recorded):
        yield _judge(pair, True, CheckStatus.FAILED)
        return
    shares_surname = bool(_alike_parts(pair.printed, surname(pair.recorded)))
    is_elsewhere = page.share_of(pair.recorded) == 1.0
    is_doubtful = shares_surname or is_elsewhere or not pair.is_sure
    yield _judge(pair, False, CheckStatus.WARNING if is_doubtful else CheckStatus.FAILED)


def is_same_person(printed: str, recorded: str) -> bool:
    """Surname, and first name or initial where both have one: "Whitfield, D." is "Dana Whitfield"."""
    family = surname(recorded)
    if not family or not _alike_parts(printed, family):
        return fuzz.token_sort_ratio(_plain(printed), _plain(recorded)) >= NAME_ALIKE
    ours = [part for part in _parts(printed) if fuzz.ratio(part, family) < SURNAME_ALIKE]
    theirs = [part for part in _parts(recorded) if part != family]
    if not ours or not theirs:
        return True
    return any(
        a[0] == b[0] if min(len(a), len(b)) == 1 else fuzz.ratio(a, b) >= NAME_ALIKE for a in ours for b in theirs
    )


def surname(name: str) -> str:
    """Folded: the last word, or the one before a comma."""
    first, comma, _ = name.partition(",")
    parts = _parts(first if comma else name)
    return parts[-1] if parts else ""


def _alike_parts(name: str, part: str) -> list[str]:
    return [own for own in _parts(name) if part and fuzz.ratio(own, part) >= SURNAME_ALIKE]


def _parts(name: str) -> list[str]:
    words = "".join(letter if letter.isalpha() else " " for letter in _plain(name)).split()
    return [word for word in words if word not in TITLES]


def _plain(name: str) -> str:
    return without_accents(name).casefold()


# --- Checks ---------------------------------------------------------------------------------------------------------


def _judge(pair: Compared, is_same: bool, worst: CheckStatus, money: Decimal | None = None) -> Check:
    return Check(
        f"pims.{pair.field}",
        pair.field,
        CheckStatus.PASSED if is_same else worst,
        f"{pair.field} agrees with the practice system."
        if is_same
        else f"{pair.field} is {pair.printed} on the document, but {pair.recorded} in the practice system.",
        money_at_stake=None if is_same else money,
        printed=str(pair.printed),
        recorded=str(pair.recorded),
        page=pair.origin.get("page"),
        box=pair.origin.get("box"),
    )
