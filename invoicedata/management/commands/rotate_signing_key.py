from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from invoicedata.tokens import rotate_signing_key


class Command(BaseCommand):
    help = "Makes a new key that signs access tokens. Tokens signed with the old one stay valid until they expire."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--leaked", action="store_true", help="refuse all tokens signed so far at once, because the key leaked"
        )

    def handle(self, *args: Any, leaked: bool, **options: Any) -> None:
        key = rotate_signing_key(keep_old=not leaked)
        self.stderr.write("The new key signs from now on. Its id:", self.style.SUCCESS)
        self.stdout.write(key.kid)
