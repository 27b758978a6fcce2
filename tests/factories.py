"""Plain helpers that make rows; every value can be given."""

from collections.abc import Sequence
from typing import Any

from django.test import Client

from invoicedata.models import Mga
from invoicedata.tokens import issue_token
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
