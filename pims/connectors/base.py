"""What a connector is asked, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from pims.types import PimsInvoice

TOTAL_TOLERANCE = Decimal("0.01")
DAYS_TOLERANCE = 3


@dataclass(frozen=True, slots=True)
class Hints:
    """What else is known of the invoice that is looked for: tells several hits apart, and proves a doubtful one."""

    total: Decimal | None = None
    issue_date: date | None = None
    customer_name: str = ""
    practice_name: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Candidates of one connection: exact carry the number itself, loose only its digits."""

    exact: tuple[PimsInvoice, ...] = ()
    loose: tuple[PimsInvoice, ...] = ()


class PimsConnector(Protocol):
    """Finds invoices by their printed number. Raises PimsError; finding nothing is an answer."""

    def find(self, keys: Sequence[str], loose_keys: Sequence[str], hints: Hints) -> Found: ...


def agrees(invoice: PimsInvoice, hints: Hints) -> bool:
    """Whether another value proves that this is the invoice: the total, the day, or the customer's surname."""
    if hints.total is not None and abs(abs(invoice.total) - abs(hints.total)) <= TOTAL_TOLERANCE:
        return True
    if hints.issue_date is not None and abs((invoice.invoice_date - hints.issue_date).days) <= DAYS_TOLERANCE:
        return True
    names = {word for word in hints.customer_name.casefold().replace(",", " ").split() if len(word) > 2}
    return bool(names & set((invoice.customer.name or "").casefold().replace(",", " ").split()))
