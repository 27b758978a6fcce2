"""Contract 1's bodies, from what was read and from what the practice system has. The contract's spelling lives here."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from invoices.models import Invoice, InvoiceLine, Payment, Practice
from invoices.validation import REQUIRED, Check, CheckStatus
from pims.lookup import Lookup
from pims.types import Customer, InvoiceStatus, PaymentStatus, PimsInvoice

PIMS_STATUSES = {
    InvoiceStatus.DRAFT: "draft",
    InvoiceStatus.OPEN: "unpaid",
    InvoiceStatus.OVERDUE: "unpaid",
    InvoiceStatus.PARTIALLY_PAID: "partially_paid",
    InvoiceStatus.PAID: "paid",
    InvoiceStatus.VOID: "void",
    InvoiceStatus.CREDIT_NOTE: "credit_note",
    InvoiceStatus.UNKNOWN: "unknown",
}
PIMS_PAYMENT_STATUSES = {status: status.value.lower() for status in PaymentStatus}
CENT = Decimal("0.01")


def timestamp(moment: datetime) -> str:
    """UTC with Z, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def completed(request_id: str, at: datetime, checks: Sequence[Check], **parts: Any) -> dict[str, Any]:
    """An invoiceResponse; `parts` are source, data and what is added to the contract."""
    return {
        "requestId": request_id,
        "status": "completed",
        "completedAt": timestamp(at),
        **without_unknown(parts),
        "validationResults": validation_results(checks),
    }


def system_of(lookup: Lookup) -> dict[str, Any] | None:
    """Which practice system has the invoice, and by what it was found."""
    if lookup.invoice is None or lookup.connection is None:
        return None
    matched_on = lookup.invoice.origin.matched_on or "number"
    return {"connection": lookup.connection.name, "kind": lookup.connection.kind, "matchedOn": matched_on}


def failed(request_id: str, at: datetime, code: str, message: str, **parts: Any) -> dict[str, Any]:
    """An errorResponse."""
    return {
        "requestId": request_id,
        "status": "failed",
        "completedAt": timestamp(at),
        "error": {"code": code, "message": message},
        **without_unknown(parts),
    }


def accepted(request_id: str, at: datetime, status_url: str) -> dict[str, Any]:
    return {"requestId": request_id, "status": "accepted", "acceptedAt": timestamp(at), "statusUrl": status_url}


def validation_results(checks: Sequence[Check]) -> dict[str, Any]:
    return {
        "passed": all(check.status is not CheckStatus.FAILED for check in checks),
        "checks": [{"field": c.field, "status": str(c.status), "message": c.message} for c in checks],
    }


def missing_required(invoice: Invoice) -> list[str]:
    """The contract's names of required values that are not known."""
    return [name for attribute, name in REQUIRED.items() if getattr(invoice, attribute) in (None, "")]


def data_as_read(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    payments: Sequence[Payment],
    practice: Practice | None,
    customer_id: str,
) -> dict[str, Any]:
    """Invoice data from the document."""
    return without_unknown(
        {
            "invoiceId": invoice.pk,
            "invoiceNumber": invoice.invoice_number,
            "invoiceDate": day(invoice.issue_date),
            "dueDate": day(invoice.due_date),
            "totalAmount": money(invoice.gross_total),
            "currency": invoice.currency,
            "status": status_as_read(invoice),
            "practice": practice and practice_data(practice),
            "customer": {
                "customerId": customer_id,
                "firstName": invoice.customer_first_name,
                "lastName": invoice.customer_last_name,
                "email": invoice.customer_email,
                "phone": invoice.customer_phone,
            },
            "lineItems": [line_data(invoice, line) for line in lines if line.net_amount is not None],
            "payments": [payment_data(invoice, p) for p in payments if p.payment_date is not None],
            "balanceDue": money(invoice.amount_due),
        }
    )


def practice_data(practice: Practice) -> dict[str, Any]:
    address = {
        "street": practice.street,
        "city": practice.city,
        "state": practice.state,
        "zipCode": practice.postcode,
    }
    return {
        "practiceId": practice.pk,
        "practiceName": practice.name,
        "address": without_unknown(address) or None,
        "phone": practice.phone,
        "email": practice.email,
    }


