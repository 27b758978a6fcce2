"""`manage.py refresh_pims`: ask the practice systems again for invoices that are still unpaid."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand
from django.utils import timezone
from tqdm import tqdm

from invoices.services.refreshing import refresh_all, stale_invoices


class Command(BaseCommand):
    help = (
        "Asks the practice systems again for the records of invoices that are still unpaid, longest ago first, and "
        "keeps what changed beside what was known. The workers do this by themselves; this does it now. The exit "
        "status is 1 when a system could not be asked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mga", help="only this tenant's invoices")
        parser.add_argument("--connection", help="only what this connection has (its id or name)")
        parser.add_argument("--all", action="store_true", help="paid, voided and old ones too")
        parser.add_argument(
            "--hours",
            type=int,
            default=0,
            help=f"only what was asked for at least so long ago (0; the workers: {settings.PIMS_REFRESH_HOURS})",
        )
        parser.add_argument("--limit", type=int, help="at most so many invoices")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = stale_invoices(timezone.now(), settled_too=options["all"], hours=options["hours"])
        if options["mga"]:
            rows = rows.filter(mga=options["mga"])
        if name := options["connection"]:
            rows = rows.filter(**{"pims_connection" if name.isdecimal() else "pims_connection__name": name})
        rows = rows[: options["limit"]]
        with tqdm(total=rows.count(), desc="asking", unit="invoice", disable=not sys.stderr.isatty()) as bar:
            outcome = refresh_all(rows, progress=bar.update)
        self.stdout.write(
            f"{outcome.asked} asked for, {outcome.changed} had changed, {outcome.gone} are not there any more."
        )
        for connection, problem in outcome.problems.items():
            self.stderr.write(f"{connection} could not be asked: {problem}")
        if outcome.problems:
            sys.exit(1)
