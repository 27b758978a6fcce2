"""What only the real server shows: bodies that are not read to their end, and requests no client library would send."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.documents import make_pdf

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
REQUEST_SECONDS = 3
MEGABYTE = 1024 * 1024
MOST_TAKEN = 12 * MEGABYTE  # of a body that is refused, before the connection closes
PROCESS = "/api/v1/invoice/C-1/process"


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def raw(self, request: bytes) -> bytes:
        """The answer to these bytes, until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The web server as it is started in production, on a database of its own, without workers."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    environment = kept | {
        "DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "PORT": str(port),
        "LOG_LEVEL": "ERROR",
        "REQUEST_SECONDS": str(REQUEST_SECONDS),
    }

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()

    manage("migrate", "--verbosity=0")
    manage("create_mga", "acme")
    token = manage("issue_token", "acme")
    process = subprocess.Popen([sys.executable, "manage.py", "serve", "--no-workers"], cwd=ROOT, env=environment)
    try:
        wait_until_it_answers(port)
        yield Server(port, token)
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(f"http://127.0.0.1:{port}/api/v1/health", timeout=5)
            return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.1)
    raise TimeoutError(f"The server did not answer within {START_SECONDS} s.")


def header(server: Server, length: int, token: str | None = None) -> bytes:
    return (
        f"POST {PROCESS} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token or server.token}\r\n"
        f"Content-Type: multipart/form-data; boundary=xyz\r\nContent-Length: {length}\r\n\r\n"
        '--xyz\r\nContent-Disposition: form-data; name="invoice"; filename="a.pdf"\r\n\r\n'
    ).encode()


@pytest.mark.parametrize(("token", "status"), [(None, b"400"), ("x.y.z", b"401")])
def test_a_body_of_300_megabytes_is_refused_unread(server: Server, token: str | None, status: bytes) -> None:
    started, sent = time.monotonic(), 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(header(server, 300_000_000, token))
        try:
            while sent < 300_000_000:
                sent += connection.send(bytes(65536))
        except OSError:
            pass  # it hung up on us
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert sent < MOST_TAKEN
    assert time.monotonic() - started < 1.0


@pytest.mark.parametrize("megabytes", [11, 40])
def test_a_client_reads_why_its_file_was_refused(server: Server, megabytes: int) -> None:
    answer = requests.post(
        f"{server.url}{PROCESS}",
        headers={"Authorization": f"Bearer {server.token}"},
        files={"invoice": ("a.pdf", bytes(megabytes * MEGABYTE))},
        timeout=30,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "FILE_TOO_LARGE")


def test_a_client_reads_that_its_token_is_wrong_though_it_sends_a_file(server: Server) -> None:
    answer = requests.post(f"{server.url}{PROCESS}", files={"invoice": ("a.pdf", bytes(9 * MEGABYTE))}, timeout=30)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AUTH_TOKEN_MISSING")


def test_a_body_that_ends_early_is_refused(server: Server) -> None:
    answer = server.raw(header(server, 100_000) + b"%PDF-1.4 and no more")
    assert answer == b"" or b"INVOICE_FILE_MISSING" in answer or b"INVALID_REQUEST" in answer
    assert requests.get(f"{server.url}/api/v1/health", timeout=5).status_code == 200


def test_a_body_in_chunks_is_refused_with_the_reason(server: Server) -> None:
    answer = requests.post(
        f"{server.url}{PROCESS}",
        headers={"Authorization": f"Bearer {server.token}", "Content-Type": "multipart/form-data; boundary=x"},
        data=iter([b"--x\r\n", make_pdf(), b"--x--\r\n"]),
        timeout=10,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_REQUEST")
    assert "Content-Length" in answer.json()["error"]["message"]


def test_while_a_hundred_clients_send_slowly_others_are_answered(server: Server) -> None:
    with contextlib.ExitStack() as slow:
        for _ in range(100):
            connection = slow.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            connection.sendall(header(server, 100_000) + b"%PDF-1.4")
        answer = requests.get(
            f"{server.url}/api/invoices", headers={"Authorization": f"Bearer {server.token}"}, timeout=10
        )
    assert answer.status_code == 200


def test_a_client_that_takes_too_long_is_hung_up_on(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=4 * REQUEST_SECONDS) as connection:
        connection.sendall(header(server, 100_000) + b"%PDF-1.4")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b"INVOICE_FILE_MISSING" in answer or b"INVALID_REQUEST" in answer


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/invoice/C-1/lookup/2025%2F7", 404, "CUSTOMER_NOT_FOUND"),
        ("/api/v1/invoice/C-1/lookup/A%00B", 400, "INVALID_INVOICE_NUMBER"),
        ("/api/v1/invoice/C%2F1/lookup/A", 400, "INVALID_CUSTOMER_ID"),
        ("/api/v1/invoice/%FF/lookup/A", 404, "CUSTOMER_NOT_FOUND"),
        ("/api/v1/invoice/%ED%A0%80/lookup/A", 404, "CUSTOMER_NOT_FOUND"),
        ("/api/v1/invoice/../lookup/A", 404, "CUSTOMER_NOT_FOUND"),
        ("/api/v1/nothing", 404, "NOT_FOUND"),
    ],
)
def test_a_path_is_taken_as_it_is_sent(server: Server, path: str, status: int, code: str) -> None:
    answer = server.raw(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.token}\r\n"
        "Connection: close\r\n\r\n".encode()
    )
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert f'"code":"{code}"'.encode() in answer
