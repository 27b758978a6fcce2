"""The canonical invoice: what every practice system's answer is turned into, and its JSON form.

Money is `Decimal` (decimal text in JSON), days are in the practice's time zone. What a system does not tell is None.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from pims.errors import RecordError

T = TypeVar("T")
CENT = Decimal("0.01")


class InvoiceStatus(StrEnum):
    DRAFT = "DRAFT"
    OPEN = "OPEN"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    OVERDUE = "OVERDUE"
    VOID = "VOID"
    CREDIT_NOTE = "CREDIT_NOTE"
    UNKNOWN = "UNKNOWN"


class PaymentStatus(StrEnum):
    COMPLETED = "COMPLETED"
    PENDING = "PENDING"
    REFUNDED = "REFUNDED"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Practice:
    id: str | None = None
    name: str | None = None
    address: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """An animal that was treated."""

    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """total_price includes tax where the system tells it so; it is never quantity x unit_price recomputed."""

    description: str
    total_price: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    tax_amount: Decimal | None = None
    category: str | None = None
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """amount: the part that was allocated to this invoice, not the payment's face value."""

    amount: Decimal
    payment_date: date | None = None
    method: str | None = None
    status: PaymentStatus = PaymentStatus.UNKNOWN
    source_id: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record came from and how it was found. tax_basis: `inclusive` or `exclusive`, of the lines' amounts in
    the system. raw_status: the system's own word. original: the invoice that a credit note corrects."""

    connector: str | None = None
    matched_on: str | None = None
    fetched_at: datetime | None = None
    tax_basis: str | None = None
    raw_status: str | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class PimsInvoice:
    """One invoice as the practice system has it. `payments` None: the system does not tell."""

    invoice_number: str
    invoice_date: date
    currency: str | None
    total: Decimal
    due_date: date | None = None
    subtotal: Decimal | None = None
    tax_total: Decimal | None = None
    balance_due: Decimal | None = None
    status: InvoiceStatus = InvoiceStatus.UNKNOWN
    practice: Practice = Practice()
    customer: Customer = Customer()
    patients: tuple[Patient, ...] = ()
    lines: tuple[Line, ...] = ()
    payments: tuple[Payment, ...] | None = None
    source_id: str | None = None
    warnings: tuple[str, ...] = ()
    origin: Origin = Origin()


def complete(invoice: PimsInvoice, today: date) -> PimsInvoice:
    """With balance and status derived where the system is silent, and with warnings for what does not add up."""
    warnings = list(invoice.warnings)
    balance = invoice.balance_due
    if balance is None and invoice.payments is not None:
        balance = invoice.total - paid(invoice)
        warnings.append("balance_derived")
    if invoice.lines:
        found = sum((line.total_price for line in invoice.lines), Decimal(0))
        totals = [total for total in (invoice.total, invoice.subtotal) if total is not None]
        if min(abs(found - total) for total in totals) > CENT * len(invoice.lines):
            warnings.append("lines_do_not_sum")
    status = invoice.status
    if status is InvoiceStatus.UNKNOWN:
        status = derive_status(invoice.total, balance, invoice.due_date, today)
    return replace(invoice, balance_due=balance, status=status, warnings=tuple(dict.fromkeys(warnings)))


def paid(invoice: PimsInvoice) -> Decimal:
    """What was paid, less what was paid back."""
    counted = (
        payment.amount
        for payment in invoice.payments or ()
        if payment.status is PaymentStatus.COMPLETED
        or (payment.status is PaymentStatus.REFUNDED and payment.amount < 0)
    )
    return sum(counted, Decimal(0))


def derive_status(total: Decimal, balance: Decimal | None, due: date | None, today: date) -> InvoiceStatus:
    if balance is None:
        return InvoiceStatus.UNKNOWN
    if balance <= 0:
        return InvoiceStatus.PAID
    if balance < total:
        return InvoiceStatus.PARTIALLY_PAID
    return InvoiceStatus.OVERDUE if due is not None and due < today else InvoiceStatus.OPEN


