"""Exports of practice systems → canonical invoices: JSON, JSON Lines, three CSV files, and vendors' own reports.

Each reader yields an `Entry` per invoice: where it stands, and the canonical record or what is wrong with it. How days
and decimals are written is said once for a file (`Dialect`), never guessed row by row.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pims.errors import PimsConfigError, RecordError
from pims.types import PimsInvoice, from_json, parse_decimal

DAY_FORMATS = {
    "iso": ("%Y-%m-%d",),
    "dmy": ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y"),
    "mdy": ("%m/%d/%Y", "%m-%d-%Y", "%b-%d-%Y"),
}
TRIPLE = ("invoices.csv", "lines.csv", "payments.csv")
EZYVET_COLUMNS = {"Invoice #", "Invoice Line ID", "Product Name", "Total Invoiced (incl)"}
VETPORT_COLUMNS = {"Invoice No", "Plan Item Name", "Plan Item Amount", "Client ID"}
XPRESS_COLUMNS = {"SLNo", "Client ID", "Item Name", "Amount"}
OPENVPMS_PAYMENT = "act.customerAccountPayment"

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """days: a key of DAY_FORMATS. currency: where the file does not tell it."""

    days: str = "iso"
    decimal_comma: bool = False
    encoding: str = "utf-8-sig"
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One invoice of a file. `where` is for people: "line 12"."""

    where: str
    invoice: PimsInvoice | None = None
    problem: str = ""


@dataclass(slots=True)
class _Group:
    """The rows of one invoice while they are gathered."""

    line: int
    rows: list[Row] = field(default_factory=list)


def detect_preset(path: Path, dialect: Dialect) -> str:
    """The preset that fits a file. Raises PimsConfigError, saying what can be read."""
    if path.is_dir() or path.name.lower() in TRIPLE:
        return "csv"
    if path.suffix.lower() in (".json", ".jsonl", ".ndjson"):
        return "json"
    columns = set(read_header(path, dialect))
    if columns >= EZYVET_COLUMNS:
        return "ezyvet_invoice_lines_report"
    if columns >= VETPORT_COLUMNS:
        return "vetport_plan_items"
    if columns >= XPRESS_COLUMNS:
        raise PimsConfigError(f"{path.name}: this export has no invoice number, so no invoice can be found in it.")
    raise PimsConfigError(
        f"{path.name}: unknown columns. Give canonical JSON, a folder with {', '.join(TRIPLE)}, or a known report "
        f"({', '.join(sorted(PRESETS))})."
    )


def read_entries(path: Path, preset: str, dialect: Dialect) -> Iterator[Entry]:
    """The invoices of a file or folder. Raises PimsConfigError where its structure is broken."""
    yield from PRESETS[preset](path, dialect)


def read_json(path: Path, dialect: Dialect) -> Iterator[Entry]:
    """A JSON array, one JSON object, or one object a line."""
    with path.open(encoding=dialect.encoding) as file:
        head = file.readline()
        try:
            is_lines = isinstance(json.loads(head), dict)
        except ValueError:
            is_lines = False
        file.seek(0)
        if is_lines:
            yield from _json_lines(file, dialect)
            return
        try:
            records = json.load(file, parse_float=Decimal)
        except ValueError as error:
            raise PimsConfigError(f"{path.name} is not JSON: {error}.") from error
    for number, record in enumerate(records if isinstance(records, list) else [records], start=1):
        yield _entry(f"invoice {number}", record, dialect)


def _json_lines(file: io.TextIOBase | Any, dialect: Dialect) -> Iterator[Entry]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line, parse_float=Decimal)
        except ValueError as error:
            yield Entry(f"line {number}", problem=f"not JSON: {error}")
            continue
        yield _entry(f"line {number}", record, dialect)


def read_triple(path: Path, dialect: Dialect) -> Iterator[Entry]:
    """invoices.csv with lines.csv and payments.csv beside it (canonical columns, or OpenVPMS's queries)."""
    folder = path if path.is_dir() else path.parent
    invoices, lines, payments = (folder / name for name in TRIPLE)
    if not invoices.is_file():
        raise PimsConfigError(f"{folder}: there is no {TRIPLE[0]}.")
    lines_of = _group(lines, "invoice_number", dialect) if lines.is_file() else {}
    payments_of = _group(payments, "invoice_number", dialect) if payments.is_file() else None
    for number, row in read_rows(invoices, dialect, required={"invoice_number", "invoice_date", "total"}):
        own = row["invoice_number"]
        record = {
            **_invoice_record(row),
            "lineItems": [_line_record(line) for line in lines_of.get(own, _Group(0)).rows],
            "payments": None if payments_of is None else _payment_records(payments_of.get(own, _Group(0)).rows),
        }
        yield _entry(f"line {number}", record, dialect)
    strangers = set(lines_of) - {row["invoice_number"] for _, row in read_rows(invoices, dialect)}
    for stranger in sorted(strangers):
        yield Entry(f"lines.csv line {lines_of[stranger].line}", problem=f"no invoice {stranger!r} in {TRIPLE[0]}")


