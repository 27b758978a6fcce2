"""The single writer of findings and of an invoice's status."""

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils import timezone

from invoices.models import Document, Finding, Invoice, Pairing
from invoices.services.events import record_event
from invoices.validation import Check, CheckStatus

SEVERITIES = {CheckStatus.FAILED: Finding.Severity.ERROR, CheckStatus.WARNING: Finding.Severity.WARNING}
READING_FAILED = "reading.failed"
Key = tuple[str, str, int]


def replace_findings(invoice: Invoice, checks: Iterable[Check], *, families: Sequence[str]) -> None:
    """What failed or is doubtful becomes an open finding; what no longer is, is closed. A person's decision to ignore
    one stands. Only rules that begin with one of `families` ("pims.") are touched, so that checks can run apart. The
    status follows."""
    wanted: dict[Key, Check] = {}
    for check in checks:
        if check.status in SEVERITIES:
            wanted.setdefault((check.rule, check.field, check.line), check)
    ours = reduce(or_, (Q(rule__startswith=family) for family in families))
    known = {(f.rule, f.field, f.line): f for f in invoice.findings.filter(ours)}
    for key, check in wanted.items():
        _open(invoice, check, known.get(key))
    for key, finding in known.items():
        if key not in wanted and finding.state == Finding.State.OPEN:
            finding.state, finding.decided_at = Finding.State.RESOLVED, timezone.now()
            finding.save(update_fields=["state", "decided_at"])
    update_status(invoice)


def _open(invoice: Invoice, check: Check, finding: Finding | None) -> None:
    values: dict[str, Any] = {
        "severity": SEVERITIES[check.status],
        "message": check.message,
        "money_at_stake": check.money_at_stake,
        "printed": check.printed[:500],
        "recorded": check.recorded[:500],
        "page": check.page,
        "box": list(check.box) if check.box else None,
    }
    if finding is None:
        Finding.objects.create(invoice=invoice, rule=check.rule, field=check.field, line=check.line, **values)
        return
    if finding.state == Finding.State.RESOLVED and finding.decided_by_id is None:
        values |= {"state": Finding.State.OPEN, "decided_at": None}
    new = {name: value for name, value in values.items() if getattr(finding, name) != value}
    for name, value in new.items():
        setattr(finding, name, value)
    if new:
        finding.save(update_fields=list(new))


def compute_status(
    *,
    has_failed: bool = False,
    blocking: int = 0,
    is_matched: bool = False,
    is_checked: bool = False,
    is_read: bool = False,
) -> str:
    """Decides a status: the first that holds of error, flagged, matched, processed, scanned, pending."""
    if has_failed:
        return Invoice.Status.ERROR
    if blocking:
        return Invoice.Status.FLAGGED
    if is_matched:
        return Invoice.Status.MATCHED
    if is_checked:
        return Invoice.Status.PROCESSED
    return Invoice.Status.SCANNED if is_read else Invoice.Status.PENDING


def update_status(invoice: Invoice) -> None:
    """Counts the open findings anew and sets the status that follows; a change is recorded."""
    found = list(invoice.findings.filter(state=Finding.State.OPEN).values_list("rule", "severity"))
    before, count_before = invoice.status, invoice.open_findings
    is_read = bool(invoice.page_numbers or invoice.approved_at)
    invoice.open_findings = len(found)
    invoice.status = compute_status(
        has_failed=any(rule == READING_FAILED for rule, _ in found),
        blocking=sum(severity == Finding.Severity.ERROR for _, severity in found),
        is_matched=invoice.pims_record is not None or is_paired(invoice),
        is_checked=is_read and not found,
        is_read=is_read,
    )
    if (invoice.status, invoice.open_findings) != (before, count_before):
        invoice.save(update_fields=["open_findings", "status", "updated_at"])
    if invoice.status != before:
        record_event(invoice.mga, invoice.pk, "invoice.status", data={"from": before, "to": invoice.status})


def tell_of_failure(document: Document, reason: str = "") -> None:
    """That the document could not be read, and why, on the invoices that it stands for; without a reason: no longer."""
    checks = [Check(READING_FAILED, "", CheckStatus.FAILED, reason)] if reason else []
    for invoice in document.invoices.select_related("mga"):
        replace_findings(invoice, checks, families=(READING_FAILED,))


def is_paired(invoice: Invoice) -> bool:
    return Pairing.objects.filter(invoice=invoice, status=Pairing.Status.CONFIRMED).exists()
