"""The answer to a request of contract 1: from the practice system where it has the invoice, else from what was read."""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from invoices import answers, jsontext
from invoices.e_invoices import compare_with_page
from invoices.errors import OcrIncompleteError
from invoices.models import Document, Invoice, InvoiceRequest, Job
from invoices.models.requests import InvoiceRequest as Request
from invoices.services import deliveries, jobs
from invoices.services.events import record_event
from invoices.services.findings import replace_findings, update_status
from invoices.services.reconciling import FAMILY, compare_with_record, keep_record
from invoices.validation import Check, CheckStatus, Given, check_invoice
from pims.connectors.base import Hints
from pims.errors import PimsError
from pims.lookup import Lookup, Outcome, find_invoice

logger = logging.getLogger(__name__)

NOTICES = {
    "low-resolution": "The image has less than 300 DPI.",
    "small-file": "The file is smaller than 50 KB.",
    "blur": "The picture is blurred.",
    "glare": "A reflection has burnt out a part of the picture.",
    "tilt": "The page is tilted.",
    "cut-off": "Text runs into the edge: part of the page may be missing.",
}
HTTP_STATUS = {"INVALID_FILE_FORMAT": 400}


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """What the practice systems have, and how the page compares. is_down: they could not be asked."""

    lookup: Lookup
    compared: tuple[Check, ...] = ()
    is_down: bool = False

    @property
    def is_authoritative(self) -> bool:
        """Whether the record is this invoice's: found by its number, or by a number that was not read well enough to
        say otherwise."""
        if self.lookup.outcome is Outcome.OTHER_NUMBER:
            return not any(c.rule == "pims.invoiceNumber" and c.status is CheckStatus.FAILED for c in self.compared)
        return self.lookup.outcome is Outcome.FOUND


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: a status, a body, and the state that the request ends in."""

    http_status: int
    body: dict[str, Any]
    state: str = Request.State.COMPLETED


def complete(job: Job, request: InvoiceRequest) -> None:
    """Looks the invoice up, then stores the answer, the findings and the webhook in one transaction."""
    document = request.document
    invoices = list(
        document.invoices.select_related("mga", "supplier").prefetch_related("lines", "payments").order_by("part")
    )
    first = invoices[0] if invoices else None
    found = look_up(request, first)
    answer = make_answer(request, document, invoices, found)
    with transaction.atomic():
        jobs.finish(job)
        if first is not None:
            link_invoice(request, first, found)
        store_answer(request, answer)


def look_up(request: InvoiceRequest, invoice: Invoice | None) -> FoundRecord:
    """What the practice systems have of the invoice."""
    if invoice is None:
        return FoundRecord(Lookup(Outcome.NOT_FOUND))
    hints = Hints(
        total=invoice.gross_total,
        issue_date=invoice.issue_date,
        customer_name=invoice.customer_name,
        practice_name=invoice.supplier_name,
    )
    try:
        found = find_invoice(request.mga, invoice.invoice_number, customer_id=request.customer_id, hints=hints)
    except PimsError:
        logger.exception("The practice system could not be asked.")
        return FoundRecord(Lookup(Outcome.NOT_FOUND), is_down=True)
    compared = compare_with_record(invoice, found.invoice) if found.invoice is not None else []
    return FoundRecord(found, tuple(compared))


def make_answer(request: InvoiceRequest, document: Document, invoices: list[Invoice], found: FoundRecord) -> Answer:
    if request.operation == Request.Operation.LOOKUP:
        return answer_lookup(request, invoices, found)
    if not invoices:
        message = "The document is not an invoice. It was kept for staff to look at."
        return failure(request, "OCR_FAILED", message, 500)
    first = invoices[0]
    checks = document_checks(request, document, invoices, found)
    if found.is_authoritative:
        return answer_from_record(request, invoices, found, checks)
    return answer_as_read(request, first, invoices[1:], [*found.compared, *checks])


def document_checks(
    request: InvoiceRequest, document: Document, invoices: list[Invoice], found: FoundRecord
) -> list[Check]:
    """What the answer has to say beyond the values: the picture, duplicates, other invoices, the practice system."""
    checks = [Check(f"file.{code}", "invoice", CheckStatus.WARNING, NOTICES[code]) for code in notice_codes(document)]
    checks += compare_with_page(invoices[0])
    if request.is_duplicate:
        checks.append(Check("duplicate", "duplicate", CheckStatus.WARNING, "The same file was sent before."))
    if len(invoices) > 1:
        message = f"The file has {len(invoices)} invoices; the others are in additionalInvoices."
        checks.append(Check("additional", "additionalInvoices", CheckStatus.WARNING, message))
    checks += lookup_checks(request, found)
    currency = invoices[0]
    if currency.currency and not currency.origin("currency") and not found.is_authoritative:
        message = f"The document does not tell its currency; {currency.currency} is the default."
        checks.append(Check("currency.default", "currency", CheckStatus.WARNING, message))
    return checks


def lookup_checks(request: InvoiceRequest, found: FoundRecord) -> list[Check]:
    """What there is to say where the practice system has not simply this invoice of this customer."""
    if found.is_down:
        return [Check("pims.down", "pims", CheckStatus.WARNING, "The practice system could not be asked.")]
    outcome, record = found.lookup.outcome, found.lookup.invoice
    if outcome is Outcome.OTHER_CUSTOMER:
        message = f"The invoice is not one of customer {request.customer_id} in the practice system."
        return [Check("pims.customer_id", "customer.customerId", CheckStatus.FAILED, message)]
    if outcome is Outcome.AMBIGUOUS:
        message = "Several invoices of the practice system may be this one; none was taken."
        return [Check("pims.ambiguous", "pims", CheckStatus.WARNING, message)]
    if outcome is Outcome.NOT_FOUND:
        return [Check("pims.absent", "pims", CheckStatus.SKIPPED, "The practice system has no such invoice.")]
    if outcome is Outcome.OTHER_NUMBER and record is not None:
        message = (
            f"The practice system has the customer's invoice of this day and total as {record.invoice_number}; "
            "it was found without the number on the document."
        )
        return [Check("pims.other_number", "pims", CheckStatus.WARNING, message)]
    return []


def notice_codes(document: Document) -> list[str]:
    """Codes of what is wrong with the file and its pages, each once."""
    codes = [*document.notices, *(code for page in document.pages.defer("words") for code in page.notices)]
    return [code for code in dict.fromkeys(codes) if code in NOTICES]


def answer_from_record(
    request: InvoiceRequest, invoices: list[Invoice], found: FoundRecord, checks: list[Check]
) -> Answer:
    """The practice system's data, with a check for every value that the page shows as well."""
    first, record = invoices[0], found.lookup.invoice
    assert record is not None
    checks = [*found.compared, *checks]
    data = answers.data_of_record(record, first.pk, first.supplier, request.customer_id)
    if "currency" not in data and first.currency:
        data["currency"] = first.currency
        message = f"The practice system does not tell the currency; {first.currency} is taken."
        checks.append(Check("currency.default", "currency", CheckStatus.WARNING, message))
    body = answers.completed(
        request.pk,
        timezone.now(),
        checks,
        source="PIMS",
        pims=answers.system_of(found.lookup),
        data=data,
        additionalInvoices=[as_read(request, invoice) for invoice in invoices[1:]] or None,
    )
    return Answer(200, body)