def _invoice_record(row: Row) -> dict[str, Any]:
    status = row.get("status") or None
    return {
        "invoiceNumber": row["invoice_number"],
        "invoiceDate": row["invoice_date"],
        "dueDate": row.get("due_date"),
        "currency": row.get("currency"),
        "subtotal": row.get("subtotal"),
        "taxTotal": row.get("tax_total"),
        "total": row["total"],
        "balanceDue": row.get("balance_due"),
        "status": None if status == "POSTED" else status,
        "practice": {"name": row.get("practice_name")},
        "customer": {name: row.get(f"customer_{name}") for name in ("id", "name", "email", "phone", "address")},
    }


def _line_record(row: Row) -> dict[str, Any]:
    return {
        "description": row.get("description"),
        "quantity": row.get("quantity"),
        "unitPrice": row.get("unit_price"),
        "taxAmount": row.get("tax_amount"),
        "totalPrice": row.get("total_price"),
        "category": row.get("category"),
        "sourceId": row.get("line_id"),
    }


def _payment_records(rows: list[Row]) -> list[dict[str, Any]]:
    """Only payments: an allocation of a credit or a bad debt changes the balance, but nobody paid."""
    return [
        {
            "date": row.get("date"),
            "amount": row.get("amount"),
            "method": (row.get("method") or "").rpartition("PaymentItem")[2] or row.get("method"),
            "status": "COMPLETED" if row.get("status") == "POSTED" else row.get("status"),
            "sourceId": row.get("payment_id"),
        }
        for row in rows
        if row.get("kind", OPENVPMS_PAYMENT) == OPENVPMS_PAYMENT
    ]


def read_ezyvet(path: Path, dialect: Dialect) -> Iterator[Entry]:
    """ezyVet's "Invoice Lines" report: one row a line, item rows only; no payments in it."""
    currency = next((_currency(c) for c in read_header(path, dialect) if re.match(r"^Discount\((?!%)", c)), "")
    groups = _group(path, "Invoice #", dialect, keep=lambda row: row.get("Type", "Item") == "Item")
    for number, group in groups.items():
        first = group.rows[0]
        person = " ".join(filter(None, (first.get("First Name"), first.get("Last Name"))))
        lines = [
            {
                "description": row.get("Product Name") or row.get("Product Description"),
                "quantity": row.get("Qty"),
                "unitPrice": row.get("Standard Price(incl)"),
                "totalPrice": row.get("Total Invoiced (incl)"),
                "taxAmount": row.get("Total Tax Amount"),
                "category": row.get("Product Group"),
                "sourceId": row.get("Invoice Line ID"),
            }
            for row in group.rows
        ]
        record = {
            "invoiceNumber": number,
            "invoiceDate": first.get("Invoice Date"),
            "currency": currency or dialect.currency,
            "practice": {"name": first.get("Department")},
            "customer": {
                "id": first.get("Client Contact Code"),
                "name": first.get("Business Name") or person,
                "email": first.get("Email"),
            },
            "lineItems": lines,
            "meta": {"warnings": ["payments_not_in_export"]},
        }
        yield _summed_entry(f"line {group.line}", record, lines, dialect)


def read_vetport(path: Path, dialect: Dialect) -> Iterator[Entry]:
    """VetPort's plan items: one row an item; no tax and no payments in it."""
    for number, group in _group(path, "Invoice No", dialect).items():
        first = group.rows[0]
        lines = [
            {
                "description": row.get("Plan Item Name"),
                "quantity": row.get("Plan Item Quantity"),
                "totalPrice": row.get("Plan Item Amount"),
                "sourceId": row.get("Plan Item ID"),
            }
            for row in group.rows
        ]
        record = {
            "invoiceNumber": number,
            "invoiceDate": first.get("Planitem Performed"),
            "currency": dialect.currency,
            "customer": {"id": first.get("Client ID"), "name": first.get("Client Name")},
            "lineItems": lines,
            "meta": {"warnings": ["payments_not_in_export"]},
        }
        yield _summed_entry(f"line {group.line}", record, lines, dialect)


PRESETS: dict[str, Callable[[Path, Dialect], Iterator[Entry]]] = {
    "json": read_json,
    "csv": read_triple,
    "ezyvet_invoice_lines_report": read_ezyvet,
    "vetport_plan_items": read_vetport,
}


