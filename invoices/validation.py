"""Checks of what an invoice says: arithmetic, dates, what is required. Pure functions over values, no queries.

A check that could not run is `skipped`, never passed. What failed or is doubtful becomes a finding as well.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from invoices.models import DocumentPart, Invoice, InvoiceLine, Payment

CENT = Decimal("0.01")
DOUBTFUL_KIND, DOUBTFUL_CUT = 0.65, 0.8  # confidence below which a person should look
LOW_CONFIDENCE = 0.6  # a required value that is right less often than this is worth a look
OLD_DAYS = 3 * 365
PAGES = "pages."
FAMILIES = ("required", "confidence", "totals.", "line.", "dates.")  # what the rules below are called
REQUIRED = {
    "invoice_number": "invoiceNumber",
    "issue_date": "invoiceDate",
    "gross_total": "totalAmount",
    "currency": "currency",
}


class CheckStatus(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """field: the contract's name of what was checked. rule: a stable id. line: the line's position from 1, 0 = none.

    Where two sources are compared: what the document shows, what the other one has, and where it stands on the page
    (box: left, top, right, bottom in fractions of the page).
    """

    rule: str
    field: str
    status: CheckStatus
    message: str
    line: int = 0
    money_at_stake: Decimal | None = None
    printed: str = ""
    recorded: str = ""
    page: int | None = None
    box: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What the rules go by besides the invoice. amount_tolerance: by how much sums may differ, in its currency."""

    today: date
    amount_tolerance: Decimal = CENT


