"""Invoices as the review desk gets them: read from a real file, two values in doubt."""

from collections.abc import Sequence

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

import ocr
from invoicedata.models import Mga
from invoices.models import Document, Invoice
from invoices.services.findings import replace_findings
from invoices.services.intake import local_copy
from invoices.services.judging import checks_of
from invoices.services.reading import reader_options
from invoices.services.recording import record_reading
from invoices.validation import FAMILIES
from tests.documents import INVOICE_LINES, make_pdf

DOUBTFUL = ("invoice_number", "gross_total")


def make_flagged_invoice(
    mga: Mga, lines: Sequence[str] = INVOICE_LINES, pages: int = 1, more: Sequence[Sequence[str]] = ()
) -> Invoice:
    """The first invoice of a file. pages: how many it stands on. more: pages of the file as they are read."""
    more = more or [[f"Terms of payment, page {number}"] for number in range(2, pages + 1)]
    document = Document(
        mga=mga,
        filename="invoice.pdf",
        sha256=f"{Document.objects.count():064x}",
        size=1,
        media_type="application/pdf",
    )
    document.file.save("invoice.pdf", ContentFile(make_pdf(lines, more=more)))
    with local_copy(document) as path, transaction.atomic():
        record_reading(document, ocr.read(path, reader_options()))
    invoice = document.invoices.order_by("part").first()
    assert invoice is not None
    invoice.issue_date = timezone.now().date()
    invoice.due_date = None
    for name, read in invoice.reading.items():
        read["confidence"] = 0.5 if name in DOUBTFUL else 0.99
    if pages > 1:
        invoice.page_numbers = list(range(1, pages + 1))
    invoice.save()
    replace_findings(invoice, checks_of(invoice), families=FAMILIES)
    return invoice