def to_json(invoice: PimsInvoice) -> dict[str, Any]:
    """The JSON form: names of the contract's spelling, amounts as decimal text, days as ISO text."""
    patients = [{"id": patient.id, "name": patient.name} for patient in invoice.patients]
    return ({"patients": patients} if patients else {}) | {
        "invoiceNumber": invoice.invoice_number,
        "invoiceDate": _text(invoice.invoice_date),
        "dueDate": _text(invoice.due_date),
        "currency": invoice.currency,
        "subtotal": _text(invoice.subtotal),
        "taxTotal": _text(invoice.tax_total),
        "total": _text(invoice.total),
        "balanceDue": _text(invoice.balance_due),
        "status": str(invoice.status),
        "practice": {name: getattr(invoice.practice, name) for name in ("id", "name", "address", "phone", "email")},
        "customer": {name: getattr(invoice.customer, name) for name in ("id", "name", "email", "phone", "address")},
        "lineItems": [
            {
                "description": line.description,
                "quantity": _text(line.quantity),
                "unitPrice": _text(line.unit_price),
                "totalPrice": _text(line.total_price),
                "taxAmount": _text(line.tax_amount),
                "category": line.category,
                "sourceId": line.source_id,
            }
            for line in invoice.lines
        ],
        "payments": None
        if invoice.payments is None
        else [
            {
                "date": _text(payment.payment_date),
                "amount": _text(payment.amount),
                "method": payment.method,
                "status": str(payment.status),
                "sourceId": payment.source_id,
            }
            for payment in invoice.payments
        ],
        "meta": {"sourceId": invoice.source_id, "warnings": list(invoice.warnings)} | _origin_json(invoice.origin),
    }


def _origin_json(origin: Origin) -> dict[str, str]:
    """Only what is known: imported records have none of it."""
    moment = origin.fetched_at
    values: dict[str, str | None] = {
        "connector": origin.connector,
        "matchedOn": origin.matched_on,
        "fetchedAt": moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None,
        "taxBasis": origin.tax_basis,
        "rawStatus": origin.raw_status,
        "originalInvoice": origin.original,
    }
    return {name: value for name, value in values.items() if value is not None}


def from_json(record: Any) -> PimsInvoice:
    """The invoice of a canonical record. Raises RecordError, naming the first value that does not fit."""
    record = _mapping(record, "the record")
    meta = _mapping(record.get("meta") or {}, "meta")
    payments = record.get("payments")
    return PimsInvoice(
        invoice_number=_required(_string, record, "invoiceNumber"),
        invoice_date=_required(_day, record, "invoiceDate"),
        due_date=_optional(_day, record, "dueDate"),
        currency=_optional(_currency, record, "currency"),
        subtotal=_optional(parse_decimal, record, "subtotal"),
        tax_total=_optional(parse_decimal, record, "taxTotal"),
        total=_required(parse_decimal, record, "total"),
        balance_due=_optional(parse_decimal, record, "balanceDue"),
        status=InvoiceStatus(_optional(_member(InvoiceStatus), record, "status") or InvoiceStatus.UNKNOWN),
        practice=Practice(**_strings(record, "practice", Practice.__slots__)),
        customer=Customer(**_strings(record, "customer", Customer.__slots__)),
        patients=tuple(
            Patient(**_strings({"patient": patient}, "patient", Patient.__slots__))
            for patient in _list(record, "patients")
        ),
        lines=tuple(_line(line, f"lineItems[{i}]") for i, line in enumerate(_list(record, "lineItems"))),
        payments=None
        if payments is None
        else tuple(_payment(payment, f"payments[{i}]") for i, payment in enumerate(_list(record, "payments"))),
        source_id=_optional(_string, meta, "sourceId"),
        warnings=tuple(str(warning) for warning in meta.get("warnings") or ()),
        origin=Origin(
            connector=_optional(_string, meta, "connector", "meta"),
            matched_on=_optional(_string, meta, "matchedOn", "meta"),
            fetched_at=_optional(_moment, meta, "fetchedAt", "meta"),
            tax_basis=_optional(_string, meta, "taxBasis", "meta"),
            raw_status=_optional(_string, meta, "rawStatus", "meta"),
            original=_optional(_string, meta, "originalInvoice", "meta"),
        ),
    )


