"""The one way to a practice system over HTTP.

Each call has timeouts and the deadline of the whole lookup, is repeated where that may help, and is counted for the
vendor's limits and for the circuit breaker, both shared by all workers (`SharedState`). Nothing is followed: no
redirect, no link to another origin, no address in a private network but those that the operator names. Answers are
JSON of bounded size. Logs have method, endpoint, status and time: never credentials, parameters or bodies.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlsplit

import requests
import urllib3
from requests_hardened.ip_filter import InvalidIPAddress

from invoicedata import metrics
from invoicedata.outgoing import OutgoingSession, is_named
from pims.errors import (
    PimsAuthError,
    PimsConfigError,
    PimsError,
    PimsMissing,
    PimsPermissionError,
    PimsProtocolError,
    PimsRateLimited,
    PimsUnavailable,
)

logger = logging.getLogger(__name__)
T = TypeVar("T")

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
INTERACTIVE_SECONDS, BACKGROUND_SECONDS = 20.0, 120.0  # of a whole lookup
TRIES = 3
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds between tries, where the system does not say
MAX_BYTES = 5 * 1024**2
CHUNK_BYTES = 64 * 1024
USER_AGENT = "InvoiceData/1"
REPEATED = frozenset({429, 500, 502, 503, 504})
EPOCH_FROM = 10**9  # seconds: a "reset" above this is a moment, not a span


class Clock:
    """Time, and waiting for it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Deadline:
    """When the whole lookup must be over."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds, 0 when it has passed."""
        return max(self._end - self._clock.monotonic(), 0.0)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most this many calls in any span of `seconds`."""

    most: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor allows: over all endpoints, for each endpoint, and for endpoints of their own."""

    total: Rate | None = None
    each: Rate | None = None
    endpoints: Mapping[str, Rate] = field(default_factory=dict)

    def of(self, endpoint: str) -> Rate | None:
        return self.endpoints.get(endpoint, self.each)

    @property
    def longest(self) -> float:
        """Seconds; 0 where nothing is limited."""
        rates = (self.total, self.each, *self.endpoints.values())
        return max((rate.seconds for rate in rates if rate), default=0.0)


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """An access token; it does not show in a traceback."""

    value: str
    expires_at: datetime


class SharedState(Protocol):
    """What all workers know together about one connection."""

    def enter(self, endpoint: str, cost: int, limits: Limits) -> float:
        """Counts a call and returns 0, or returns the seconds until it may be made. Raises PimsUnavailable while the
        circuit breaker is open."""

    def report(self, *, answered: bool) -> None:
        """A call was answered, or failed in transport or with a server error."""

    def token(self, refused: str, fetch: Callable[[], Token], deadline: Deadline) -> str:
        """The access token, fetched by one worker only where there is none that is good or it is the refused one."""

    def remember(self, key: str, seconds: int, fetch: Callable[[], T]) -> T:
        """What `fetch` returned within the last `seconds`; JSON values only."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as it went, for the probe. body: the JSON value, None where there was none."""

    method: str
    endpoint: str
    status: int
    milliseconds: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Transport:
    """What calls are made with, whatever the vendor. listener: told of every answer."""

    state: SharedState
    deadline: Deadline
    clock: Clock
    private_hosts: Collection[str] = ()
    listener: Callable[[Exchange], None] | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes


class _Broken(Exception):
    """The exchange failed in transport."""


