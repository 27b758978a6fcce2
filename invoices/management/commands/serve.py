"""`manage.py serve`: web server, workers and sweeper, watched over by this process."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand
from django.db import DatabaseError, connection
from django.utils import timezone

from invoices.services.sweeping import is_stalled, sweep

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
STOP_SECONDS = 15.0
GRACE_AFTER_START = timedelta(seconds=30)  # a fresh cluster needs a moment before it is judged
RESTART_PAUSE = 1.0
WEB_THREADS = 16  # most of them wait for a job
UMASK_PRIVATE = 0o077


@dataclass(slots=True)
class Service:
    """A process that must run: started again when it ends, killed with all it started when it must go."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: Any = field(default_factory=timezone.now)

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, start_new_session=True)
        self.started_at = timezone.now()
        logger.info("Started %s (process %s).", self.name, self.process.pid)

    def keep_alive(self) -> None:
        if self.process is not None and self.process.poll() is not None:
            logger.error("%s ended with status %s; starting it again.", self.name, self.process.returncode)
            self.kill()
            time.sleep(RESTART_PAUSE)
            self.start()

    def terminate(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """The whole session: what the process started would outlive it otherwise."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Command(BaseCommand):
    help = (
        "Runs the web server and the workers and watches over them until Ctrl-C or SIGTERM. HOST and PORT say where it "
        "listens; --no-web and --no-workers split the roles over several machines."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-web", action="store_true", help="workers and sweeper only")
        parser.add_argument("--no-workers", action="store_true", help="web server only")

    def handle(self, *args: Any, no_web: bool, no_workers: bool, **options: Any) -> None:
        os.umask(UMASK_PRIVATE)
        self.services: list[Service] = []
        if not no_web:
            self.services.append(Service("web", web_command()))
        self.workers = Service("workers", [sys.executable, "manage.py", "qcluster"])
        if not no_workers:
            self.services.append(self.workers)
        os.chdir(settings.BASE_DIR)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        try:
            for service in self.services:
                service.start()
            while True:
                self.watch(sweeps=not no_workers)
                time.sleep(SWEEP_SECONDS)
        except KeyboardInterrupt:
            logger.info("Stopping.")
        finally:
            self.stop_all()

    def watch(self, *, sweeps: bool) -> None:
        for service in self.services:
            service.keep_alive()
        if not sweeps:
            return
        try:
            now = timezone.now()
            sweep(now)
            if now - self.workers.started_at > GRACE_AFTER_START and is_stalled(now):
                logger.error("The workers take no jobs; replacing them.")
                self.workers.kill()
                self.workers.start()
        except DatabaseError:
            logger.exception("The database could not be asked; trying again.")
            connection.close()

    def stop_all(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for service in self.services:
            service.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for service in self.services:
            if service.process is not None:
                try:
                    service.process.wait(max(deadline - time.monotonic(), 0.1))
                except subprocess.TimeoutExpired:
                    logger.warning("%s did not stop in time; killing it.", service.name)
            service.kill()


def stop(*_: object) -> None:
    raise KeyboardInterrupt


def web_command() -> list[str]:
    """gunicorn with threads: a synchronous caller waits in one, so there are many; requests have bounded headers."""
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "invoicedata.wsgi:application",
        f"--bind={host}:{port}",
        "--worker-class=gthread",
        f"--workers={max(2, settings.CORES)}",
        f"--threads={WEB_THREADS}",
        "--timeout=60",
        "--graceful-timeout=10",
        "--keep-alive=5",
        "--limit-request-line=8190",
        "--log-level=warning",
    ]
