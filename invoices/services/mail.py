"""E-mail in: the attachments of a tenant's mailbox, through the same intake as any upload.

A message is noted in the transaction that comes after its attachments were stored, and storing the same bytes twice is
storing them once: a process that dies in between loses nothing, and what it stored is not stored again.
"""

import io
import logging
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from invoices import imap
from invoices.errors import InvoiceDataError
from invoices.models import Document, Mailbox, MailMessage
from invoices.services import intake, queue, quotas

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=10)
ROUND_SECONDS = 90.0  # below the time that the queue gives a task; the next round goes on
UNREADABLE, TOO_LARGE = "MESSAGE_NOT_READABLE", "MESSAGE_TOO_LARGE"


@dataclass(slots=True)
class Fetched:
    """What a round brought. error: why it ended early, in words for staff."""

    messages: int = 0
    documents: int = 0
    refused: int = 0
    error: str = ""


class PausedError(Exception):
    """No more documents are taken just now; the message waits for the next round."""


def nudge_mailboxes() -> None:
    """A task for each mailbox, so that a slow server keeps only its own waiting."""
    if settings.MAILBOXES:
        for pk in Mailbox.objects.claimable(timezone.now()).values_list("pk", flat=True):
            queue.nudge_mailbox(str(pk))


def access_of(mailbox: Mailbox) -> imap.Access:
    return imap.Access(mailbox.host, mailbox.port, mailbox.security, mailbox.username, mailbox.password, mailbox.folder)


def count_messages(mailbox: Mailbox) -> int:
    """How many the folder has that were not read yet: tries the settings. Raises MailError."""
    with imap.open_folder(access_of(mailbox), settings.MAIL_PRIVATE_HOSTS) as folder:
        return len(folder.after(mailbox.last_uid if folder.validity == mailbox.uid_validity else 0))


def read_mailbox(pk: int) -> Fetched:
    """One round: what came since the last one. Nothing where another process is at it."""
    fetched, now = Fetched(), timezone.now()
    if Mailbox.objects.claimable(now).filter(pk=pk).update(read_until=now + LEASE) == 0:
        return fetched
    mailbox = Mailbox.objects.select_related("mga").get(pk=pk)
    try:
        read_folder(mailbox, fetched)
    except imap.MailError as error:
        fetched.error = str(error)
        logger.warning("Mailbox %s: %s", pk, error)
    except PausedError as error:
        fetched.error = str(error)
    finally:
        Mailbox.objects.filter(pk=pk).update(read_until=None, checked_at=timezone.now(), error=fetched.error)
    return fetched


def read_folder(mailbox: Mailbox, fetched: Fetched) -> None:
    end = time.monotonic() + ROUND_SECONDS
    with imap.open_folder(access_of(mailbox), settings.MAIL_PRIVATE_HOSTS) as folder:
        if folder.validity != mailbox.uid_validity:
            mailbox.uid_validity, mailbox.last_uid = folder.validity, 0
        for uid in folder.after(mailbox.last_uid):
            read_message(mailbox, folder, uid, fetched)
            if time.monotonic() > end:
                break


def read_message(mailbox: Mailbox, folder: imap.Folder, uid: int, fetched: Fetched) -> None:
    described = folder.describe(uid)
    if described is None:
        return  # somebody has just deleted it
    size, key = described
    note = MailMessage(mailbox=mailbox, uid_validity=folder.validity, uid=uid, key=key)
    if size > imap.MAX_MESSAGE:
        note.refused = [{"code": TOO_LARGE, "bytes": size}]
    elif not mailbox.messages.filter(key=key).exclude(uid_validity=folder.validity).exists():  # not renumbered
        take_attachments(mailbox, folder.content(uid), note)
    with transaction.atomic():
        note.save(force_insert=True)
        Mailbox.objects.filter(pk=mailbox.pk).update(uid_validity=folder.validity, last_uid=uid)
    fetched.messages += 1
    fetched.documents += note.documents
    fetched.refused += len(note.refused)


def take_attachments(mailbox: Mailbox, content: bytes, note: MailMessage) -> None:
    try:
        files = imap.attachments(content)
    except imap.MailError:
        note.refused = [{"code": UNREADABLE, "bytes": len(content)}]
        return
    for file in files:
        try:
            quotas.take_upload(mailbox.mga, len(file.content))
            intake.accept_document(
                mailbox.mga,
                io.BytesIO(file.content),
                filename=file.filename,
                source=Document.Source.EMAIL,
                kind_hint=mailbox.kind_hint,
                venue_hint=mailbox.venue_hint,
            )
        except InvoiceDataError as error:
            if error.retry_after is not None:
                raise PausedError(str(error)) from error
            note.refused.append({"code": error.code, "ending": file.ending, "bytes": len(file.content)})
        else:
            note.documents += 1
