from django.db import models

from invoicedata.models import Mga


class Calibration(models.Model):
    """How a tenant's confidences turned out, as measured by what people approved and corrected, and what follows.

    p' = 1 / (1 + exp(-(slope * log(p / (1 - p)) + offset))). curve: reliability by bin of the confidence as read,
    [{"from", "to", "values", "told" (mean confidence), "right" (share), "mended" (mean recalibrated)}].
    """

    mga = models.OneToOneField(Mga, primary_key=True, on_delete=models.CASCADE, related_name="calibration")
    slope = models.FloatField(default=1.0)
    offset = models.FloatField(default=0.0)
    in_use = models.BooleanField(
        default=False, editable=False, help_text="It foretells better on invoices it has not seen."
    )
    values = models.PositiveIntegerField("values looked at", default=0)
    wrong = models.PositiveIntegerField("of them wrong", default=0)
    loss_without = models.FloatField(null=True, blank=True, help_text="Mean log loss of the confidences as read.")
    loss_with = models.FloatField(
        null=True, blank=True, help_text="The same recalibrated, on invoices it has not seen."
    )
    curve = models.JSONField(default=list, blank=True)
    is_off = models.BooleanField("switched off", default=False, help_text="Confidences stay as they were read.")
    fitted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Calibration of {self.mga}"
