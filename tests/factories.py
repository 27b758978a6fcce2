"""Plain helpers that make rows; every value can be given."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.test import Client

from invoicedata.models import Mga
from invoicedata.tokens import issue_token
from invoices.models import DeliveryNote, Document, Invoice, Pairing
from pims.imports import Entry
from pims.models import Connection
from pims.services import import_records, local_connection
from pims.types import from_json


def make_mga(mga_id: str = "acme", **overrides: Any) -> Mga:
    return Mga.objects.create(**{"mga_id": mga_id, "name": mga_id.title(), "default_currency": "USD"} | overrides)


def make_client(mga: Mga, permissions: Sequence[str] | None = None) -> Client:
    """An API client with a token of the tenant; all permissions by default. Errors come as answers."""
    token = issue_token(mga, permissions=permissions)
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})


def pims_record(**overrides: Any) -> dict[str, Any]:
    """A canonical record as an export has it."""
    return {
        "invoiceNumber": "INV-1042",
        "invoiceDate": "2025-03-04",
        "dueDate": "2025-03-18",
        "currency": "USD",
        "subtotal": "100.00",
        "taxTotal": "8.00",
        "total": "108.00",
        "practice": {"id": "p1", "name": "Harbour Vets", "phone": "555-0100"},
        "customer": {"id": "C-1001", "name": "Dana Whitfield", "email": "dana@example.com"},
        "lineItems": [
            {
                "description": "Consultation",
                "quantity": "1",
                "unitPrice": "60.00",
                "totalPrice": "60.00",
                "sourceId": "1",
            },
            {"description": "Vaccine", "quantity": "2", "unitPrice": "24.00", "totalPrice": "48.00", "sourceId": "2"},
        ],
        "payments": [{"date": "2025-03-04", "amount": "50.00", "method": "Card", "status": "COMPLETED"}],
        "meta": {"sourceId": "s-1042"},
    } | overrides


def make_pims_record(mga: Mga, **overrides: Any) -> Connection:
    """The record in the tenant's own imported records."""
    connection = local_connection(mga)
    entry = Entry("line 1", from_json(pims_record(**overrides)))
    import_records(connection, [entry], filename="test.json", preset="json")
    return connection


def make_document(mga: Mga, **overrides: Any) -> Document:
    number = Document.objects.count()
    values = {
        "filename": f"invoice_{number:03}.pdf",
        "sha256": f"{number:064x}",
        "size": 1,
        "media_type": "application/pdf",
    }
    return Document.objects.create(**{"mga": mga, "file": "x", "state": Document.State.READ} | values | overrides)


def make_invoice(mga: Mga, **overrides: Any) -> Invoice:
    document = overrides.pop("document", None) or make_document(mga)
    values = {
        "filename": document.filename,
        "supplier_name": "ACME Corp",
        "invoice_number": "INV-1",
        "issue_date": date(2024, 1, 15),
        "gross_total": Decimal("150.50"),
        "currency": "GBP",
        "venue": "Royal Oak Hotel",
        "status": Invoice.Status.SCANNED,
        "confidence": 0.95,
        "page_numbers": [1],
    }
    return Invoice.objects.create(**{"mga": mga, "document": document} | values | overrides)


def make_delivery_note(mga: Mga, **overrides: Any) -> DeliveryNote:
    document = overrides.pop("document", None) or make_document(mga)
    values = {"filename": document.filename, "number": "DN-001", "delivery_date": date(2024, 1, 14), "confidence": 0.9}
    return DeliveryNote.objects.create(**{"mga": mga, "document": document} | values | overrides)


def pair(invoice: Invoice, note: DeliveryNote, status: str = Pairing.Status.SUGGESTED) -> Pairing:
    return Pairing.objects.create(invoice=invoice, delivery_note=note, status=status, score=0.8)
