"""`manage.py serve`: web server, workers, webhooks and sweeper, watched over by this process."""

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST

from invoicedata import metrics
from invoicedata.identifiers import new_id
from invoices.api.metrics import exposition
from invoices.models import Job
from invoices.services import jobs, queue
from invoices.services.sweeping import sweep

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STOP_SECONDS = 15.0
START_GRACE_SECONDS = 20.0  # which a fresh cluster may need until it takes its first job, before it is judged
IDLE_SECONDS = 8.0  # workers that leave a job lying this long will never take it
RESTART_PAUSE = 1.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h
LIBC = ctypes.CDLL(None)
WEB_THREADS = 128  # most of them wait, for a job or for a slow client's upload; they are started as they are needed
UMASK_PRIVATE = 0o077
PID, GROUPS = "serve.pid", "groups"  # files in RUN_DIR, by role


@dataclass(slots=True)
class Service:
    """A process that must run: started again when it ends, killed with all it started when it must go."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # of time.monotonic()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, start_new_session=True, preexec_fn=end_with_parent)
        self.started_at = time.monotonic()
        logger.info("Started %s (process %s).", self.name, self.process.pid)

    @property
    def age(self) -> float:
        return time.monotonic() - self.started_at

    def members(self) -> list[int]:
        """Ids of the living processes of its session, those that its processes started included."""
        return [] if self.process is None else processes_of_group(self.process.pid)

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

    def replace(self) -> None:
        self.kill()
        self.start()


def end_with_parent() -> None:
    """In a new process: it is told to stop when this one dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def processes_of_group(group: int) -> list[int]:
    """Ids of the living processes of a process group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, its_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it has just ended
        if int(its_group) == group and state not in "ZX":
            found.append(int(path.parent.name))
    return found


class Workers(Service):
    """The cluster that reads. It can look healthy and do nothing: one of its processes that is killed at the wrong
    moment leaves a lock behind that the others wait for, for ever. So it is judged by what it does."""

    def __init__(self, host: str) -> None:
        super().__init__("workers", [sys.executable, "manage.py", "qcluster"])
        self._host = host
        self._held: set[str] = set()
        self._idle_since: float | None = None
        self._has_taken_a_job = False

    def start(self) -> None:
        self._has_taken_a_job = False
        super().start()

    def look_after(self) -> None:
        """Gives back what died with a process, and replaces a cluster that leaves jobs lying."""
        if jobs.release(self._host, self.members()):
            logger.error("A worker died at its job; another one takes it over.")
        if self.is_stuck():
            logger.error("The workers take no jobs; replacing them.")
            self.replace()
            self._idle_since = None

    def is_stuck(self) -> bool:
        """Whether a worker has been free for IDLE_SECONDS, while jobs waited and the queue told of them."""
        holders = dict(Job.objects.held_by(f"{self._host}:").values_list("fence", "worker"))
        held = set(holders)
        members = {f"{self._host}:{pid}" for pid in self.members()}
        self._has_taken_a_job |= not members.isdisjoint(holders.values())
        is_idle = (
            len(held) < settings.WORKERS
            and held == self._held
            and Job.objects.claimable(timezone.now()).exists()
            and queue.size() is not None
        )
        self._held = held
        is_starting = self.age < START_GRACE_SECONDS and not self._has_taken_a_job
        if not is_idle or is_starting:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = time.monotonic()
        return self._idle_since is not None and time.monotonic() - self._idle_since > IDLE_SECONDS


class Command(BaseCommand):
    help = (
        "Runs the web server, the workers and the sender of webhooks, and watches over them until Ctrl-C or SIGTERM. "
        "HOST and PORT say where it listens; --no-web and --no-workers split the roles over several machines."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-web", action="store_true", help="workers, webhooks and sweeper only")
        parser.add_argument("--no-workers", action="store_true", help="web server only")

    def handle(self, *args: Any, no_web: bool, no_workers: bool, **options: Any) -> None:
        os.umask(UMASK_PRIVATE)
        self.own = settings.RUN_DIR / ("workers" if no_web else "web" if no_workers else "all")
        metrics.share(self.own / "metrics")
        end_leftovers(self.own / GROUPS)
        (self.own / PID).write_text(str(os.getpid()), encoding="utf-8")
        if settings.METRICS_ADDRESS:
            listen_for_metrics(settings.METRICS_ADDRESS)
        os.environ["WORKER_HOST"] = host = new_id("host")
        self.services: list[Service] = [] if no_web else [Service("web", web_command())]
        self.workers = None if no_workers else Workers(host)
        if self.workers is not None:
            self.services += [self.workers, Service("webhooks", [sys.executable, "manage.py", "deliver"])]
        os.chdir(settings.BASE_DIR)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        try:
            for service in self.services:
                service.start()
            while True:
                self.watch()
                time.sleep(LOOK_SECONDS)
        except KeyboardInterrupt:
            logger.info("Stopping.")
        finally:
            self.stop_all()

    def watch(self) -> None:
        """One round. Whatever goes wrong in it, there is another."""
        for service in self.services:
            service.keep_alive()
        metrics.bury_the_dead(self.own / "metrics")
        groups = " ".join(str(service.process.pid) for service in self.services if service.process)
        (self.own / GROUPS).write_text(groups, encoding="utf-8")
        if self.workers is None:
            return
        try:
            close_old_connections()
            self.workers.look_after()
            sweep(timezone.now())
        except Exception:
            logger.exception("The round was not finished; trying again.")

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


def end_leftovers(path: Path) -> None:
    """Kills what a former `serve` that was killed has left behind: it is told to stop when that dies, but a cluster
    that is stuck does not listen."""
    if not path.exists():
        return
    for group in map(int, path.read_text(encoding="utf-8").split()):
        if any(is_ours(pid) for pid in processes_of_group(group)):
            logger.error("Ending process group %s of a former serve.", group)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def is_ours(pid: int) -> bool:
    """Whether a process runs this project; its number may have become another one's."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        folder = Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return False
    return folder == settings.BASE_DIR and (b"manage.py" in command or b"invoicedata.wsgi" in command)


def listen_for_metrics(address: str) -> None:
    """For a scraper on a network that is private: nobody is asked for a token. Raises CommandError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise CommandError(f"METRICS_ADDRESS={address!r} is not valid: it must be like 127.0.0.1:9100.", returncode=2)

    def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        close_old_connections()
        body = exposition()
        start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Content-Length", str(len(body)))])
        return [body]

    server = make_server(host.strip("[]"), int(port), answer, handler_class=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


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
