"""From the marks of a printed document to its truth: a row of truth.jsonl (see docs/reading.md)."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pypdfium2 as pdfium

from bench.generator.browser import Print
from bench.generator.catalogue import Layout
from bench.generator.draw import Paper

CURRENCY_SIGNS = {
    "USD": ("$",),
    "GBP": ("£",),
    "EUR": ("€",),
    "AUD": ("$",),
    "NZD": ("$",),
    "CAD": ("$",),
    "MYR": ("RM",),
    "INR": ("₹", "Rs."),
    "CHF": ("Fr.", "SFr."),
}
LINE_PARTS = ("description", "quantity", "unitPrice", "totalPrice", "sku", "uom", "category", "patient", "discount")
NOTE_PARTS = ("description", "quantity", "sku", "uom", "quantityOrdered", "unitPrice", "totalPrice")
PRINTED_SETS = {"delivery_note": "delivery-note", "statement": "other", "other": "other", "receipt": "receipt"}


class TruthError(ValueError):
    """A layout prints something else than its marks say."""


def row_of(paper: Paper, layout: Layout, printed: Print, *, is_digital: bool) -> dict[str, Any]:
    """The truth of one document. Raises TruthError where marks contradict each other or are not on the page.

    A value that only a picture shows counts where the document becomes a picture itself (`is_digital` false).
    """
    check_printed(layout, printed)
    fields: dict[str, str] = {}
    extra: dict[str, Any] = defaultdict(list)
    lines: dict[int, dict[str, str]] = defaultdict(dict)
    payments: dict[int, dict[str, str]] = defaultdict(dict)
    pieces: dict[str, str] = {}
    for mark in printed.marks:
        if mark.get("picture") and is_digital:
            continue
        if "pay" in mark:
            put(payments[int(mark["pay"])], mark["p"], mark["v"], layout)
        elif "l" in mark:
            for index in mark["l"].split():
                put(lines[int(index)], mark["p"], mark["v"], layout)
        elif "piece" in mark:
            pieces[mark["piece"]] = mark["v"]
            extra["_parts"] = mark["parts"]
        elif "f" in mark:
            put(fields, mark["f"], mark["v"], layout)
        elif mark["x"] in ("patients", "deliveryNoteNumbers"):
            extra[mark["x"]] += [mark["v"]] if mark["v"] not in extra[mark["x"]] else []
        else:
            put(extra, mark["x"], mark["v"], layout)
    add_address(fields, extra, pieces, paper)
    if paper.trade == "vet":
        add_people(fields, extra, paper)
    if len(extra.get("deliveryNoteNumbers", ())) == 1:
        fields["deliveryNoteNumber"] = extra["deliveryNoteNumbers"][0]
    add_payments(fields, extra, payments, paper)
    if currency_is_printed(paper, printed.text, fields):
        fields["currency"] = paper.country.currency
    row: dict[str, Any] = {"kind": "invoice" if paper.kind == "credit_note" else paper.kind, "fields": fields}
    if paper.kind not in ("statement", "other"):
        key, parts = ("deliveredItems", NOTE_PARTS) if paper.kind == "delivery_note" else ("lineItems", LINE_PARTS)
        row[key] = [item_of(lines, index, parts, layout) for index in range(len(paper.lines))]
    pages = len(pdfium.PdfDocument(printed.pdf))
    tags = ["credit-note"] * (paper.kind == "credit_note") + ["multi-page"] * (pages > 1)
    if paper.kind == "delivery_note" and not any("totalPrice" in item for item in row["deliveredItems"]):
        tags.append("unpriced")
    if fields.get("currency") in ("AUD", "NZD", "CAD") and not re.search(r"AUD|NZD|CAD|CA?\$|A\$|NZ\$", printed.text):
        tags.append("currency-implicit")
    return row | {
        "extra": dict(extra),
        "pages": pages,
        "layout": layout.name,
        "country": paper.country.code,
        "language": paper.country.language,
        "tags": tags,
        "complete": True,
    }


def put(found: dict[str, Any], name: str, value: str, layout: Layout) -> None:
    if found.setdefault(name, value) != value:
        raise TruthError(f"{layout.name}: {name} is marked {found[name]!r} and {value!r}")


def item_of(
    lines: Mapping[int, Mapping[str, str]], index: int, parts: tuple[str, ...], layout: Layout
) -> dict[str, str]:
    found = lines.get(index, {})
    needed = {"description", "quantity"} if parts is NOTE_PARTS else {"description", "totalPrice"}
    if missing := needed - set(found):
        raise TruthError(f"{layout.name}: line {index + 1} is not printed with its {', '.join(sorted(missing))}")
    return {part: found[part] for part in parts if part in found}


def add_address(fields: dict[str, str], extra: dict[str, Any], pieces: Mapping[str, str], paper: Paper) -> None:
    parts = extra.pop("_parts", None)
    if parts is None:
        return
    fields["supplierAddress"] = next(iter(pieces.values()))
    names = zip(("street", "city", "state", "zipCode"), parts.split("|"), strict=True)
    key = "practiceAddress" if paper.trade == "vet" else "supplierAddressParts"
    extra[key] = {name: value for name, value in names if value}


def add_people(fields: Mapping[str, str], extra: dict[str, Any], paper: Paper) -> None:
    if "supplier" in fields:
        extra["practiceName"] = fields["supplier"]
    if "customer" in fields:
        names = {"firstName": paper.customer.first, "lastName": paper.customer.last}
        extra["customerName"] = {name: value for name, value in names.items() if value}


def add_payments(
    fields: dict[str, str], extra: dict[str, Any], payments: Mapping[int, Mapping[str, str]], paper: Paper
) -> None:
    if paper.kind in ("statement", "other", "delivery_note"):
        return
    found = [dict(payments[index]) for index in sorted(payments)]
    if found and len(found) == len(paper.payments) and all("amount" in payment for payment in found):
        fields.setdefault("amountPaid", str(sum(Decimal(payment["amount"]) for payment in found)))
    if len(found) == len(paper.payments) and all({"amount", "paymentDate"} <= set(p) for p in found):
        extra["payments"] = found


def currency_is_printed(paper: Paper, text: str, fields: Mapping[str, str]) -> bool:
    if not any(name in fields for name in ("totalAmount", "balanceDue")):
        return False
    code = paper.country.currency
    if code == "NZD" and not re.search(r"NZ|\+64|GST|New Zealand", text):  # nothing tells it from other dollars
        return False
    return bool(re.search(rf"\b{code}\b", text)) or any(sign in text for sign in CURRENCY_SIGNS[code])


def check_printed(layout: Layout, printed: Print) -> None:
    """Every marked text is in the PDF's text. Raises TruthError."""
    document = pdfium.PdfDocument(printed.pdf)
    text = "".join(letters(page.get_textpage().get_text_bounded()) for page in document)
    for mark in printed.marks:
        if not mark.get("picture") and letters(mark["text"]) not in text:
            raise TruthError(f"{layout.name}: {mark['text']!r} is marked, but not printed")
        if not mark.get("picture") and not mark["text"].strip():
            raise TruthError(f"{layout.name}: an empty mark: {mark}")


def letters(text: str) -> str:
    """Letters and digits alone: breaks of lines, and hyphens that a reader of PDFs makes of them, do not count."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKD", text)).casefold()