Rule = Callable[[Invoice, Sequence[InvoiceLine], Sequence[Payment], Given], Iterator[Check]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


def check_invoice(
    invoice: Invoice, lines: Sequence[InvoiceLine], payments: Sequence[Payment], given: Given
) -> list[Check]:
    """All checks of an invoice; the order is the order of the rules below."""
    return [check for each in RULES for check in each(invoice, lines, payments, given)]


def is_kind_doubtful(confidence: float) -> bool:
    return confidence < DOUBTFUL_KIND


def is_cut_doubtful(confidence: float) -> bool:
    return confidence < DOUBTFUL_CUT


def check_part(part: DocumentPart) -> Iterator[Check]:
    """The invoice is one, and it begins and ends where it was cut from the file."""
    if part.decided_at is not None:
        return
    if is_kind_doubtful(part.kind_confidence):
        message = f"That this is a {part.get_kind_display().lower()} is {100 * part.kind_confidence:.0f} % sure only."
        yield Check("pages.kind", "document", CheckStatus.WARNING, message)
    if is_cut_doubtful(part.cut_confidence):
        message = f"Whether {part.shown_pages} are one document, and all of it, is uncertain."
        yield Check("pages.cut", "document", CheckStatus.WARNING, message)


def stated(invoice: Invoice, name: str) -> Decimal:
    """An amount that only e-invoices tell (EN 16931, BT-107, BT-108, BT-114); 0 where there is none."""
    return Decimal(invoice.reading.get(name, {}).get("value", 0))


@rule
def required_values_are_known(
    invoice: Invoice, lines: Sequence[InvoiceLine], payments: Sequence[Payment], given: Given
) -> Iterator[Check]:
    """Contract 1 cannot answer without number, date, total and currency (EN 16931: BT-1, BT-2, BT-112, BT-5)."""
    for attribute, name in REQUIRED.items():
        if getattr(invoice, attribute) in (None, ""):
            yield Check("required", name, CheckStatus.FAILED, f"{name} was not found on the document.")
            continue
        origin = invoice.origin(attribute)
        confidence = origin.get("confidence", 1.0)
        if confidence < LOW_CONFIDENCE:
            message = f"{name} was read with a confidence of {100 * confidence:.0f} % only."
            yield Check("confidence", name, CheckStatus.WARNING, message)
        else:
            told = "was checked by staff" if origin.get("method") == "staff" else "is known"
            yield Check("required", name, CheckStatus.PASSED, f"{name} {told}.")


@rule
def net_and_tax_make_the_total(
    invoice: Invoice, lines: Sequence[InvoiceLine], payments: Sequence[Payment], given: Given
) -> Iterator[Check]:
    """Net total plus tax is the gross total (EN 16931, BR-CO-15)."""
    net, tax, gross = invoice.net_total, invoice.tax_total, invoice.gross_total
    if net is None or tax is None or gross is None:
        yield Check("totals.gross", "totalAmount", CheckStatus.SKIPPED, "Net total or tax is not on the document.")
    elif min(abs(net + tax - gross), abs(net - gross)) <= given.amount_tolerance:
        yield Check("totals.gross", "totalAmount", CheckStatus.PASSED, "Net total and tax make the total.")
    else:
        message = f"Net total {net} and tax {tax} make {net + tax}, but the total is {gross}."
        yield Check("totals.gross", "totalAmount", CheckStatus.WARNING, message, money_at_stake=abs(net + tax - gross))


@rule
def lines_sum_to_a_total(
    invoice: Invoice, lines: Sequence[InvoiceLine], payments: Sequence[Payment], given: Given
) -> Iterator[Check]:
    """Line amounts add up to the net or the gross total (EN 16931, BR-CO-10 and BR-CO-13)."""
    amounts = [line.net_amount for line in lines]
    totals = [total for total in (invoice.net_total, invoice.gross_total) if total is not None]
    if not amounts or None in amounts or not totals:
        yield Check("totals.lines", "lineItems", CheckStatus.SKIPPED, "The lines or the totals are not complete.")
        return
    found = sum((amount for amount in amounts if amount is not None), Decimal(0))
    found += stated(invoice, "charge_total") - stated(invoice, "allowance_total")
    nearest = min(totals, key=lambda total: abs(total - found))
    if abs(nearest - found) <= max(CENT * len(amounts), given.amount_tolerance):
        yield Check("totals.lines", "lineItems", CheckStatus.PASSED, "The lines add up to the total.")
    else:
        message = f"The lines add up to {found}, but the total is {nearest}."
        yield Check("totals.lines", "lineItems", CheckStatus.WARNING, message, money_at_stake=abs(nearest - found))


@rule
def tax_follows_from_the_rates(
    invoice: Invoice, lines: Sequence[InvoiceLine], payments: Sequence[Payment], given: Given
) -> Iterator[Check]:
    """The tax is the sum over the rates of what the lines bill at each (EN 16931, BR-CO-14 and BR-CO-17)."""
    by_rate: dict[Decimal, Decimal] = {}
    for line in lines:
        if line.tax_rate is None or line.net_amount is None:
            return  # the rates are not told of each line: there is nothing to compare
        by_rate[line.tax_rate] = by_rate.get(line.tax_rate, Decimal(0)) + line.net_amount
    has_no_other_sums = invoice.net_total is not None and abs(sum(by_rate.values()) - invoice.net_total) <= CENT
    if invoice.tax_total is None or not by_rate or not has_no_other_sums:
        return
    expected = sum(((net * rate / 100).quantize(CENT) for rate, net in by_rate.items()), Decimal(0))
    if abs(expected - invoice.tax_total) <= max(CENT * len(lines), given.amount_tolerance):
        yield Check("totals.tax", "taxAmount", CheckStatus.PASSED, "The tax follows from the rates.")
    else:
        rates = ", ".join(f"{rate.normalize():f} % of {net}" for rate, net in sorted(by_rate.items()))
        message = f"{rates} make {expected}, but the tax is {invoice.tax_total}."
        stake = abs(expected - invoice.tax_total)
        yield Check("totals.tax", "taxAmount", CheckStatus.WARNING, message, money_at_stake=stake)


@rule
def each_line_multiplies(
    invoice: Invoice, lines: Sequence[InvoiceLine], payments: Sequence[Payment], given: Given
) -> Iterator[Check]:
    """Quantity times unit price is the line's amount, unless the line shows a discount."""
    for line in lines:
        if line.quantity is None or line.unit_price is None or line.net_amount is None or line.discount is not None:
            continue
        product = line.quantity * line.unit_price
        if abs(abs(product) - abs(line.net_amount)) > max(given.amount_tolerance, abs(line.quantity) * CENT / 2):
            message = f"{line.quantity.normalize():f} x {line.unit_price.normalize():f} is not {line.net_amount}."
            stake = abs(abs(product) - abs(line.net_amount)).quantize(CENT)
            yield Check("line.product", "lineItems", CheckStatus.WARNING, message, line.position, stake)


@rule
def balance_follows_from_total_and_payments(
    invoice: Invoice, lines: Sequence[InvoiceLine], payments: Sequence[Payment], given: Given
) -> Iterator[Check]:
    """Total and previous balance less what was paid is the balance (EN 16931, BR-CO-16)."""
    paid = invoice.amount_paid
    if paid is None and payments:
        paid = sum((abs(payment.amount) for payment in payments), Decimal(0))
    if invoice.amount_due is None or invoice.gross_total is None or paid is None:
        yield Check("totals.balance", "balanceDue", CheckStatus.SKIPPED, "Payments or balance are not on the document.")
        return
    expected = invoice.gross_total + (invoice.previous_balance or 0) - paid + stated(invoice, "rounding_amount")
    if abs(expected - invoice.amount_due) <= given.amount_tolerance:
        yield Check("totals.balance", "balanceDue", CheckStatus.PASSED, "Total less payments is the balance.")
    else:
        message = f"Total less payments is {expected}, but the balance is {invoice.amount_due}."
        yield Check(
            "totals.balance",
            "balanceDue",
            CheckStatus.WARNING,
            message,
            money_at_stake=abs(expected - invoice.amount_due),
        )


@rule
def dates_are_in_order(
    invoice: Invoice, lines: Sequence[InvoiceLine], payments: Sequence[Payment], given: Given
) -> Iterator[Check]:
    """An invoice is not from the future, hardly years old, and not due before its day."""
    issued = invoice.issue_date
    if issued is None:
        yield Check("dates.issue", "invoiceDate", CheckStatus.SKIPPED, "The invoice date is not known.")
        return
    if issued > given.today + timedelta(days=1):
        yield Check("dates.issue", "invoiceDate", CheckStatus.FAILED, f"The invoice date {issued} lies in the future.")
    elif issued < given.today - timedelta(days=OLD_DAYS):
        yield Check("dates.issue", "invoiceDate", CheckStatus.WARNING, f"The invoice date {issued} is years ago.")
    else:
        yield Check("dates.issue", "invoiceDate", CheckStatus.PASSED, "The invoice date is plausible.")
    if invoice.due_date is not None and invoice.due_date < issued:
        message = f"The due date {invoice.due_date} lies before the invoice date {issued}."
        yield Check("dates.due", "dueDate", CheckStatus.WARNING, message)
