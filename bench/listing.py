"""How fast GET /api/invoices is at size: the production server on loopback.

    python -m bench.listing [--on sqlite|postgres] [--sizes 1000 100000 1000000] [--seconds 4]

Two tenants share the invoices nine to one; the larger one asks. A table by kind of call: p50 and p95 in milliseconds of
calls made one after the other, and calls a second beside a view that answers the same from one hand-written SQL query
and checks nothing (`bench.bare`), on the same server.
"""

import argparse
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bench import machines

FEWEST_CALLS = 40
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

    from invoices import triggers
    from invoices.models import Document, Invoice

    is_postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:  # a tally's row for each invoice would have to be folded
        for name in ("added", "removed", "changed"):
            cursor.execute(f"DROP TRIGGER invoice_tally_{name}{' ON invoices_invoice' if is_postgres else ''}")
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
    triggers.install()
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


@dataclass
class Stand:
    """The service on a database of `size` invoices, with a client of the larger tenant."""

    size: int
    service: machines.Service
    postgres: machines.Postgres | None
    session: requests.Session
    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def call(self, name: str) -> None:
        """Once, and how long it took in milliseconds."""
        query = {k: str(self.half) if v == "half" else v for k, v in CALLS.get(name, {}).items()}
        address = {"bare view": "/bare/invoices", "detail": f"/api/invoices/inv_{self.size // 2 + 1}"}.get(name)
        started = time.perf_counter()
        response = self.session.get(f"{self.service.url}{address or '/api/invoices'}", params=query, timeout=120)
        self.taken[name].append(1000 * (time.perf_counter() - started))
        response.raise_for_status()

    @property
    def half(self) -> int:
        return self.size * (SHARE - 1) // SHARE // 2

    def points(self, name: str) -> tuple[float, float, float]:
        """(p50, p95 in milliseconds, calls a second)."""
        taken = self.taken[name]
        cuts = statistics.quantiles(taken, n=20)
        return cuts[9], cuts[18], 1000 * len(taken) / sum(taken)

    def close(self) -> None:
        self.session.close()
        if hasattr(self.service, "process"):
            self.service.stop()
        if self.postgres is not None:
            self.postgres.close()


def build(on: str, size: int, folder: Path) -> Stand:
    name = f"bench_{secrets.token_hex(4)}"
    postgres = machines.Postgres() if on == "postgres" else None
    database = postgres.url if postgres else f"sqlite:///{folder / name}.sqlite3"
    settings = {"DJANGO_SETTINGS_MODULE": "bench.bare_settings"}
    environment = {"DATABASE_URL": database, "DATA_DIR": str(folder / name)} | settings
    service = machines.Service(folder / name, environment)
    stand = Stand(size, service, postgres, requests.Session())
    try:
        # A process of its own: Django can be set up for one database only.
        made = subprocess.run(
            [sys.executable, "-m", "bench.listing", "--load", str(size)],
            env=service.environment | {"PYTHONPATH": str(machines.ROOT)},
            cwd=machines.ROOT, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stand.session.headers["Authorization"] = f"Bearer {made.stdout.split()[-1]}"
        service.start("--no-workers")
    except BaseException:
        stand.close()
        raise
    return stand


def measure(stands: list[Stand], seconds: float) -> None:
    """Each kind of call, the sizes by turns, and the list beside the bare view: what else the machine does meets
    them alike."""
    for names in (*((name,) for name in (*list(CALLS)[1:], "detail")), ("first page", "bare view")):
        turns = [(stand, name) for stand in stands for name in names]
        for stand, name in turns:
            stand.call(name)
            stand.taken[name].clear()  # the first one warms up
        end = time.monotonic() + seconds * len(turns)
        while time.monotonic() < end or len(stands[0].taken[names[0]]) < FEWEST_CALLS:
            for stand, name in turns:
                stand.call(name)


def table(stands: list[Stand]) -> Iterator[str]:
    sizes = "".join(f"{stand.size:>14,}" for stand in stands)
    yield f"{'p50 / p95 in ms':22}{sizes}   p95, largest to smallest"
    for name in stands[0].taken:
        cells = [stand.points(name) for stand in stands]
        shown = "".join(f"{f'{p50:.1f} / {p95:.1f}':>14}" for p50, p95, _ in cells)
        yield f"{name:22}{shown}   {cells[-1][1] / cells[0][1]:.2f}"
    yield "Calls a second, the list's first page beside the bare view:"
    for stand in stands:
        ours, bare = stand.points("first page")[2], stand.points("bare view")[2]
        yield f"{stand.size:>10,}   {ours:.0f} to {bare:.0f}: {100 * ours / bare:.0f} %"


def fill(size: int) -> None:
    """Makes the tables and the rows, and prints a token of the larger tenant."""
    import os

    machines.use(dict(os.environ))
    large, small = machines.make_tenant("large"), machines.make_tenant("small")
    load(size, "large", "small")
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
    with tempfile.TemporaryDirectory(prefix="listing-") as folder, ExitStack() as stack:
        stands = []
        for size in options.sizes:
            stands.append(build(options.on, size, Path(folder)))
            stack.callback(stands[-1].close)
        measure(stands, options.seconds)
        print(f"On {options.on}")
        print("\n".join(table(stands)))


if __name__ == "__main__":
    main()
