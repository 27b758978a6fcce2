from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from invoicedata.encryption import EncryptedTextField
from invoicedata.models import Mga


class MailboxQuerySet(models.QuerySet["Mailbox"]):
    def claimable(self, now: datetime) -> "MailboxQuerySet":
        """In use, and not being read by another process (or by one that died)."""
        return self.filter(Q(read_until=None) | Q(read_until__lt=now), is_active=True)


class Mailbox(models.Model):
    """A folder of an IMAP server whose messages bring a tenant's documents. It is only ever read."""

    class Security(models.TextChoices):
        TLS = "tls", "TLS"
        STARTTLS = "starttls", "STARTTLS"
        NONE = "none", "None (hosts of MAIL_PRIVATE_HOSTS only)"

    class Kind(models.TextChoices):
        AUTO = "", "Told by the document"
        INVOICE = "invoice", "Invoice"
        DELIVERY_NOTE = "delivery_note", "Delivery note"

    mga = models.ForeignKey(Mga, verbose_name="tenant", on_delete=models.PROTECT, related_name="mailboxes")
    host = models.CharField(max_length=253, help_text="The IMAP server, like imap.example.com.")
    port = models.PositiveIntegerField(default=993)
    security = models.CharField(max_length=10, choices=Security, default=Security.TLS)
    username = models.CharField("user name", max_length=254)
    password = EncryptedTextField()
    folder = models.CharField(max_length=200, default="INBOX")
    kind_hint = models.CharField("kind", max_length=20, choices=Kind, default=Kind.AUTO, blank=True)
    venue_hint = models.CharField("venue", max_length=200, blank=True, help_text="Where the documents do not tell it.")
    is_active = models.BooleanField("in use", default=True)
    # The server's own numbers of what was read (RFC 9051, 2.3.1.1); another validity makes all numbers void.
    uid_validity = models.BigIntegerField(null=True, blank=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    read_until = models.DateTimeField(null=True, blank=True, editable=False)
    checked_at = models.DateTimeField("last looked into", null=True, blank=True, editable=False)
    error = models.CharField(max_length=300, blank=True, editable=False)

    objects = MailboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mailboxes"
        ordering = ("mga", "username")
        constraints = [
            models.UniqueConstraint(fields=["host", "username", "folder"], name="mailbox_once"),
        ]

    def __str__(self) -> str:
        return f"{self.username}, {self.folder}"


class MailMessage(models.Model):
    """A message whose attachments were taken or refused, so that it is not read again. Nothing of it is kept."""

    mailbox = models.ForeignKey(Mailbox, on_delete=models.CASCADE, related_name="messages")
    uid_validity = models.BigIntegerField()
    uid = models.BigIntegerField()
    key = models.CharField(max_length=64, help_text="SHA-256 of its Message-ID: tells it when the server renumbers.")
    read_at = models.DateTimeField(default=timezone.now)
    documents = models.PositiveIntegerField(default=0, help_text="Attachments that were taken.")
    refused = models.JSONField(
        default=list, blank=True, help_text="Why others were not: code, ending of the name, bytes."
    )

    class Meta:
        ordering = ("-read_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "uid_validity", "uid"], name="mail_message_once"),
        ]
        indexes = [models.Index(fields=["mailbox", "key"], name="mail_message_key")]

    def __str__(self) -> str:
        return f"Message {self.uid} of {self.mailbox}"