def answer_as_read(request: InvoiceRequest, first: Invoice, others: list[Invoice], checks: list[Check]) -> Answer:
    checks = [*own_checks(first), *checks]
    data = as_read(request, first)
    if missing := answers.missing_required(first):
        body = answers.failed(
            request.pk,
            timezone.now(),
            OcrIncompleteError.code,
            OcrIncompleteError.message.format(fields=", ".join(missing)),
            validationResults=answers.validation_results(checks),
            partialData=data,
        )
        return Answer(OcrIncompleteError.http_status, body, Request.State.FAILED)
    body = answers.completed(
        request.pk,
        timezone.now(),
        checks,
        source="OCR",
        data=data,
        additionalInvoices=[as_read(request, other) for other in others] or None,
    )
    return Answer(200, body)


def answer_lookup(request: InvoiceRequest, invoices: list[Invoice], found: FoundRecord) -> Answer:
    """The practice system's data or none at all: a lookup never returns what was read."""
    if found.is_down:
        message = "The practice system could not be asked. Send the request again later."
        return failure(request, "PIMS_LOOKUP_FAILED", message, 500)
    if found.is_authoritative:
        return answer_from_record(request, invoices[:1], found, lookup_checks(request, found))
    reasons = {
        Outcome.OTHER_CUSTOMER: "No invoice of this customer with this number is in the practice system.",
        Outcome.AMBIGUOUS: "Several invoices in the practice system have this number.",
        Outcome.NOT_FOUND: "No invoice with this number is in the practice system.",
        Outcome.OTHER_NUMBER: "The practice system has the customer's invoice of this day and total by another number.",
    }
    has_number = bool(invoices and invoices[0].invoice_number)
    message = reasons[found.lookup.outcome] if has_number else "No invoice number could be read."
    checks = [Check("pims.absent", "invoiceNumber", CheckStatus.FAILED, message)]
    return Answer(200, answers.completed(request.pk, timezone.now(), checks))


