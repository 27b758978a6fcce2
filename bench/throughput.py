"""How many pages N workers read in a second, beside N bare engines on the same pages in the same run.

The documents are taken in first, by a service without workers; then the workers start. Counted is from the moment that
each worker has read one document to the end, to the moment that no further one waits: all workers have work. The bare
engines read before and after, as machines are noisy.

usage: python -m bench.throughput [--workers 2] [--documents 60] [--on sqlite|servers]
"""

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from multiprocessing.synchronize import Barrier
from pathlib import Path

from bench.chaos import SCAN, Document, Sent, make_documents, send
from bench.machines import Service, Tenant, make_tenant, servers, sum_by_role, use, wait_until

START_SECONDS = 120.0


def read_bare(count: int, ready: Barrier, seconds: "multiprocessing.Queue[float]") -> None:
    from bench.speed import bare_pages
    from invoices.apps import WORKER_NICENESS
    from ocr.engines.rapid import bare_engine

    os.nice(WORKER_NICENESS)  # as the workers have it
    engine, (picture,) = bare_engine(), bare_pages([SCAN])
    engine(picture, return_word_box=True)
    ready.wait()
    started = time.perf_counter()
    for _ in range(count):
        engine(picture, return_word_box=True)
    seconds.put(time.perf_counter() - started)


def measure_bare(workers: int, pages: int) -> float:
    """Pages a second of all engines together, each in a process of one thread."""
    context = multiprocessing.get_context("spawn")
    ready, seconds = context.Barrier(workers), context.Queue()
    each = max(pages // workers, 1)
    processes = [context.Process(target=read_bare, args=(each, ready, seconds)) for _ in range(workers)]
    for process in processes:
        process.start()
    taken = [seconds.get(timeout=3600) for _ in processes]
    for process in processes:
        process.join()
    return workers * each / max(taken)


def cpu_seconds(service: Service) -> dict[str, float]:
    """What each role has used so far."""
    return sum_by_role(service, lambda process: process.cpu_times().user + process.cpu_times().system)


def measure_service(service: Service, tenant: Tenant, documents: list[Document], workers: int) -> float:
    """Pages a second, all documents being scans of one page."""
    from django.db import connection

    from invoices.models import Job

    service.start("--no-workers")
    sent = Sent()
    for document in documents:
        send(service, tenant, document, "", sent, time.monotonic() + 600)
    service.stop()
    assert Job.objects.filter(state="queued").count() == len(documents), sent.refused
    service.start("--no-web")
    done = Job.objects.filter(state="done")
    wait_until(lambda: done.count() >= workers, START_SECONDS, "The first documents")
    first, started, before = done.count(), time.perf_counter(), cpu_seconds(service)
    wait_until(lambda: not Job.objects.filter(state="queued").exists(), 3600, "The last documents")
    seconds, pages = time.perf_counter() - started, done.count() - first
    for role, used in cpu_seconds(service).items():
        print(f"{role:<12}{(used - before.get(role, 0)) / pages:.3f} s CPU a page")
    service.stop()
    connection.close()
    return pages / seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--documents", type=int, default=60, help="scans of one page")
    parser.add_argument("--on", choices=("sqlite", "servers"), default="servers")
    options = parser.parse_args()
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    before = measure_bare(options.workers, options.documents)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="throughput-")))
        environment = {
            "INVOICE_FILE_REQUIREMENTS": "advisory",
            "OCR_ENGINE": "rapidocr",
            "WORKERS": str(options.workers),
            "SYNC_WAIT_SECONDS": "0",
        }
        environment |= stack.enter_context(servers(options.on))
        service = Service(folder, environment)
        use(service.environment)
        tenant = make_tenant("acme")
        rate = measure_service(
            service, tenant, make_documents(options.documents, options.documents, 1), options.workers
        )
    after = measure_bare(options.workers, options.documents)
    bare = (before + after) / 2
    print(f"{options.workers} bare engines   {bare:.2f} pages/s ({before:.2f} before, {after:.2f} after)")
    print(f"{options.workers} workers        {rate:.2f} pages/s, all included, on {options.on}")
    print(f"beside the bare engines: {rate / bare:.0%}")
    return 0 if rate >= 0.9 * bare else 1


if __name__ == "__main__":
    sys.exit(main())
