"""The same invoice in the practice's own system: which connections, which candidates, what counts as proven."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from invoicedata.models import Mga
from pims.connectors.base import Found, Hints, PimsConnector, agrees
from pims.connectors.local import LocalConnector
from pims.models import Connection, CustomerLink, PimsRecord
from pims.numbers import keys, loose_keys
from pims.types import PimsInvoice


class Outcome(StrEnum):
    FOUND = "found"
    NOT_FOUND = "not_found"
    OTHER_CUSTOMER = "other_customer"
    """The invoice is there, but belongs to somebody else than the customer who was named."""
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Lookup:
    outcome: Outcome
    invoice: PimsInvoice | None = None
    connection: str = ""


CONNECTORS: dict[str, type[LocalConnector]] = {Connection.Kind.LOCAL: LocalConnector}


def connections_of(mga: Mga, hints: Hints | None = None) -> list[Connection]:
    """The tenant's connections that are switched on; those of the practice that is hinted at first."""
    found = list(Connection.objects.filter(mga=mga, enabled=True))
    practice = (hints.practice_name if hints else "").casefold()
    return sorted(found, key=lambda c: (not practice or c.practice_name.casefold() != practice, c.pk))


def find_invoice(mga: Mga, number: str, *, customer_id: str, hints: Hints | None = None) -> Lookup:
    """The invoice `number` of the customer (the MGA's id for them) in the tenant's practice systems.

    A hit by digits alone counts only when a hint proves it. Raises PimsError when a system cannot be asked and no other
    one has the invoice.
    """
    hints = hints or Hints()
    connections = connections_of(mga, hints)
    aliases = customer_aliases(connections, customer_id)
    results = [
        judge(connection, create(connection).find(keys(number), loose_keys(number), hints), aliases, hints)
        for connection in connections
    ]
    for outcome in (Outcome.FOUND, Outcome.AMBIGUOUS, Outcome.OTHER_CUSTOMER):
        matching = [result for result in results if result.outcome is outcome]
        if len(matching) > 1 and outcome is Outcome.FOUND and not hints.practice_name:
            return Lookup(Outcome.AMBIGUOUS)
        if matching:
            return matching[0]
    return Lookup(Outcome.NOT_FOUND)


def judge(connection: Connection, found: Found, aliases: dict[int, frozenset[str]], hints: Hints) -> Lookup:
    """What the candidates of one connection prove."""
    candidates = found.exact or tuple(invoice for invoice in found.loose if agrees(invoice, hints))
    if not candidates:
        return Lookup(Outcome.AMBIGUOUS if found.loose and not hints_given(hints) else Outcome.NOT_FOUND)
    ours = [invoice for invoice in candidates if (invoice.customer.id or "") in aliases[connection.pk]]
    if not ours:
        return Lookup(Outcome.OTHER_CUSTOMER)
    if len(ours) > 1:
        ours = [invoice for invoice in ours if agrees(invoice, hints)] if hints_given(hints) else ours
    if len(ours) != 1:
        return Lookup(Outcome.AMBIGUOUS)
    return Lookup(Outcome.FOUND, ours[0], connection.name)


def hints_given(hints: Hints) -> bool:
    return hints.total is not None or hints.issue_date is not None or bool(hints.customer_name)


def customer_aliases(connections: Sequence[Connection], customer_id: str) -> dict[int, frozenset[str]]:
    """What the customer is called in each connection: by its links, or else the MGA's own id."""
    links = CustomerLink.objects.filter(connection__in=connections, customer_id=customer_id)
    linked: dict[int, set[str]] = {}
    for connection_id, name in links.values_list("connection_id", "pims_customer_id"):
        linked.setdefault(connection_id, set()).add(name)
    return {connection.pk: frozenset(linked.get(connection.pk, {customer_id})) for connection in connections}


def is_customer_known(mga: Mga, customer_id: str) -> bool:
    """Whether any connection of the tenant has the customer, by a link or by a record."""
    links = CustomerLink.objects.filter(connection__mga=mga, connection__enabled=True, customer_id=customer_id)
    records = PimsRecord.objects.filter(connection__mga=mga, connection__enabled=True, customer_id=customer_id)
    return links.exists() or records.exists()


def create(connection: Connection) -> PimsConnector:
    return CONNECTORS[connection.kind](connection)
