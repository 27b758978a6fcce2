"""`manage.py reset_two_factor`: for staff who lost their phone and their recovery codes."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError

from invoicedata.sign_in import remove_second_factor


class Command(BaseCommand):
    help = "Takes a user's second factor away: the password alone lets them in, until they set up a new one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        users = get_user_model()
        user = users._default_manager.filter(**{users.USERNAME_FIELD: username}).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.", returncode=2)
        had_one = remove_second_factor(user)
        self.stdout.write("The second factor was removed." if had_one else "There was no second factor.")
