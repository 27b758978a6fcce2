"""What people decide about an invoice: corrections beside the reading, approval, rejection, and who is at it.

Every write bumps `Invoice.version` by one conditional update: whoever writes on an older version is told
(`ReviewConflictError`) instead of undoing another's work. Events are written in the same transaction.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from invoicedata.staff import may_see
from invoices.answers import missing_required
from invoices.errors import (
    ReviewAssigneeError,
    ReviewBlockedError,
    ReviewClosedError,
    ReviewConflictError,
    ReviewError,
    ReviewHeldError,
    ReviewValueError,
)
from invoices.models import (
    Correction,
    DeliveryNote,
    Finding,
    Invoice,
    InvoiceLine,
    InvoiceRequest,
    Pairing,
)
from invoices.services import jobs
from invoices.services.events import record_event
from invoices.services.findings import replace_findings, update_status
from invoices.services.judging import judge
from invoices.services.pairing import decide, judge_deliveries, pair_document
from invoices.services.practices import resolve_practice
from invoices.services.recording import INVOICE_FIELDS, LARGEST
from invoices.services.templates import learn_soon
from invoices.services.tenants import lock_tenant
from invoices.validation import Check, CheckStatus, Given, check_invoice
from ocr import Field
from ocr.parse import parse_amount, parse_date, parse_quantity
from ocr.types import Method
from pims.numbers import normalise

HEADER_FIELDS = (*INVOICE_FIELDS, "kind")
LINE_FIELDS = ("description", "quantity", "unit_price", "net_amount", "sku", "unit", "category", "discount", "tax_rate")
LINES = "lines"
HOLD = timedelta(minutes=10)  # a lock ends by itself after this long without a sign of life
PLAIN_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?")
CURRENCY = re.compile(r"[A-Z]{3}")
REJECTED = "review.rejected"
MOST_LINES = 1000
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Pointed:
    """What a person says a field is: the text as typed or taken from the page, and where on the page it stands."""

    text: str
    page: int | None = None
    box: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a person did to an invoice. confirmed: fields looked at and found right. lines: the whole table as it shall
    be, each a mapping of LINE_FIELDS to text, with the `id` of the line it was; None where it was not touched."""

    fields: Mapping[str, Pointed] = field(default_factory=dict)
    confirmed: Sequence[str] = ()
    lines: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What the checks say of changes that are not saved yet. errors: {"gross_total" or "lines.2.quantity": why}."""

    invoice: Invoice
    lines: Sequence[InvoiceLine]
    checks: Sequence[Check]
    errors: Mapping[str, str]


# --- Who is at it ---------------------------------------------------------------------------------------------------


def claim(invoice: Invoice, actor: AbstractBaseUser, *, take_over: bool = False) -> Invoice:
    """Holds the invoice for `actor`, or goes on holding it. Raises ReviewHeldError while another holds it, unless
    `take_over`."""
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lte=now) | Q(claimed_by=actor.pk)
    rows = Invoice.objects.filter(pk=invoice.pk)
    with transaction.atomic():
        before = rows.select_for_update().get()
        was_held = before.is_held_by_another(actor.pk, now)
        if not (rows if take_over else rows.filter(free)).update(claimed_by=actor.pk, claimed_until=now + HOLD):
            raise held_error(before)
        if was_held:
            record_event(before.mga, invoice.pk, "review.taken_over", actor=actor, data={"from": before.claimed_by_id})
    invoice.refresh_from_db(fields=["claimed_by", "claimed_until"])
    return invoice


def release(invoice: Invoice, actor: AbstractBaseUser) -> None:
    """Lets go of the invoice, if `actor` holds it."""
    Invoice.objects.filter(pk=invoice.pk, claimed_by=actor.pk).update(claimed_by=None, claimed_until=None)


def assign(invoice: Invoice, actor: AbstractBaseUser, to: AbstractBaseUser) -> None:
    """Gives the invoice to another person, who then holds it for a day. Raises ReviewError for who cannot review it."""
    if not may_review(to, invoice):
        raise ReviewAssigneeError(f"{to.get_username()} cannot review this invoice.")
    with transaction.atomic():
        until = timezone.now() + timedelta(days=1)
        Invoice.objects.filter(pk=invoice.pk).update(claimed_by=to.pk, claimed_until=until)
        record_event(invoice.mga, invoice.pk, "review.assigned", actor=actor, data={"to": to.pk})


def may_review(user: Any, invoice: Invoice) -> bool:
    can = user.is_active and user.is_staff and user.has_perm("invoices.change_invoice")
    return bool(can and may_see(user, invoice.mga_id))


def held_error(invoice: Invoice) -> ReviewHeldError:
    who = invoice.claimed_by.get_username() if invoice.claimed_by else "somebody"
    until = f"{invoice.claimed_until:%H:%M}" if invoice.claimed_until else "soon"
    return ReviewHeldError(f"{who} is reviewing this invoice, until {until} UTC at the latest.")


# --- What they do ---------------------------------------------------------------------------------------------------


def preview(invoice: Invoice, changes: Changes) -> Preview:
    """What saving `changes` would come to. Stores nothing; `invoice` is changed in memory."""
    lines = list(invoice.lines.all())
    errors: dict[str, str] = {}
    _apply_fields(invoice, changes, errors)
    if changes.lines is not None:
        lines = [row.line for row in _read_lines(invoice, lines, changes.lines, errors)]
    return Preview(invoice, lines, _checks(invoice, lines), errors)


def save(
    invoice_id: str, actor: AbstractBaseUser, version: int, changes: Changes, *, seconds: int | None = None
) -> Invoice:
    """Stores corrections and runs the checks again. Raises ReviewError."""
    with _writing(invoice_id, actor, version) as invoice:
        correct(invoice, actor, changes, seconds)
        _judge(invoice)
    return invoice


def approve(
    invoice_id: str,
    actor: AbstractBaseUser,
    version: int,
    changes: Changes | None = None,
    *,
    accept: bool = False,
    seconds: int | None = None,
) -> Invoice:
    """The values stand from now on: no reading changes them. The checks run again on the corrected values; where some
    fail, `accept` says that the person approves nevertheless, else ReviewBlockedError names them. What is still open is
    then ignored in the person's name. A request of contract 1 that waited for missing values is answered.
    """
    with _writing(invoice_id, actor, version) as invoice:
        correct(invoice, actor, changes or Changes(), seconds)
        _judge(invoice)
        still_open = invoice.findings.filter(state=Finding.State.OPEN)
        blocking = [finding for finding in still_open if finding.severity == Finding.Severity.ERROR]
        if blocking and not accept:
            raise ReviewBlockedError([finding.message for finding in blocking])
        now = timezone.now()
        ignored = still_open.update(state=Finding.State.IGNORED, decided_by=actor.pk, decided_at=now)
        invoice.approved_at, invoice.reviewed_by_id = now, actor.pk
        _let_go(invoice)
        invoice.save(update_fields=["approved_at", "reviewed_by", *LOCK_FIELDS])
        update_status(invoice)
        data = {"seconds": seconds, "ignored": ignored}
        record_event(invoice.mga, invoice.pk, "invoice.approved", actor=actor, data=data)
        learn_soon(invoice)
        _answer_requests(invoice)
    return invoice


def reject(
    invoice_id: str, actor: AbstractBaseUser, version: int, reason: str, *, seconds: int | None = None
) -> Invoice:
    """The invoice shall not be used, and says why: it stays flagged, with a finding that only a person closes."""
    reason = " ".join(reason.split())[:REASON_LENGTH]
    if not reason:
        raise ReviewValueError({"reason": "Say why, so that the sender can be told."})
    with _writing(invoice_id, actor, version) as invoice:
        invoice.rejected_at, invoice.reviewed_by_id = timezone.now(), actor.pk
        _let_go(invoice)
        invoice.save(update_fields=["rejected_at", "reviewed_by", *LOCK_FIELDS])
        check = Check(REJECTED, "invoice", CheckStatus.FAILED, f"Rejected: {reason}")
        replace_findings(invoice, [check], families=(REJECTED,))
        record_event(invoice.mga, invoice.pk, "invoice.rejected", actor=actor, data={"seconds": seconds})
    return invoice


def reopen(invoice_id: str, actor: AbstractBaseUser, version: int) -> Invoice:
    """Takes an approval or a rejection back. What was corrected stays; an answer that was sent stays sent."""
    with _writing(invoice_id, actor, version, is_open=False) as invoice:
        invoice.findings.filter(
            state=Finding.State.IGNORED, decided_at__gte=invoice.approved_at or timezone.now()
        ).update(state=Finding.State.OPEN, decided_by=None, decided_at=None)
        invoice.approved_at = invoice.rejected_at = invoice.reviewed_by_id = None
        invoice.save(update_fields=["approved_at", "rejected_at", "reviewed_by"])
        record_event(invoice.mga, invoice.pk, "invoice.reopened", actor=actor)
        replace_findings(invoice, [], families=(REJECTED,))
        _judge(invoice)
    return invoice


def postpone(invoice_id: str, actor: AbstractBaseUser, version: int, until: datetime) -> Invoice:
    """Out of the queue until then."""
    if until <= timezone.now():
        raise ReviewValueError({"until": "Choose a moment in the future."})
    with _writing(invoice_id, actor, version) as invoice:
        _let_go(invoice)
        invoice.postponed_until = until
        invoice.save(update_fields=LOCK_FIELDS)
        record_event(invoice.mga, invoice.pk, "review.postponed", actor=actor, data={"until": until.isoformat()})
    return invoice


def come_back(invoice: Invoice, actor: AbstractBaseUser) -> None:
    """Into the queue again, before the moment that it was postponed to."""
    with transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(postponed_until=None)
        record_event(invoice.mga, invoice.pk, "review.come_back", actor=actor)


def decide_pairing(invoice_id: str, actor: AbstractBaseUser, version: int, note_id: str, status: str) -> Invoice:
    """A delivery note belongs to the invoice (Pairing.Status.CONFIRMED) or does not (REJECTED); nothing but a person
    changes that again. Raises ReviewError where there is no such note, or it is confirmed for another invoice."""
    with _writing(invoice_id, actor, version) as invoice:
        note = DeliveryNote.objects.for_mga(invoice.mga_id).filter(pk=note_id).first()
        if note is None or status not in (Pairing.Status.CONFIRMED, Pairing.Status.REJECTED):
            raise ReviewError("There is no such delivery note.")
        elsewhere = note.pairings.filter(status=Pairing.Status.CONFIRMED).exclude(invoice=invoice)
        if status == Pairing.Status.CONFIRMED and (taken := elsewhere.select_related("invoice").first()) is not None:
            raise ReviewError(f"This delivery note belongs to {taken.invoice}: refuse it there first.")
        chosen, _ = Pairing.objects.get_or_create(
            invoice=invoice, delivery_note=note, defaults={"score": 1.0, "reasons": ["chosen by staff"]}
        )
        decide(chosen, status, actor)
    return invoice


LOCK_FIELDS = ["claimed_by", "claimed_until", "postponed_until"]


def _let_go(invoice: Invoice) -> None:
    invoice.claimed_by = invoice.claimed_until = invoice.postponed_until = None


@contextmanager
def _writing(invoice_id: str, actor: AbstractBaseUser, version: int, *, is_open: bool = True) -> Iterator[Invoice]:
    """The invoice in a transaction of its own, its version raised by one. Raises ReviewConflictError where it is not at
    `version`, ReviewHeldError where another holds it, ReviewClosedError where it is (not) decided already."""
    with transaction.atomic():
        lock_tenant(invoices=invoice_id)
        if not Invoice.objects.filter(pk=invoice_id, version=version).update(version=F("version") + 1):
            raise ReviewConflictError
        invoice = (
            Invoice.objects.select_related("mga", "supplier", "claimed_by", "document")
            .prefetch_related("payments")
            .get(pk=invoice_id)
        )
        if invoice.is_held_by_another(actor.pk, timezone.now()):
            raise held_error(invoice)
        if is_open != (invoice.approved_at is None and invoice.rejected_at is None):
            raise ReviewClosedError
        yield invoice


def _judge(invoice: Invoice) -> None:
    """Runs the checks again on the values as they are now."""
    judge(invoice)
    judge_deliveries(invoice)


def _checks(invoice: Invoice, lines: Sequence[InvoiceLine]) -> list[Check]:
    given = Given(timezone.now().date(), invoice.mga.amount_tolerance)
    return check_invoice(invoice, lines, list(invoice.payments.all()), given)


def _answer_requests(invoice: Invoice) -> None:
    """Requests that failed for want of values are answered again, by their jobs: the practice system is asked outside
    this transaction, and a crash costs nothing."""
    if missing_required(invoice):
        return
    waiting = InvoiceRequest.objects.filter(
        invoice=invoice, state=InvoiceRequest.State.FAILED, operation=InvoiceRequest.Operation.PROCESS
    )
    for request in waiting.select_related("job").order_by("accepted_at"):
        jobs.run_again(request.job)


# --- Corrections ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as it shall be, and the one it was."""

    line: InvoiceLine
    was: InvoiceLine | None


