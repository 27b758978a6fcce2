"""Records of the practice systems asked for again: a payment that was made later changes what is owed.

Only what can still change is asked for, longest ago first. A system that cannot be asked is left in peace for the rest
of the round, and what was known stays.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from invoices.models import Invoice
from invoices.services.events import record_event
from invoices.services.reconciling import keep_record, reconcile
from invoices.validation import Check, CheckStatus
from pims.errors import PimsError
from pims.lookup import ask_again
from pims.types import InvoiceStatus, PimsInvoice, from_json

logger = logging.getLogger(__name__)

SETTLED = (InvoiceStatus.PAID, InvoiceStatus.VOID, InvoiceStatus.CREDIT_NOTE)
ROUND_SECONDS = 90.0  # of one run of the schedule: it ends before the queue's own limit, and the next goes on


@dataclass(slots=True)
class Refreshed:
    """What became of each invoice. problems: {connection: why it could not be asked}."""

    asked: int = 0
    changed: int = 0
    gone: int = 0
    problems: dict[str, str] = field(default_factory=dict)


def stale_invoices(now: datetime, *, settled_too: bool = False, hours: int | None = None) -> QuerySet[Invoice]:
    """With a record that may have changed since it was asked for: not paid, voided or credited (unless `settled_too`),
    not rejected, not too old. hours: how long ago at least it was asked for."""
    hours = settings.PIMS_REFRESH_HOURS if hours is None else hours
    rows = Invoice.objects.filter(
        pims_connection__enabled=True, pims_asked_at__lte=now - timedelta(hours=hours), rejected_at=None
    )
    if not settled_too:
        rows = rows.exclude(pims_record__status__in=SETTLED)
        rows = rows.filter(created_at__gt=now - timedelta(days=settings.PIMS_REFRESH_DAYS))
    return rows.order_by(F("pims_asked_at").asc(), "pk")


def refresh_all(
    rows: QuerySet[Invoice], *, seconds: float = inf, progress: Callable[[], object] = lambda: None
) -> Refreshed:
    """Asks for each again, for `seconds` at most; `progress` is called after each."""
    outcome = Refreshed()
    end = time.monotonic() + seconds
    for pk in list(rows.values_list("pk", flat=True)):
        if time.monotonic() > end:
            break
        invoice = Invoice.objects.select_related("pims_connection").get(pk=pk)
        connection = invoice.pims_connection
        if connection is not None and str(connection) not in outcome.problems:
            try:
                refresh(invoice, outcome)
            except PimsError as error:
                logger.warning("Connection %s could not be asked: %s", connection.pk, error)
                outcome.problems[str(connection)] = str(error)
        progress()
    return outcome


def refresh(invoice: Invoice, outcome: Refreshed) -> None:
    """Asks for the invoice's record again, keeps what changed, and compares anew. Raises PimsError."""
    assert invoice.pims_connection is not None and invoice.pims_record is not None
    record = ask_again(invoice.pims_connection, from_json(invoice.pims_record))
    outcome.asked += 1
    rows = Invoice.objects.select_for_update(of=("self",)).select_related("mga", "document", "pims_connection")
    with transaction.atomic():
        store(rows.get(pk=invoice.pk), record, outcome)


def store(invoice: Invoice, record: PimsInvoice | None, outcome: Refreshed) -> None:
    if record is None:
        outcome.gone += 1
        invoice.pims_asked_at = timezone.now()
        invoice.save(update_fields=["pims_asked_at"])
        message = "The practice system does not have this invoice any more."
        reconcile(invoice, [Check("pims.gone", "pims", CheckStatus.WARNING, message)])
        return
    changed = keep_record(invoice, record, invoice.pims_connection)
    outcome.changed += bool(changed)
    invoice.save(update_fields=["pims_record", "pims_connection", "pims_asked_at", "updated_at"])
    reconcile(invoice)
    if changed:
        record_event(invoice.mga, invoice.pk, "invoice.pims_changed", data={"fields": changed})


def run_refresh() -> Refreshed:
    """One round of the schedule."""
    if not settings.PIMS_REFRESH_DAYS:
        return Refreshed()
    return refresh_all(stale_invoices(timezone.now()), seconds=ROUND_SECONDS)