class Http:
    """Calls to one base address (and one address for tokens), in one lookup.

    headers go with every call to the base address; `fetch_token` is asked for the bearer token where there is one.
    """

    def __init__(
        self,
        base_url: str,
        transport: Transport,
        *,
        limits: Limits = Limits(),
        headers: Mapping[str, str] | None = None,
        fetch_token: Callable[[], Token] | None = None,
    ) -> None:
        self.base_url = check_address(base_url, transport.private_hosts).rstrip("/")
        self.calls = 0
        self._transport = transport
        self._limits = limits
        self._headers = dict(headers or {})
        self._fetch_token = fetch_token
        self._sessions: dict[str, OutgoingSession] = {}

    def get(
        self,
        endpoint: str,
        params: Mapping[str, Any] | None = None,
        *,
        permission: str = "",
        cost: int = 1,
        **names: object,
    ) -> Any:
        """The JSON of `base_url/endpoint`; names in braces are filled in: get("invoice/{id}/", id=5)."""
        path = endpoint.format(**{name: quote(str(value), safe="") for name, value in names.items()})
        url = f"{self.base_url}/{path}"
        return self._call("GET", url, endpoint=endpoint, permission=permission, cost=cost, params=dict(params or {}))

    def post(
        self,
        endpoint: str,
        body: Any,
        *,
        params: Mapping[str, Any] | None = None,
        permission: str = "",
        **names: object,
    ) -> Any:
        """Like get(), for a question that is asked with a JSON body, and that may be repeated."""
        path = endpoint.format(**{name: quote(str(value), safe="") for name, value in names.items()})
        sent = {"json": body, "params": dict(params or {})}
        return self._call("POST", f"{self.base_url}/{path}", endpoint=endpoint, permission=permission, **sent)

    def get_link(self, url: str, *, endpoint: str, permission: str = "", cost: int = 1) -> Any:
        """The JSON behind an address that the system itself gave. Raises PimsProtocolError where it leads elsewhere."""
        if not str(url).startswith(f"{self.base_url}/") or "/../" in url:
            raise PimsProtocolError(endpoint, "a link leads to another address than the connection's; not followed.")
        return self._call("GET", url, endpoint=endpoint, permission=permission, cost=cost)

    def query(
        self,
        endpoint: str,
        *,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        permission: str = "",
        tries: int = TRIES,
    ) -> Any:
        """POSTs a question (something that may be repeated) to the base address and returns the JSON of the answer.
        endpoint: what it is counted and logged as."""
        sent = {"json": json, "data": data}
        return self._call("POST", self.base_url, endpoint=endpoint, permission=permission, tries=tries, **sent)

    def post_credentials(
        self, url: str, data: Mapping[str, str], *, auth: tuple[str, str] | None = None, headers: Any = None
    ) -> Mapping[str, Any]:
        """The answer of a token address. Raises PimsAuthError where the credentials are refused."""
        check_address(url, self._transport.private_hosts)
        answer = self._exchange_often("POST", url, "token", TRIES, 1, data=dict(data), auth=auth, headers=headers or {})
        if answer.status in (400, 401, 403):
            raise PimsAuthError("The practice system does not accept the credentials. Check and save them again.")
        found = self._read(answer, "token", "")
        if not isinstance(found, dict):
            raise PimsProtocolError("token", "the answer is not an object.")
        return found

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()

    def _call(
        self, method: str, url: str, *, endpoint: str, permission: str, tries: int = TRIES, cost: int = 1, **sent: Any
    ) -> Any:
        refused = ""
        while True:
            headers, token = self._authorised(refused)
            answer = self._exchange_often(method, url, endpoint, tries, cost, headers=headers, **sent)
            if answer.status != 401 or not token or refused:
                return self._read(answer, endpoint, permission)
            refused = token

    def _authorised(self, refused: str) -> tuple[dict[str, str], str]:
        if self._fetch_token is None:
            return dict(self._headers), ""
        token = self._transport.state.token(refused, self._fetch_token, self._transport.deadline)
        return self._headers | {"Authorization": f"Bearer {token}"}, token

    def _exchange_often(self, method: str, url: str, endpoint: str, tries: int, cost: int, **sent: Any) -> _Answer:
        """The last answer of up to `tries` calls. Raises PimsUnavailable where none came."""
        state = self._transport.state
        for attempt in range(1, tries + 1):
            if self._transport.deadline.left() <= 0:
                raise PimsUnavailable("The practice system did not answer in time.")
            while (wait := state.enter(endpoint, cost, self._limits)) > 0:
                self._pause(wait, is_limit=True)
            try:
                answer = self._exchange(method, url, endpoint, attempt, **sent)
            except PimsError:
                state.report(answered=True)
                raise
            state.report(answered=answer is not None and answer.status < 500)
            if answer is not None and answer.status not in REPEATED:
                return answer
            is_limit = answer is not None and answer.status == 429
            asked = self._asked_pause(answer)
            if attempt == tries:
                if is_limit:
                    raise PimsRateLimited(asked or LONGEST_PAUSE)
                break
            pause = asked if asked is not None else self._backoff(attempt)
            self._pause(pause, is_limit=is_limit)
        raise PimsUnavailable(
            f"The practice system does not answer ({endpoint})."
            if answer is None
            else f"The practice system answers with an error of its own ({answer.status}, {endpoint})."
        )

    def _backoff(self, attempt: int) -> float:
        """Full jitter: many workers that failed together do not come back together."""
        return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))

    def _asked_pause(self, answer: _Answer | None) -> float | None:
        """Seconds that the system asks to wait: `Retry-After` (seconds or a date), else `x-ratelimit-reset`."""
        if answer is None or answer.status not in (429, 503):
            return None
        now = self._transport.clock.now()
        if after := answer.headers.get("retry-after", "").strip():
            if after.isdigit():
                return float(after)
            try:
                return max((parsedate_to_datetime(after) - now).total_seconds(), 0.0)
            except (ValueError, TypeError):
                return None
        reset = answer.headers.get("x-ratelimit-reset", "").strip()
        if answer.status == 429 and reset.isdigit():
            return max(int(reset) - now.timestamp(), 0.0) if int(reset) > EPOCH_FROM else float(reset)
        return None

    def _pause(self, seconds: float, *, is_limit: bool) -> None:
        """Waits, or says at once that waiting would outlast the lookup."""
        if seconds >= self._transport.deadline.left():
            if is_limit:
                raise PimsRateLimited(seconds)
            raise PimsUnavailable("The practice system did not answer in time.")
        self._transport.clock.sleep(seconds)

    def _exchange(self, method: str, url: str, endpoint: str, attempt: int, **sent: Any) -> _Answer | None:
        """One request; None where no answer came. It never outlasts the deadline, however slowly an answer drips."""
        left = max(self._transport.deadline.left(), 0.001)
        started = time.monotonic()
        outcome: list[_Answer | Exception] = []
        session = self._session(url)

        def work() -> None:
            try:
                outcome.append(_send(session, method, url, left, **sent))
            except Exception as error:
                outcome.append(error)

        self.calls += 1
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(left)
        result = outcome[0] if outcome else _Broken("no answer in time")
        milliseconds = round((time.monotonic() - started) * 1000)
        told_as = type(result).__name__ if isinstance(result, Exception) else str(result.status)
        metrics.PIMS_CALLS.labels(endpoint, told_as).observe(milliseconds / 1000)
        if isinstance(result, Exception):
            logger.info("%s %s failed: %s (%s ms, try %s)", method, endpoint, _name(result), milliseconds, attempt)
            if isinstance(result, _Broken):
                self._sessions.pop(_origin(url)).cut()
                return None
            raise result from None
        logger.info("%s %s %s (%s ms, try %s)", method, endpoint, result.status, milliseconds, attempt)
        if self._transport.listener is not None:
            body = _json_or_none(result.content) if endpoint != "token" else None
            told = Exchange(method, endpoint, result.status, milliseconds, result.headers, body)
            self._transport.listener(told)
        return result

    def _session(self, url: str) -> OutgoingSession:
        origin = _origin(url)
        if origin not in self._sessions:
            session = OutgoingSession(USER_AGENT, public_only=not is_named(url, self._transport.private_hosts))
            session.headers["Accept"] = "application/json"
            self._sessions[origin] = session
        return self._sessions[origin]

    def _read(self, answer: _Answer, endpoint: str, permission: str) -> Any:
        """The JSON of a good answer. Raises the error that a bad one means."""
        status = answer.status
        if status == 401:
            raise PimsAuthError("The practice system does not accept the credentials. Check and save them again.")
        if status == 403:
            raise PimsPermissionError(permission or endpoint)
        if status == 404:
            raise PimsMissing(endpoint, "the practice system has no such address (404).")
        if 300 <= status < 400:
            raise PimsProtocolError(endpoint, f"the answer is a redirect ({status}), which is not followed.")
        if not 200 <= status < 300:
            keys = _json_or_none(answer.content)
            raise PimsProtocolError(
                endpoint, f"the call was refused ({status}).", keys if isinstance(keys, dict) else ()
            )
        if "json" not in answer.headers.get("content-type", "").lower():
            raise PimsProtocolError(endpoint, "the answer is not JSON. Check the connection's address.")
        try:
            return parse_json(answer.content)
        except ValueError:
            raise PimsProtocolError(endpoint, "the answer is broken JSON.") from None