def read_header(path: Path, dialect: Dialect) -> list[str]:
    with path.open(encoding=dialect.encoding, newline="") as file:
        return [_clean(cell) for cell in next(csv.reader(file, _csv_dialect(file)), [])]


def read_rows(path: Path, dialect: Dialect, required: set[str] | None = None) -> Iterator[tuple[int, Row]]:
    """(line number, cells by column) of a CSV file. Raises PimsConfigError for missing columns."""
    try:
        with path.open(encoding=dialect.encoding, newline="") as file:
            reader = csv.reader(file, _csv_dialect(file))
            header = [_clean(cell) for cell in next(reader, [])]
            if missing := (required or set()) - set(header):
                raise PimsConfigError(f"{path.name}: the columns {', '.join(sorted(missing))} are missing.")
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
    except UnicodeDecodeError as error:
        raise PimsConfigError(f"{path.name} is not {dialect.encoding} text: give its --encoding.") from error
    except csv.Error as error:
        raise PimsConfigError(f"{path.name} is not a CSV file: {error}.") from error


def _csv_dialect(file: Any) -> Any:
    sample = file.read(64 * 1024)
    file.seek(0)
    try:
        return csv.Sniffer().sniff(sample.splitlines()[0], delimiters=",;\t|") if sample else csv.excel
    except csv.Error:
        return csv.excel


def _clean(cell: str) -> str:
    return cell.replace("\ufeff", "").replace("\xa0", " ").strip()


def _group(
    path: Path, column: str, dialect: Dialect, keep: Callable[[Row], bool] = lambda row: True
) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for number, row in read_rows(path, dialect, required={column}):
        if keep(row):
            groups.setdefault(row[column], _Group(number)).rows.append(row)
    return groups


def _summed_entry(where: str, record: dict[str, Any], lines: list[dict[str, Any]], dialect: Dialect) -> Entry:
    """An invoice whose export has no total of its own: the sum of its lines."""
    try:
        record["total"] = sum((_amount(line["totalPrice"], dialect) for line in lines), Decimal(0))
        taxes = [_amount(line["taxAmount"], dialect) for line in lines if line.get("taxAmount")]
        record["taxTotal"] = sum(taxes, Decimal(0)) if taxes else None
    except ValueError as error:
        return Entry(where, problem=f"line amount {error}")
    return _entry(where, record, dialect)


def _entry(where: str, record: Any, dialect: Dialect) -> Entry:
    try:
        return Entry(where, from_json(_in_dialect(record, dialect)))
    except RecordError as error:
        return Entry(where, problem=str(error))


def _in_dialect(record: Any, dialect: Dialect) -> Any:
    """A copy of the record with its days and amounts in the canonical spelling."""
    if not isinstance(record, dict):
        return record
    found = dict(record)
    for name in ("invoiceDate", "dueDate", "date"):
        if isinstance(found.get(name), str) and found[name]:
            found[name] = _iso(name, found[name], dialect)
    if dialect.decimal_comma:
        for name in (
            "subtotal",
            "taxTotal",
            "total",
            "balanceDue",
            "quantity",
            "unitPrice",
            "totalPrice",
            "taxAmount",
            "amount",
        ):
            if isinstance(found.get(name), str) and found[name]:
                found[name] = found[name].replace(".", "").replace(",", ".")
    for name in ("lineItems", "payments"):
        if isinstance(found.get(name), list):
            found[name] = [_in_dialect(item, dialect) for item in found[name]]
    if "invoiceNumber" in found and not found.get("currency"):
        found["currency"] = dialect.currency or None
    return found


def _iso(name: str, text: str, dialect: Dialect) -> str:
    if dialect.days == "iso":
        return text.replace(" ", "T", 1)
    for pattern in DAY_FORMATS[dialect.days]:
        try:
            return _day(text, pattern).isoformat()
        except ValueError:
            continue
    raise RecordError(name, f"{text!r} is not a day in the order {dialect.days}")


def _day(text: str, pattern: str) -> date:
    return datetime.strptime(text.split(" ")[0] if pattern.count(" ") == 0 else text, pattern).date()


def _amount(text: Any, dialect: Dialect) -> Decimal:
    if isinstance(text, str) and dialect.decimal_comma:
        text = text.replace(".", "").replace(",", ".")
    return parse_decimal(text)


def _currency(column: str) -> str:
    symbol = column.partition("(")[2].rstrip(")").strip()
    return {"£": "GBP", "€": "EUR", "$": "", "₹": "INR"}.get(
        symbol, symbol if len(symbol) == 3 and symbol.isalpha() else ""
    )
