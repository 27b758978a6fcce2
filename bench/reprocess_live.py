"""Who has to wait while many documents are read again: the list, and callers that send a document and wait for it.

usage: python -m bench.reprocess_live [--documents 1000] [--scans 0.2] [--seconds 30] [--most-seconds 3600]

Live calls are timed with nothing else to do, then beside `manage.py reprocess --all`, by the same two callers: one
lists invoices without a pause, one sends a document with a text layer every two seconds and waits for its answer. Exit
status 1 where a p95 is more than twice its idle value (and than 100 ms, which nobody notices), or a call failed.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path

import requests

from bench.busy import UNNOTICED_MS, p95
from bench.chaos import make_documents
from bench.machines import ROOT, Service, Tenant, make_tenant, servers, use

MOST_FACTOR = 2.0
PAUSE_SECONDS = 2.0  # between two documents of the caller that sends
WARM_SECONDS = 60.0  # at most, until the first documents are answered


def fill(count: int, scans: int) -> None:
    """Documents of another tenant, as they are after they were read, but for their invoices: reading makes these."""
    from django.utils import timezone

    from invoicedata.models import Mga
    from invoices.models import Document, Job
    from invoices.services import intake

    make_tenant("old")
    mga = Mga.objects.get(pk="old")
    for document in make_documents(count, scans, 2):
        intake.accept_document(mga, BytesIO(document.content), filename="old.pdf", source=Document.Source.API)
    Job.objects.update(state=Job.State.DONE, finished_at=timezone.now())
    Document.objects.update(state=Document.State.READ, reader_version="before")


@dataclass
class Live:
    """Two callers, and what their calls took in milliseconds."""

    service: Service
    tenant: Tenant
    contents: list[bytes]
    listed: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        callers = [threading.Thread(target=caller, args=(stop,)) for caller in (self._list, self._send)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    def _list(self, stop: threading.Event) -> None:
        with requests.Session() as session:
            session.headers.update(self.tenant.headers)
            while not stop.is_set():
                self._time(self.listed, partial(session.get, f"{self.service.url}/api/invoices", timeout=60))

    def _send(self, stop: threading.Event) -> None:
        while not stop.wait(PAUSE_SECONDS):
            content = self.contents.pop()
            self._time(self.sent, partial(self.send, content))

    def send(self, content: bytes) -> requests.Response:
        return requests.post(
            f"{self.service.url}/api/v1/invoice/C-1/process",
            headers=self.tenant.headers,
            files={"invoice": ("invoice.pdf", content)},
            timeout=90,
        )

    def _time(self, taken: list[float], call: Callable[[], requests.Response]) -> None:
        started = time.monotonic()
        try:
            answer = call()
        except requests.RequestException as error:
            self.failed.append(type(error).__name__)
            return
        taken.append(1000 * (time.monotonic() - started))
        if answer.status_code != 200:
            self.failed.append(str(answer.status_code))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--scans", type=float, default=0.2, help="share of the documents that are pictures")
    parser.add_argument("--seconds", type=float, default=30, help="for which calls are timed with nothing else to do")
    parser.add_argument("--most-seconds", type=float, default=3600, help="after which reprocess is stopped")
    parser.add_argument("--on", choices=("sqlite", "servers"), default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reprocess-")))
        environment = {"INVOICE_FILE_REQUIREMENTS": "advisory"}
        environment |= stack.enter_context(servers(options.on))
        service = Service(folder, environment)
        use(service.environment)
        tenant = make_tenant("acme")
        fill(options.documents, int(options.documents * options.scans))
        service.start()
        stack.callback(service.stop)
        return run(service, tenant, options)


def run(service: Service, tenant: Tenant, options: argparse.Namespace) -> int:
    contents = [document.content for document in make_documents(int(options.most_seconds) + 100, 0, 3)]
    warm = Live(service, tenant, contents)
    until = time.monotonic() + WARM_SECONDS
    while time.monotonic() < until and warm.send(contents.pop()).elapsed.total_seconds() > 2:
        pass  # the workers' readers are starting
    idle, busy = Live(service, tenant, contents), Live(service, tenant, contents)
    stop = threading.Event()
    threading.Timer(options.seconds, stop.set).start()
    idle.run(stop)
    started = time.monotonic()
    command = [sys.executable, "manage.py", "reprocess", "--all"]
    reprocess = subprocess.Popen(command, cwd=ROOT, env=service.environment, stdout=subprocess.PIPE, text=True)
    ended = threading.Event()
    limit = threading.Timer(options.most_seconds, reprocess.terminate)
    limit.start()
    waiting = threading.Thread(target=wait_for, args=(reprocess, ended))
    waiting.start()
    busy.run(ended)
    waiting.join()
    limit.cancel()
    assert reprocess.stdout is not None
    print(f"reprocess, {time.monotonic() - started:.0f} s: {reprocess.stdout.readline().strip() or 'stopped'}")
    factors = [tell(name, getattr(idle, of), getattr(busy, of)) for name, of in (("list", "listed"), ("send", "sent"))]
    print(f"failed calls  {idle.failed + busy.failed or 'none'}")
    return 0 if max(factors) <= MOST_FACTOR and not idle.failed + busy.failed else 1


def wait_for(process: "subprocess.Popen[str]", ended: threading.Event) -> None:
    process.wait()
    ended.set()


def tell(name: str, idle: list[float], busy: list[float]) -> float:
    """Prints both; how many times the idle p95 the other is, 0 where nobody notices it."""
    for when, taken in (("idle", idle), ("busy", busy)):
        print(
            f"{name}, {when}    median {statistics.median(taken):.0f} ms, p95 {p95(taken):.0f} ms, {len(taken)} calls"
        )
    factor = p95(busy) / p95(idle)
    print(f"{name}, p95 beside idle    {factor:.2f} times")
    return 0.0 if p95(busy) <= UNNOTICED_MS else factor


if __name__ == "__main__":
    sys.exit(main())
