from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError

from invoicedata.models import Mga, Permission
from invoicedata.tokens import TokenRequestError, issue_token


class Command(BaseCommand):
    help = "Prints a new access token of a tenant. It is shown this once; send it through a secure channel."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mga_id")
        parser.add_argument(
            "--permission",
            action="append",
            choices=Permission.values,
            help="may be given several times (default: all permissions)",
        )
        parser.add_argument("--hours", type=float, default=24.0, help="up to 24, may be a fraction (default: 24)")
        parser.add_argument("--note", default="", help="whom it is for")

    def handle(
        self, *args: Any, mga_id: str, permission: list[str] | None, hours: float, note: str, **options: Any
    ) -> None:
        mga = Mga.objects.filter(pk=mga_id).first()
        if mga is None:
            raise CommandError(f"There is no MGA {mga_id!r}; create_mga makes it.", returncode=2)
        try:
            lifetime = timedelta(hours=hours)
        except (ValueError, OverflowError) as error:
            raise CommandError("--hours must be a number above 0 and at most 24.", returncode=2) from error
        try:
            token = issue_token(mga, permissions=permission, lifetime=lifetime, note=note)
        except TokenRequestError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(token)