def correct(invoice: Invoice, actor: AbstractBaseUser, changes: Changes, seconds: int | None = None) -> None:
    """Changes the invoice's values, with a Correction for each that differs. Inside the caller's transaction. Raises
    ReviewValueError for text that is no value of its field."""
    errors: dict[str, str] = {}
    corrections = _apply_fields(invoice, changes, errors)
    rows = None
    if changes.lines is not None:
        before = list(invoice.lines.all())
        rows = _read_lines(invoice, before, changes.lines, errors)
        corrections += _line_corrections(invoice, before, rows)
    if errors:
        raise ReviewValueError(errors)
    if rows is not None and any(c.field in ("line", *LINE_FIELDS) and c.line for c in corrections):
        _replace_lines(invoice, rows)
    if not corrections and not changes.confirmed:
        return
    for correction in corrections:
        correction.actor_id, correction.seconds = actor.pk, seconds
    Correction.objects.bulk_create(corrections)
    if any(correction.field == "supplier_name" for correction in corrections):
        invoice.supplier = resolve_practice(invoice.mga, named_supplier(invoice))
    invoice.save()
    if corrections:
        pair_document(invoice.document)
    fields = sorted({c.field if not c.line else LINES for c in corrections})
    data = {"fields": fields, "confirmed": sorted(changes.confirmed), "seconds": seconds}
    record_event(invoice.mga, invoice.pk, "invoice.corrected", actor=actor, data=data)


