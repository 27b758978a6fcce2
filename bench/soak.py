"""Hours of ordinary work in little: does the memory of the processes grow?

usage: python -m bench.soak [--minutes 20] [--every 2.0] [--csv FILE]

Uploads, lists and status calls at a steady pace; memory of each role every ten seconds. Printed is, for each
role, the median at the beginning and at the end of what is measured (the first quarter is left out: caches fill), and
the slope.
"""

import argparse
import csv
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import requests

from bench.chaos import make_documents
from bench.machines import Service, Tenant, make_tenant, sum_by_role, use

SAMPLE_SECONDS = 10.0
MEGABYTE = 2**20
LEFT_OUT = 0.25
MOST_SLOPE = 10.0  # MB an hour, over all processes of a role


def sample(service: Service) -> dict[str, float]:
    """Memory of each role that no other process shares (USS), in MB."""
    return sum_by_role(service, lambda process: process.memory_full_info().uss / MEGABYTE)


def work(service: Service, tenant: Tenant, every: float, until: float, counts: dict[str, int]) -> None:
    documents = make_documents(400, 100, 7)
    number = 0
    while time.monotonic() < until:
        document = documents[number % len(documents)]
        number += 1
        try:
            answer = requests.post(
                f"{service.url}/api/v1/invoice/C-{number}/process",
                headers=tenant.headers,
                files={"invoice": ("invoice.pdf", document.content + b"%d" % number)},
                timeout=60,
            )
            counts[str(answer.status_code)] = counts.get(str(answer.status_code), 0) + 1
            for path in ("/api/invoices?limit=50", "/api/v1/health"):
                requests.get(f"{service.url}{path}", headers=tenant.headers, timeout=60)
        except requests.RequestException as error:
            counts[type(error).__name__] = counts.get(type(error).__name__, 0) + 1
        time.sleep(every)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two uploads")
    parser.add_argument("--csv", type=Path, help="where the samples go")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        service = Service(folder, {"INVOICE_FILE_REQUIREMENTS": "advisory"})
        use(service.environment)
        tenant = make_tenant("acme")
        service.start()
        stack.callback(service.stop)
        started = time.monotonic()
        until, counts = started + 60 * options.minutes, dict[str, int]()
        client = threading.Thread(target=work, args=(service, tenant, options.every, until, counts), daemon=True)
        client.start()
        rows: list[tuple[float, dict[str, float]]] = []
        while time.monotonic() < until:
            time.sleep(SAMPLE_SECONDS)
            rows.append((time.monotonic() - started, sample(service)))
        client.join(90)
    if options.csv:
        with options.csv.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerows([(round(at), role, round(size, 1)) for at, sizes in rows for role, size in sizes.items()])
    return report(rows, counts)


def report(rows: list[tuple[float, dict[str, float]]], counts: dict[str, int]) -> int:
    print(f"answers {counts}")
    print(f"{'role':<12}{'MB at first':>12}{'MB at last':>12}{'MB an hour':>12}")
    grows = False
    measured = rows[int(len(rows) * LEFT_OUT) :]
    for role in sorted({role for _, sizes in measured for role in sizes}):
        points = [(at, sizes[role]) for at, sizes in measured if role in sizes]
        if len(points) < 4:
            continue
        slope = statistics.linear_regression(*zip(*points, strict=True)).slope * 3600
        quarter = max(len(points) // 4, 1)
        first, last = (statistics.median(size for _, size in part) for part in (points[:quarter], points[-quarter:]))
        grows = grows or (slope > MOST_SLOPE and last - first > 0.05 * first)
        print(f"{role:<12}{first:>12.1f}{last:>12.1f}{slope:>12.1f}")
    return 1 if grows else 0


if __name__ == "__main__":
    sys.exit(main())
