"""`manage.py erase_customer`: delete everything of one customer, for good."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from invoicedata.models import Mga
from invoices.services.erasure import documents_of, erase_customer


class Command(BaseCommand):
    help = (
        "Deletes all that came in for a customer of an MGA: files, readings, invoices, answers, webhooks, imported "
        "records. A tombstone without their name stays. There is no way back; backups keep it until they expire."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("customer_id", metavar="CUSTOMER_ID")
        parser.add_argument("--mga", required=True, help="the tenant")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, customer_id: str, mga: str, yes: bool, **options: Any) -> None:
        tenant = Mga.objects.filter(pk=mga).first()
        if tenant is None:
            raise CommandError(f"There is no MGA {mga!r}.", returncode=2)
        if not yes and not confirm(documents_of(tenant, customer_id).count()):
            raise CommandError("Nothing was deleted. Answer yes, or give --yes.", returncode=2)
        erased = erase_customer(tenant, customer_id)
        self.stdout.write(
            f"Deleted: {erased.documents} documents, {erased.requests} requests, {erased.records} imported records."
        )
        if erased.shared:
            self.stdout.write(f"{erased.shared} documents were sent for other customers too, and are kept for these.")


def confirm(documents: int) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"Delete {documents} documents and everything made from them, for good? [yes/No] ") == "yes"