def as_read(request: InvoiceRequest, invoice: Invoice) -> dict[str, Any]:
    lines, payments = list(invoice.lines.all()), list(invoice.payments.all())
    return answers.data_as_read(invoice, lines, payments, invoice.supplier, request.customer_id)


def own_checks(invoice: Invoice) -> list[Check]:
    lines, payments = list(invoice.lines.all()), list(invoice.payments.all())
    return check_invoice(invoice, lines, payments, Given(timezone.now().date(), invoice.mga.amount_tolerance))


def failure(request: InvoiceRequest, code: str, message: str, http_status: int) -> Answer:
    body = answers.failed(request.pk, timezone.now(), code, message)
    return Answer(http_status, body, Request.State.FAILED)


def link_invoice(request: InvoiceRequest, invoice: Invoice, found: FoundRecord) -> None:
    """The invoice knows its customer and its record; what the practice system says otherwise are findings."""
    record = found.lookup.invoice
    request.invoice = invoice
    if not invoice.customer_id:
        invoice.customer_id = request.customer_id
    if record is not None:
        keep_record(invoice, record, found.lookup.connection)
        if invoice.supplier is not None and not invoice.supplier.verified and record.practice.name:
            invoice.supplier.verified = True
            invoice.supplier.save(update_fields=["verified"])
    invoice.save(
        update_fields=[
            "customer_id",
            "pims_record",
            "pims_connection",
            "pims_asked_at",
            "alteration_score",
            "updated_at",
        ]
    )
    checks = [*found.compared, *lookup_checks(request, found)]
    if checks or record is not None:
        replace_findings(invoice, checks, families=(FAMILY,))
    else:
        update_status(invoice)


def store_answer(request: InvoiceRequest, answer: Answer) -> None:
    """The answer as it is sent, and the webhook that tells it. Inside the caller's transaction."""
    request.state = answer.state
    request.http_status = answer.http_status
    request.response = jsontext.encode(answer.body).decode()
    request.completed_at = timezone.now()
    request.save(update_fields=["state", "http_status", "response", "completed_at", "invoice"])
    record_event(request.mga, request.pk, f"request.{answer.state}", data={"status": answer.http_status})
    if request.webhook_url:
        deliveries.publish(request, f"invoice.{answer.state}")


def fail_request(request: InvoiceRequest, code: str, message: str) -> None:
    """The request ends in an errorResponse. Inside the caller's transaction."""
    store_answer(request, failure(request, code, message, HTTP_STATUS.get(code, 500)))
