"""`manage.py audit`: the record of what happened, checked for changes, or written to a file."""

import csv
import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.core.management import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.dateparse import parse_date

from invoicedata import audit


def head(text: str) -> audit.Head:
    position, _, seal = text.partition(":")
    if not position.isdecimal() or len(seal) != 64:
        raise ArgumentTypeError("it must be POSITION:SEAL, as an earlier check printed it")
    return audit.Head(int(position), seal)


def day(text: str) -> datetime:
    found = parse_date(text)
    if found is None:
        raise ArgumentTypeError("it must be a day like 2025-01-31")
    return datetime(found.year, found.month, found.day, tzinfo=UTC)


class Command(BaseCommand):
    help = "The record of what happened: who decided, signed in, was refused, issued a token or changed a setting."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        verify = parts.add_parser(
            "verify",
            help="check that no event was changed, removed or slipped in",
            description="Prints the newest link of the chain: note it elsewhere, and give it to --since another day. "
            "The exit status is 1 where the chain is broken.",
        )
        verify.add_argument("--since", type=head, metavar="POSITION:SEAL", help="a link that an earlier check printed")
        export = parts.add_parser("export", help="write events, oldest first")
        export.add_argument("output", metavar="OUTPUT", help="a .csv or .jsonl file, or - for standard output")
        export.add_argument("--mga", help="only this tenant's")
        export.add_argument("--from", type=day, dest="first", metavar="DAY", help="from this day on (UTC)")
        export.add_argument("--until", type=day, dest="last", metavar="DAY", help="before this day (UTC)")

    def handle(self, *args: Any, part: str, **options: Any) -> None:
        if part == "verify":
            self.verify(options["since"])
        else:
            self.export(**{name: options[name] for name in ("output", "mga", "first", "last")})

    def verify(self, since: audit.Head | None) -> None:
        while audit.seal_events():
            pass
        verdict = audit.verify(since)
        for problem in verdict.problems:
            self.stderr.write(problem)
        self.stdout.write(f"{verdict.checked} events checked, {verdict.unsealed} not sealed yet.")
        if verdict.problems:
            raise CommandError("The record is not as it was written.", returncode=1)
        if verdict.head is not None:
            self.stdout.write(f"Unbroken up to {verdict.head}")

    def export(self, output: str, mga: str | None, first: datetime | None, last: datetime | None) -> None:
        rows = audit.recorded(mga, first, last).values(*audit.COLUMNS).iterator(chunk_size=2000)
        if output == "-":
            count = write_json_lines(rows, sys.stdout)
        elif output.endswith((".csv", ".jsonl")):
            write = write_csv if output.endswith(".csv") else write_json_lines
            try:
                with Path(output).open("w", encoding="utf-8", newline="") as file:
                    count = write(rows, file)
            except OSError as error:
                raise CommandError(f"{output} cannot be written: {error.strerror}", returncode=2) from error
        else:
            raise CommandError("OUTPUT must end with .csv or .jsonl.", returncode=2)
        self.stderr.write(f"{count} events were written.")


def write_json_lines(rows: Iterable[dict[str, Any]], file: IO[str]) -> int:
    count = 0
    for row in rows:
        file.write(json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(rows: Iterable[dict[str, Any]], file: IO[str]) -> int:
    writer, count = csv.writer(file), 0
    writer.writerow(audit.COLUMNS)
    for row in rows:
        writer.writerow(audit.as_text(row).values())
        count += 1
    return count
