"""A reading as the `extract` command reports it: the names of contract 1, and beside them what it has no name for."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ocr.types import BoundingBox, DocumentKind, DocumentReading, EInvoice, Field, LineItem, Reading, ReadPayment

NAMES = {
    "invoice_number": "invoiceNumber",
    "issue_date": "invoiceDate",
    "due_date": "dueDate",
    "currency": "currency",
    "gross_total": "totalAmount",
    "net_total": "subtotal",
    "tax_total": "taxAmount",
    "amount_paid": "amountPaid",
    "previous_balance": "previousBalance",
    "amount_due": "balanceDue",
    "supplier_name": "supplier",
    "supplier_address": "supplierAddress",
    "supplier_tax_id": "supplierTaxId",
    "customer_name": "customerPrinted",
    "venue": "venue",
    "order_number": "orderNumber",
    "delivery_note_number": "deliveryNoteNumber",
    "delivery_date": "deliveryDate",
    "payment_terms": "paymentTerms",
}
NOTE_NAMES = NAMES | {"delivery_note_number": "number", "issue_date": "date"}
ADDRESS_NAMES = {
    "supplier_street": "street",
    "supplier_city": "city",
    "supplier_state": "state",
    "supplier_postcode": "zipCode",
}
PRACTICE_NAMES = {"supplier_name": "practiceName", "supplier_phone": "phone", "supplier_email": "email"}
CUSTOMER_NAMES = {
    "customer_first_name": "firstName",
    "customer_last_name": "lastName",
    "customer_email": "email",
    "customer_phone": "phone",
}
LINE_NAMES = {
    "description": "description",
    "quantity": "quantity",
    "unit_price": "unitPrice",
    "net_amount": "totalPrice",
    "sku": "sku",
    "unit": "uom",
    "category": "category",
    "patient": "patient",
    "discount": "discount",
    "quantity_ordered": "quantityOrdered",
}
BOX_DIGITS = 5
CONFIDENCE_DIGITS = 4


def report_reading(reading: Reading) -> dict[str, Any]:
    """The part of a row that tells what was read: pages and documents."""
    documents = [report_document(document) for document in reading.documents]
    return {
        "seconds": round(reading.seconds, 3),
        "stages": {name: round(seconds, 3) for name, seconds in reading.stages.items()},
        "pages": len(reading.pages),
        "documents": documents,
    }


def report_document(document: DocumentReading) -> dict[str, Any]:
    names = NOTE_NAMES if document.kind is DocumentKind.DELIVERY_NOTE else NAMES
    report = {
        "kind": str(document.kind),
        "pages": list(document.pages),
        "confidence": round(document.confidence, CONFIDENCE_DIGITS),
        "data": report_values(document, names),
        "fields": {
            names.get(name, _other_name(name)): report_field(found) for name, found in sorted(document.fields.items())
        },
    }
    return report | ({"eInvoice": report_e_invoice(document.e_invoice, names)} if document.e_invoice else {})


def report_e_invoice(e_invoice: EInvoice, names: Mapping[str, str]) -> dict[str, Any]:
    differences = [
        {"field": names.get(d.field, _other_name(d.field)), "stated": d.stated, "printed": d.printed, "page": d.page}
        for d in e_invoice.differences
    ]
    return {"profile": e_invoice.profile, "problem": e_invoice.problem, "differences": differences}


def report_values(document: DocumentReading, names: Mapping[str, str]) -> dict[str, Any]:
    fields = document.fields
    values = _pick(fields, names)
    address = _pick(fields, ADDRESS_NAMES)
    practice = _pick(fields, PRACTICE_NAMES) | ({"address": address} if address else {})
    if practice:
        values["practice"] = practice
    if customer := _pick(fields, CUSTOMER_NAMES):
        values["customer"] = customer
    if document.delivery_note_numbers:
        values["deliveryNoteNumbers"] = list(document.delivery_note_numbers)
    values["lineItems"] = [report_line(item) for item in document.line_items]
    values["payments"] = [report_payment(payment) for payment in document.payments]
    return values


def report_line(item: LineItem) -> dict[str, Any]:
    found = {name: plain(getattr(item, attribute)) for attribute, name in LINE_NAMES.items()}
    return {name: value for name, value in found.items() if value not in (None, "")}


def report_payment(payment: ReadPayment) -> dict[str, Any]:
    found = {
        "paymentDate": plain(payment.payment_date),
        "amount": plain(payment.amount),
        "method": payment.payment_method,
    }
    return {name: value for name, value in found.items() if value not in (None, "")}


def report_field(found: Field) -> dict[str, Any]:
    return {
        "value": plain(found.value),
        "confidence": round(found.confidence, CONFIDENCE_DIGITS),
        "page": found.page,
        "box": report_box(found.box),
        "method": str(found.method),
        "evidence": list(found.evidence),
    }


def report_box(box: BoundingBox | None) -> list[float] | None:
    if box is None:
        return None
    return [round(side, BOX_DIGITS) for side in (box.left, box.top, box.right, box.bottom)]


def plain(value: Any) -> Any:
    """A value as JSON holds it: numbers for amounts and quantities, ISO text for days."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value


def _pick(fields: Mapping[str, Field], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: plain(fields[attribute].value) for attribute, name in names.items() if attribute in fields}


def _other_name(name: str) -> str:
    """supplier_phone → supplierPhone."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
