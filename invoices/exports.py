"""Invoices as files for other programs: CSV, XLSX, JSON Lines, UBL 2.1. Rows are streamed: memory does not grow."""

import csv
import io
import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from django.conf import settings
from django.db.models import Prefetch, QuerySet

from invoices import jsontext, ubl
from invoices.models import Invoice, InvoiceLine, Payment

INVOICE_COLUMNS = (
    "id",
    "mga_id",
    "kind",
    "status",
    "confidence",
    "supplier_name",
    "venue",
    "invoice_number",
    "issue_date",
    "due_date",
    "delivery_date",
    "order_number",
    "currency",
    "net_total",
    "tax_total",
    "gross_total",
    "amount_paid",
    "amount_due",
    "payment_terms",
    "customer_id",
    "customer_name",
    "open_findings",
    "filename",
    "created_at",
)
OWN_LINE_COLUMNS = (
    "position",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "net_amount",
    "tax_rate",
    "discount",
    "sku",
    "category",
    "patient",
    "confidence",
)
LINE_COLUMNS = ("invoice_id", "invoice__invoice_number", *OWN_LINE_COLUMNS)
PAYMENT_COLUMNS = ("payment_date", "amount", "payment_method", "status")
CHUNK = 1000  # rows fetched at a time
SHEET_ROWS = 1_000_000  # a sheet holds 1,048,576
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  # spreadsheets take the wide ones for the others
COLUMN_WIDTH = 16
MOST_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Exported:
    """How many rows were written, and how many invoices were not, as the format cannot express them (some ids)."""

    count: int
    left_out: int = 0
    examples: Sequence[str] = ()


Tick = Callable[[], None]  # called for each invoice
Writer = Callable[[QuerySet[Invoice], IO[bytes], Tick], Exported]


def write_csv(rows: QuerySet[Invoice], stream: IO[bytes], tick: Tick) -> Exported:
    """A row an invoice."""
    return Exported(_write_table(_values(rows, INVOICE_COLUMNS), INVOICE_COLUMNS, stream, tick))


def write_line_csv(rows: QuerySet[Invoice], stream: IO[bytes], tick: Tick) -> Exported:
    """A row a line item."""
    return Exported(_write_table(_line_values(rows), LINE_COLUMNS, stream, tick))


def write_xlsx(rows: QuerySet[Invoice], stream: IO[bytes], tick: Tick) -> Exported:
    """A workbook with the sheets Invoices and Lines (and Invoices 2 …, where one is full)."""
    options = {"constant_memory": True, "tmpdir": str(settings.FILE_UPLOAD_TEMP_DIR)}
    with xlsxwriter.Workbook(stream, options) as workbook:
        count = _write_sheets(workbook, "Invoices", INVOICE_COLUMNS, _values(rows, INVOICE_COLUMNS), tick)
        _write_sheets(workbook, "Lines", LINE_COLUMNS, _line_values(rows), lambda: None)
    return Exported(count)


def write_jsonl(rows: QuerySet[Invoice], stream: IO[bytes], tick: Tick) -> Exported:
    """A JSON object a line: the invoice with its lines and payments."""
    count = 0
    for invoice in _objects(rows):
        stream.write(jsontext.encode(invoice) + b"\n")
        count += 1
        tick()
    return Exported(count)


def write_ubl(rows: QuerySet[Invoice], stream: IO[bytes], tick: Tick) -> Exported:
    """A .tar.gz with a UBL 2.1 document an invoice, named by its id, valid against the schema. Where a value is
    missing that UBL requires, the invoice is left out."""
    count, left_out, examples = 0, 0, list[str]()
    with tarfile.open(fileobj=stream, mode="w|gz") as archive:
        for invoice in _whole(rows):
            try:
                content = ubl.to_xml(invoice, invoice.own_lines, invoice.supplier)  # type: ignore[attr-defined]
            except ubl.NotExpressibleError:
                left_out += 1
                examples = [*examples, invoice.pk][:MOST_EXAMPLES]
            else:
                entry = tarfile.TarInfo(f"{invoice.pk}.xml")
                entry.size, entry.mtime = len(content), int(invoice.updated_at.timestamp())
                archive.addfile(entry, io.BytesIO(content))
                archive.getmembers().clear()  # it would remember all that was added
                count += 1
            tick()
    return Exported(count, left_out, examples)


FORMATS: dict[str, tuple[str, Writer]] = {  # name: (how the file's name ends, what writes it)
    "csv": (".csv", write_csv),
    "lines-csv": (".lines.csv", write_line_csv),
    "xlsx": (".xlsx", write_xlsx),
    "jsonl": (".jsonl", write_jsonl),
    "ubl": (".tar.gz", write_ubl),
}


def format_of(name: str) -> str | None:
    """The format that a file's name asks for."""
    return next((form for form, (suffix, _) in reversed(FORMATS.items()) if name.endswith(suffix)), None)


