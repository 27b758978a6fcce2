from django.db import models


class InvoiceTally(models.Model):
    """How many invoices a tenant has by status, as a sum of changes: so a total costs a few rows and no count.

    Triggers of the database add a row for each invoice that is added, deleted or changes its status, in the same
    transaction; nobody waits for anybody. The sweeper folds the rows together (`invoices.services.tallies`).
    """

    id = models.BigAutoField(primary_key=True)
    mga = models.ForeignKey("invoicedata.Mga", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    status = models.CharField(max_length=10)
    delta = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "invoice tallies"
        # A total: the sum over a tenant's rows, of one status or all.
        indexes = [models.Index(fields=["mga", "status"], include=["delta"], name="tally_by_status")]

    def __str__(self) -> str:
        return f"{self.mga_id} {self.status} {self.delta:+d}"


class InvoiceDay(models.Model):
    """The same by the day, in UTC, on which invoices came in: where a page far from both ends of the list begins. Rows
    that were added by a trigger are fresh until they are folded into the one of their day."""

    id = models.BigAutoField(primary_key=True)
    mga = models.ForeignKey("invoicedata.Mga", on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    day = models.DateField()
    status = models.CharField(max_length=10)
    delta = models.BigIntegerField()
    is_folded = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [models.Index(fields=["id"], name="invoice_day_fresh", condition=models.Q(is_folded=False))]
        constraints = [
            models.UniqueConstraint(
                fields=["mga", "day", "status"], name="invoice_day_once", condition=models.Q(is_folded=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.mga_id} {self.day} {self.status} {self.delta:+d}"
