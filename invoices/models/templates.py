from django.db import models
from django.utils import timezone

from invoicedata.models import Mga
from invoices.models.fields import PrefixedIdField, TenantQuerySet
from invoices.models.invoices import Invoice, Practice


class SupplierTemplate(models.Model):
    """What approved invoices of one supplier taught: see `ocr.templates.Template`.

    It speaks for new documents only while it is active: when reading the supplier's approved invoices with it is right
    more often than without.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Active"
        OFF = "off", "Switched off"

    id = PrefixedIdField("tpl")
    mga = models.ForeignKey(Mga, on_delete=models.CASCADE, related_name="supplier_templates")
    supplier = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="templates")
    kind = models.CharField(max_length=20, choices=Invoice.Kind)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    verdict = models.CharField(max_length=300, blank=True, editable=False, help_text="Why it is in this state.")
    sender = models.CharField(max_length=200, blank=True, editable=False, help_text="The supplier's name, folded.")
    marks = models.JSONField(default=list, editable=False, help_text="What only this supplier prints.")
    template = models.JSONField(null=True, editable=False, help_text="ocr.templates.Template; null before it learned.")
    muted = models.JSONField(default=list, blank=True, help_text="Fields that it does not speak for.")
    examples = models.PositiveIntegerField(default=0, editable=False, help_text="Approved invoices it was made from.")
    tested = models.PositiveIntegerField(default=0, editable=False, help_text="Approved invoices it was tested on.")
    tested_values = models.PositiveIntegerField(default=0, editable=False, help_text="Values and lines of those.")
    right_without = models.PositiveIntegerField(default=0, editable=False)
    right_with = models.PositiveIntegerField(default=0, editable=False)
    learned_at = models.DateTimeField(null=True, editable=False)
    due_since = models.DateTimeField(null=True, editable=False, help_text="An approval it has not learned from yet.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ("supplier__name", "kind")
        constraints = [
            models.UniqueConstraint(fields=["mga", "supplier", "kind"], name="template_once_per_supplier_and_kind"),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "active", "off"]), name="template_state_known"
            ),
        ]
        indexes = [
            # A reading asks which suppliers of a tenant have one that is in use.
            models.Index(fields=["mga", "state"], name="template_in_use"),
            # The sweeper asks what waits to be learned.
            models.Index(fields=["due_since"], name="template_due", condition=models.Q(due_since__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.supplier}, {self.get_kind_display().lower()}"
