"""`manage.py import_pims`: a practice's export becomes the records that invoices are looked up in."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from tqdm import tqdm

from invoicedata.models import Mga
from pims.errors import PimsConfigError
from pims.imports import DAY_FORMATS, PRESETS, Dialect, detect_preset, read_entries
from pims.services import import_records, local_connection

SHOWN_PROBLEMS = 50


class Command(BaseCommand):
    help = (
        "Imports invoices from a practice system's export: canonical JSON or JSON Lines, a folder with invoices.csv, "
        "lines.csv and payments.csv, or a vendor's report. An invoice is imported whole or not at all; the same file "
        "again changes nothing. The exit status is 1 when some invoices were refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="file, or folder of CSV files")
        parser.add_argument("--mga", required=True, help="the tenant")
        parser.add_argument("--connection", default="local", help="name of the connection (default: local)")
        parser.add_argument("--preset", choices=sorted(PRESETS), help="format (default: told from the file)")
        parser.add_argument("--dates", choices=sorted(DAY_FORMATS), default="iso", help="how days are written")
        parser.add_argument("--decimal-comma", action="store_true", help="amounts are written 1.234,56")
        parser.add_argument("--encoding", default="utf-8-sig", help="of text files, such as cp1252")
        parser.add_argument("--currency", default="", help="ISO 4217, where the file does not tell it")
        parser.add_argument("--dry-run", action="store_true", help="check everything, store nothing")

    def handle(self, *args: Any, files: list[Path], mga: str, **options: Any) -> None:
        tenant = Mga.objects.filter(pk=mga).first()
        if tenant is None:
            raise CommandError(f"There is no MGA {mga!r}; create it with create_mga.", returncode=2)
        dialect = Dialect(
            days=options["dates"],
            decimal_comma=options["decimal_comma"],
            encoding=options["encoding"],
            currency=options["currency"] or tenant.default_currency,
        )
        failed = sum(self.import_file(tenant, path, dialect, options) for path in files)
        if failed:
            sys.exit(1)

    def import_file(self, mga: Mga, path: Path, dialect: Dialect, options: dict[str, Any]) -> int:
        """The number of invoices that were refused."""
        if not path.exists():
            raise CommandError(f"{path}: no such file.", returncode=2)
        try:
            preset = options["preset"] or detect_preset(path, dialect)
            with tqdm(desc=path.name, unit="invoice", disable=not sys.stderr.isatty()) as bar:
                result = import_records(
                    local_connection(mga, options["connection"]),
                    read_entries(path, preset, dialect),
                    filename=path.name,
                    preset=preset,
                    dry_run=options["dry_run"],
                    progress=bar.update,
                )
        except (PimsConfigError, UnicodeDecodeError, LookupError) as error:
            raise CommandError(f"{error} Nothing was imported from {path.name}.", returncode=2) from error
        for where, problem in result.problems[:SHOWN_PROBLEMS]:
            self.stderr.write(f"{path.name}: {where}: {problem}")
        if len(result.problems) > SHOWN_PROBLEMS:
            self.stderr.write(f"{path.name}: and {len(result.problems) - SHOWN_PROBLEMS} more.")
        verb = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{path.name}: {result.added} {verb}added, {result.changed} {verb}changed, {result.unchanged} unchanged, "
            f"{len(result.problems)} refused."
        )
        return len(result.problems)
