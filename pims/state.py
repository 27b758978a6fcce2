"""What all workers know together about a connection: the access token, recent calls, the circuit breaker."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q

from invoicedata.database import unsynced
from invoicedata.encryption import decrypt, encrypt
from pims.errors import PimsUnavailable
from pims.http import Clock, Deadline, Limits, Rate, Token
from pims.models import Connection, ConnectionState

T = TypeVar("T")

FAILURES_TO_OPEN = 5  # in a row
FAILURE_SPAN = timedelta(seconds=60)
OPEN_FOR = timedelta(seconds=30)
PROBE_FOR = timedelta(seconds=30)  # the one call that finds out whether the system is back
FETCH_FOR = timedelta(seconds=20)  # a worker that fetches a token and dies holds the others up this long at most
TOKEN_MARGIN = timedelta(seconds=300)  # a token that ends sooner counts as ended
LOOK_AGAIN_SECONDS = 0.05
DOWN = "The practice system did not answer several times in a row; it is asked again soon."

Calls = Mapping[str, list[list[float]]]


class DatabaseState:
    """`pims.http.SharedState` in the database. Every step is one short transaction, never held across a call."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._had_failures = False
        self._token: Token | None = None  # as this lookup last saw it; a refused one is read anew
        ConnectionState.objects.get_or_create(connection=connection)

    def enter(self, endpoint: str, cost: int, limits: Limits) -> float:
        now = self._clock.now()
        with unsynced():
            row = ConnectionState.objects.select_for_update().defer("token").get(connection=self._connection)
            changed = self._pass_breaker(row, now)
            self._had_failures = bool(row.failures)
            calls = recent_calls(row.calls, limits, now.timestamp())
            wait = wait_for(calls, endpoint, cost, limits, now.timestamp())
            if wait == 0 and limits.longest:
                row.calls = calls | {endpoint: [*calls.get(endpoint, []), [now.timestamp(), cost]]}
                changed.append("calls")
            if changed:
                row.save(update_fields=changed)
        return wait

    def _pass_breaker(self, row: ConnectionState, now: datetime) -> list[str]:
        """The columns that changed. Raises PimsUnavailable while the breaker is open, but for one probing call."""
        if row.open_until is None:
            return []
        if now < row.open_until or (row.probe_until is not None and now < row.probe_until):
            raise PimsUnavailable(DOWN)
        row.probe_until = now + PROBE_FOR
        return ["probe_until"]

    def report(self, *, answered: bool) -> None:
        now = self._clock.now()
        if answered:
            if self._had_failures:
                ConnectionState.objects.filter(connection=self._connection).update(
                    failures=[], open_until=None, probe_until=None
                )
                self._had_failures = False
            return
        with transaction.atomic():
            row = ConnectionState.objects.select_for_update().get(connection=self._connection)
            oldest = (now - FAILURE_SPAN).timestamp()
            row.failures = [*(at for at in row.failures if at > oldest), now.timestamp()][-FAILURES_TO_OPEN:]
            if len(row.failures) >= FAILURES_TO_OPEN or row.probe_until is not None:
                row.open_until, row.probe_until = now + OPEN_FOR, None
            row.save(update_fields=["failures", "open_until", "probe_until"])
        self._had_failures = True

    def token(self, refused: str, fetch: Callable[[], Token], deadline: Deadline) -> str:
        if self._token is not None and self._token.value != refused and self._token.expires_at > self._clock.now():
            return self._token.value
        while True:
            now = self._clock.now()
            row = ConnectionState.objects.get(connection=self._connection)
            if row.token and row.token != refused and row.token_expires_at and row.token_expires_at > now:
                self._token = Token(row.token, row.token_expires_at)
                return row.token
            if self._claim_fetch(row, now):
                return self._fetch_token(fetch)
            if deadline.left() <= LOOK_AGAIN_SECONDS:
                raise PimsUnavailable("Another worker is signing in to the practice system; try again soon.")
            self._clock.sleep(LOOK_AGAIN_SECONDS)

    def _claim_fetch(self, row: ConnectionState, now: datetime) -> bool:
        """Whether it is on us to fetch: nobody else does, and nobody has since the row was read."""
        free = Q(token_fetch_until=None) | Q(token_fetch_until__lt=now)
        unchanged = ConnectionState.objects.filter(free, connection=self._connection, token_serial=row.token_serial)
        return unchanged.update(token_fetch_until=now + FETCH_FOR) == 1

    def _fetch_token(self, fetch: Callable[[], Token]) -> str:
        row = ConnectionState.objects.filter(connection=self._connection)
        try:
            token = fetch()
        except BaseException:
            row.update(token_fetch_until=None)
            raise
        row.update(
            token=token.value,
            token_expires_at=token.expires_at - TOKEN_MARGIN,
            token_serial=F("token_serial") + 1,
            token_fetch_until=None,
        )
        return token.value

    def remember(self, key: str, seconds: int, fetch: Callable[[], T]) -> T:
        """In the cache, encrypted, by the connection's present settings."""
        settings = f"{self._connection.pk}\0{self._connection.options}\0{key}"
        name = "pims:" + hashlib.sha256(settings.encode()).hexdigest()
        if (known := cache.get(name)) is not None:
            found: T = json.loads(decrypt(known))
            return found
        value = fetch()
        cache.set(name, encrypt(json.dumps(value)), seconds)
        return value


def wait_for(calls: Calls, endpoint: str, cost: int, limits: Limits, now: float) -> float:
    """Seconds until a call of this cost is within the limits; 0 = now. calls: {endpoint: [[moment, cost], …]}."""
    everything = sorted(call for made in calls.values() for call in made)
    waits = [_wait(everything, limits.total, cost, now)]
    waits.append(_wait(calls.get(endpoint, []), limits.of(endpoint), cost, now))
    return max(waits)


def _wait(made: list[list[float]], rate: Rate | None, cost: int, now: float) -> float:
    if rate is None:
        return 0.0
    recent = [call for call in made if call[0] > now - rate.seconds]
    room = rate.most - min(cost, rate.most)
    used = sum(call[1] for call in recent)
    for at, spent in recent:
        if used <= room:
            break
        used -= spent
        if used <= room:
            return max(at + rate.seconds - now, 0.001)
    return 0.0


def recent_calls(calls: Calls, limits: Limits, now: float) -> dict[str, list[list[float]]]:
    """Those that may still count for a limit."""
    kept = {name: [call for call in made if call[0] > now - limits.longest] for name, made in calls.items()}
    return {name: made for name, made in kept.items() if made}


class NoState:
    """Of a connection that is never called over the network."""

    def enter(self, endpoint: str, cost: int, limits: Limits) -> float:
        return 0.0

    def report(self, *, answered: bool) -> None:
        pass

    def token(self, refused: str, fetch: Callable[[], Token], deadline: Deadline) -> str:
        return fetch().value

    def remember(self, key: str, seconds: int, fetch: Callable[[], T]) -> T:
        return fetch()
