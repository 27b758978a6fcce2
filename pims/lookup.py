"""The same invoice in the practice's own system: which connections, which candidates, what counts as proven."""

import contextvars
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db import connections as database
from rapidfuzz import fuzz

from invoicedata.models import Mga
from pims.access import open_connector
from pims.connectors import LOCAL
from pims.connectors.base import TOTAL_TOLERANCE, Candidate, Found, Hints, InvoiceRef, agrees, is_alike
from pims.errors import PimsError, PimsUnavailable
from pims.http import BACKGROUND_SECONDS, INTERACTIVE_SECONDS, Clock, Deadline
from pims.models import Connection, CustomerLink, PimsRecord
from pims.numbers import normalise
from pims.types import PimsInvoice

logger = logging.getLogger(__name__)

SAME_PRACTICE = 88  # of 100: the page's name of the practice beside the connection's
MOST_AT_ONCE = 4  # systems that one lookup asks at the same time


class Outcome(StrEnum):
    FOUND = "found"
    NOT_FOUND = "not_found"
    OTHER_CUSTOMER = "other_customer"
    """The invoice is there, but belongs to somebody else than the customer who was named."""
    AMBIGUOUS = "ambiguous"
    OTHER_NUMBER = "other_number"
    """The practice has no such number, or another invoice by it; one of the customer's has the day and the total."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """is_proven: another value than the number agrees too. connection: where it was found."""

    outcome: Outcome
    invoice: PimsInvoice | None = None
    connection: Connection | None = None
    is_proven: bool = False


Question = Callable[[Connection], Lookup]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the candidates of one connection prove."""

    outcome: Outcome
    candidate: Candidate | None = None


def find_invoice(
    mga: Mga, number: str, *, customer_id: str, hints: Hints | None = None, seconds: float = INTERACTIVE_SECONDS
) -> Lookup:
    """The invoice `number` of the customer (the MGA's id for them) in the tenant's practice systems.

    The practice that the page names is asked first, then those that know the customer by a link, then the others; of
    each group all at once. The first match that another value proves ends the search. A hit by digits alone counts only
    when a hint proves it. Where the number leads nowhere, or to an invoice of another day and total, the customer's
    invoice of the hinted day and total is looked for: a number may have been misread, or altered.
    Raises PimsError when a system cannot be asked and no other one has the invoice.
    """
    ref = InvoiceRef(number, hints or Hints())
    connections = list(Connection.objects.filter(mga=mga, enabled=True).select_related("mga"))
    links = customer_links(connections, customer_id)
    groups = list(groups_of(connections, ref.hints, links))
    search = Search(groups, links, customer_id, Deadline(seconds, Clock()))
    found = search.by_number(ref) if ref.keys else Lookup(Outcome.NOT_FOUND)
    is_settled = found.outcome is Outcome.AMBIGUOUS or (found.invoice is not None and not contradicts(found, ref.hints))
    if is_settled or ref.hints.total is None or ref.hints.issue_date is None:
        return found
    return search.alike(ref.hints) or found