def named_supplier(invoice: Invoice) -> dict[str, Field]:
    """What a corrected name tells of the supplier: nothing else, for the rest was read of the wrong one."""
    if not invoice.supplier_name:
        return {}
    return {"supplier_name": Field(invoice.supplier_name, 1.0, method=Method.STAFF)}


def _apply_fields(invoice: Invoice, changes: Changes, errors: dict[str, str]) -> list[Correction]:
    """The corrections that the changed header fields come to; `invoice` gets the values, `errors` what is no value."""
    corrections = []
    for name, pointed in changes.fields.items():
        if name not in HEADER_FIELDS:
            errors[name] = "There is no such field."
            continue
        try:
            value = parse_value(Invoice, name, pointed.text)
        except ValueError as error:
            errors[name] = str(error)
            continue
        before = getattr(invoice, name)
        setattr(invoice, name, value)
        _remember(invoice, name, pointed)
        if before != value:
            corrections.append(
                Correction(
                    invoice=invoice,
                    field=name,
                    before=as_json(before),
                    after=as_json(value),
                    page=pointed.page,
                    box=list(pointed.box) if pointed.box else None,
                )
            )
    for name in set(changes.confirmed) & set(HEADER_FIELDS) - set(changes.fields):
        origin = invoice.origin(name)
        _remember(invoice, name, Pointed("", origin.get("page"), origin.get("box")))
    invoice.number_key = normalise(invoice.invoice_number)[:100]
    return corrections


