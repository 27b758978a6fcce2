"""What a connector is given, what it is asked, and what it answers."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Protocol, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from pims.errors import PimsConfigError, PimsError
from pims.http import Transport
from pims.numbers import digits, keys, loose_keys, normalise, spellings
from pims.types import PimsInvoice

TOTAL_TOLERANCE = Decimal("0.01")
DAYS_TOLERANCE = 3
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Hints:
    """What else is known of the invoice that is looked for: tells several hits apart, and proves a doubtful one."""

    total: Decimal | None = None
    issue_date: date | None = None
    customer_name: str = ""
    practice_name: str = ""


@dataclass(frozen=True)
class InvoiceRef:
    """The invoice that is looked for: its number as it was read, and what else is known of it."""

    number: str
    hints: Hints = Hints()

    @cached_property
    def keys(self) -> list[str]:
        return keys(self.number)

    @cached_property
    def loose_keys(self) -> list[str]:
        return loose_keys(self.number)

    @cached_property
    def spellings(self) -> list[str]:
        return spellings(self.number)

    def is_exact(self, number: str) -> bool:
        return normalise(number) in self.keys

    def matches(self, number: str | None) -> bool:
        """Whether a record's number is the one that is looked for, or has its digits."""
        return bool(number) and (self.is_exact(number or "") or digits(number or "") in self.loose_keys)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice of the practice system that may be the one, not yet fetched whole.

    source_id: the system's own id. source: what the connector needs to fetch it.
    """

    number: str
    source_id: str
    customer_id: str | None
    invoice_date: date | None = None
    total: Decimal | None = None
    customer_name: str | None = None
    matched_on: str = "number"
    source: Any = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. warnings: codes of what kept it from being thorough."""

    candidates: tuple[Candidate, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """A connection as far as connectors know it."""

    connection_id: int
    time_zone: ZoneInfo
    currency: str | None
    practice_name: str | None


@dataclass(frozen=True, slots=True)
class Access:
    """What a connector is made of. options and secrets are checked by the connector's own types."""

    site: Site
    options: Mapping[str, Any]
    secrets: Mapping[str, Any]
    transport: Transport

    def now(self) -> datetime:
        return self.transport.clock.now()

    def today(self) -> date:
        return self.now().astimezone(self.site.time_zone).date()


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing that a connection must be able to do. problem: blank where it can; what to do, for people."""

    name: str
    problem: str = ""
    is_needed: bool = True
    """Without it no invoice is found; otherwise only a value is missing."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a connection of this kind can be told, with defaults."""


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Credentials. They do not show in logs or tracebacks."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Connector(Protocol):
    """Finds invoices by their printed number. Raises PimsError; finding nothing is an answer."""

    def search(self, ref: InvoiceRef) -> Found:
        """Invoices that may be the one; every one verified to carry the number or its digits."""

    def search_alike(self, hints: Hints, customer_ids: Collection[str]) -> Found:
        """Invoices of these customers (as the system calls them) around the hinted day, whatever their number."""

    def fetch(self, candidate: Candidate) -> PimsInvoice:
        """The whole invoice."""

    def check(self) -> Iterator[Trial]:
        """Signs in and reads a little of everything that is needed."""

    def close(self) -> None: ...


class ConnectorType(Protocol):
    """The class of a connector, as its module's CONNECTOR."""

    label: ClassVar[str]
    Options: ClassVar[type[msgspec.Struct]]
    Secrets: ClassVar[type[msgspec.Struct]]

    def __call__(self, access: Access) -> Connector: ...


def settings_of(kind: type[T], values: Mapping[str, Any]) -> T:
    """The options or secrets of a connection. Raises PimsConfigError, naming what is missing or unknown."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise PimsConfigError(f"The connection's settings are not complete: {error}.") from None


def attempt(name: str, action: Any, *, is_needed: bool = True) -> Trial:
    """Whether the action works, as a Trial."""
    try:
        action()
    except PimsError as error:
        return Trial(name, str(error), is_needed)
    return Trial(name, is_needed=is_needed)


def is_alike(candidate: Candidate, hints: Hints) -> bool:
    """Whether both the total and the day say that this is the invoice, although its number does not."""
    if candidate.total is None or hints.total is None or candidate.invoice_date != hints.issue_date:
        return False
    return abs(abs(candidate.total) - abs(hints.total)) <= TOTAL_TOLERANCE


def agrees(candidate: Candidate, hints: Hints) -> bool:
    """Whether another value proves that this is the invoice: the total, the day, or the customer's surname."""
    total, day = candidate.total, candidate.invoice_date
    if hints.total is not None and total is not None and abs(abs(total) - abs(hints.total)) <= TOTAL_TOLERANCE:
        return True
    if hints.issue_date is not None and day is not None and abs((day - hints.issue_date).days) <= DAYS_TOLERANCE:
        return True
    names = {word for word in hints.customer_name.casefold().replace(",", " ").split() if len(word) > 2}
    return bool(names & set((candidate.customer_name or "").casefold().replace(",", " ").split()))
