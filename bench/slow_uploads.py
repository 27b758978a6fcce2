"""How long others wait while many clients upload slowly: starts a server of its own, prints percentiles.

usage: python -m bench.slow_uploads [--clients 200] [--seconds 20]
"""

import argparse
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parent.parent
DECLARED = 5_000_000  # bytes that a slow client says it will send
START_SECONDS = 60


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def drip(address: tuple[str, int], token: str, stop: threading.Event, alive: list[bool]) -> None:
    """An upload at a hundred bytes a second."""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(
            f"POST /api/v1/invoice/C-1/process HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: multipart/form-data; boundary=xyz\r\nContent-Length: {DECLARED}\r\n\r\n"
            '--xyz\r\nContent-Disposition: form-data; name="invoice"; filename="a.pdf"\r\n\r\n'.encode()
        )
        while not stop.wait(1):
            try:
                connection.sendall(secrets.token_bytes(100))
            except OSError:
                return
        alive.append(True)


def measure(url: str, token: str, seconds: float) -> list[float]:
    """Milliseconds of calls made one after the other."""
    taken = []
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            started = time.monotonic()
            session.get(f"{url}/api/invoices", timeout=60).raise_for_status()
            taken.append(1000 * (time.monotonic() - started))
    return taken


def describe(name: str, taken: list[float]) -> None:
    p99 = statistics.quantiles(taken, n=100)[98] if len(taken) > 1 else taken[0]
    print(f"{name:<8} {len(taken):>6} calls   median {statistics.median(taken):7.1f} ms   p99 {p99:7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--port", type=int, default=8190)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"DATA_DIR": folder, "PORT": str(options.port), "LOG_LEVEL": "ERROR"}
        manage(environment, "migrate", "--verbosity=0")
        mga = f"bench-{secrets.token_hex(4)}"
        manage(environment, "create_mga", mga)
        token = manage(environment, "issue_token", mga).strip()
        command = [sys.executable, "manage.py", "serve", "--no-workers"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            run(options, token)
        finally:
            server.terminate()
            server.wait(30)


def run(options: argparse.Namespace, token: str) -> None:
    url = f"http://127.0.0.1:{options.port}"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/api/v1/health", timeout=5)
            break
        except requests.RequestException:
            time.sleep(0.2)
    describe("idle", measure(url, token, options.seconds))
    stop, alive = threading.Event(), list[bool]()
    address = ("127.0.0.1", options.port)
    clients = [threading.Thread(target=drip, args=(address, token, stop, alive)) for _ in range(options.clients)]
    for client in clients:
        client.start()
    describe("uploads", measure(url, token, options.seconds))
    stop.set()
    for client in clients:
        client.join()
    print(f"{len(alive)} of {options.clients} slow uploads were still being taken at the end")


if __name__ == "__main__":
    main()
