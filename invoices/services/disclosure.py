"""What a customer may ask for: everything that is kept of them, as one archive (GDPR, article 15)."""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from invoicedata.models import Mga
from invoices.models import Document
from invoices.services.erasure import documents_of
from invoices.services.events import record_event
from pims.erasure import records_of_customer

INDEX = "customer.json"
OF_INVOICE = ("lines", "payments", "findings", "corrections", "record_versions")


def write_archive(mga: Mga, customer_id: str, path: Path) -> int:
    """A ZIP with `customer.json` and the files as they were sent. Returns the number of documents."""
    documents = list(documents_of(mga, customer_id))
    part = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            index = {
                "customerId": customer_id,
                "documents": [_describe(document) for document in documents],
                "importedRecords": [record.payload for record in records_of_customer(mga, customer_id)],
            }
            archive.writestr(INDEX, json.dumps(index, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
            for document in documents:
                if document.file:
                    with document.file.open("rb") as file:
                        archive.writestr(f"files/{document.pk}-{document.filename}", file.read())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    for document in documents:
        record_event(mga, document.pk, "document.disclosed")
    return len(documents)


def _describe(document: Document) -> dict[str, Any]:
    return _columns(document) | {
        "requests": [
            _columns(request) | {"webhooks": _rows(request.deliveries.all())} for request in document.requests.all()
        ],
        "invoices": [
            _columns(invoice) | {name: _rows(getattr(invoice, name).all()) for name in OF_INVOICE}
            for invoice in document.invoices.all()
        ],
        "deliveryNotes": [
            _columns(note) | {"lines": _rows(note.lines.all())} for note in document.delivery_notes.all()
        ],
    }


def _rows(rows: Iterable[Model]) -> list[dict[str, Any]]:
    return [_columns(row) for row in rows]


def _columns(row: Model) -> dict[str, Any]:
    """Also those that no form shows."""
    values = {field.attname: field.value_from_object(row) for field in row._meta.concrete_fields}
    return {name: str(value) if name == "file" else value for name, value in values.items()}
