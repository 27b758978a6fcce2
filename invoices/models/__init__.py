from invoicedata.models import Event
from invoices.models.calibrations import Calibration
from invoices.models.corrections import Correction
from invoices.models.delivery_notes import DeliveryNote, DeliveryNoteLine, Pairing
from invoices.models.documents import Document, DocumentPart, Page
from invoices.models.erasures import Erasure
from invoices.models.findings import Finding
from invoices.models.invoices import Invoice, InvoiceLine, Payment, Practice
from invoices.models.jobs import Job
from invoices.models.mailboxes import Mailbox, MailMessage
from invoices.models.records import RecordVersion
from invoices.models.requests import InvoiceRequest
from invoices.models.tallies import InvoiceDay, InvoiceTally
from invoices.models.templates import SupplierTemplate
from invoices.models.webhooks import WebhookAttempt, WebhookDelivery, WebhookReceiver

__all__ = [
    "Calibration",
    "Correction",
    "DeliveryNote",
    "DeliveryNoteLine",
    "Document",
    "DocumentPart",
    "Erasure",
    "Event",
    "Finding",
    "Invoice",
    "InvoiceDay",
    "InvoiceLine",
    "InvoiceRequest",
    "InvoiceTally",
    "Job",
    "MailMessage",
    "Mailbox",
    "Page",
    "Pairing",
    "Payment",
    "Practice",
    "RecordVersion",
    "SupplierTemplate",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookReceiver",
]
