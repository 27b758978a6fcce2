"""Hostile webhook URLs: whatever they say, nothing is connected to but what may be. Python's own audit events tell of
every connection that this process opens; sockets that listen where an attacker would like to get to tell the same."""

import contextlib
import ipaddress
import itertools
import json
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from invoicedata.outgoing import is_named, is_public
from invoices import webhooks
from invoices.errors import InvalidWebhookUrlError

PUBLIC = "93.184.216.34"
HOSTILE = json.loads((Path(__file__).parents[1] / "data" / "hostile-urls.json").read_text(encoding="utf-8"))
CONNECTED: list[Any] = []
_listening = False


def note_connections(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening and event in ("socket.connect", "socket.sendto"):
        CONNECTED.append(arguments[1])


sys.addaudithook(note_connections)  # for ever: Python has no way to remove one


@pytest.fixture
def connected() -> Iterator[list[Any]]:
    """Addresses that were connected to."""
    global _listening
    CONNECTED.clear()
    _listening = True
    yield CONNECTED
    _listening = False


@pytest.fixture
def knocks() -> Iterator[list[Any]]:
    """Who got through to a port where an attacker would like to get to."""
    came: list[Any] = []
    with contextlib.ExitStack() as stack:
        for host, port in itertools.product(("127.0.0.1", "127.0.0.2", "::1"), (80, 443, 8443)):
            listener = stack.enter_context(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
            with contextlib.suppress(OSError):  # taken, or not for us to take: the audit events remain
                listener.bind((host, port))
                listener.listen()
                listener.settimeout(0.01)
                threading.Thread(target=count_knocks, args=(listener, came), daemon=True).start()
        yield came


def count_knocks(listener: socket.socket, came: list[Any]) -> None:
    while listener.fileno() != -1:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            came.append(listener.getsockname())
            connection.close()


def is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(host))
    return False


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server that gives one answer after the other, and the last from then on. The names it was asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        addresses = [host]
        if not is_address(host):
            addresses = answers[min(len(asked), len(answers) - 1)]
            asked.append(host)
        families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses]
        pairs = zip(families, addresses, strict=True)
        return [(family, socket.SOCK_STREAM, 6, "", (address, int(port or 0))) for family, address in pairs]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_no_hostile_url_is_taken_or_connected_to(connected: list[Any], knocks: list[Any]) -> None:
    assert len(set(HOSTILE["urls"])) >= 200
    taken = []
    for url in HOSTILE["urls"]:
        try:
            webhooks.check_url(url)
            taken.append(url)
        except InvalidWebhookUrlError:
            pass
        attempt = webhooks.send(url, b"{}", {})
        assert not attempt.succeeded, url
    assert taken == []
    assert connected == [] and knocks == []


@pytest.mark.parametrize("address", HOSTILE["addresses"])
def test_a_name_that_turns_private_after_the_check_is_not_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch, connected: list[Any]
) -> None:
    asked = resolving(monkeypatch, [PUBLIC], [address])
    attempt = webhooks.send("https://rebinding.example/hook", b"{}", {})
    assert attempt.error == webhooks.NOT_ALLOWED and attempt.is_permanent
    assert len(asked) == 2 and connected == []


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch, connected: list[Any]
) -> None:
    resolving(monkeypatch, [PUBLIC, "10.0.0.1"])
    assert webhooks.send("https://mixed.example/hook", b"{}", {}).error == webhooks.NOT_ALLOWED
    assert connected == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, connected: list[Any]
) -> None:
    """The name leads to this machine from the third question on: nobody may ask a third time."""
    monkeypatch.setattr(webhooks, "CONNECT_SECONDS", 0.2)
    asked = resolving(monkeypatch, [PUBLIC], [PUBLIC], ["127.0.0.1"])
    assert not webhooks.send("https://rebinding.example/hook", b"{}", {}).succeeded
    assert asked == ["rebinding.example"] * 2
    assert {address[0] for address in connected} == {PUBLIC}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_leads_nowhere(status: int, connected: list[Any], knocks: list[Any]) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.2/inside")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with server:
        url = f"http://127.0.0.1:{server.server_port}/hook"
        attempt = webhooks.send(url, b"{}", {}, [f"127.0.0.1:{server.server_port}"])
        server.shutdown()
    assert (attempt.succeeded, attempt.status_code) == (False, status)
    assert [address[1] for address in connected] == [server.server_port] and knocks == []


def test_a_receiver_that_drips_its_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte by byte, so that no time limit of a socket ever ends: its connection is closed, not left behind."""
    monkeypatch.setattr(webhooks, "TOTAL_SECONDS", 0.5)
    hung_up = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def watch() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                with contextlib.suppress(OSError):
                    while connection.recv(65536):
                        connection.sendall(b"x")
                hung_up.set()

        threading.Thread(target=watch, daemon=True).start()
        attempt = webhooks.send(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, ["127.0.0.1"])
        assert "no answer within" in attempt.error
        assert hung_up.wait(5)


@pytest.mark.parametrize("environment", ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"])
def test_no_proxy_of_the_environment_gets_the_webhook(
    environment: str, monkeypatch: pytest.MonkeyPatch, connected: list[Any]
) -> None:
    monkeypatch.setenv(environment, "http://127.0.0.1:3128")
    monkeypatch.setattr(webhooks, "CONNECT_SECONDS", 0.2)
    resolving(monkeypatch, [PUBLIC])
    assert not webhooks.send("https://receiver.example/hook", b"{}", {}).succeeded
    assert {address[0] for address in connected} <= {PUBLIC}


@pytest.mark.parametrize(
    ("url", "hosts", "is_allowed"),
    [
        ("http://10.0.0.5:8080/hook", ["10.0.0.5"], True),
        ("http://10.0.0.5:8080/hook", ["10.0.0.5:8080"], True),
        ("http://10.0.0.5:6379/hook", ["10.0.0.5:8080"], False),
        ("http://10.0.0.5/hook", ["10.0.0.5:80"], True),
        ("https://hooks.internal/", ["hooks.internal:443"], True),
        ("http://[::1]:9000/", ["[::1]:9000"], True),
        ("http://10.0.0.6/", ["10.0.0.5"], False),
        ("http://evil.10.0.0.5/", ["10.0.0.5"], False),
    ],
)
def test_the_operator_names_hosts_with_any_port_or_one(url: str, hosts: list[str], is_allowed: bool) -> None:
    assert is_named(url, hosts) == is_allowed


@pytest.mark.parametrize("address", [PUBLIC, f"::ffff:{PUBLIC}", "2606:4700::1111", "8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)
