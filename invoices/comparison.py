"""The page and the practice system side by side, for people: rows with what differs. Pure functions, no queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from invoices.line_reconciliation import Amounts, pair_lines
from invoices.models import Invoice, InvoiceLine
from invoices.validation import Check, CheckStatus
from pims.types import PimsInvoice
from pims.values import smallest_unit

SAME, DIFFERENT, DOUBTFUL, ALONE = "same", "different", "doubtful", "alone"
WORDS = {SAME: "agrees", DIFFERENT: "differs", DOUBTFUL: "look at this", ALONE: ""}
# Label, the check's field, the invoice's column, the record's value.
HEADER = (
    ("Number", "invoiceNumber", "invoice_number", "invoice_number"),
    ("Date", "invoiceDate", "issue_date", "invoice_date"),
    ("Due date", "dueDate", "due_date", "due_date"),
    ("Customer", "customer", "customer_name", "customer.name"),
    ("Practice", "practice.practiceName", "supplier_name", "practice.name"),
    ("Currency", "currency", "currency", "currency"),
    ("Net total", "", "net_total", "subtotal"),
    ("Tax", "", "tax_total", "tax_total"),
    ("Total", "totalAmount", "gross_total", "total"),
    ("Balance due", "balanceDue", "amount_due", "balance_due"),
)
RESULTS = {CheckStatus.PASSED: SAME, CheckStatus.FAILED: DIFFERENT, CheckStatus.WARNING: DOUBTFUL}


@dataclass(frozen=True, slots=True)
class Row:
    """One value of both sides. key: an HTML id. box: left, top, right, bottom on `page`, fractions."""

    key: str
    label: str
    printed: str
    recorded: str
    result: str
    message: str = ""
    page: int | None = None
    box: Sequence[float] | None = None

    @property
    def word(self) -> str:
        return WORDS[self.result]


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of both sides; either may be None."""

    key: str
    printed: InvoiceLine | None
    recorded: Any
    expected: Decimal | None
    """The system's amount as this page would show it, with tax or without."""
    result: str
    messages: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        if self.printed is None:
            return "only in the practice system"
        if self.recorded is None:
            return "only on the document"
        return WORDS[self.result]

    @property
    def label(self) -> str:
        return self.printed.description if self.printed else str(self.recorded.description)

    @property
    def page(self) -> int | None:
        return self.printed.page if self.printed else None

    @property
    def box(self) -> Sequence[float] | None:
        return self.printed.box if self.printed else None


def header_rows(invoice: Invoice, record: PimsInvoice, checks: Sequence[Check]) -> Iterator[Row]:
    by_field = {check.field: check for check in checks if check.rule == f"pims.{check.field}"}
    for label, field, column, path in HEADER:
        printed, recorded = getattr(invoice, column), _at(record, path)
        if printed in (None, "") and recorded in (None, ""):
            continue
        check = by_field.get(field)
        origin = invoice.origin(column)
        yield Row(
            column,
            label,
            shown(printed),
            shown(recorded),
            RESULTS[check.status] if check else ALONE,
            check.message if check and check.status is not CheckStatus.PASSED else "",
            origin.get("page"),
            origin.get("box"),
        )


def line_rows(lines: Sequence[InvoiceLine], record: PimsInvoice, checks: Sequence[Check]) -> Iterator[LineRow]:
    amounts = Amounts(record, smallest_unit(record.currency))
    pairs = pair_lines(lines, record.lines, amounts)
    amounts.settle(pairs)
    told = {check.line: check for check in checks if check.line}
    unread = next((check.status for check in checks if check.rule == "pims.line_missing"), CheckStatus.WARNING)
    for number, pair in enumerate(pairs):
        amount = pair.printed.net_amount if pair.printed else None
        expected = amounts.expected(pair.recorded, amount) if pair.recorded else None
        if pair.printed is None:
            yield LineRow(f"line{number}", None, pair.recorded, expected, RESULTS[unread])
            continue
        check = told.get(pair.printed.position)
        result = RESULTS[check.status] if check else SAME
        messages = (check.message,) if check else ()
        yield LineRow(f"line{number}", pair.printed, pair.recorded, expected, result, messages)


def _at(record: PimsInvoice, path: str) -> Any:
    value: Any = record
    for name in path.split("."):
        value = getattr(value, name)
    return value


def shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,.2f}" if isinstance(value, Decimal) else str(value)
