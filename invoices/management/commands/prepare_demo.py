"""The demo tenant of `make run`."""

import json
import secrets
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError, call_command

from invoicedata.models import Mga
from invoicedata.tokens import issue_token

MGA_ID = "demo"
CUSTOMER_ID = "C-1001"
SAMPLES = ("vet-invoice.jpg", "vet-invoice-unknown.jpg")


class Command(BaseCommand):
    help = (
        "Makes the demo tenant with its practice's records and a staff user, and prints a token and the password as "
        "JSON. Works with DEBUG only. Running it again issues a new token and changes nothing else."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--records", default=str(settings.BASE_DIR / "tests" / "data" / "vet-invoice.pims.json"))

    def handle(self, *args: Any, records: str, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo tenant is for DEBUG=true only: its password is printed.")
        mga, _ = Mga.objects.get_or_create(mga_id=MGA_ID, defaults={"name": "Demo insurer", "default_currency": "USD"})
        call_command("import_pims", records, mga=MGA_ID, stdout=self.stderr)
        password = make_staff_user(MGA_ID)
        answer = {
            "token": issue_token(mga, note="make run"),
            "user": MGA_ID,
            "password": password,
            "customerId": CUSTOMER_ID,
            "samples": SAMPLES,
        }
        self.stdout.write(json.dumps(answer))


def make_staff_user(username: str) -> str:
    """The user's password: the last run's where it still fits, else a new one (kept under DATA_DIR, mode 600)."""
    user, _ = get_user_model().objects.get_or_create(
        username=username, defaults={"is_staff": True, "is_superuser": True}
    )
    kept = Path(settings.DATA_DIR) / "demo-password"
    if kept.exists() and user.check_password(kept.read_text()):
        return kept.read_text()
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.save()
    kept.touch(mode=0o600)
    kept.write_text(password)
    return password
