"""A webhook receiver that behaves badly part of the time, and remembers what it was sent."""

import hashlib
import hmac
import json
import random
import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

HANG_SECONDS = 20.0  # longer than an attempt may take
BEHAVIOURS = {"take": 55, "answer 500": 15, "reset": 15, "hang": 5, "take, then reset": 10}  # per cent


class Receiver:
    """POST /hook/<tenant> verifies both signatures with the tenant's secret. It has a delivery once it answered 200.

    received: per requestId, the webhook-ids of what was taken. behaved: how often it did what.
    """

    def __init__(self, secrets: Mapping[str, str], seed: int, *, hangs: bool = True) -> None:
        self.received: dict[str, list[str]] = defaultdict(list)
        self.bodies: dict[str, set[bytes]] = defaultdict(set)
        self.bad_signatures: list[str] = []
        self.behaved: Counter[str] = Counter()
        self._behaviours = BEHAVIOURS if hangs else {name: BEHAVIOURS[name] for name in BEHAVIOURS if name != "hang"}
        self._secrets = secrets
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.behave(self, body)

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *args: Any) -> None:
                pass  # we hung up

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, tenant: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook/{tenant}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def behave(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with self._lock:
            (behaviour,) = self._random.choices(list(self._behaviours), list(self._behaviours.values()))
            self.behaved[behaviour] += 1
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self._verify(handler.path.rpartition("/")[2], headers, body)
        if behaviour == "hang":
            time.sleep(HANG_SECONDS)
        if behaviour in ("reset", "hang"):
            return reset(handler)
        if behaviour == "answer 500":
            return answer(handler, 500)
        with self._lock:
            self.received[json.loads(body)["requestId"]].append(headers["webhook-id"])
            self.bodies[headers["webhook-id"]].add(body)
        if behaviour == "take, then reset":
            return reset(handler)
        return answer(handler, 200)

    def _verify(self, tenant: str, headers: dict[str, str], body: bytes) -> None:
        secret = self._secrets[tenant]
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        try:
            Webhook(secret).verify(body, headers)
            assert hmac.compare_digest(headers["x-request-signature"], expected)
        except Exception as error:
            with self._lock:
                self.bad_signatures.append(f"{headers.get('webhook-id')}: {error!r}")


def answer(handler: BaseHTTPRequestHandler, status: int) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"ok")


def reset(handler: BaseHTTPRequestHandler) -> None:
    """RST instead of an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