def line_data(invoice: Invoice, line: InvoiceLine) -> dict[str, Any]:
    return {
        "lineItemId": f"{invoice.pk}-{line.position}",
        "description": line.description,
        "quantity": plain(line.quantity),
        "unitPrice": price(line.unit_price),
        "totalPrice": money(line.net_amount),
        "category": line.category,
    }


def payment_data(invoice: Invoice, payment: Payment) -> dict[str, Any]:
    return {
        "paymentId": f"{invoice.pk}-p{payment.position}",
        "paymentDate": day(payment.payment_date),
        "amount": money(payment.amount),
        "method": payment.payment_method,
        "status": payment.status,
    }


def status_as_read(invoice: Invoice) -> str:
    if invoice.kind == Invoice.Kind.CREDIT_NOTE:
        return "credit_note"
    if invoice.amount_due is None or invoice.gross_total is None:
        return "unknown"
    if invoice.amount_due <= 0:
        return "paid"
    has_paid = invoice.amount_paid or invoice.amount_due < invoice.gross_total
    return "partially_paid" if has_paid else "unpaid"


def data_of_record(record: PimsInvoice, invoice_id: str, practice: Practice | None, customer_id: str) -> dict[str, Any]:
    """Invoice data from the practice system."""
    return without_unknown(
        {
            "invoiceId": invoice_id,
            "invoiceNumber": record.invoice_number,
            "invoiceDate": day(record.invoice_date),
            "dueDate": day(record.due_date),
            "totalAmount": money(record.total),
            "currency": record.currency,
            "status": PIMS_STATUSES[record.status],
            "practice": record_practice(record, practice),
            "customer": customer_of_record(record.customer, customer_id),
            "lineItems": [
                {
                    "lineItemId": line.source_id or f"{invoice_id}-{position}",
                    "description": line.description,
                    "quantity": plain(line.quantity),
                    "unitPrice": price(line.unit_price),
                    "totalPrice": money(line.total_price),
                    "category": line.category,
                }
                for position, line in enumerate(record.lines, start=1)
            ],
            "payments": None
            if record.payments is None
            else [
                {
                    "paymentId": payment.source_id or f"{invoice_id}-p{position}",
                    "paymentDate": day(payment.payment_date),
                    "amount": money(payment.amount),
                    "method": payment.method,
                    "status": PIMS_PAYMENT_STATUSES[payment.status],
                }
                for position, payment in enumerate(record.payments, start=1)
                if payment.payment_date is not None
            ],
            "balanceDue": money(record.balance_due),
        }
    )


def record_practice(record: PimsInvoice, known: Practice | None) -> dict[str, Any] | None:
    """The practice as its own system calls it, with the address that is known of it."""
    own = record.practice
    if known is not None:
        told = {"practiceName": own.name, "phone": own.phone, "email": own.email}
        return practice_data(known) | {name: value for name, value in told.items() if value}
    if not own.name:
        return None
    return {
        "practiceId": own.id or own.name,
        "practiceName": own.name,
        "address": {"street": own.address} if own.address else None,
        "phone": own.phone,
        "email": own.email,
    }


def customer_of_record(customer: Customer, customer_id: str) -> dict[str, Any]:
    first, last = split_name(customer.name or "")
    return {
        "customerId": customer_id,
        "firstName": first,
        "lastName": last,
        "email": customer.email,
        "phone": customer.phone,
    }


def split_name(name: str) -> tuple[str, str]:
    """First and last name of "Dana Whitfield" and "Whitfield, Dana"."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    *first_names, last = name.split() or [""]
    return " ".join(first_names), last


def without_unknown(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known: None and blank text, at every depth."""
    found = {}
    for name, value in values.items():
        if isinstance(value, dict):
            value = without_unknown(value)
        elif isinstance(value, list):
            value = [without_unknown(item) if isinstance(item, dict) else item for item in value]
        if value is not None and value != "":
            found[name] = value
    return found


def money(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(CENT)


def price(value: Decimal | None) -> Decimal | None:
    """At least two decimals, and as many more as the price has."""
    if value is None:
        return None
    exact = value.normalize()
    return value.quantize(CENT) if exact == exact.quantize(CENT) else exact


def plain(value: Decimal | None) -> Decimal | None:
    """Without trailing zeros: 2 rather than 2.000000."""
    if value is None:
        return None
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None
