"""How much of everything a load needs, computed from measured figures, and what gives out first.

usage: python -m bench.sizing              the table, from bench/sizing.json
       python -m bench.sizing --measure    measures this machine anew (servers of its own) and writes bench/sizing.json
"""

import argparse
import contextlib
import json
import math
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

FIGURES = Path(__file__).with_suffix(".json")
GIGABYTE = 1e9
# What a day looks like. Change them here for another one.
SCANNED = 0.7  # of the documents; the others have a text layer
PAGES = 1.3  # of a document
PEAK_HOUR = 0.15  # of a day's documents come in the busiest hour
BUSY = 0.7  # of a core, at the peak: above this waiting times grow steeply
YEARS_KEPT = 1.0  # of results; files too
# What machines can do and cost: a cloud's list prices, rounded; a core is one of a server of 8.
COMMITS_OF_A_DISK = 1000.0  # a second, that one PostgreSQL on a server's SSD makes durable, several at a time
DATABASE_GIGABYTES = 4000.0  # that one PostgreSQL is comfortable with
LARGEST_CORES = 64.0  # of a database server
CORE_MONTH, DATABASE_GB_MONTH, OBJECT_GB_MONTH = 30.0, 0.15, 0.025  # USD
SIZES = (
    ("one clinic", 30),
    ("ten clinics", 300),
    ("a regional insurer", 3_000),
    ("a national insurer", 30_000),
    ("several of them", 300_000),
    ("a million a day", 1_000_000),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one document of one page. Seconds are CPU seconds."""

    scan_seconds: float
    text_seconds: float
    web_seconds: float
    database_seconds: float
    commits: float
    database_bytes: float
    file_bytes: float
    worker_gigabytes: float
    web_gigabytes: float


@dataclass(frozen=True, slots=True)
class Need:
    documents_a_second: float  # at the peak
    reading_cores: int
    web_cores: int
    database_cores: float
    gigabytes: float  # of memory, workers and web
    commits: float  # a second, at the peak
    database_gigabytes: float  # after YEARS_KEPT
    file_gigabytes: float
    cost: float  # USD a month
    bottleneck: str
    grows_to: float  # times this load, until the bottleneck


def need(documents_a_day: int, figures: Figures) -> Need:
    """What is needed, and which resource gives out first when the load grows on what is bought."""
    rate = documents_a_day * PEAK_HOUR / 3600
    seconds = PAGES * (SCANNED * figures.scan_seconds + (1 - SCANNED) * figures.text_seconds)
    reading, web = rate * seconds / BUSY, rate * figures.web_seconds / BUSY
    reading_cores, web_cores = max(math.ceil(reading), 1), max(math.ceil(web), 1)
    database_cores = rate * figures.database_seconds / BUSY
    commits = rate * figures.commits
    database = documents_a_day * 365 * YEARS_KEPT * figures.database_bytes * PAGES / GIGABYTE
    files = documents_a_day * 365 * YEARS_KEPT * figures.file_bytes * PAGES / GIGABYTE
    headroom = {
        "cores that read": reading_cores / reading,
        "cores of the web servers": web_cores / web,
        "commits of the database": COMMITS_OF_A_DISK / commits,
        "cores of the database": LARGEST_CORES / database_cores,
        "size of the database": DATABASE_GIGABYTES / database,
    }
    bottleneck = min(headroom, key=lambda name: headroom[name])
    cores = reading_cores + web_cores + math.ceil(database_cores)
    return Need(
        documents_a_second=rate,
        reading_cores=reading_cores,
        web_cores=web_cores,
        database_cores=database_cores,
        gigabytes=reading_cores * figures.worker_gigabytes + web_cores * figures.web_gigabytes,
        commits=commits,
        database_gigabytes=database,
        file_gigabytes=files,
        cost=cores * CORE_MONTH + database * DATABASE_GB_MONTH + files * OBJECT_GB_MONTH,
        bottleneck=bottleneck,
        grows_to=headroom[bottleneck],
    )


def table(figures: Figures) -> str:
    """In Markdown, as docs/operations.md has it."""
    heads = (
        "",
        "documents a day",
        "a second, at the peak",
        "cores: reading",
        "web",
        "database",
        "memory, GB",
        "commits a second",
        "database, GB",
        "files, GB",
        "USD a month",
        "first bottleneck (at so many times this load)",
    )
    rows = [heads, ("---",) * len(heads)]
    for name, documents in SIZES:
        found = need(documents, figures)
        rows.append(
            (
                name,
                f"{documents:,}",
                f"{found.documents_a_second:.2g}",
                str(found.reading_cores),
                str(found.web_cores),
                f"{max(found.database_cores, 0.01):.2f}",
                f"{found.gigabytes:,.0f}",
                f"{found.commits:,.2g}" if found.commits < 10 else f"{found.commits:,.0f}",
                f"{found.database_gigabytes:,.1f}",
                f"{found.file_gigabytes:,.0f}",
                f"{found.cost:,.0f}",
                f"{found.bottleneck} ({found.grows_to:.1f})",
            )
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def measure(documents: int) -> Figures:
    """One worker on servers of its own reads so many scans, then so many text PDFs."""
    from bench.chaos import RETRIES, Sent, make_documents, send
    from bench.machines import Postgres, Redis, Service, make_tenant, use, wait_until
    from bench.receivers import Receiver

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sizing-")))
        postgres, redis = Postgres(), Redis()
        stack.callback(redis.close)
        stack.callback(postgres.close)
        environment = {
            "INVOICE_FILE_REQUIREMENTS": "advisory",
            "WEBHOOK_PRIVATE_HOSTS": "127.0.0.1",
            "DATABASE_URL": postgres.url,
            "REDIS_URL": redis.url,
            "WEBHOOK_RETRY_SECONDS": RETRIES,
            "OCR_ENGINE": "rapidocr",
            "OCR_PAGE_SECONDS": "300",  # CPU seconds are counted: on a machine that others use nothing is given up
            "OCR_DOCUMENT_SECONDS": "900",
            "WORKERS": "1",
        }
        service = Service(folder, environment)
        use(service.environment)
        from django.conf import settings
        from django.db import connection

        from invoices.models import Job, WebhookDelivery

        tenant = make_tenant("acme")
        receiver = Receiver({"acme": tenant.secret}, 1, hangs=False)
        stack.callback(receiver.close)
        service.start()
        stack.callback(service.stop)

        def query(sql: str) -> float:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return float(cursor.fetchone()[0])

        def run(scans: int, seed: int) -> tuple[float, float]:
            """CPU seconds of (workers, web) for each document."""
            before = cpu_by_role(service)
            sent, ended = Sent(), Job.objects.filter(state="done").count()
            for document in make_documents(documents, scans, seed):
                send(service, tenant, document, receiver.url("acme"), sent, time.monotonic() + 600)
            wait_until(lambda: Job.objects.filter(state="done").count() == ended + documents, 1800, "The documents")
            after = cpu_by_role(service)
            return tuple((after[role] - before[role]) / documents for role in ("workers", "web"))  # type: ignore[return-value]

        run(2, 99)  # warm
        idle = cpu_rate(service, postgres)
        statistics_before = (query(COMMITS), query(SIZE), cpu_of_tree(postgres_pid(postgres)), time.monotonic())
        scan_seconds, web_seconds = run(documents, 1)
        worker, web = (memory_of(service, role) / GIGABYTE for role in ("workers", "web"))
        text_seconds, _ = run(0, 2)
        undelivered = WebhookDelivery.objects.exclude(state="delivered")
        wait_until(lambda: not undelivered.exists(), 120, "The webhooks")
        count, passed = 2 * documents, time.monotonic() - statistics_before[3]
        commits = max(query(COMMITS) - statistics_before[0] - idle["commits"] * passed, 0) / count
        spent = cpu_of_tree(postgres_pid(postgres)) - statistics_before[2] - idle["database"] * passed
        stored = sum(path.stat().st_size for path in (folder / "files").rglob("*") if path.is_file())
        files = len([path for path in (folder / "files").rglob("*") if path.is_file()])
        return Figures(
            scan_seconds=scan_seconds,
            text_seconds=text_seconds,
            web_seconds=web_seconds,
            database_seconds=max(spent, 0) / count,
            commits=commits,
            database_bytes=(query(SIZE) - statistics_before[1]) / count,
            file_bytes=stored / files,
            worker_gigabytes=worker,
            web_gigabytes=web / max(2, settings.CORES),
        )


COMMITS = "SELECT wal_sync FROM pg_stat_wal"  # those that wait for the disk
SIZE = "SELECT pg_database_size(current_database())"


def postgres_pid(postgres: object) -> int:
    return int((postgres.folder / "data" / "postmaster.pid").read_text().split()[0])  # type: ignore[attr-defined]


def cpu_of_tree(pid: int) -> float:
    """CPU seconds of a process, of those it started and of those of these that have ended."""
    total = 0.0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def roles(service: object) -> dict[str, list[psutil.Process]]:
    found: dict[str, list[psutil.Process]] = {"workers": [], "web": []}
    for child in psutil.Process(service.process.pid).children():  # type: ignore[attr-defined]
        command = " ".join(child.cmdline())
        role = "web" if "gunicorn" in command else "workers" if "qcluster" in command else None
        if role:
            found[role].append(child)
    return found


def cpu_by_role(service: object) -> dict[str, float]:
    return {role: sum(cpu_of_tree(process.pid) for process in found) for role, found in roles(service).items()}


def cpu_rate(service: object, postgres: object, seconds: float = 10.0) -> dict[str, float]:
    """What the service uses a second while it has nothing to do."""
    from django.db import connection

    def commits() -> float:
        with connection.cursor() as cursor:
            cursor.execute(COMMITS)
            return float(cursor.fetchone()[0])

    before = (commits(), cpu_of_tree(postgres_pid(postgres)))
    time.sleep(seconds)
    after = (commits(), cpu_of_tree(postgres_pid(postgres)))
    return {"commits": (after[0] - before[0]) / seconds, "database": (after[1] - before[1]) / seconds}


def memory_of(service: object, role: str) -> float:
    """Private bytes of the role's processes, children and all."""
    total = 0
    for top in roles(service)[role]:
        for process in [top, *top.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().uss
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true")
    parser.add_argument("--documents", type=int, default=20, help="of each kind, to measure with")
    options = parser.parse_args()
    if options.measure:
        FIGURES.write_text(
            json.dumps({k: round(v, 4) for k, v in asdict(measure(options.documents)).items()}, indent=2) + "\n"
        )
    figures = Figures(**json.loads(FIGURES.read_text()))
    for name, value in asdict(figures).items():
        print(f"{name.replace('_', ' '):<20}{value:>14,.4g}")
    print()
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
