"""What reading hands on: words with boxes, and the values decided from them.

Geometry: the origin is the top left corner of the upright page, x grows to the right and y downwards.
A `Word` is measured in its page's own units (pixels of the upright image, or PDF points), which are equal in
x and y; a value's `BoundingBox` is in fractions of the page (0..1), so that it fits any rendering of it.
Confidences are probabilities, 0..1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Value = str | Decimal | date
else:
    Value = Any  # a union of types that are all text on the wire cannot be told apart there; see DATE_FIELDS


class Method(StrEnum):
    """How a value was obtained."""

    TEXT_LAYER = "text-layer"
    OCR = "ocr"
    E_INVOICE = "e-invoice"
    TEMPLATE = "template"
    PIMS = "pims"
    STAFF = "staff"


class DocumentKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    DELIVERY_NOTE = "delivery_note"
    STATEMENT = "statement"
    RECEIPT = "receipt"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A rectangle on a page, in fractions of its width and height (0..1), left <= right and top <= bottom."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Word:
    """One printed word. `left`, `top`, `right`, `bottom` are page units; `confidence` is 0..1.

    `run` numbers the line of text that the engine saw this word in (unique on its page); the words of a run
    stand in reading order, and their slope is the slope of the paper there.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float = 1.0
    run: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One upright page.

    number: from 1, in the file. width, height: page units. dpi: of an image page, if it is known.
    turned: degrees clockwise by which the stored page was turned to stand upright (0, 90, 180, 270).
    paper: corners of the sheet within the picture where it was cut out and laid flat before reading, as x and y in
    fractions of the picture (upright by its EXIF), clockwise from top left; empty where the picture was read as it is.
    notices: codes of what is wrong with the picture ("blur", "cut-off", "glare", "tilt", "low-resolution", ...).
    """

    number: int
    width: float
    height: float
    words: tuple[Word, ...] = ()
    method: Method = Method.OCR
    engine: str = ""
    dpi: float | None = None
    turned: int = 0
    paper: tuple[float, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A decided value with where it came from: text as printed (white space folded), an amount, or a day.

    `evidence` names what spoke for it, strongest first.
    """

    value: Value
    confidence: float
    page: int | None = None
    box: BoundingBox | None = None
    method: Method = Method.OCR
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LineItem:
    """A line of the invoice's (or delivery note's) table. What the page does not print is None.

    net_amount is the last amount of the line as printed; quantity on a delivery note is what was delivered.
    """

    description: str
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    net_amount: Decimal | None = None
    sku: str = ""
    unit: str = ""
    category: str = ""
    patient: str = ""
    discount: Decimal | None = None
    tax_rate: Decimal | None = None
    quantity_ordered: Decimal | None = None
    confidence: float = 0.0
    page: int | None = None
    box: BoundingBox | None = None
    method: Method = Method.OCR


@dataclass(frozen=True, slots=True)
class ReadPayment:
    """A payment that the page shows."""

    amount: Decimal
    payment_date: date | None = None
    payment_method: str = ""
    confidence: float = 0.0
    page: int | None = None
    box: BoundingBox | None = None
    method: Method = Method.OCR


DATE_FIELDS = frozenset({"issue_date", "due_date", "delivery_date"})
AMOUNT_FIELDS = frozenset(
    {
        *("gross_total", "net_total", "tax_total", "amount_paid", "previous_balance", "amount_due"),
        *("allowance_total", "charge_total", "rounding_amount"),
    }
)
FIELD_NAMES = (
    "invoice_number",  # str; on a delivery note, the invoice number it prints
    "issue_date",  # date
    "due_date",  # date
    "currency",  # str, ISO 4217
    "gross_total",  # Decimal: this document's total with tax, without a previous balance
    "net_total",  # Decimal
    "tax_total",  # Decimal
    "amount_paid",  # Decimal, unsigned
    "previous_balance",  # Decimal
    "amount_due",  # Decimal: what the document says is still to be paid
    "allowance_total",  # Decimal, unsigned: discounts on the whole document; only e-invoices tell (BT-107)
    "charge_total",  # Decimal, unsigned: charges on the whole document; only e-invoices tell (BT-108)
    "rounding_amount",  # Decimal: between what is owed and what is to be paid; only e-invoices tell (BT-114)
    "supplier_name",
    "supplier_trading_name",  # only e-invoices tell (BT-28)
    "supplier_address",  # str, lines joined by ", "
    "supplier_street",
    "supplier_city",
    "supplier_state",
    "supplier_postcode",
    "supplier_phone",
    "supplier_email",
    "supplier_tax_id",
    "customer_name",  # str: who is invoiced, as printed
    "customer_first_name",
    "customer_last_name",
    "customer_email",
    "customer_phone",
    "venue",  # str: the place delivered to, as printed
    "order_number",
    "delivery_note_number",  # str: on a delivery note its own number; on an invoice the only or first one printed
    "delivery_date",  # date
    "payment_terms",
)


def typed_value(name: str, text: str) -> Value:
    """A field's value from the text that JSON holds for it (ISO days, plain numbers). Raises ValueError."""
    if name in AMOUNT_FIELDS:
        return Decimal(text)
    return date.fromisoformat(text) if name in DATE_FIELDS else text


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that an e-invoice states and the pages show otherwise, both as text; None where one has nothing.

    field: of FIELD_NAMES, or "kind" or "line_items". line: the stated line's position from 1, 0 = none.
    page and box: where the printed value stands.
    """

    field: str
    stated: str | None
    printed: str | None
    line: int = 0
    page: int | None = None
    box: BoundingBox | None = None


@dataclass(frozen=True, slots=True)
class EInvoice:
    """What there is to say of the e-invoice in a file.

    profile: as it names it. problem: why its values were not taken ("malformed", "unknown-profile", …), blank if they
    were; or "several", if the file has more of them than invoices. is_compared: there were pages to compare it with.
    differences: between it and the pages.
    """

    profile: str = ""
    problem: str = ""
    is_compared: bool = False
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """What a person says of a file: that these pages (from 1) are one document, and of which kind, if they said so."""

    pages: tuple[int, ...]
    kind: DocumentKind | None = None


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """One document of a file: what it is, its pages (from 1), and its values. A field not found is not in `fields`.

    kind_confidence: that it is of this kind. cut_confidence: that it begins and ends where it was cut from the file.
    place: from the left, from 1, where several lie beside each other on one page; 0 where it has the page to itself.
    """

    kind: DocumentKind
    pages: tuple[int, ...]
    confidence: float
    fields: dict[str, Field] = field(default_factory=dict)
    line_items: tuple[LineItem, ...] = ()
    payments: tuple[ReadPayment, ...] = ()
    delivery_note_numbers: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    e_invoice: EInvoice | None = None
    kind_confidence: float = 1.0
    cut_confidence: float = 1.0
    place: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read from a file: its pages in order, and the documents that stand on them."""

    pages: tuple[Page, ...]
    documents: tuple[DocumentReading, ...]
    seconds: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    """Seconds of wall time by stage: `load` (open, text layer, picture), `recognise` (OCR), `decide`."""
