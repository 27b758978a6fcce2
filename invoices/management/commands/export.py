"""`manage.py export`: invoices as CSV, XLSX, JSON Lines or UBL, narrowed as the API narrows its list."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db.models import QuerySet
from tqdm import tqdm

from invoices import exports
from invoices.api.invoices.filters import InvoiceFilter
from invoices.models import Invoice


class Command(BaseCommand):
    help = (
        "Writes invoices to OUTPUT, oldest first. The format follows from its name (.csv, .lines.csv with a row a line "
        "item, .xlsx, .jsonl, .tar.gz with a UBL 2.1 document an invoice) or from --format; - is standard output. The "
        "file is there only once it is whole. Millions of rows need no more memory than a few."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("output", metavar="OUTPUT", help="file to write, or - for standard output")
        parser.add_argument("--format", choices=exports.FORMATS, help="where the name does not tell it")
        parser.add_argument("--mga", help="only this tenant's")
        parser.add_argument("--status", choices=Invoice.Status.values)
        for name in InvoiceFilter.base_filters:
            parser.add_argument(f"--{name.replace('_', '-')}", metavar="VALUE", help=f"as {name} of GET /api/invoices")

    def handle(self, *args: Any, output: str, **options: Any) -> None:
        form = options["format"] or exports.format_of(output)
        if form is None:
            raise CommandError("The name does not tell the format; give --format.", returncode=2)
        rows = narrowed(options)
        if options["mga"]:
            rows = rows.for_mga(options["mga"])  # type: ignore[attr-defined]
        with tqdm(desc="exporting", unit="row", disable=not sys.stderr.isatty()) as bar:
            exported = write(rows, form, output, bar)
        self.stderr.write(f"{exported.count} rows were written.")
        if exported.left_out:
            reason = "left out, as their number, date, currency, total or lines are not known, which UBL requires"
            self.stderr.write(f"{exported.left_out} {reason}: {', '.join(exported.examples)} …")


def narrowed(options: dict[str, Any]) -> QuerySet[Invoice]:
    """Raises CommandError for a value that the API would refuse."""
    rows = Invoice.objects.all()
    if options["status"]:
        rows = rows.filter(status=options["status"])
    given = {name: options[name] for name in InvoiceFilter.base_filters if options[name]}
    narrowing = InvoiceFilter(given, queryset=rows)
    if not narrowing.is_valid():
        name, problems = next(iter(narrowing.errors.items()))
        raise CommandError(f"--{name.replace('_', '-')}: {problems[0]}", returncode=2)
    return narrowing.qs


def write(rows: QuerySet[Invoice], form: str, output: str, bar: Any) -> exports.Exported:
    if output == "-":
        exported = exports.FORMATS[form][1](rows, sys.stdout.buffer, bar.update)
        sys.stdout.buffer.flush()
        return exported
    try:
        return exports.write_file(rows, form, Path(output), bar.update)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}", returncode=2) from error
