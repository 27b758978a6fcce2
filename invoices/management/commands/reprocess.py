"""`manage.py reprocess`: read documents again, and show what came out otherwise."""

import csv
import os
import sys
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

import ocr
from invoices.models import Document, Invoice, Job
from invoices.services.reading import reader_options
from invoices.services.rereading import BusyDocumentError, Change, reread
from ocr import READER_VERSION, Reader

NICENESS = 19  # after the workers, which read what somebody waits for
PAUSE_SECONDS = 0.5  # between two looks at whether jobs wait
COLUMNS = ("document", "file", "part", "field", "before", "after")


class Command(BaseCommand):
    help = (
        "Reads documents again that an older reader has read (--all: whatever read them), and tells what came out "
        "otherwise. What people corrected, approved or decided stays; what cannot be read this time stays as it was. "
        "Running it again after a stop goes on with what is left. Live jobs come first. The exit status is 1 when a "
        "document could not be read."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mga", help="only this tenant's documents")
        parser.add_argument("--status", choices=Invoice.Status.values, help="with an invoice in this status")
        parser.add_argument("--supplier", help="with an invoice of a supplier whose name contains this")
        parser.add_argument("--date-from", metavar="DAY", help="that came in on this day or later (2025-03-04)")
        parser.add_argument("--date-to", metavar="DAY", help="that came in on this day or earlier")
        parser.add_argument("--engine", help="with a page that this engine recognised (rapidocr, tesseract)")
        parser.add_argument("--reader-version", metavar="VERSION", help="read by this version of the reader")
        parser.add_argument(
            "--all", action="store_true", help=f"also what the present reader, {READER_VERSION}, has read"
        )
        parser.add_argument(
            "--read-before", metavar="MOMENT", help="last read before this moment; goes on with a stopped --all"
        )
        parser.add_argument("--limit", type=int, help="at most so many documents, oldest first")
        parser.add_argument("--workers", type=int, default=1, help="how many are read at the same time (1)")
        parser.add_argument("--dry-run", action="store_true", help="tell what would change and change nothing")
        parser.add_argument("--report", type=Path, help="write every change to this CSV file")

    def handle(self, *args: Any, **options: Any) -> None:
        started = timezone.now()
        documents = list(chosen(options, started).values_list("pk", flat=True)[: options["limit"]])
        if options["workers"] < 1:
            raise CommandError("--workers must be at least 1.", returncode=2)
        os.nice(NICENESS)
        outcome = Outcome()
        with ExitStack() as stack:
            write = stack.enter_context(Report(options["report"])) if options["report"] else None
            bar = stack.enter_context(
                tqdm(total=len(documents), desc="reading", unit="document", disable=not sys.stderr.isatty())
            )
            for document, changes, problem in read_all(documents, options["workers"], options["dry_run"]):
                outcome.add(changes, problem)
                bar.update()
                if problem:
                    self.stderr.write(f"{document.filename} ({document.pk}): {problem}")
                if write:
                    write.rows(document, changes)
        self.stdout.write(outcome.told(dry_run=options["dry_run"]))
        if options["all"] and not options["read_before"]:
            self.stdout.write(f"To go on after a stop, add: --read-before {started.isoformat(timespec='seconds')}")
        if outcome.failed:
            sys.exit(1)


def chosen(options: dict[str, Any], now: datetime) -> QuerySet[Document]:
    """Raises CommandError for what is no day or moment."""
    rows = Document.objects.filter(state__in=(Document.State.READ, Document.State.ERROR))
    rows = rows.filter(Q(read_at=None) | Q(read_at__lt=moment(options["read_before"]) or now))
    if not options["all"] and not options["reader_version"]:
        rows = rows.exclude(reader_version=READER_VERSION)
    if options["reader_version"]:
        rows = rows.filter(reader_version=options["reader_version"])
    if options["mga"]:
        rows = rows.filter(mga=options["mga"])
    if options["date_from"]:
        rows = rows.filter(created_at__date__gte=day("--date-from", options["date_from"]))
    if options["date_to"]:
        rows = rows.filter(created_at__date__lte=day("--date-to", options["date_to"]))
    invoices = Invoice.objects.all()
    if options["status"]:
        rows = rows.filter(pk__in=invoices.filter(status=options["status"]).values("document"))
    if options["supplier"]:
        rows = rows.filter(pk__in=invoices.filter(supplier_name__icontains=options["supplier"]).values("document"))
    if options["engine"]:
        rows = rows.filter(pages__engine__icontains=options["engine"]).distinct()
    return rows.order_by("created_at", "pk")


def day(option: str, text: str) -> date:
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{option}: {text!r} is no day like 2025-03-04.", returncode=2)
    return found


def moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"--read-before: {text!r} is no moment like 2025-03-04T05:06:07+00:00.", returncode=2)
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def read_all(documents: list[str], workers: int, dry_run: bool) -> Iterator[tuple[Document, list[Change], str]]:
    """(document, what changed, why it could not be read) of each, as they are done."""
    own = threading.local()
    with ExitStack() as readers, ThreadPoolExecutor(workers) as pool:

        def start() -> None:
            own.reader = Reader(reader_options())
            readers.callback(own.reader.close)

        def work(pk: str) -> tuple[Document, list[Change], str]:
            try:
                if not hasattr(own, "reader"):
                    start()
                wait_for_live_jobs()
                return read_one(pk, own.reader, dry_run)
            finally:
                connection.close()

        waiting = iter(documents)
        # A few at a time: a stop then ends soon, and a million documents are no million tasks. What bounds them comes
        # first in each zip, which would otherwise take a document and drop it.
        running = {pool.submit(work, pk) for _, pk in zip(range(2 * workers), waiting, strict=False)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(work, pk) for _, pk in zip(done, waiting, strict=False)}
            yield from (future.result() for future in done)


def wait_for_live_jobs() -> None:
    """Whoever sends something in comes first."""
    while Job.objects.claimable(timezone.now()).exists():
        time.sleep(PAUSE_SECONDS)


def read_one(pk: str, reader: Reader, dry_run: bool) -> tuple[Document, list[Change], str]:
    document = Document.objects.select_related("mga").get(pk=pk)
    try:
        return document, reread(document, dry_run=dry_run, read=reader.read), ""
    except (ocr.OcrError, OSError, BusyDocumentError) as error:
        return document, [], str(error) or type(error).__name__


class Outcome:
    """Counts what came of it."""

    def __init__(self) -> None:
        self.read = self.failed = self.changed = 0
        self.fields: Counter[str] = Counter()

    def add(self, changes: list[Change], problem: str) -> None:
        self.failed += bool(problem)
        self.read += not problem
        self.changed += bool(changes)
        self.fields.update(change.field or "whole parts" for change in changes)

    def told(self, *, dry_run: bool) -> str:
        rows = "".join(f"\n  {count:6} {field}" for field, count in self.fields.most_common())
        would = "would come" if dry_run else "came"
        told = f"{self.read} read again, {self.changed} of them {would} out otherwise, {self.failed} could not be read."
        return told + rows


class Report:
    """The CSV file of changes. Lines are told as their number: what they say is in the admin."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> "Report":
        self.file = self.path.open("w", newline="", encoding="utf-8")
        self.writer = csv.writer(self.file)
        self.writer.writerow(COLUMNS)
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def rows(self, document: Document, changes: list[Change]) -> None:
        for change in changes:
            before, after = (f"{len(v)} lines" if isinstance(v, list) else v for v in (change.before, change.after))
            self.writer.writerow((document.pk, document.filename, change.part, change.field, before, after))
        self.file.flush()