def _remember(invoice: Invoice, name: str, pointed: Pointed) -> None:
    """`corrected`, in the form of `reading`: from now on this value is a person's."""
    invoice.corrected[name] = {
        "value": as_json(getattr(invoice, name)),
        "confidence": 1.0,
        "page": pointed.page,
        "box": list(pointed.box) if pointed.box else None,
        "method": str(Method.STAFF),
        "evidence": [],
    }


def _read_lines(
    invoice: Invoice, before: Sequence[InvoiceLine], wanted: Sequence[Mapping[str, Any]], errors: dict[str, str]
) -> list[LineRow]:
    """The table as it shall be. Lines that nobody touched keep where they were read."""
    if len(wanted) > MOST_LINES:
        errors[LINES] = f"At most {MOST_LINES} lines."
        return []
    known = {line.pk: line for line in before}
    rows: list[LineRow] = []
    for position, values in enumerate(wanted, start=1):
        was = known.pop(values.get("id", 0), None)
        line = InvoiceLine(invoice=invoice, position=position)
        if was is not None:
            for column in ("patient", "confidence", "page", "box", "method"):
                setattr(line, column, getattr(was, column))
        for name in LINE_FIELDS:
            try:
                value = parse_value(InvoiceLine, name, str(values.get(name) or ""))
                setattr(line, name, value)
            except ValueError as error:
                errors[f"{LINES}.{position}.{name}"] = str(error)
        if values.get("page") and not line.page:
            line.page, line.box = values["page"], values.get("box")
        rows.append(LineRow(line, was))
    return rows


