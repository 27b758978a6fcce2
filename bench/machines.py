"""Servers of one's own for a measurement, on free ports: PostgreSQL, Redis, and this service itself.

Nothing here may be imported before `use()` has said which database this process works on, but this module.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "VIRTUAL_ENV", "OCR_ENGINE", "OCR_PAGE_SECONDS", "WORKERS")


class NotInstalledError(Exception):
    """The program that is needed is not on this machine."""


@dataclass(frozen=True, slots=True)
class Tenant:
    mga_id: str
    secret: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def use(environment: Mapping[str, str]) -> None:
    """Sets Django up for the service with this environment, and makes its tables."""
    os.environ |= {**environment, "DJANGO_SETTINGS_MODULE": "invoicedata.settings"}
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def make_tenant(mga_id: str) -> Tenant:
    from invoicedata.tokens import create_mga, issue_token

    mga, secret = create_mga(mga_id, currency="USD")
    return Tenant(mga_id, secret, issue_token(mga))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_true: Callable[[], bool], seconds: float, what: str) -> None:
    """Raises TimeoutError, naming `what`, when it does not come true."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.1)


def find_program(name: str) -> str:
    """Its path; PostgreSQL's programs lie outside of PATH on Debian."""
    found = shutil.which(name) or next((str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), None)
    if found is None:
        raise NotInstalledError(f"{name} is not installed.")
    return found


class Postgres:
    """A PostgreSQL cluster in a temporary folder. It refuses to run as root, so root runs it as `postgres`."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        if self._user:
            shutil.chown(self.folder, **self._user)
        self._run(find_program("initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust")
        with (self.folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {host}/24 trust\n")
        self.start()

    @property
    def url(self) -> str:
        return f"postgres://postgres@{self.host}:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses={self.host} -c unix_socket_directories={self.folder}"
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def crash(self) -> None:
        """Without a checkpoint: it recovers from its log when it starts."""
        self._control("stop", "-m", "immediate")

    def close(self) -> None:
        self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *arguments: str) -> None:
        self._run(find_program("pg_ctl"), "-D", str(self.folder / "data"), *arguments)

    def _run(self, *command: str) -> None:
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **self._user)  # type: ignore[call-overload]


class Redis:
    """A Redis server that keeps nothing: what it held is gone when it stops."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_port()
        self._program = find_program("redis-server")
        self.start()

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    def start(self) -> None:
        command = [self._program, "--port", str(self.port), "--bind", self.host, "--save", "", "--appendonly", "no"]
        command += ["--protected-mode", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def crash(self) -> None:
        self._process.kill()
        self._process.wait()

    close = crash


@contextlib.contextmanager
def servers(on: str) -> Iterator[dict[str, str]]:
    """What the service is told of the servers that it runs on: Redis and PostgreSQL of its own ("servers"), or none."""
    if on != "servers":
        yield {}
        return
    with contextlib.closing(Redis()) as redis, contextlib.closing(Postgres()) as postgres:
        yield {"REDIS_URL": redis.url, "DATABASE_URL": postgres.url}


class ObjectStore:
    """A server that speaks S3 (moto's), with one bucket, in memory."""

    bucket = "invoices"

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_port()
        self.start()

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "STORAGE_URL": f"s3://{self.bucket}/files?endpoint={self.endpoint}&region=eu-west-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "--host", self.host, "--port", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, START_SECONDS, f"An answer of {self.endpoint}")
        requests.put(f"{self.endpoint}/{self.bucket}", timeout=10).raise_for_status()

    def _answers(self) -> bool:
        try:
            return requests.get(self.endpoint, timeout=5).ok
        except requests.RequestException:
            return False

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Service:
    """`manage.py serve` on a database and a folder of its own. `environment` decides everything else."""

    def __init__(
        self, folder: Path, environment: dict[str, str], log: Path | None = None, within: Sequence[str] = ()
    ) -> None:
        """within: what the command runs in, such as `ip netns exec NAME`."""
        self.port = free_port()
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        address = f"http://127.0.0.1:{self.port}"
        own = {"DATA_DIR": str(folder), "PORT": str(self.port), "PUBLIC_URL": address, "LOG_LEVEL": "WARNING"}
        self.environment = kept | own | environment
        self.url = address
        self._log = log
        self._within = within

    def start(self, *arguments: str) -> None:
        output = self._log.open("ab") if self._log else None
        command = [*self._within, sys.executable, "manage.py", "serve", *arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=output, stderr=output, start_new_session=True
        )
        if "--no-web" not in arguments:
            wait_until(self.answers, START_SECONDS, f"An answer of {self.url}")

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/api/v1/health", timeout=5).status_code in (200, 503)
        except requests.RequestException:
            return False

    def processes(self) -> list[psutil.Process]:
        """Everything that `serve` has started, itself not included."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """Everything at once, as when the machine loses its power."""
        for process in [*self.processes(), psutil.Process(self.process.pid)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            for process in self.processes():
                process.kill()
            self.process.kill()
            self.process.wait()


def role_of(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    if "ocr.child" in command:
        return "engine" if " engine " in f"{command} " else "decoder"
    if "gunicorn" in command:
        return "web"
    if "qcluster" in command:
        return "workers"
    return "webhooks" if "deliver" in command else "other"


def sum_by_role(service: Service, measure: Callable[[psutil.Process], float]) -> dict[str, float]:
    """What the service's processes measure, added up by role; the supervisor's too."""
    sums: dict[str, float] = defaultdict(float)
    for process in [psutil.Process(service.process.pid), *service.processes()]:
        with contextlib.suppress(psutil.NoSuchProcess):
            role = "supervisor" if process.pid == service.process.pid else role_of(process)
            sums[role] += measure(process)
    return dict(sums)
