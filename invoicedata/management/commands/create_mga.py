from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError

from invoicedata.tokens import create_mga


class Command(BaseCommand):
    help = "Makes a tenant and prints the secret that signs its webhooks. The secret is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mga_id", help="letters, digits, dot, dash and underscore; the tokens carry it")
        parser.add_argument("--name", default="", help="what staff see (default: the id)")
        parser.add_argument("--currency", default="", help="where a document does not tell, like USD")
        parser.add_argument("--time-zone", default="UTC", help="like Europe/London (default: %(default)s)")

    def handle(self, *args: Any, mga_id: str, name: str, currency: str, time_zone: str, **options: Any) -> None:
        try:
            mga, secret = create_mga(mga_id, name=name, currency=currency, time_zone=time_zone)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=2) from error
        self.stderr.write(f"{mga.name} ({mga.mga_id}) was made. Its webhook secret:", self.style.SUCCESS)
        self.stdout.write(secret)
