"""Do `ingest` and `reprocess` end with the same rows, however often they are killed?

    python -m bench.kills [--ingest 10] [--reprocess 5] [--documents 200] [--rereadings 1000] [--seed 1]

Invoices and delivery notes as PDFs with a text layer are sent in by `manage.py ingest --wait`, once undisturbed and
once killed (SIGKILL) at random moments and run again; then more are read again by `manage.py reprocess`, likewise.
Everything that was made of the files is compared. The exit status is 1 where something differs.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import machines
from tests.documents import make_pdf

ROWS = """
import json
from invoices.models import DeliveryNote, Document, Finding, Invoice, Pairing
print(json.dumps({
    "documents": sorted(map(list, Document.objects.values_list("filename", "state", "page_count", "reader_version"))),
    "invoices": sorted([*map(str, row)] for row in Invoice.objects.values_list(
        "filename", "invoice_number", "gross_total", "supplier_name", "status", "open_findings", "lines__description")),
    "notes": sorted([*map(str, row)] for row in DeliveryNote.objects.values_list(
        "filename", "number", "delivery_date", "lines__description", "lines__quantity")),
    "pairings": sorted([*map(str, row)] for row in Pairing.objects.values_list(
        "invoice__filename", "delivery_note__filename", "status", "score")),
    "findings": sorted([*map(str, row)] for row in Finding.objects.filter(state="open").values_list(
        "invoice__filename", "rule", "line", "message")),
}, default=str))
"""
AGE = 'from invoices.models import Document; Document.objects.update(reader_version="0")'
MOST_SECONDS = 3600


def invoice(number: int) -> list[str]:
    """Every fifth repeats another's number, so that findings speak of other invoices."""
    count, total = 1 + number % 4, 12 * (1 + number % 4)
    shown = number - 1 if number % 5 == 4 else number
    return [
        "Wrenfield Provisions Ltd", "4 Mill Lane, York YO1 7HU", "", "INVOICE",
        f"Invoice number: WP-{50_000 + shown}", f"Invoice date: 2026-02-{1 + number % 27:02}",
        f"Order number: PO-{8_000 + number}", "",
        "Code      Description              Qty   Unit price    Amount",
        f"GR{100 + number % 7}     Plain Flour 16kg           {count}        12.00     {total}.00",
        "", f"Total                               GBP {total}.00",
    ]  # fmt: skip


def note(number: int) -> list[str]:
    return [
        "Wrenfield Provisions Ltd", "4 Mill Lane, York YO1 7HU", "", "DELIVERY NOTE",
        f"Delivery note number: DN-{70_000 + number}", f"Delivery date: 2026-02-{1 + number % 27:02}",
        f"Order number: PO-{8_000 + number}", "",
        "Code      Description              Ordered   Delivered",
        f"GR{100 + number % 7}     Plain Flour 16kg           {1 + number % 4}          {1 + number % 3}",
    ]  # fmt: skip


def write_files(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        sheet = note(number - 1) if number % 3 == 1 else invoice(number)
        (folder / f"{number:05}.pdf").write_bytes(make_pdf(sheet, size=1000))


class Place:
    """A service's folder, in which commands are run."""

    def __init__(self, folder: Path) -> None:
        kept = {name: os.environ[name] for name in machines.KEPT_VARIABLES if name in os.environ}
        self.environment = kept | {"DATA_DIR": str(folder), "LOG_LEVEL": "ERROR", "OCR_ENGINE": "tesseract"}
        self.run("migrate", "-v0")
        self.run("create_mga", "hotel", "--currency", "GBP")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=machines.ROOT, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, *arguments: str) -> str:
        with self.start(*arguments) as process:
            out, _ = process.communicate(timeout=MOST_SECONDS)
        if process.returncode not in (0, 1):  # 1: a file was refused
            raise RuntimeError(f"{arguments[0]} ended with {process.returncode}")
        return out

    def run_with_kills(self, command: Sequence[str], kills: int, seconds: float, rng: random.Random) -> int:
        """Kills it so often, then runs it to its end. How many kills met it alive.

        seconds: what it takes undisturbed. The moments are such that about three quarters are done before the last."""
        met = 0
        for _ in range(kills):
            process = self.start(*command)
            try:
                process.communicate(timeout=rng.uniform(0.2, 1.5 * seconds / kills))
            except subprocess.TimeoutExpired:
                met += 1
                process.kill()
                process.communicate()
        self.run(*command)
        return met

    def prepare(self, files: Path) -> None:
        """Takes the files in, and has an older reader have read them."""
        self.run("ingest", str(files), "--mga", "hotel", "--wait")
        self.run("shell", "-v0", "-c", AGE)

    def rows(self) -> str:
        """All that was made of the files, as JSON; ids left out, as they tell when a row was made."""
        return re.sub(r"\b(inv|dn|doc)_[0-9a-z]{20,}", r"\1", self.run("shell", "-v0", "-c", ROWS).splitlines()[-1])


def compare(name: str, calm: str, killed: str, met: int, kills: int) -> bool:
    """Whether the rows are the same; shows those that are not."""
    left, right = json.loads(calm), json.loads(killed)
    same = left == right
    print(
        f"{name}: {met} of {kills} kills met it alive; the rows are {'the same' if same else 'NOT the same'}",
        flush=True,
    )
    for table in left:
        ours, theirs = (Counter(map(json.dumps, rows[table])) for rows in (left, right))
        for row in (ours - theirs).elements():
            print(f"  {table}, undisturbed only: {row}")
        for row in (theirs - ours).elements():
            print(f"  {table}, killed only: {row}")
    return same


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ingest", type=int, default=10, help="kills of ingest")
    parser.add_argument("--reprocess", type=int, default=5, help="kills of reprocess")
    parser.add_argument("--documents", type=int, default=200, help="that ingest takes in")
    parser.add_argument("--rereadings", type=int, default=1000, help="documents that reprocess reads")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        calm, killed = Place(folder / "calm"), Place(folder / "killed")
        write_files(folder / "files", options.documents)
        ingest = ("ingest", str(folder / "files"), "--mga", "hotel", "--wait")
        started = time.monotonic()
        calm.run(*ingest)
        seconds = time.monotonic() - started
        good = True
        if options.ingest:
            met = killed.run_with_kills(ingest, options.ingest, seconds, rng)
            good = compare("ingest", calm.rows(), killed.rows(), met, options.ingest)
        else:
            killed.run(*ingest)
        if options.reprocess:
            write_files(folder / "more", options.rereadings)
            with ThreadPoolExecutor() as pool:
                list(pool.map(lambda place: place.prepare(folder / "more"), (calm, killed)))
            started = time.monotonic()
            calm.run("reprocess", "--mga", "hotel")
            seconds = time.monotonic() - started
            met = killed.run_with_kills(("reprocess", "--mga", "hotel"), options.reprocess, seconds, rng)
            good &= compare("reprocess", calm.rows(), killed.rows(), met, options.reprocess)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
