from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from invoicedata.models import Mga
from invoicedata.tokens import find_token, revoke_all_tokens, revoke_token


class Command(BaseCommand):
    help = "Refuses a token, or all tokens issued to a tenant so far, from the next request on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("token", nargs="?", help="the token's id (jti), or the token itself")
        which.add_argument("--all", metavar="MGA_ID", help="all tokens of this tenant")

    def handle(self, *args: Any, token: str | None, all: str | None, **options: Any) -> None:
        if all is not None:
            mga = Mga.objects.filter(pk=all).first()
            if mga is None:
                raise CommandError(f"There is no MGA {all!r}.", returncode=2)
            revoke_all_tokens(mga)
            self.stderr.write(f"All tokens issued to {mga.mga_id} so far are revoked.", self.style.SUCCESS)
            return
        record = find_token(token or "")
        if record is None:
            raise CommandError("No such token was issued here.", returncode=2)
        revoke_token(record)
        self.stderr.write(f"Token {record.jti} of {record.mga_id} is revoked.", self.style.SUCCESS)