def _line_corrections(invoice: Invoice, before: Sequence[InvoiceLine], rows: Sequence[LineRow]) -> list[Correction]:
    """A correction for each cell that differs, each line added and each removed. Those lines become a person's."""
    corrections = []
    for row in rows:
        line, was = row.line, row.was
        if was is None:
            corrections.append(Correction(invoice=invoice, field="line", line=line.position, after=line_json(line)))
        changed = [name for name in LINE_FIELDS if was is not None and getattr(line, name) != getattr(was, name)]
        corrections += [
            Correction(
                invoice=invoice,
                field=name,
                line=line.position,
                before=as_json(getattr(was, name)),
                after=as_json(getattr(line, name)),
                page=line.page,
                box=line.box,
            )
            for name in changed
        ]
        if was is None or changed:
            line.confidence, line.method = 1.0, str(Method.STAFF)
    kept = {row.was.pk for row in rows if row.was is not None}
    corrections += [
        Correction(invoice=invoice, field="line", line=line.position, before=line_json(line))
        for line in before
        if line.pk not in kept
    ]
    return corrections


def _replace_lines(invoice: Invoice, rows: Sequence[LineRow]) -> None:
    invoice.lines.all().delete()
    InvoiceLine.objects.bulk_create(row.line for row in rows)
    invoice.corrected[LINES] = {"method": str(Method.STAFF), "confidence": 1.0}


def parse_value(model: type[models.Model], name: str, text: str) -> Any:
    """The value of a column from text as a person types it or a page prints it; blank is unknown. Raises ValueError."""
    column: Any = model._meta.get_field(name)
    text = " ".join(text.split())
    if not text:
        if name in ("description", "kind"):
            raise ValueError("This cannot be blank.")
        return None if column.null else ""
    if isinstance(column, models.DecimalField):
        return _parse_number(column, text)
    if isinstance(column, models.DateField):
        day = parse_date(text)
        if day is None:
            raise ValueError("Not a date. Write it like 2025-03-04.")
        return day
    if name == "currency":
        text = text.upper()
        if not CURRENCY.fullmatch(text):
            raise ValueError("Three letters, like EUR or USD.")
    if column.choices and text not in dict(column.choices):
        raise ValueError("Choose one of the list.")
    if column.max_length and len(text) > column.max_length:
        raise ValueError(f"At most {column.max_length} characters.")
    return text


def _parse_number(column: Any, text: str) -> Decimal:
    parse = parse_quantity if column.decimal_places > 2 else parse_amount
    value = Decimal(text) if PLAIN_NUMBER.fullmatch(text) else parse(text)
    if value is None:
        raise ValueError("Not a number. Write it like 1234.50.")
    if abs(value) >= min(LARGEST, Decimal(10) ** (column.max_digits - column.decimal_places)):
        raise ValueError("Too large.")
    exact = value.quantize(Decimal(1).scaleb(-column.decimal_places))
    if exact != value:
        raise ValueError(f"At most {column.decimal_places} decimals.")
    return exact


def as_json(value: Any) -> Any:
    """As a correction keeps it: numbers without trailing zeros beyond the cents, days as ISO text."""
    if isinstance(value, Decimal):
        plain = f"{value.normalize():f}"
        return f"{value:.2f}" if value == value.quantize(Decimal("0.01")) else plain
    if value is None or isinstance(value, str):
        return value
    return value.isoformat()


def line_json(line: InvoiceLine) -> dict[str, Any]:
    found = {name: as_json(getattr(line, name)) for name in LINE_FIELDS}
    return {name: value for name, value in found.items() if value not in (None, "")}
