from django.conf import settings
from django.db import models
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models.fields import ConfidenceField, PrefixedIdField, TenantQuerySet


def upload_path(document: "Document", filename: str) -> str:
    """Content-addressed, below the tenant: nothing of the client's file name reaches the storage."""
    return f"{document.mga_id}/{document.sha256[:2]}/{document.sha256}"


class Document(models.Model):
    """A file as it was sent in. One per tenant and content: the same bytes again are the same document."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting to be read"
        READ = "read", "Read"
        ERROR = "error", "Could not be read"

    class Source(models.TextChoices):
        API = "api", "API"
        ADMIN = "admin", "Admin"
        COMMAND = "command", "Command line"
        EMAIL = "email", "E-mail"

    id = PrefixedIdField("doc")
    mga = models.ForeignKey(Mga, on_delete=models.PROTECT, related_name="documents")
    file = models.FileField(upload_to=upload_path, max_length=200)
    filename = models.CharField(max_length=255, help_text="As the sender named it; shown, never used as a path.")
    sha256 = models.CharField("SHA-256", max_length=64, editable=False)
    size = models.PositiveBigIntegerField("bytes", editable=False)
    media_type = models.CharField(max_length=50)
    source = models.CharField(max_length=10, choices=Source, default=Source.API)
    kind_hint = models.CharField(
        max_length=20, blank=True, help_text="The kind the sender said it is; blank = decide from the content."
    )
    venue_hint = models.CharField(max_length=200, blank=True, help_text="The venue the sender said it is for.")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    error_code = models.CharField(max_length=50, blank=True)
    error_message = models.TextField(blank=True)
    page_count = models.PositiveIntegerField(null=True, blank=True)
    notices = models.JSONField(
        default=list, blank=True, help_text="What the intake's look at the file found, e.g. low resolution."
    )
    read_at = models.DateTimeField(null=True, blank=True)
    reader_version = models.CharField(max_length=40, blank=True)
    engine = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="A person had all its pages recognised by this engine; blank: as the settings say.",
    )
    reread_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="It waits to be read again, since then."
    )
    cuts = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text='As a person cut it: [{"pages": [1, 2], "kind": "invoice"}, …], kind "" where it is to be read; '
        "null: as its pages say.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = [models.UniqueConstraint(fields=["mga", "sha256"], name="document_once_per_tenant")]
        indexes = [
            # The admin's list of what is waiting or failed, newest first.
            models.Index(fields=["state", "-created_at"], name="document_state_created"),
            # The sweeper: what waits to be read again.
            models.Index(
                fields=["reread_since"], name="document_reread", condition=models.Q(reread_since__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.filename


class DocumentPart(models.Model):
    """One document of a file: what it is, and on which pages it stands. An invoice or delivery note of the same number
    is made of it; of a statement and of what is something else, nothing is made.

    kind_confidence, cut_confidence: how surely it is of this kind, and begins and ends here. needs_look: one of these
    is doubtful, or the kind is none that is worked with. decided_by: who cut it so; no reading changes that.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"
        RECEIPT = "receipt", "Receipt"
        DELIVERY_NOTE = "delivery_note", "Delivery note"
        STATEMENT = "statement", "Statement"
        OTHER = "other", "Something else"

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField(help_text="Position in the file, from 0.")
    kind = models.CharField(max_length=20, choices=Kind)
    kind_confidence = ConfidenceField()
    cut_confidence = ConfidenceField()
    page_numbers = models.JSONField(default=list, help_text="From 1.")
    needs_look = models.BooleanField(default=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("document", "number")
        constraints = [
            models.UniqueConstraint(fields=["document", "number"], name="part_once_per_number"),
            models.CheckConstraint(
                condition=models.Q(
                    kind__in=["invoice", "credit_note", "receipt", "delivery_note", "statement", "other"]
                ),
                name="part_kind_known",
            ),
            models.CheckConstraint(
                condition=models.Q(kind_confidence__gte=0, kind_confidence__lte=1), name="part_kind_confidence_0_to_1"
            ),
            models.CheckConstraint(
                condition=models.Q(cut_confidence__gte=0, cut_confidence__lte=1), name="part_cut_confidence_0_to_1"
            ),
        ]
        indexes = [
            # The admin's list of documents that a person should look at.
            models.Index(fields=["document"], name="part_needs_look", condition=models.Q(needs_look=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.shown_pages}"

    @property
    def shown_pages(self) -> str:
        first, last = self.page_numbers[0], self.page_numbers[-1]
        return f"page {first}" if first == last else f"pages {first}-{last}"


class Page(models.Model):
    """A page as read: its words with boxes (as `ocr.types.Page` encodes them), kept for review and re-reading."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField()
    width = models.FloatField(help_text="In the units of the words' boxes.")
    height = models.FloatField()
    method = models.CharField(max_length=20)
    engine = models.CharField(max_length=40, blank=True)
    dpi = models.FloatField(null=True, blank=True)
    turned = models.PositiveSmallIntegerField(default=0)
    paper = models.JSONField(
        default=list,
        db_default=models.Value([], output_field=models.JSONField()),
        blank=True,
        help_text="Corners of the sheet that was cut out of the picture, in fractions of it.",
    )
    notices = models.JSONField(default=list, blank=True)
    words = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("document", "number")
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="page_once_per_document")]

    def __str__(self) -> str:
        return f"Page {self.number}"
