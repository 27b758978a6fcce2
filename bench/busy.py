"""Many callers that want their answers at once: does anything break, does anything get lost, who else has to wait?

usage: python -m bench.busy [--clients 50] [--seconds 120] [--on sqlite|servers]

Exit status 1 where an answer was a 500 or none, an accepted upload was lost, or the list's p95 is more than three times
its idle value (and than 100 ms, which nobody notices).
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import requests

from bench.chaos import Document, make_documents
from bench.machines import Service, Tenant, make_tenant, servers, use, wait_until
from bench.slow_uploads import measure

UNNOTICED_MS = 100.0
IDLE_SECONDS = 15.0
MOST_FACTOR = 3.0


def upload(service: Service, tenant: Tenant, documents: list[Document], until: float, told: "Told") -> None:
    """One after the other, as fast as they are answered; after a 503 as long later as it says."""
    for document in documents:
        if time.monotonic() > until:
            return
        started = time.monotonic()
        try:
            answer = requests.post(
                f"{service.url}/api/v1/invoice/C-1/process",
                headers=tenant.headers,
                files={"invoice": ("invoice.pdf", document.content)},
                timeout=90,
            )
        except requests.RequestException as error:
            told.add(type(error).__name__, "", started)
            continue
        told.add(str(answer.status_code), answer.headers.get("X-Request-ID", ""), started)
        if answer.status_code == 503:
            time.sleep(min(float(answer.headers["Retry-After"]), max(until - time.monotonic(), 0)))


class Told:
    """What the clients were answered: how often what, which requests were taken, and how long it took."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.taken: set[str] = set()
        self.seconds: list[float] = []
        self._lock = threading.Lock()

    def add(self, answer: str, request_id: str, started: float) -> None:
        with self._lock:
            self.answers[answer] += 1
            self.seconds.append(time.monotonic() - started)
            if answer in ("200", "202"):
                self.taken.add(request_id)


def p95(milliseconds: list[float]) -> float:
    return statistics.quantiles(milliseconds, n=20)[18]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--scans", type=float, default=0.5, help="share of the uploads that are pictures")
    parser.add_argument("--on", choices=("sqlite", "servers"), default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="busy-")))
        environment = {"INVOICE_FILE_REQUIREMENTS": "advisory"}
        environment |= stack.enter_context(servers(options.on))
        service = Service(folder, environment)
        use(service.environment)
        tenant = make_tenant("acme")
        service.start()
        stack.callback(service.stop)
        return run(service, tenant, options)


def run(service: Service, tenant: Tenant, options: argparse.Namespace) -> int:
    from invoices.models import InvoiceRequest

    each = max(int(options.seconds / 4), 5)
    count = options.clients * each
    documents = make_documents(count, int(count * options.scans), 1)
    idle = measure(service.url, tenant.token, IDLE_SECONDS)
    told, until = Told(), time.monotonic() + options.seconds
    clients = [
        threading.Thread(target=upload, args=(service, tenant, documents[n :: options.clients], until, told))
        for n in range(options.clients)
    ]
    for client in clients:
        client.start()
    busy = measure(service.url, tenant.token, options.seconds)
    for client in clients:
        client.join()
    broken = {answer: n for answer, n in told.answers.items() if answer not in ("200", "202", "503")}
    factor = p95(busy) / p95(idle)
    print(f"answers                    {dict(told.answers)}")
    print(f"seconds to an answer       median {statistics.median(told.seconds):.1f}, at most {max(told.seconds):.1f}")
    print(f"neither answer nor 503     {broken or 'none'}")
    for when, taken in (("idle", idle), ("busy", busy)):
        spread = f"median {statistics.median(taken):.0f} ms, p95 {p95(taken):.0f} ms"
        print(f"GET /api/invoices {when}     {spread}, {len(taken)} calls")
    print(f"p95 beside idle            {factor:.1f} times", flush=True)
    running = InvoiceRequest.objects.filter(pk__in=told.taken, state=InvoiceRequest.State.RUNNING)
    wait_until(lambda: not running.exists(), 1800, "The end of all jobs")
    ended = set(InvoiceRequest.objects.exclude(state=InvoiceRequest.State.RUNNING).values_list("pk", flat=True))
    lost = told.taken - ended
    print(f"accepted and lost          {len(lost)} of {len(told.taken)}")
    is_quick = factor <= MOST_FACTOR or p95(busy) <= UNNOTICED_MS
    return 0 if not broken and not lost and is_quick else 1


if __name__ == "__main__":
    sys.exit(main())
