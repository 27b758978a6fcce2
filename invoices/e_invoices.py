"""What an e-invoice states beside what its pages show: each difference is a check. This is how a file shows that lets
people approve one invoice and programs pay another. Pure functions, no queries."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from invoices.models import Invoice
from invoices.validation import Check, CheckStatus
from ocr.report import NAMES
from ocr.types import AMOUNT_FIELDS

FAMILY = "e-invoice."
FIELD_NAMES = NAMES | {
    "supplier_name": "practice.practiceName",
    "customer_name": "customer",
    "line_items": "lineItems",
}
# What decides who is paid how much: a difference is an error. In all else it is a warning.
DECISIVE = frozenset({"kind", "invoice_number", "issue_date", "currency", "gross_total", "amount_due", "supplier_name"})
PROBLEMS = {
    "malformed": "The e-invoice in the file is damaged; the values are those of the pages.",
    "unsafe": "The e-invoice in the file has a document type declaration, which none may have; "
    "the values are those of the pages.",
    "too-large": "The e-invoice in the file is too large; the values are those of the pages.",
    "unreadable": "The e-invoice in the file could not be read; the values are those of the pages.",
    "unknown": "The e-invoice in the file is in no known syntax; the values are those of the pages.",
    "unknown-profile": "The profile of the e-invoice is not known; its values may mean something else.",
    "several": "The file has more e-invoices than invoices; not all of them were taken.",
}
LARGEST = Decimal(10) ** 12  # what the column holds


def compare_with_page(invoice: Invoice) -> list[Check]:
    """A check for each difference between the e-invoice and the pages; those that a person has decided are left out."""
    told = invoice.e_invoice
    if told is None:
        return []
    checks = [_judge(found) for found in told["differences"] if not _is_decided(invoice, found["field"])]
    if told["problem"]:
        checks.append(Check("e-invoice.unread", "eInvoice", CheckStatus.WARNING, PROBLEMS[told["problem"]]))
    elif told["is_compared"] and not told["differences"]:
        checks.append(Check("e-invoice.page", "eInvoice", CheckStatus.PASSED, "The pages agree with the e-invoice."))
    return checks


def _is_decided(invoice: Invoice, field: str) -> bool:
    return ("lines" if field == "line_items" else field) in invoice.corrected


def _judge(found: Mapping[str, Any]) -> Check:
    name = FIELD_NAMES.get(found["field"], found["field"])
    status = CheckStatus.FAILED if found["field"] in DECISIVE else CheckStatus.WARNING
    rule = f"{FAMILY}{_rule(found)}"
    return Check(rule, name, status, _message(name, found), found["line"], _stake(found))


def _rule(found: Mapping[str, Any]) -> str:
    """Stable, and one of its own for a printed line that the e-invoice lacks."""
    if found["field"] != "line_items":
        return str(FIELD_NAMES.get(found["field"], found["field"]))
    return "line_added" if found["stated"] is None else "line"


def _message(name: str, found: Mapping[str, Any]) -> str:
    stated, printed = found["stated"], found["printed"]
    if found["field"] == "line_items":
        if stated is None:
            return f"The page has the line {printed!r}, the e-invoice does not."
        shown = f"the page shows {printed!r}" if printed is not None else "the page does not show it"
        return f"The e-invoice has the line {stated!r}; {shown}."
    shown = f"{printed} on the page" if printed is not None else "the page does not show it"
    return f"{name} is {stated} in the e-invoice, but {shown}."


def _stake(found: Mapping[str, Any]) -> Decimal | None:
    if found["field"] not in AMOUNT_FIELDS or found["stated"] is None:
        return None
    difference = abs(abs(Decimal(found["stated"])) - abs(Decimal(found["printed"] or 0)))
    return difference.quantize(Decimal("0.01")) if difference < LARGEST else None
