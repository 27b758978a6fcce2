"""How fast GET /api/invoices is at size: the production server on loopback.

    python -m bench.listing [--on sqlite|postgres] [--sizes 1000 100000 1000000] [--seconds 4]

Two tenants share the invoices nine to one; the larger one asks. A table by kind of call: p50 and p95 in milliseconds of
calls made one after the other, and calls a second.
"""

import argparse
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

from bench import machines

SHARE = 10  # every tenth invoice is the other tenant's
CALLS = {
    "first page": {},
    "one status": {"status": "flagged"},
    "by date": {"sort": "date"},
    "by total, largest": {"sort": "-total_value"},
    "by supplier": {"sort": "supplier"},
    "by confidence": {"sort": "confidence"},
    "by issues": {"sort": "-issues_count"},
    "half of all rows": {"offset": "half"},
    "search": {"search": "supplier 17"},
}


STATUSES = ("scanned", "processed", "matched", "flagged", "error", "processed", "matched", "scanned", "matched")


def load(count: int, large: str, small: str) -> None:
    """Makes `count` documents with an invoice each, by copying one with other values: seconds for a million."""
    from django.db import connection

    from invoices.models import Document, Invoice

    is_postgres = connection.vendor == "postgresql"
    if is_postgres:
        series = f"generate_series(1, {count - 1}) AS n"
        ago, day = "timestamptz '2026-01-01' + n * interval '13 seconds'", "date '2025-01-01' + n % 600"
    else:
        numbers = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < {count - 1}"
        series = f"(WITH RECURSIVE numbers AS ({numbers}) SELECT n FROM numbers) AS series"
        ago = "datetime('2026-01-01', '+' || (n * 13) || ' seconds')"
        day = "date('2025-01-01', '+' || (n % 600) || ' days')"
    text = "CAST(n AS text)"
    document = Document.objects.create(mga_id=large, file="x", filename="seed.pdf", sha256="0" * 64, size=1)
    invoice = Invoice.objects.create(mga_id=large, document=document, filename="seed.pdf")
    both = {
        "mga_id": f"CASE WHEN n % {SHARE} = 0 THEN '{small}' ELSE '{large}' END",
        "filename": f"'scan ' || {text} || '.pdf'",
        "created_at": ago,
    }
    copy(Document, document.pk, series, both | {"id": f"'doc_' || {text}", "sha256": text, "state": "'read'"})
    whens = " ".join(f"WHEN {i} THEN '{status}'" for i, status in enumerate(STATUSES))
    own = {
        "id": f"'inv_' || {text}",
        "document_id": f"'doc_' || {text}",
        "status": f"CASE n % {len(STATUSES)} {whens} END",
        "invoice_number": f"'R-' || {text}",
        "number_key": f"'R' || {text}",
        "supplier_name": "'Supplier ' || CAST(n % 300 AS text)",
        "venue": "'Hotel ' || CAST(n % 40 AS text)",
        "issue_date": f"CASE WHEN n % 50 = 0 THEN NULL ELSE {day} END",
        "gross_total": "CASE WHEN n % 70 = 0 THEN NULL ELSE CAST(n % 9001 AS decimal) / 10 END",
        "confidence": "CAST(n % 101 AS float) / 101",
        "open_findings": "CASE WHEN n % 10 = 4 THEN 1 + n % 3 ELSE 0 END",
    }
    copy(Invoice, invoice.pk, series, both | own)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if is_postgres else "ANALYZE")


def copy(model: Any, pk: str, series: str, values: dict[str, str]) -> None:
    from django.db import connection

    columns = [field.column for field in model._meta.concrete_fields]
    chosen = ", ".join(values.get(column, f'seed."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {series}, "
            f"(SELECT * FROM {table} WHERE id = '{pk}') AS seed"
        )


def call(url: str, headers: dict[str, str], query: dict[str, str], seconds: float) -> tuple[float, float, float]:
    """(p50, p95 in milliseconds, calls a second)."""
    taken: list[float] = []
    with requests.Session() as session:
        session.headers.update(headers)
        session.get(url, params=query, timeout=120).raise_for_status()
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(taken) < 20:
            started = time.monotonic()
            session.get(url, params=query, timeout=120).raise_for_status()
            taken.append(1000 * (time.monotonic() - started))
    points = statistics.quantiles(taken, n=20)
    return points[9], points[18], 1000 * len(taken) / sum(taken)


def measure(on: str, size: int, seconds: float, folder: Path) -> dict[str, tuple[float, float, float]]:
    name = f"bench_{secrets.token_hex(4)}"
    database = f"sqlite:///{folder / name}.sqlite3"
    server = machines.Postgres() if on == "postgres" else None
    if server is not None:
        database = server.url
    limits = {"REQUESTS_PER_MINUTE": "0", "ADDRESS_REQUESTS_PER_MINUTE": "0"}
    environment = {"DATABASE_URL": database, "DATA_DIR": str(folder / name)} | limits
    service = machines.Service(folder / name, environment)
    try:
        # A process of its own: Django can be set up for one database only.
        made = subprocess.run(
            [sys.executable, "-m", "bench.listing", "--load", str(size)],
            env=service.environment | {"PYTHONPATH": str(machines.ROOT)},
            cwd=machines.ROOT, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        token = made.stdout.split()[-1]
        service.start("--no-workers")
        headers = {"Authorization": f"Bearer {token}"}
        half = str(size * (SHARE - 1) // SHARE // 2)
        found = {}
        for name, query in CALLS.items():
            found[name] = call(
                f"{service.url}/api/invoices",
                headers,
                {k: half if v == "half" else v for k, v in query.items()},
                seconds,
            )
        return found
    finally:
        if hasattr(service, "process"):
            service.stop()
        if server is not None:
            server.close()


def fill(size: int) -> None:
    """Makes the tables and the rows, and prints a token of the larger tenant."""
    import os

    machines.use(dict(os.environ))
    large, small = machines.make_tenant("large"), machines.make_tenant("small")
    load(size, "large", "small")
    from invoices.services import tallies

    tallies.fold()
    print(large.token)
    assert small.mga_id == "small"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", choices=["sqlite", "postgres"], default="postgres")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--load", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        fill(options.load)
        return
    with tempfile.TemporaryDirectory(prefix="listing-") as folder:
        for size in options.sizes:
            print(f"{size:,} invoices on {options.on}")
            for name, (p50, p95, rate) in measure(options.on, size, options.seconds, Path(folder)).items():
                print(f"  {name:20} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   {rate:6.1f} a second", flush=True)


if __name__ == "__main__":
    main()
