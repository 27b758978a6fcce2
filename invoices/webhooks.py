"""One webhook POST: signed, sent to an address that may be sent to, judged. HTTP only; knows no model.

Every URL is hostile: https and public addresses only (the address that was checked is the one that is connected to),
but for hosts that the operator names; no redirects; a deadline over all; little of the answer is read.
"""

import base64
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

import requests
import urllib3
from requests_hardened.ip_filter import InvalidIPAddress

from invoicedata.outgoing import OutgoingSession, is_named, is_public
from invoices.errors import InvalidWebhookUrlError

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 3.0, 10.0, 15.0
MAX_URL = 2048
PUBLIC_PORTS = frozenset({443, 8443})
ANSWER_BYTES = 1024
USER_AGENT = "InvoiceData-Webhooks/1"
NOT_ALLOWED = "the address is not allowed"
NOT_REACHABLE = "the host is not known"
GONE = 410


class UnknownHostError(InvalidWebhookUrlError):
    """No name server knows it, for the moment at least. The client is told no more than of a private address: names of
    an inner network are nobody's business."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a POST. answer: the first bytes of the body. retry_after: seconds, where the receiver asked.
    is_permanent: another attempt would come to nothing."""

    milliseconds: int
    status_code: int | None = None
    error: str = ""
    answer: str = ""
    retry_after: int | None = None
    is_permanent: bool = False

    @property
    def succeeded(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def sign_body(secret: str, body: bytes) -> str:
    """Contract 1's X-Request-Signature: hexadecimal HMAC-SHA256, keyed with the secret as it was shown."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def sign_message(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature of the `webhook-signature` header (Standard Webhooks 1.0: over id.timestamp.body)."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def make_headers(secrets: Sequence[str], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """secrets: the current one first, then those that may still verify."""
    timestamp = int(now.timestamp())
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-Request-Signature": sign_body(secrets[0], body),
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign_message(secret, message_id, timestamp, body) for secret in secrets),
    }


def check_url(url: str, private_hosts: Collection[str] = ()) -> None:
    """Raises InvalidWebhookUrlError for an address that webhooks do not go to. Called before any work."""
    parts = _split(url)
    if is_named(url, private_hosts):
        return
    host = parts.hostname or ""
    if parts.scheme != "https":
        raise InvalidWebhookUrlError("The webhookUrl must begin with https://.")
    if (parts.port or 443) not in PUBLIC_PORTS:
        raise InvalidWebhookUrlError("The webhookUrl must use port 443 or 8443.")
    for address in resolve(host, parts.port or 443):
        if not is_public(address):
            raise InvalidWebhookUrlError


def _split(url: str) -> SplitResult:
    if len(url) > MAX_URL or not url.isascii() or any(c in url for c in "\\ ") or not url.isprintable():
        raise InvalidWebhookUrlError("The webhookUrl must be a plain ASCII address of at most 2,048 characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidWebhookUrlError("The webhookUrl is not an address.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise InvalidWebhookUrlError("The webhookUrl must be an absolute https address.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise InvalidWebhookUrlError("The webhookUrl must have no credentials and no fragment.")
    return parts


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host. A name server that does not answer now is no reason to refuse: it is asked again when
    the webhook is sent."""
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            return []
        raise UnknownHostError from error
    except (UnicodeError, OSError) as error:
        raise UnknownHostError from error


def send(url: str, body: bytes, headers: dict[str, str], private_hosts: Collection[str] = ()) -> Attempt:
    """POSTs the body. Never raises for what the receiver or the network does; never takes longer than TOTAL_SECONDS."""
    started = time.monotonic()
    outcome: list[Attempt] = []
    with OutgoingSession(USER_AGENT, public_only=not is_named(url, private_hosts)) as session:
        work = threading.Thread(
            target=lambda: outcome.append(_post(session, url, body, headers, private_hosts, started)), daemon=True
        )
        work.start()
        work.join(TOTAL_SECONDS)
        in_time = outcome[:1]  # what comes of the cut is no answer
        session.cut()
    return in_time[0] if in_time else Attempt(_milliseconds(started), error=f"no answer within {TOTAL_SECONDS:g} s")


def _post(
    session: OutgoingSession,
    url: str,
    body: bytes,
    headers: dict[str, str],
    private_hosts: Collection[str],
    started: float,
) -> Attempt:
    try:
        check_url(url, private_hosts)
        answer = session.post(url, data=body, headers=headers, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True)
    except UnknownHostError:
        return Attempt(_milliseconds(started), error=NOT_REACHABLE)
    except (InvalidWebhookUrlError, InvalidIPAddress):
        return Attempt(_milliseconds(started), error=NOT_ALLOWED, is_permanent=True)
    except requests.Timeout:
        return Attempt(_milliseconds(started), error="timed out")
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        return Attempt(_milliseconds(started), error=type(error).__name__)
    with answer:
        try:
            text = answer.raw.read(ANSWER_BYTES, decode_content=False).decode("utf-8", "replace").replace("\0", "")
        except Exception:
            text = ""
        return Attempt(
            milliseconds=_milliseconds(started),
            status_code=answer.status_code,
            error="" if answer.ok and not answer.is_redirect else f"answered {answer.status_code}",
            answer=text,
            retry_after=_retry_after(answer.headers.get("Retry-After", "")),
            is_permanent=answer.status_code == GONE,
        )


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _retry_after(header: str) -> int | None:
    """Seconds; the header has them, or a date."""
    if header.isascii() and header.isdigit():
        return int(header[:9])
    try:
        return max(round((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()), 0)
    except (ValueError, TypeError):
        return None