@dataclass(frozen=True, slots=True)
class Search:
    """One search: whom to ask, in which order, and until when."""

    groups: Sequence[Sequence[Connection]]
    links: Mapping[int, frozenset[str]]
    customer_id: str
    deadline: Deadline

    def by_number(self, ref: InvoiceRef) -> Lookup:
        results: list[Lookup] = []
        errors: list[PimsError] = []
        for group in self.groups:
            for answer in self._ask_all(group, lambda c: ask(c, ref, self._aliases(c), self.deadline)):
                if isinstance(answer, PimsError):
                    errors.append(answer)
                    continue
                if answer.is_proven:
                    return answer
                results.append(answer)
            found = [result for result in results if result.outcome is Outcome.FOUND]
            if len(found) == 1 and is_named(group[0], ref.hints):
                return found[0]
        return decide(results, errors)

    def alike(self, hints: Hints) -> Lookup | None:
        """The customer's one invoice of the hinted day and total; None where there is none, or several."""
        results: list[Lookup] = []
        for group in self.groups:
            for answer in self._ask_all(group, lambda c: ask_alike(c, hints, self._aliases(c), self.deadline)):
                if isinstance(answer, Lookup) and answer.outcome is not Outcome.NOT_FOUND:
                    results.append(answer)
        return results[0] if len(results) == 1 and results[0].invoice is not None else None

    def _aliases(self, connection: Connection) -> frozenset[str]:
        """What the customer is called there."""
        return self.links.get(connection.pk, frozenset({self.customer_id}))

    def _ask_all(self, group: Sequence[Connection], question: Question) -> Iterator[Lookup | PimsError]:
        """Each connection's answer as it comes: imported records here, remote systems each in a thread of its own."""

        def ask_one(connection: Connection) -> Lookup | PimsError:
            try:
                return question(connection)
            except PimsError as error:
                logger.warning("Connection %s could not be asked: %s", connection.pk, error)
                return error

        remote = [connection for connection in group if connection.kind != LOCAL]
        yield from (ask_one(connection) for connection in group if connection.kind == LOCAL)
        if len(remote) == 1:
            yield ask_one(remote[0])
        elif remote:
            yield from in_threads(ask_one, remote, self.deadline)


def contradicts(found: Lookup, hints: Hints) -> bool:
    """Whether neither the total nor the day of what was found is the hinted one, although both are known."""
    invoice = found.invoice
    if invoice is None or hints.total is None or hints.issue_date is None:
        return False
    return invoice.invoice_date != hints.issue_date and abs(invoice.total - hints.total) > TOTAL_TOLERANCE


def decide(results: Sequence[Lookup], errors: Sequence[PimsError]) -> Lookup:
    """What all answers together say. Raises the first error where it may have hidden the invoice."""
    found = [result for result in results if result.outcome is Outcome.FOUND]
    if len(found) == 1:
        return found[0]
    if found or any(result.outcome is Outcome.AMBIGUOUS for result in results):
        return Lookup(Outcome.AMBIGUOUS)
    if errors:
        raise errors[0]
    return next((r for r in results if r.outcome is Outcome.OTHER_CUSTOMER), Lookup(Outcome.NOT_FOUND))


def groups_of(
    connections: Sequence[Connection], hints: Hints, links: dict[int, frozenset[str]]
) -> Iterator[list[Connection]]:
    """Whom to ask first: the practice that the page names, then those that know the customer, then the others."""
    named = [connection for connection in connections if is_named(connection, hints)]
    linked = [connection for connection in connections if connection.pk in links and connection not in named]
    others = [connection for connection in connections if connection not in named and connection not in linked]
    yield from filter(None, (named, linked, others))


def is_named(connection: Connection, hints: Hints) -> bool:
    practice, printed = connection.practice_name.casefold(), hints.practice_name.casefold()
    return bool(practice and printed) and fuzz.token_set_ratio(practice, printed) >= SAME_PRACTICE