def check_address(url: str, private_hosts: Collection[str] = ()) -> str:
    """The address, where calls may go to it: https, or a private host that the operator named.

    Raises PimsConfigError. That its host is public is seen when it is connected to.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise PimsConfigError(f"{url!r} is not an address.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise PimsConfigError(f"{url!r} is not an address like https://api.example.com.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise PimsConfigError("The address must have no credentials and no fragment.")
    if parts.scheme != "https" and not is_named(url, private_hosts):
        raise PimsConfigError("The address must begin with https:// (PIMS_PRIVATE_HOSTS names hosts that need not).")
    return url


def parse_json(content: bytes) -> Any:
    """JSON with exact numbers. Raises ValueError."""
    try:
        return json.loads(content, parse_float=Decimal)
    except (RecursionError, UnicodeDecodeError) as error:
        raise ValueError("not JSON that can be read") from error


def _send(session: requests.Session, method: str, url: str, left: float, **sent: Any) -> _Answer:
    timeouts = (min(CONNECT_SECONDS, left), min(READ_SECONDS, left))
    try:
        answer = session.request(method, url, timeout=timeouts, allow_redirects=False, stream=True, **sent)
        with answer:
            content = _read_bounded(answer.raw, left)
    except InvalidIPAddress:
        raise PimsConfigError("The address leads into a private network (see PIMS_PRIVATE_HOSTS).") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        raise _Broken(type(error).__name__) from None
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return _Answer(answer.status_code, headers, content)


def _read_bounded(raw: Any, left: float) -> bytes:
    end = time.monotonic() + left
    parts: list[bytes] = []
    size = 0
    while chunk := raw.read1(CHUNK_BYTES, decode_content=True):
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES:
            raise PimsProtocolError("answer", f"it is larger than {MAX_BYTES // 1024**2} MB.")
        if time.monotonic() > end:
            raise _Broken("no answer in time")
    return b"".join(parts)


def _json_or_none(content: bytes) -> Any:
    try:
        return parse_json(content)
    except ValueError:
        return None


def _name(error: Exception) -> str:
    return str(error) if isinstance(error, _Broken) else type(error).__name__


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
