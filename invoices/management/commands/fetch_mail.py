"""`manage.py fetch_mail`: look into the mailboxes now, instead of waiting for the schedule."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand

from invoices.models import Mailbox
from invoices.services import mail


class Command(BaseCommand):
    help = (
        "Takes the attachments of what came into the mailboxes since the last time. With MAILBOXES=true a schedule "
        "does this each minute. The exit status is 1 where a mailbox could not be read to its end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mga", help="only this tenant's")

    def handle(self, *args: Any, mga: str | None, **options: Any) -> None:
        mailboxes = Mailbox.objects.filter(is_active=True)
        if mga:
            mailboxes = mailboxes.filter(mga=mga)
        failed = False
        for mailbox in mailboxes:
            fetched = mail.read_mailbox(mailbox.pk)
            failed |= bool(fetched.error)
            told = f"{fetched.messages} messages, {fetched.documents} documents, {fetched.refused} refused"
            self.stdout.write(f"{mailbox}: {told}{'. ' if fetched.error else ''}{fetched.error}")
        if failed:
            sys.exit(1)
