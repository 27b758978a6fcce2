"""One webhook POST: signed, sent to an address that may be sent to, judged. HTTP only; knows no model.

Every URL is hostile: https and public addresses only (the address that was checked is the one that is connected to),
but for hosts that the operator names; no redirects; a deadline over all; little of the answer is read.
"""

import base64
import hashlib
import hmac
import ipaddress
import socket
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, urlsplit

import requests
from requests_hardened import Config, Manager
from requests_hardened.ip_filter import InvalidIPAddress

from invoices.errors import InvalidWebhookUrlError

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 3.0, 10.0, 15.0
MAX_URL = 2048
PUBLIC_PORTS = frozenset({443, 8443})
ANSWER_BYTES = 1024
USER_AGENT = "InvoiceData-Webhooks/1"
NOT_ALLOWED = "not allowed or not reachable"
# Ranges that Python or the address filter take for public, and that are not: Azure's host, IPv4 inside IPv6,
# site-local.
FORBIDDEN = tuple(ipaddress.ip_network(net) for net in ("168.63.129.16/32", "::/96", "fec0::/10", "64:ff9b::/96"))


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a POST. answer: the first bytes of the body. retry_after: seconds, where the receiver asked."""

    milliseconds: int
    status_code: int | None = None
    error: str = ""
    answer: str = ""
    retry_after: int | None = None

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
    host = parts.hostname or ""
    if host in private_hosts:
        return
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
        raise InvalidWebhookUrlError("The webhookUrl's host is not known.") from error
    except (UnicodeError, OSError) as error:
        raise InvalidWebhookUrlError("The webhookUrl's host is not known.") from error


def is_public(address: str) -> bool:
    """Whether an address is on the public internet, also when it hides an IPv4 address in an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
    if any(ip in network for network in FORBIDDEN if network.version == ip.version):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def send(url: str, body: bytes, headers: dict[str, str], private_hosts: Collection[str] = ()) -> Attempt:
    """POSTs the body. Never raises for what the receiver or the network does; never takes longer than TOTAL_SECONDS."""
    started = time.monotonic()
    outcome: list[Attempt] = []
    # A receiver that drips its answer byte by byte outlives every socket timeout: the thread is left behind.
    thread = threading.Thread(
        target=lambda: outcome.append(_post(url, body, headers, private_hosts, started)), daemon=True
    )
    thread.start()
    thread.join(TOTAL_SECONDS)
    return outcome[0] if outcome else Attempt(_milliseconds(started), error=f"no answer within {TOTAL_SECONDS:g} s")


def _post(url: str, body: bytes, headers: dict[str, str], private_hosts: Collection[str], started: float) -> Attempt:
    try:
        check_url(url, private_hosts)
        answer = _open(url, body, headers, private_hosts)
    except (InvalidWebhookUrlError, InvalidIPAddress):
        return Attempt(_milliseconds(started), error=NOT_ALLOWED)
    except requests.Timeout:
        return Attempt(_milliseconds(started), error="timed out")
    except requests.RequestException as error:
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
        )


def _open(url: str, body: bytes, headers: dict[str, str], private_hosts: Collection[str]) -> requests.Response:
    timeouts = (CONNECT_SECONDS, READ_SECONDS)
    if urlsplit(url).hostname in private_hosts:
        with requests.Session() as session:
            session.trust_env = False
            return session.post(url, data=body, headers=headers, timeout=timeouts, allow_redirects=False, stream=True)
    manager = Manager(
        Config(
            default_timeout=timeouts,
            never_redirect=True,
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=False,
            user_agent_override=USER_AGENT,
        )
    )
    return manager.send_request("POST", url, data=body, headers=headers, stream=True)


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _retry_after(header: str) -> int | None:
    return int(header) if header.isdigit() else None