def in_threads(
    ask_one: Callable[[Connection], Lookup | PimsError], remote: Sequence[Connection], deadline: Deadline
) -> Iterator[Lookup | PimsError]:
    pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="pims")

    def work(connection: Connection) -> Lookup | PimsError:
        try:
            return ask_one(connection)
        finally:
            database.close_all()  # this thread's own

    waiting: set[Future[Lookup | PimsError]] = set()
    try:
        waiting = {pool.submit(contextvars.copy_context().run, work, connection) for connection in remote}
        while waiting:
            done, waiting = wait(waiting, timeout=max(deadline.left(), 0.01), return_when=FIRST_COMPLETED)
            if not done:
                yield PimsUnavailable("A practice system did not answer in time.")
                return
            yield from (future.result() for future in done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def ask(connection: Connection, ref: InvoiceRef, aliases: Collection[str], deadline: Deadline) -> Lookup:
    """What one connection has of the invoice. Raises PimsError."""
    with open_connector(connection, deadline=deadline) as connector:
        verdict = judge(connector.search(ref), ref, aliases)
        if verdict.candidate is None:
            return Lookup(verdict.outcome)
        invoice = connector.fetch(verdict.candidate)
    return Lookup(Outcome.FOUND, invoice, connection, is_proven=agrees(verdict.candidate, ref.hints))


def ask_alike(connection: Connection, hints: Hints, aliases: Collection[str], deadline: Deadline) -> Lookup:
    """The one invoice of the customer with the hinted day and total that one connection has. Raises PimsError."""
    with open_connector(connection, deadline=deadline) as connector:
        found = connector.search_alike(hints, aliases).candidates
        ours = [candidate for candidate in found if (candidate.customer_id or "") in aliases]
        alike = [candidate for candidate in ours if is_alike(candidate, hints)]
        if len(alike) != 1:
            return Lookup(Outcome.AMBIGUOUS if alike else Outcome.NOT_FOUND)
        invoice = connector.fetch(alike[0])
    origin = replace(invoice.origin, matched_on="customer, day and total")
    return Lookup(Outcome.OTHER_NUMBER, replace(invoice, origin=origin), connection)


def ask_again(
    connection: Connection, before: PimsInvoice, *, seconds: float = BACKGROUND_SECONDS
) -> PimsInvoice | None:
    """The same record as the system has it now; None where it has it no more. Raises PimsError."""
    hints = Hints(total=before.total, issue_date=before.invoice_date, customer_name=before.customer.name or "")
    with open_connector(connection, deadline=Deadline(seconds, Clock())) as connector:
        for candidate in connector.search(InvoiceRef(before.invoice_number, hints)).candidates:
            if before.source_id in (None, candidate.source_id):
                return connector.fetch(candidate)
    return None


def judge(found: Found, ref: InvoiceRef, aliases: Collection[str]) -> Verdict:
    hints = ref.hints
    exact = [candidate for candidate in found.candidates if ref.is_exact(candidate.number)]
    loose = [candidate for candidate in found.candidates if not ref.is_exact(candidate.number)]
    as_printed = [candidate for candidate in exact if normalise(candidate.number) == ref.keys[0]]
    candidates = as_printed or exact or [candidate for candidate in loose if agrees(candidate, hints)]
    if not candidates:
        return Verdict(Outcome.AMBIGUOUS if loose and not hints_given(hints) else Outcome.NOT_FOUND)
    ours = [candidate for candidate in candidates if (candidate.customer_id or "") in aliases]
    if not ours:
        return Verdict(Outcome.OTHER_CUSTOMER)
    if len(ours) > 1 and hints_given(hints):
        ours = [candidate for candidate in ours if agrees(candidate, hints)]
    return Verdict(Outcome.FOUND, ours[0]) if len(ours) == 1 else Verdict(Outcome.AMBIGUOUS)


def hints_given(hints: Hints) -> bool:
    return hints.total is not None or hints.issue_date is not None or bool(hints.customer_name)


def customer_links(connections: Sequence[Connection], customer_id: str) -> dict[int, frozenset[str]]:
    """{connection: what the customer is called there}, where a link says so; else it is the MGA's own id."""
    links = CustomerLink.objects.filter(connection__in=connections, customer_id=customer_id)
    linked: dict[int, set[str]] = {}
    for connection_id, name in links.values_list("connection_id", "pims_customer_id"):
        linked.setdefault(connection_id, set()).add(name)
    return {connection_id: frozenset(names) for connection_id, names in linked.items()}


def is_customer_known(mga: Mga, customer_id: str) -> bool:
    """Whether any connection of the tenant has the customer, by a link or by a record."""
    links = CustomerLink.objects.filter(connection__mga=mga, connection__enabled=True, customer_id=customer_id)
    records = PimsRecord.objects.filter(connection__mga=mga, connection__enabled=True, customer_id=customer_id)
    return links.exists() or records.exists()
