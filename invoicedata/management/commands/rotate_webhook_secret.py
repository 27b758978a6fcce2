from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError

from invoicedata.models import Mga
from invoicedata.tokens import rotate_webhook_secret

MOST_HOURS = 24 * 90


class Command(BaseCommand):
    help = (
        "Makes a new webhook secret for a tenant and prints it, this once. It signs in webhook-signature at once, "
        "beside the old one. X-Request-Signature has room for one signature only: --after says when the new one takes "
        "it over."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mga_id")
        parser.add_argument(
            "--after",
            type=float,
            default=0,
            metavar="HOURS",
            help="until it signs X-Request-Signature; default 0: at once",
        )
        parser.add_argument(
            "--overlap",
            type=float,
            default=24,
            metavar="HOURS",
            help="that the old one signs on after that; default 24",
        )

    def handle(self, *args: Any, mga_id: str, after: float, overlap: float, **options: Any) -> None:
        if not (0 <= after <= MOST_HOURS and 0 <= overlap <= MOST_HOURS):
            raise CommandError(f"--after and --overlap are hours from 0 to {MOST_HOURS}.", returncode=2)
        mga = Mga.objects.filter(pk=mga_id).first()
        if mga is None:
            raise CommandError(f"There is no tenant {mga_id!r}.", returncode=2)
        secret = rotate_webhook_secret(mga, timedelta(hours=overlap), after=timedelta(hours=after))
        self.stderr.write("The new secret; it is shown this once:", self.style.SUCCESS)
        self.stdout.write(secret)
