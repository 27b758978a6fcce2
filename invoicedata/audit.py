"""The seal on the record of what happened: a chain that shows whether events were changed, removed or slipped in.

Each event's seal is a keyed hash (HMAC-SHA256) over the event and the seal before. The key is made from ENCRYPTION_KEYS
and is not in the database: whoever can write there can break the chain and cannot forge it. Events are sealed in one
order, by one process at a time, some seconds after they were written: sealing them in the transactions that write them
would make these wait for each other.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from invoicedata.encryption import authentication_code, is_authentication_code
from invoicedata.events import record_event
from invoicedata.models import Event

BATCH = 500
CHUNK = 2000
SEALING_LOCK = 7_305_414_200  # of PostgreSQL's advisory locks; any number that nothing else uses
PURGED = "audit.purged"
MOST_PROBLEMS = 20
COLUMNS = ("id", "at", "mga_id", "actor_id", "action", "subject", "data", "position", "seal")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of the chain. Kept elsewhere, it later shows whether the chain's end was cut off."""

    position: int
    seal: str

    def __str__(self) -> str:
        return f"{self.position}:{self.seal}"


@dataclass(slots=True)
class Verdict:
    """problems: in words, at most MOST_PROBLEMS. unsealed: events that wait for their seal."""

    checked: int = 0
    unsealed: int = 0
    head: Head | None = None
    problems: list[str] = field(default_factory=list)

    def blame(self, problem: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def seal_events() -> int:
    """Seals what waits, up to BATCH events; returns how many. Where another process is at it, none."""
    with transaction.atomic():
        if not _is_alone():
            return 0
        events = list(Event.objects.filter(position=None).order_by("pk")[:BATCH])
        if not events:
            return 0
        head = _head()
        position, seal = (head.position, head.seal) if head else (0, "")
        for event in events:
            position += 1
            event.position, event.seal = position, authentication_code(_message(seal, position, event))
            seal = event.seal
        Event.objects.bulk_update(events, ["position", "seal"], batch_size=100)
    return len(events)


def _is_alone() -> bool:
    """Until the end of the transaction. SQLite has one writer anyway."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEALING_LOCK])
        return bool(cursor.fetchone()[0])


def _head() -> Head | None:
    newest = Event.objects.exclude(position=None).order_by("-position").first()
    return None if newest is None or newest.position is None else Head(newest.position, newest.seal)


def _message(previous: str, position: int, event: Event) -> bytes:
    """What a seal is made over."""
    at = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    content = [previous, position, event.pk, event.mga_id, event.subject, event.action, event.actor_id, event.data, at]
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def verify(since: Head | None = None) -> Verdict:
    """The whole chain, and that `since`, noted on an earlier day, is still part of it."""
    verdict = Verdict(unsealed=Event.objects.filter(position=None).count())
    previous: Head | None = None
    for event in _sealed():
        assert event.position is not None
        before = previous or _start(event.position)
        if before is None:
            verdict.blame(f"Events up to position {event.position - 1} are missing, and no purge accounts for them.")
            before = Head(event.position - 1, "")
        elif event.position != before.position + 1:
            verdict.blame(f"Between positions {before.position} and {event.position} events are missing.")
        elif not is_authentication_code(_message(before.seal, event.position, event), event.seal):
            verdict.blame(f"The event at position {event.position} (id {event.pk}) is not as it was sealed.")
        if since is not None and event.position == since.position and event.seal != since.seal:
            verdict.blame(f"The event at position {since.position} is another one than was noted.")
        previous = Head(event.position, event.seal)
        verdict.checked += 1
    verdict.head = previous
    if since is not None and (previous is None or previous.position < since.position):
        verdict.blame(f"The chain ends before position {since.position}: its end was cut off.")
    return verdict


def _sealed() -> Iterator[Event]:
    return Event.objects.exclude(position=None).order_by("position").iterator(chunk_size=CHUNK)


def _start(position: int) -> Head | None:
    """What the first event that is still there follows: nothing, or what a purge, an event of the chain, took away."""
    if position == 1:
        return Head(0, "")
    purge = Event.objects.filter(action=PURGED, position__gte=position, data__through=position - 1).first()
    return None if purge is None else Head(position - 1, purge.data["seal"])


def purge(oldest: datetime) -> int:
    """Deletes the chain's beginning, as far as it is older; an event says up to where. Returns how many."""
    sealed = Event.objects.exclude(position=None)
    kept = sealed.filter(at__gte=oldest).order_by("position").values_list("position", flat=True).first()
    gone = sealed.filter(at__lt=oldest)
    if kept is not None:
        gone = gone.filter(position__lt=kept)
    with transaction.atomic():
        last = gone.order_by("-position").first()
        if last is None:
            return 0
        record_event(None, "", PURGED, data={"through": last.position, "seal": last.seal})
        return gone.delete()[0]


def recorded(mga: str | None = None, first: datetime | None = None, last: datetime | None = None) -> QuerySet[Event]:
    """Events in the order in which they were written, narrowed to a tenant and to moments from `first` to `last`."""
    rows = Event.objects.order_by("pk")
    if mga:
        rows = rows.filter(mga=mga)
    if first:
        rows = rows.filter(at__gte=first)
    return rows.filter(at__lt=last) if last else rows


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    """A row of COLUMNS for a CSV file."""
    return row | {"at": row["at"].astimezone(UTC).isoformat(), "data": json.dumps(row["data"], ensure_ascii=False)}
