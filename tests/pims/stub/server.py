"""The server: mounts by path, faults by endpoint, and what was asked."""

import json
import re
import socket
import struct
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BIG = 6 * 1024**2


@dataclass(frozen=True)
class Fault:
    """What an endpoint does instead of answering. how: `reset`, `drip`, `truncated`, or blank for a plain answer."""

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    how: str = ""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    params: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, Any]:
        """The body's values, from JSON or a form."""
        if "json" in self.headers.get("content-type", ""):
            found: dict[str, Any] = json.loads(self.body)
            return found
        return dict(parse_qsl(self.body.decode()))


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Mount:
    """One practice's system. Vendors subclass it: `answer` does what the vendor's server would."""

    vendor = ""
    path = ""  # of the connection's base address, below the mount

    def __init__(self, origin: str, prefix: str) -> None:
        self.root = f"{origin}{prefix}"
        self.base_url = self.root + self.path
        self.calls: list[str] = []
        self.requests: list[Request] = []
        self.token_calls = 0
        self.issued = 0
        self.tokens: list[str] = []
        self.lock = threading.Lock()
        self.ignores_filters = False
        self._once: dict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}

    def fault(self, endpoint: str, *faults: Fault, always: bool = False) -> None:
        """The next calls of the endpoint (or all) go wrong. "*" is any endpoint but the token's."""
        if always:
            self._always[endpoint] = faults[0]
        else:
            self._once[endpoint].extend(faults)

    def mend(self) -> None:
        self._once.clear()
        self._always.clear()

    def handle(self, request: Request) -> Reply | Fault:
        endpoint = self.endpoint(request)
        with self.lock:
            if endpoint == "token":
                self.token_calls += 1
            else:
                self.calls.append(endpoint)
                self.requests.append(request)
            for name in (endpoint, "*" if endpoint != "token" else endpoint):
                if self._once[name]:
                    return self._once[name].popleft()
                if name in self._always:
                    return self._always[name]
            return self.answer(endpoint, request)

    def endpoint(self, request: Request) -> str:
        raise NotImplementedError

    def answer(self, endpoint: str, request: Request) -> "Reply | Fault":
        raise NotImplementedError

    def issue_token(self) -> str:
        """A new token; earlier ones end with it."""
        self.issued += 1
        self.tokens = [f"{self.vendor}-token-{self.issued}"]
        return self.tokens[0]

    def revoke_tokens(self) -> None:
        self.tokens = []

    def is_signed_in(self, request: Request) -> bool:
        return request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens


class Stub:
    """The server on a port of 127.0.0.1 (0 = any free one)."""

    def __init__(self, port: int = 0) -> None:
        self.mounts: dict[str, Mount] = {}
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                stub._serve(self)

            do_POST = do_GET

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> "Stub":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def serve_forever(self) -> None:
        self._server.serve_forever()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def mount(self, kind: type[Mount], name: str = "") -> Any:
        """A fresh practice of this vendor."""
        prefix = f"/{name or f'{kind.vendor}-{len(self.mounts) + 1}'}"
        self.mounts[prefix] = kind(self.origin, prefix)
        return self.mounts[prefix]

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        prefix, path = re.match(r"(/[^/]*)(.*)", parts.path).groups()  # type: ignore[union-attr]
        mount = self.mounts.get(prefix)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if mount is None:
            _send(handler, 404, {}, json.dumps({"mounts": sorted(self.mounts)}).encode())
            return
        headers = {name.lower(): value for name, value in handler.headers.items()}
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        reply = mount.handle(Request(handler.command, path, params, headers, body))
        if isinstance(reply, Fault):
            _misbehave(handler, reply)
        else:
            _send(handler, reply.status, reply.headers, json.dumps(reply.body).encode())


def _send(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], content: bytes) -> None:
    handler.send_response(status)
    for name, value in (
        {"Content-Type": "application/json", "Content-Length": str(len(content))} | dict(headers)
    ).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(content)


def _misbehave(handler: BaseHTTPRequestHandler, fault: Fault) -> None:
    content = (fault.body or "{}").encode()
    if fault.how == "reset":
        # An immediate RST instead of an orderly end.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True
    elif fault.how == "drip":
        _send(handler, 200, {"Content-Length": "1000"}, b"")
        try:
            for _ in range(1000):
                handler.wfile.write(b" ")
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True
    elif fault.how == "truncated":
        _send(handler, 200, {"Content-Length": str(len(content) + 100)}, content)
        handler.close_connection = True
    else:
        _send(handler, fault.status, fault.headers, content)
