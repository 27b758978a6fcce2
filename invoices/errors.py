"""Why a request of a client is refused or fails. The code sits on the class; messages say what to do."""

from typing import ClassVar


class InvoiceDataError(Exception):
    """Base. `code` is the contract's `error.code`, `http_status` what the API answers."""

    code: ClassVar[str] = "INTERNAL_ERROR"
    http_status: ClassVar[int] = 400
    message: ClassVar[str] = "The request cannot be processed."
    retry_after: int | None = None  # seconds

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


class InvalidRequestError(InvoiceDataError):
    code = "INVALID_REQUEST"


class MissingFileError(InvoiceDataError):
    code = "INVOICE_FILE_MISSING"
    message = "Send exactly one file in the part named invoice (multipart/form-data)."


class InvalidFileFormatError(InvoiceDataError):
    code = "INVALID_FILE_FORMAT"
    message = "The file is not a PDF, JPEG, PNG or TIFF. Send one of these formats."


class FileTooLargeError(InvoiceDataError):
    code = "FILE_TOO_LARGE"
    message = "The file is larger than 10 MB. Send a smaller one."


class FileTooSmallError(InvoiceDataError):
    code = "FILE_TOO_SMALL"
    message = "The file is smaller than 50 KB. Scan the invoice at 300 DPI or more."


class ImageResolutionTooLowError(InvoiceDataError):
    code = "IMAGE_RESOLUTION_TOO_LOW"
    message = "The image has less than 300 DPI. Scan the invoice again at 300 DPI or more."


class InvalidWebhookUrlError(InvoiceDataError):
    code = "INVALID_WEBHOOK_URL"
    message = "The webhookUrl must be a public https address, of a host that is known."


class InvalidCustomerIdError(InvoiceDataError):
    code = "INVALID_CUSTOMER_ID"
    message = "The customerId must have 1 to 128 characters, without / and control characters."


class InvalidInvoiceNumberError(InvoiceDataError):
    code = "INVALID_INVOICE_NUMBER"
    message = "The invoiceNumber must have 1 to 100 characters, with a letter or digit, without control characters."


class IdempotencyKeyReusedError(InvoiceDataError):
    code = "IDEMPOTENCY_KEY_REUSED"
    message = "This Idempotency-Key was used with another request. Use a new key."


class InvalidIdempotencyKeyError(InvoiceDataError):
    code = "INVALID_IDEMPOTENCY_KEY"
    message = "The Idempotency-Key must have 1 to 255 printable ASCII characters."


class QueueFullError(InvoiceDataError):
    code = "SERVICE_BUSY"
    http_status = 503
    message = "Too many documents are waiting. Send the request again later."
    retry_after = 30


class RateLimitedError(InvoiceDataError):
    code = "RATE_LIMITED"
    http_status = 429

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(f"{message} Send the request again after {retry_after} seconds.")
        self.retry_after = retry_after


class UnavailableError(InvoiceDataError):
    code = "SERVICE_UNAVAILABLE"
    http_status = 503
    message = "The service cannot work for the moment. Send the request again; with an Idempotency-Key it is done once."
    retry_after = 5


class NotFoundError(InvoiceDataError):
    code = "NOT_FOUND"
    http_status = 404
    message = "There is nothing at this address."


class InvoiceNotFoundError(NotFoundError):
    code = "INVOICE_NOT_FOUND"
    message = "No invoice with this number was found for this customer."


class CustomerNotFoundError(NotFoundError):
    code = "CUSTOMER_NOT_FOUND"
    message = "This customer is not known."


class InvoiceAmbiguousError(NotFoundError):
    code = "INVOICE_AMBIGUOUS"
    message = "Several invoices have this number, and nothing tells them apart."


class PimsLookupFailedError(InvoiceDataError):
    code = "PIMS_LOOKUP_FAILED"
    http_status = 500
    message = "The practice system could not be asked. Send the request again later."


class OcrFailedError(InvoiceDataError):
    code = "OCR_FAILED"
    http_status = 500
    message = "No text could be made out. Send a sharper, evenly lit picture of the whole document."


class OcrIncompleteError(InvoiceDataError):
    code = "OCR_INCOMPLETE"
    http_status = 500
    message = "Required data could not be read: {fields}. The document was handed to staff for review."


class ProcessingCrashedError(InvoiceDataError):
    code = "PROCESSING_CRASHED"
    http_status = 500
    message = (
        "Processing stopped several times and was given up. Send the document again, in another format if possible."
    )


class ReviewError(Exception):
    """Why what a reviewer wants cannot be done. `code` is for the page, the message for the person."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = "This cannot be done."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.message)


class ReviewConflictError(ReviewError):
    code = "conflict"
    message = "The invoice was changed meanwhile. Your changes are kept here: look at them beside the new values."


class ReviewHeldError(ReviewError):
    code = "held"


class ReviewClosedError(ReviewError):
    code = "closed"
    message = "The invoice was decided meanwhile."


class ReviewAssigneeError(ReviewError):
    code = "assignee"


class ReviewBlockedError(ReviewError):
    """messages: the checks that still fail."""

    code = "blocked"

    def __init__(self, messages: list[str]) -> None:
        super().__init__("Some checks still fail.")
        self.messages = messages


class ReviewValueError(ReviewError):
    """errors: {"gross_total" or "lines.2.quantity": why}."""

    code = "invalid"

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors


class PairingError(ReviewError):
    """Why a person's pairing cannot stand."""

    code = "pairing"


class CutError(ReviewError):
    """Why a file cannot be cut into documents as a person wants it."""

    code = "cut"
