"""`manage.py ingest`: send files and folders in. Running it again sends what is missing and nothing twice."""

import csv
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone
from tqdm import tqdm

from invoicedata.models import Mga
from invoices.errors import InvoiceDataError, QueueFullError
from invoices.models import Document, Job
from invoices.services import intake, jobs, processing

POLL_SECONDS = 0.5
PATIENCE_SECONDS = 5.0  # without any job being taken, before this process reads itself
BUSY_SECONDS = 2.0  # before a file is offered again to a full queue


class Command(BaseCommand):
    help = (
        "Sends documents in: files, folders (walked) and patterns. The same bytes are the same document, so running it "
        "again after a stop sends only what is missing. The exit status is 1 when a file was refused or not readable."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", metavar="PATH", help="file, folder, or pattern such as 'scans/*.pdf'")
        parser.add_argument("--mga", required=True, help="the tenant")
        parser.add_argument("--venue", default="", help="the venue they are for, where they do not tell")
        parser.add_argument("--kind", default="auto", choices=["auto", "invoice", "delivery_note"])
        parser.add_argument(
            "--wait", action="store_true", help="until all are read (in this process, if no worker does)"
        )
        parser.add_argument("--failures", type=Path, help="write what failed, and why, to this CSV file")

    def handle(self, *args: Any, paths: list[str], mga: str, venue: str, kind: str, **options: Any) -> None:
        tenant = Mga.objects.filter(pk=mga).first()
        if tenant is None:
            raise CommandError(f"There is no MGA {mga!r}; create it with create_mga.", returncode=2)
        files = [file for path in paths for file in expand(path)]
        failures: list[tuple[str, str, str]] = []
        documents: dict[str, str] = {}
        known = 0
        for file in tqdm(files, desc="sending", unit="file", disable=not sys.stderr.isatty()):
            try:
                accepted = send(tenant, file, venue, "" if kind == "auto" else kind)
            except InvoiceDataError as error:
                failures.append((str(file), error.code, str(error)))
            except OSError as error:
                failures.append((str(file), "FILE_NOT_READABLE", error.strerror or str(error)))
            else:
                known += accepted.is_duplicate
                documents[accepted.document.pk] = str(file)
        if options["wait"]:
            wait_for(documents)
            failures += unreadable(documents)
        self.report(len(files), known, failures, options["failures"])

    def report(self, total: int, known: int, failures: list[tuple[str, str, str]], path: Path | None) -> None:
        for file, code, message in failures:
            self.stderr.write(f"{file}: {code}: {message}")
        if path is not None:
            with path.open("w", newline="", encoding="utf-8") as out:
                csv.writer(out).writerows([("file", "code", "message"), *failures])
        sent = total - known - len(failures)
        self.stdout.write(f"{total} files: {sent} taken, {known} known before, {len(failures)} failed.")
        if failures:
            sys.exit(1)


def expand(path: str) -> list[Path]:
    """The files that a path means, in the order of their names. Raises CommandError where there are none."""
    place = Path(path)
    if place.is_dir():
        return sorted(file for file in place.rglob("*") if file.is_file() and not file.name.startswith("."))
    if place.is_file():
        return [place]
    anchor = Path(place.anchor) if place.is_absolute() else Path()
    found = sorted(anchor.glob(str(place.relative_to(place.anchor)) if place.is_absolute() else path))
    if not found:
        raise CommandError(f"{path}: no such file or folder.", returncode=2)
    return [file for match in found for file in (expand(str(match)) if match.is_dir() else [match])]


def send(mga: Mga, file: Path, venue: str, kind: str) -> intake.Acceptance:
    """Waits while the queue is full."""
    while True:
        try:
            with file.open("rb") as content:
                return intake.accept_document(
                    mga,
                    content,
                    filename=file.name,
                    source=Document.Source.COMMAND,
                    kind_hint=kind,
                    venue_hint=venue,
                )
        except QueueFullError:
            if not read_one():
                time.sleep(BUSY_SECONDS)


def wait_for(documents: dict[str, str]) -> None:
    """Until every document is read or has failed. Where no worker takes the jobs, this process does them."""
    jobs.release_dead_of_this_host()
    last_sign, done = time.monotonic(), 0
    with tqdm(total=len(documents), desc="reading", unit="file", disable=not sys.stderr.isatty()) as bar:
        while (left := pending(documents)) > 0:
            bar.update(len(documents) - left - done)
            done = len(documents) - left
            if is_worker_at_it():
                last_sign = time.monotonic()
            if time.monotonic() - last_sign <= PATIENCE_SECONDS or not read_one():
                time.sleep(POLL_SECONDS)
        bar.update(len(documents) - done)


def pending(documents: dict[str, str]) -> int:
    """How many are not read, or read and not judged yet: a stop may come between the two."""
    unfinished = Job.objects.filter(state__in=(Job.State.QUEUED, Job.State.RUNNING)).values("document")
    of_ours = Document.objects.filter(pk__in=documents)
    return of_ours.filter(Q(state=Document.State.PENDING) | Q(pk__in=unfinished)).count()


def is_worker_at_it() -> bool:
    """Whether a job is running; not one of this process, which runs them while nobody looks."""
    return Job.objects.filter(state=Job.State.RUNNING, lease_until__gte=timezone.now()).exists()


def read_one() -> bool:
    """Does the job that has waited longest, here; False where there is none, or a worker had been quicker."""
    for job in jobs.abandoned(timezone.now()):
        processing.fail_abandoned(job)
    return processing.run_next()


def unreadable(documents: dict[str, str]) -> list[tuple[str, str, str]]:
    failed = Document.objects.filter(pk__in=documents, state=Document.State.ERROR).order_by("created_at")
    return [(documents[row.pk], row.error_code, row.error_message) for row in failed]
