"""What an invoice says beside the supplier's other invoices: duplicates, prices, places, deliveries. Pure functions.

A rule yields a check for each thing that is doubtful; what is in order yields nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from rapidfuzz import fuzz, utils

from invoices.models import Invoice, InvoiceLine
from invoices.validation import Check, CheckStatus

CENT = Decimal("0.01")
FAMILIES = ("duplicate.", "price.", "venue.", "currency.", "deliveries.")
SAME_VENUE = 85  # of 100: likeness of two spellings of one place
FEWEST_DELIVERED = 3  # invoices of a supplier, before its habits mean anything
USUALLY = 0.8  # share of them that came with a delivery note
FEWEST_IN_CURRENCY = 3


@dataclass(frozen=True, slots=True)
class Other:
    """Another invoice of the supplier that came in earlier."""

    id: str
    number_key: str
    shown: str
    issue_date: date | None
    gross_total: Decimal | None


@dataclass(frozen=True, slots=True)
class PricePoint:
    """What an article cost the last time. number: of that invoice."""

    unit_price: Decimal
    unit: str
    number: str
    day: date | None


@dataclass(frozen=True, slots=True)
class History:
    """What the tenant knows of the supplier. prices: by `article_key`. currencies: of its other invoices. delivered: of
    its latest other invoices, whether a delivery note was paired with each. venues: the tenant's own places; none: not
    checked. price_tolerance: by how much a price may change, as a share of it."""

    others: Sequence[Other] = ()
    prices: Mapping[str, PricePoint] | None = None
    currencies: Sequence[str] = ()
    delivered: Sequence[bool] = ()
    is_delivered: bool = False
    venues: Sequence[str] = ()
    price_tolerance: Decimal = Decimal("0.02")


Rule = Callable[[Invoice, Sequence[InvoiceLine], History], Iterator[Check]]
RULES: list[Rule] = []


def rule(function: Rule) -> Rule:
    RULES.append(function)
    return function


def check_history(invoice: Invoice, lines: Sequence[InvoiceLine], history: History) -> list[Check]:
    """All that is doubtful beside the supplier's other invoices."""
    return [check for each in RULES for check in each(invoice, lines, history)]


def article_key(line: InvoiceLine) -> str:
    """By which an article is found again: its SKU, else its description folded."""
    return f"sku {line.sku.casefold()}" if line.sku else str(utils.default_process(line.description))


@rule
def number_was_not_billed_before(invoice: Invoice, lines: Sequence[InvoiceLine], history: History) -> Iterator[Check]:
    """No earlier invoice of the supplier has the same number."""
    same = next((o for o in history.others if invoice.number_key and o.number_key == invoice.number_key), None)
    if same is not None:
        message = f"Possible duplicate of {same.shown}: the supplier sent this number before."
        stake = invoice.gross_total and abs(invoice.gross_total)
        yield Check("duplicate.number", "invoiceNumber", CheckStatus.FAILED, message, money_at_stake=stake)


@rule
def day_and_total_were_not_billed_before(
    invoice: Invoice, lines: Sequence[InvoiceLine], history: History
) -> Iterator[Check]:
    """No earlier invoice of the supplier has the same date and total under another number."""
    if not invoice.gross_total or invoice.issue_date is None:
        return
    for other in history.others:
        same = (other.issue_date, other.gross_total) == (invoice.issue_date, invoice.gross_total)
        if same and other.number_key != invoice.number_key:
            message = f"Possible duplicate of {other.shown}: same supplier, date and total."
            stake = abs(invoice.gross_total)
            yield Check("duplicate.total", "totalAmount", CheckStatus.WARNING, message, money_at_stake=stake)
            return


@rule
def prices_are_as_the_last_time(invoice: Invoice, lines: Sequence[InvoiceLine], history: History) -> Iterator[Check]:
    """A unit price differs from the article's last one, in the same unit, by no more than the tolerance."""
    for line in lines:
        last = (history.prices or {}).get(article_key(line))
        if last is None or not line.unit_price or last.unit.casefold() != line.unit.casefold():
            continue
        change = abs(line.unit_price) - abs(last.unit_price)
        if abs(change) <= max(CENT, abs(last.unit_price) * history.price_tolerance):
            continue
        percent = 100 * change / abs(last.unit_price) if last.unit_price else Decimal(100)
        message = (
            f"{line.description[:80]}: {line.unit_price.normalize():f} a unit, {percent:+.1f} % against "
            f"{last.unit_price.normalize():f} on {last.number or 'an earlier invoice'}."
        )
        stake = abs(change * (line.quantity or 1)).quantize(CENT)
        yield Check("price.changed", "lineItems", CheckStatus.WARNING, message, line.position, stake)


@rule
def currency_is_the_suppliers(invoice: Invoice, lines: Sequence[InvoiceLine], history: History) -> Iterator[Check]:
    """The supplier bills in the currency that it always bills in."""
    usual = set(history.currencies)
    if len(history.currencies) >= FEWEST_IN_CURRENCY and len(usual) == 1 and invoice.currency not in {"", *usual}:
        message = f"The currency is {invoice.currency}, but the supplier always billed in {usual.pop()}."
        yield Check("currency.unusual", "currency", CheckStatus.WARNING, message)


@rule
def venue_is_one_of_ours(invoice: Invoice, lines: Sequence[InvoiceLine], history: History) -> Iterator[Check]:
    """The place delivered to is on the tenant's list, if it keeps one."""
    if not history.venues:
        return
    if not invoice.venue:
        yield Check("venue.unknown", "venue", CheckStatus.WARNING, "The document does not say which venue it is for.")
        return
    likest = max(
        fuzz.token_set_ratio(invoice.venue, venue, processor=utils.default_process) for venue in history.venues
    )
    if likest < SAME_VENUE:
        message = f"{invoice.venue} is none of the venues that are known."
        yield Check("venue.unknown", "venue", CheckStatus.WARNING, message)


@rule
def delivery_note_came_with_it(invoice: Invoice, lines: Sequence[InvoiceLine], history: History) -> Iterator[Check]:
    """A supplier that usually delivers with a note did so this time."""
    known = len(history.delivered)
    if history.is_delivered or known < FEWEST_DELIVERED or sum(history.delivered) < USUALLY * known:
        return
    message = f"No delivery note is paired, as there is with {sum(history.delivered)} of the supplier's last {known}."
    yield Check("deliveries.missing", "deliveries", CheckStatus.WARNING, message, money_at_stake=invoice.gross_total)
