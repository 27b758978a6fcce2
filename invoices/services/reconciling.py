"""The practice system's record of an invoice: kept with its history, compared with the page, told as findings.

Every function runs inside the caller's transaction.
"""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from invoices.alteration import alteration_check, judge_alteration
from invoices.models import Invoice, RecordVersion
from invoices.page_text import PageText
from invoices.reconciliation import compare
from invoices.services.findings import replace_findings
from invoices.validation import Check
from pims.models import Connection
from pims.types import PimsInvoice, from_json, to_json

FAMILY = "pims."
PASSING = ("fetchedAt", "warnings", "matchedOn")  # what tells of the asking, not of the invoice


def compare_with_record(invoice: Invoice, record: PimsInvoice) -> list[Check]:
    """Every check of the page beside the record, and the one that says whether the page looks altered. Writes nothing
    but `invoice.alteration_score`, in memory."""
    words = (w["text"] for p in invoice.document.pages.filter(number__in=invoice.page_numbers) for w in p.words)
    checks = compare(invoice, list(invoice.lines.all()), record, PageText(words), invoice.mga.amount_tolerance)
    alteration = judge_alteration(checks)
    invoice.alteration_score = alteration.score
    return [*alteration_check(alteration, checks), *checks]


def keep_record(invoice: Invoice, record: PimsInvoice, connection: Connection | None) -> list[str]:
    """The record becomes the invoice's; a version is appended where it differs from the one before. Returns the names
    of what changed, none for the first one. The caller saves the invoice."""
    before, now = invoice.pims_record, to_json(record)
    changed = changed_names(before, now) if before is not None else []
    if before is None or changed:
        RecordVersion.objects.create(invoice=invoice, connection=connection, record=now, changed=changed)
    invoice.pims_record, invoice.pims_connection, invoice.pims_asked_at = now, connection, timezone.now()
    return changed


def changed_names(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Names of a canonical record's values that differ, whenever and however it was asked for."""
    left, right = _lasting(before), _lasting(now)
    return sorted(name for name in left.keys() | right.keys() if left.get(name) != right.get(name))


def _lasting(record: dict[str, Any]) -> dict[str, Any]:
    meta = {name: value for name, value in record.get("meta", {}).items() if name not in PASSING}
    return record | {"meta": meta}


def reconcile(invoice: Invoice, further: Sequence[Check] = ()) -> list[Check]:
    """The findings of the invoice as it stands beside its record, if it has one, and of `further` checks of the
    practice system (such as that it belongs to another customer)."""
    checks = list(further)
    if invoice.pims_record is not None:
        checks += compare_with_record(invoice, from_json(invoice.pims_record))
        invoice.save(update_fields=["alteration_score", "updated_at"])
    replace_findings(invoice, checks, families=(FAMILY,))
    return checks