def _line(line: Any, path: str) -> Line:
    line = _mapping(line, path)
    return Line(
        description=_required(_string, line, "description", path),
        quantity=_optional(parse_decimal, line, "quantity", path),
        unit_price=_optional(parse_decimal, line, "unitPrice", path),
        total_price=_required(parse_decimal, line, "totalPrice", path),
        tax_amount=_optional(parse_decimal, line, "taxAmount", path),
        category=_optional(_string, line, "category", path),
        source_id=_optional(_string, line, "sourceId", path),
    )


def _payment(payment: Any, path: str) -> Payment:
    payment = _mapping(payment, path)
    return Payment(
        amount=_required(parse_decimal, payment, "amount", path),
        payment_date=_optional(_day, payment, "date", path),
        method=_optional(_string, payment, "method", path),
        status=PaymentStatus(_optional(_member(PaymentStatus), payment, "status", path) or PaymentStatus.UNKNOWN),
        source_id=_optional(_string, payment, "sourceId", path),
    )


def parse_decimal(value: Any) -> Decimal:
    """An int, a Decimal, or decimal text. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("must be an amount such as 12.50")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise ValueError("must be an amount such as 12.50") from error
    if not number.is_finite() or abs(number) >= Decimal(10) ** 12:
        raise ValueError("is not an amount that an invoice can have")
    return number


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(value[:10] if isinstance(value, str) and "T" in value else value)
    except (TypeError, ValueError) as error:
        raise ValueError("must be a day such as 2025-03-04") from error


def _moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError("must be a moment such as 2025-03-04T10:00:00Z") from error


def _string(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("must be text")
    text = " ".join(str(value).replace("\0", "").split())
    if not text:
        raise ValueError("must not be blank")
    return text


def _currency(value: Any) -> str:
    if not (isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha()):
        raise ValueError("must be an ISO 4217 code such as EUR")
    return value.upper()


def _member(kind: type[StrEnum]) -> Callable[[Any], str]:
    def cast(value: Any) -> str:
        try:
            return kind(str(value).upper())
        except ValueError as error:
            raise ValueError("must be one of " + ", ".join(kind)) from error

    return cast


def _required(cast: Callable[[Any], T], record: Mapping[str, Any], name: str, path: str = "") -> T:
    value = _optional(cast, record, name, path)
    if value is None:
        raise RecordError(f"{path}.{name}".strip("."), "is missing")
    return value


def _optional(cast: Callable[[Any], T], record: Mapping[str, Any], name: str, path: str = "") -> T | None:
    value = record.get(name)
    if value is None or value == "":
        return None
    try:
        return cast(value)
    except ValueError as error:
        raise RecordError(f"{path}.{name}".strip("."), f"{value!r} {error}") from error


def _strings(record: Mapping[str, Any], name: str, keys: Any) -> dict[str, str | None]:
    inner = _mapping(record.get(name) or {}, name)
    return {key: _optional(_string, inner, key, name) for key in keys}


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise RecordError(path, "must be an object")
    return value


def _list(record: Mapping[str, Any], name: str) -> list[Any]:
    value = record.get(name) or []
    if not isinstance(value, list):
        raise RecordError(name, "must be a list")
    return value


def _text(value: Decimal | date | None) -> str | None:
    return None if value is None else format(value, "f") if isinstance(value, Decimal) else value.isoformat()
