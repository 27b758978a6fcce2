"""What several worker processes do together on one connection: real processes, a real database, a real server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from tests.pims.stub import Fault, Stub
from tests.pims.stub.ezyvet import EzyvetMount

ROOT = Path(__file__).resolve().parent.parent.parent
THREADS = 8


class Worker:
    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.line() == "ready"

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def send(self, threads: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{threads}\n")
        self.process.stdin.flush()

    def ask(self, threads: int = 1) -> list[str]:
        self.send(threads)
        return self.answers()

    def answers(self) -> list[str]:
        found: list[str] = json.loads(self.line())
        return found

    def stop(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@pytest.fixture
def workers(stub: Stub, transactional_db: None, tmp_path: Path) -> Iterator[tuple[Any, Worker, Worker]]:
    """(the practice's server, two worker processes)."""
    mount = stub.mount(EzyvetMount)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    environment = kept | {"DATA_DIR": str(tmp_path), "LOG_LEVEL": "ERROR", "PIMS_PRIVATE_HOSTS": "127.0.0.1"}
    if connection.vendor == "postgresql":
        name = connection.settings_dict["NAME"]
        environment["DATABASE_URL"] = urlsplit(settings.DATABASE_URL)._replace(path=f"/{name}").geturl()
    command = [sys.executable, "-m", "tests.pims.worker"]
    prepared = subprocess.run(
        [*command, "prepare", mount.base_url], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    both = [Worker([*command, "work", prepared.stdout.strip()], environment) for _ in range(2)]
    yield mount, both[0], both[1]
    for worker in both:
        worker.stop()


def test_sixteen_threads_of_two_processes_with_an_ended_token_fetch_one(workers: tuple[Any, Worker, Worker]) -> None:
    mount, first, second = workers
    assert first.ask() == ["1 found"]
    mount.revoke_tokens()
    first.send(THREADS)
    second.send(THREADS)
    assert first.answers() + second.answers() == ["1 found"] * 2 * THREADS
    assert mount.token_calls == 2, "the first one, and one for all that found it ended"


def test_a_breaker_that_one_process_opens_stops_the_other_at_once(workers: tuple[Any, Worker, Worker]) -> None:
    mount, first, second = workers
    assert first.ask() == second.ask() == ["1 found"]
    mount.fault("*", Fault(500), always=True)
    assert [*first.ask(), *first.ask()] == ["PimsUnavailable"] * 2
    asked = len(mount.calls)
    assert second.ask() == ["PimsUnavailable"]
    assert len(mount.calls) == asked, "the other process sent nothing"