def _values(rows: QuerySet[Any], columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return rows.order_by("pk").values_list(*columns).iterator(chunk_size=CHUNK)


def _line_values(rows: QuerySet[Invoice]) -> Iterator[tuple[Any, ...]]:
    lines = InvoiceLine.objects.filter(invoice__in=rows.order_by().values("pk")).order_by("invoice_id", "position")
    return lines.values_list(*LINE_COLUMNS).iterator(chunk_size=CHUNK)


def _whole(rows: QuerySet[Invoice]) -> Iterator[Invoice]:
    """With their lines in `own_lines`: asking `lines` for them again costs more than fetching them."""
    complete = rows.defer("reading", "pims_record").select_related("supplier")
    complete = complete.prefetch_related(Prefetch("lines", to_attr="own_lines"))
    return complete.order_by("pk").iterator(chunk_size=CHUNK)


def _objects(rows: QuerySet[Invoice]) -> Iterator[dict[str, Any]]:
    """Invoices with their lines and payments. No models are made of the rows: that takes a fifth of the time."""
    values = _values(rows, INVOICE_COLUMNS)
    while chunk := list(islice(values, CHUNK)):
        invoices = [_known(INVOICE_COLUMNS, row) for row in chunk]
        ids = [invoice["id"] for invoice in invoices]
        lines, payments = _parts(InvoiceLine, OWN_LINE_COLUMNS, ids), _parts(Payment, PAYMENT_COLUMNS, ids)
        for invoice in invoices:
            yield invoice | {"lines": lines[invoice["id"]], "payments": payments[invoice["id"]]}


def _parts(
    model: type[InvoiceLine | Payment], columns: Sequence[str], ids: Sequence[str]
) -> defaultdict[str, list[dict[str, Any]]]:
    """The lines or payments of the invoices of these ids, in order."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = model._default_manager.filter(invoice__in=ids).order_by("invoice_id", "position")
    for invoice, *values in rows.values_list("invoice_id", *columns):
        found[invoice].append(_known(columns, values))
    return found


def _known(columns: Sequence[str], values: Iterable[Any]) -> dict[str, Any]:
    """What is not known is left out."""
    return {column: value for column, value in zip(columns, values, strict=True) if value not in (None, "")}


def _write_table(values: Iterator[tuple[Any, ...]], columns: Sequence[str], stream: IO[bytes], tick: Tick) -> int:
    """With a byte order mark: without it, spreadsheets take UTF-8 for something else."""
    count = 0
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow([_title(column) for column in columns])
    for row in values:
        writer.writerow([_csv_value(value) for value in row])
        count += 1
        tick()
    text.detach()
    return count


def _csv_value(value: Any) -> Any:
    if isinstance(value, str):
        return without_formula(value)
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def without_formula(text: str) -> str:
    """Text that a spreadsheet shows and does not compute (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _title(column: str) -> str:
    return column.rpartition("__")[2]


def _write_sheets(
    workbook: xlsxwriter.Workbook, name: str, columns: Sequence[str], values: Iterator[tuple[Any, ...]], tick: Tick
) -> int:
    formats = {
        "bold": workbook.add_format({"bold": True}),
        "date": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        "moment": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "number": workbook.add_format({"num_format": "#,##0.00####"}),
    }
    count, sheet = 0, None
    for count, row in enumerate(values, start=1):
        position = (count - 1) % SHEET_ROWS + 1
        if position == 1:
            sheet = _new_sheet(workbook, name, columns, count // SHEET_ROWS + 1, formats)
        for column, value in enumerate(row):
            _write_cell(sheet, position, column, value, formats)
        tick()
    if sheet is None:
        _new_sheet(workbook, name, columns, 1, formats)
    return count


def _new_sheet(
    workbook: xlsxwriter.Workbook, name: str, columns: Sequence[str], number: int, formats: dict[str, Any]
) -> Any:
    sheet = workbook.add_worksheet(name if number == 1 else f"{name} {number}")
    sheet.set_column(0, len(columns) - 1, COLUMN_WIDTH)
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(columns):
        sheet.write_string(0, column, _title(title), formats["bold"])
    return sheet


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    """By its type, never by its looks: text that begins with = stays text."""
    match value:
        case None | "":
            return
        case str():
            sheet.write_string(row, column, value)
        case datetime():
            sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), formats["moment"])
        case date():
            sheet.write_datetime(row, column, value, formats["date"])
        case Decimal():
            sheet.write_number(row, column, value, formats["number"])
        case _:
            sheet.write_number(row, column, value)


def write_file(rows: QuerySet[Invoice], form: str, path: Path, tick: Tick) -> Exported:
    """Into a file that is there only once it is whole."""
    part = path.with_name(f".{path.name}.part")
    try:
        with closing(part.open("wb")) as stream:
            exported = FORMATS[form][1](rows, stream, tick)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return exported
