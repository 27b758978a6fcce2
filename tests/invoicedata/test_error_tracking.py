"""Errors reach the tracker that the environment names, without what they are about."""

import gzip
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import django; django.setup()
import logging, sentry_sdk
def read(customer="Dana Whitfield"):
    raise ValueError("the page is torn")
try:
    read()
except ValueError:
    logging.getLogger("invoices").exception("Job %s stopped.", "job_1")
sentry_sdk.flush(10)
"""


def run(tmp_path: Path, dsn: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "SENTRY_DSN": dsn}
    environment["DJANGO_SETTINGS_MODULE"] = "invoicedata.settings"
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def test_an_error_is_told_with_its_traceback_and_no_personal_data(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    told: list[bytes] = []

    class Tracker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Tracker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with server:
        run(tmp_path, f"http://key@127.0.0.1:{server.server_port}/1")
        server.shutdown()
    text = b"".join(told).decode()
    assert "the page is torn" in text and "job_1" in text and "read" in text
    assert '"vars"' not in text


def test_a_wrong_address_stops_the_start(tmp_path: Path) -> None:
    pytest.importorskip("sentry_sdk")
    assert "SENTRY_DSN is not valid" in run(tmp_path, "sentry").stderr
