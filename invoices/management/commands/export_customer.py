"""`manage.py export_customer`: everything that is kept of one customer, as one archive."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError

from invoicedata.models import Mga
from invoices.services.disclosure import write_archive


class Command(BaseCommand):
    help = (
        "Writes a ZIP archive with all that is kept of a customer of an MGA (GDPR, article 15): the files as they were "
        "sent, and customer.json with requests, answers, invoices, corrections and imported records."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("customer_id", metavar="CUSTOMER_ID")
        parser.add_argument("output", metavar="OUTPUT", type=Path, help="the .zip file to write")
        parser.add_argument("--mga", required=True, help="the tenant")

    def handle(self, *args: Any, customer_id: str, output: Path, mga: str, **options: Any) -> None:
        tenant = Mga.objects.filter(pk=mga).first()
        if tenant is None:
            raise CommandError(f"There is no MGA {mga!r}.", returncode=2)
        try:
            count = write_archive(tenant, customer_id, output)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror}", returncode=2) from error
        self.stdout.write(f"{count} documents were written to {output}.")
