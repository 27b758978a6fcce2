"""The sample documents of tests/data, with what is printed on them: `python -m bench.samples` makes them anew.

Businesses and people are invented. Each document is drawn as a PDF; scans and photos are pictures of it, degraded the
way paper is. The same seed makes the same bytes.
"""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium
from PIL import Image
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data"
SEED = 20260101
DPI = 300
INK, SOFT, LINE = HexColor("#1d2a29"), HexColor("#5b6b69"), HexColor("#b9c6c4")


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    quantity: str
    price: str
    sku: str = ""
    unit: str = ""

    @property
    def total(self) -> Decimal:
        return (Decimal(self.quantity) * Decimal(self.price)).quantize(Decimal("0.01"))


@dataclass(frozen=True, slots=True)
class Column:
    """A table's column: its heading, its right edge (or left edge for text) in mm, and what it prints of an item."""

    heading: str
    x: float
    value: Callable[[Item], str]
    is_text: bool = False


VET_ITEMS = (
    Item("Consultation - Standard", "1", "68.00"),
    Item("Dental Scale and Polish under GA", "1", "312.50"),
    Item("Extraction, Single-rooted Tooth", "2", "54.25"),
    Item("Meloxicam Oral Suspension 32 ml", "1", "27.80"),
    Item("Amoxicillin/Clavulanate 250 mg Tablets", "14", "1.45"),
    Item("Recovery Collar, Medium", "1", "13.95"),
)
VET_TAX = Decimal("7.25")
VET = {
    "invoiceNumber": "INV-20931",
    "invoiceDate": "2026-03-12",
    "dueDate": "2026-03-26",
    "currency": "USD",
    "supplier": "Juniper Hollow Animal Clinic",
    "supplierAddress": "418 Larkspur Avenue, Boise, ID, 83702",
    "customer": "Dana Whitfield",
}


class Sheet:
    """A page being drawn, in millimetres from its top left corner."""

    def __init__(self, canvas: Canvas, size: tuple[float, float]) -> None:
        self.canvas = canvas
        self.width, self.height = size

    def text(self, x: float, y: float, words: str, size: float = 9, *, bold: bool = False, colour: Any = INK) -> None:
        self._font(size, bold, colour)
        self.canvas.drawString(x * mm, self.height - y * mm, words)

    def right(self, x: float, y: float, words: str, size: float = 9, *, bold: bool = False, colour: Any = INK) -> None:
        self._font(size, bold, colour)
        self.canvas.drawRightString(x * mm, self.height - y * mm, words)

    def rule(self, left: float, y: float, right: float, colour: Any = LINE, width: float = 0.6) -> None:
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(width)
        self.canvas.line(left * mm, self.height - y * mm, right * mm, self.height - y * mm)

    def block(self, x: float, y: float, width: float, height: float, colour: Any) -> None:
        self.canvas.setFillColor(colour)
        self.canvas.rect(x * mm, self.height - (y + height) * mm, width * mm, height * mm, stroke=0, fill=1)

    def mark(self, x: float, y: float, size: float, colour: Any) -> None:
        """A paw, for a letterhead."""
        self.canvas.setFillColor(colour)
        for dx, dy, r in (
            (0.5, 0.68, 0.24),
            (0.16, 0.42, 0.11),
            (0.38, 0.2, 0.12),
            (0.64, 0.2, 0.12),
            (0.86, 0.42, 0.11),
        ):
            self.canvas.circle(
                (x + dx * size) * mm, self.height - (y + dy * size) * mm, r * size * mm, stroke=0, fill=1
            )

    def table(
        self, y: float, columns: Sequence[Column], items: Sequence[Item], left: float, right: float, step: float
    ) -> float:
        """Draws the heading and a row for each item; the y below it."""
        for column in columns:
            (self.text if column.is_text else self.right)(column.x, y, column.heading, 8, bold=True, colour=SOFT)
        self.rule(left, y + 2, right)
        for item in items:
            y += step
            for column in columns:
                (self.text if column.is_text else self.right)(column.x, y, column.value(item))
        self.rule(left, y + 3, right)
        return y + 3

    def _font(self, size: float, bold: bool, colour: Any) -> None:
        self.canvas.setFillColor(colour)
        self.canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)


def money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def draw_vet_invoice(sheet: Sheet, number: str, client: str, items: Sequence[Item], paid: Decimal) -> None:
    green = HexColor("#1f6b5c")
    sheet.block(0, 0, 216, 4, green)
    sheet.mark(17, 11, 17, green)
    sheet.text(38, 18, "Juniper Hollow Animal Clinic", 17, bold=True, colour=green)
    sheet.text(38, 23.5, "418 Larkspur Avenue, Boise, ID 83702", 9, colour=SOFT)
    sheet.text(38, 28, "Tel (208) 555-0142    frontdesk@juniperhollow.example.com", 9, colour=SOFT)
    sheet.right(199, 42, "INVOICE", 20, bold=True)
    facts = (
        ("Invoice No.", number),
        ("Invoice Date", "03/12/2026"),
        ("Due Date", "03/26/2026"),
        ("Client ID", "20718"),
    )
    for row, (label, value) in enumerate(facts):
        sheet.text(138, 51 + 5.2 * row, label, 9, colour=SOFT)
        sheet.right(199, 51 + 5.2 * row, value, 9, bold=row == 0)
    sheet.text(17, 45, "BILL TO", 8, bold=True, colour=SOFT)
    for row, line in enumerate((client, "77 Quarry Street", "Boise, ID 83705")):
        sheet.text(17, 51 + 5.2 * row, line, 10, bold=row == 0)
    sheet.text(
        17, 78, "Patient: Biscuit    Species: Canine    Breed: Beagle    Microchip 985112009876541", 9, colour=SOFT
    )
    columns = (
        Column("Description", 17, lambda item: item.name, is_text=True),
        Column("Qty", 130, lambda item: item.quantity),
        Column("Unit Price", 162, lambda item: item.price),
        Column("Amount", 199, lambda item: money(item.total)),
    )
    y = sheet.table(88, columns, items, 17, 199, 7)
    net = sum((item.total for item in items), Decimal(0))
    total = net + VET_TAX
    rows = [
        ("Subtotal", net),
        ("Sales Tax", VET_TAX),
        ("Total", total),
        ("Paid 03/12/2026 Visa", -paid),
        ("Balance Due", total - paid),
    ]
    for label, amount in rows:
        y += 6.5
        is_sum = label in ("Total", "Balance Due")
        sheet.text(138, y, label, 10 if is_sum else 9, bold=is_sum)
        sheet.right(
            199, y, f"${money(amount)}" if amount >= 0 else f"-${money(-amount)}", 10 if is_sum else 9, bold=is_sum
        )
    sheet.rule(138, y - 9.5, 199)
    sheet.text(
        17, 255, "Thank you for trusting us with Biscuit's care. Next dental check: September 2026.", 8.5, colour=SOFT
    )
    sheet.text(17, 260, "Balances over 30 days are charged 1.5 % a month. Account 20718.", 8.5, colour=SOFT)


SUPPLIER_ITEMS = (
    Item("Extra Virgin Olive Oil 5 L", "4", "31.20", "GR1180", "tin"),
    Item("Plain Flour 16 kg", "6", "12.45", "GR2204", "bag"),
    Item("Chopped Tomatoes 6 x 2.5 kg", "5", "14.80", "GR3117", "case"),
    Item("Unsalted Butter 20 x 250 g", "3", "46.10", "DY4002", "case"),
    Item("Double Cream 2 L", "8", "6.95", "DY4051", "each"),
    Item("Garden Peas 12 x 907 g", "2", "17.60", "FZ5120", "case"),
)


def draw_letterhead(sheet: Sheet, title: str, facts: Sequence[tuple[str, str]]) -> None:
    navy = HexColor("#27406b")
    sheet.text(17, 20, "Wrenfield Provisions Ltd", 18, bold=True, colour=navy)
    sheet.text(17, 26, "Unit 9, Tannery Lane, Hexham, Northumberland, NE46 2DA", 8.5, colour=SOFT)
    sheet.text(17, 30.5, "T 01632 960411    VAT No. GB 294 1160 38    orders@wrenfield.example.co.uk", 8.5, colour=SOFT)
    sheet.right(193, 21, title, 16, bold=True)
    sheet.rule(17, 35, 193, navy, 1.4)
    for row, (label, value) in enumerate(facts):
        sheet.text(130, 44 + 5.2 * row, label, 9, colour=SOFT)
        sheet.right(193, 44 + 5.2 * row, value, 9, bold=row == 0)
    sheet.text(17, 44, "Invoice to" if title == "INVOICE" else "Deliver to", 8.5, colour=SOFT)
    for row, line in enumerate(("The Mill House Hotel", "Weir Lane", "Corbridge", "NE45 5AW")):
        sheet.text(17, 50 + 5 * row, line, 10, bold=row == 0)


def draw_supplier_invoice(sheet: Sheet, number: str = "WP-55218", note: str = "DN-70344") -> None:
    facts = (
        ("Invoice No.", number),
        ("Invoice Date", "18/02/2026"),
        ("Delivery Note", note),
        ("Order No.", "PO-8812"),
        ("Account", "MIL044"),
    )
    draw_letterhead(sheet, "INVOICE", facts)
    columns = (
        Column("Code", 17, lambda item: item.sku, is_text=True),
        Column("Description", 40, lambda item: item.name, is_text=True),
        Column("Qty", 118, lambda item: item.quantity),
        Column("Unit", 124, lambda item: item.unit, is_text=True),
        Column("Price", 160, lambda item: item.price),
        Column("Net", 193, lambda item: money(item.total)),
    )
    y = sheet.table(82, columns, SUPPLIER_ITEMS, 17, 193, 6.6)
    net = sum((item.total for item in SUPPLIER_ITEMS), Decimal(0))
    for label, amount in (("Net total", net), ("VAT at 0 %", Decimal(0)), ("Invoice total", net)):
        y += 6.4
        sheet.text(140, y, label, 9.5, bold=label == "Invoice total")
        sheet.right(193, y, f"£{money(amount)}", 9.5, bold=label == "Invoice total")
    sheet.text(17, 262, "Payment terms: 30 days from invoice date. Food is zero rated. Page 1 of 1", 8.5, colour=SOFT)


def draw_delivery_note(sheet: Sheet, number: str = "DN-70344") -> None:
    facts = (("Delivery Note No.", number), ("Date", "17/02/2026"), ("Order No.", "PO-8812"), ("Route", "N4"))
    draw_letterhead(sheet, "DELIVERY NOTE", facts)
    columns = (
        Column("Code", 17, lambda item: item.sku, is_text=True),
        Column("Description", 40, lambda item: item.name, is_text=True),
        Column("Unit", 124, lambda item: item.unit, is_text=True),
        Column("Ordered", 160, lambda item: item.quantity),
        Column("Delivered", 193, lambda item: "7" if item.sku == "DY4051" else item.quantity),
    )
    y = sheet.table(82, columns, SUPPLIER_ITEMS, 17, 193, 6.6)
    sheet.text(
        17, y + 14, "Received in good condition: ______________________    Print name: ______________________", 9
    )
    sheet.text(
        17, 262, "Shortages must be reported within 24 hours. This is not an invoice. Page 1 of 1", 8.5, colour=SOFT
    )


TILL_ITEMS = (
    Item("Flea & Tick Chew 10-25 kg", "3", "16.90"),
    Item("Nail Clip", "1", "18.00"),
    Item("Worming Tablet", "2", "7.35"),
)


def draw_till_receipt(sheet: Sheet) -> None:
    y = 12.0
    for line, size in (
        ("BRACKEN VETS", 14),
        ("5 Fold Street, Kendal LA9 4XQ", 8),
        ("Tel 01632 960877", 8),
        ("VAT No. GB 118 4402 71", 8),
    ):
        sheet.canvas.setFont("Courier-Bold" if size > 10 else "Courier", size)
        sheet.canvas.setFillColor(INK)
        sheet.canvas.drawCentredString(40 * mm, sheet.height - y * mm, line)
        y += 5.5
    y += 3
    courier = lambda x, words, right=False: _courier(sheet, x, y, words, right)  # noqa: E731
    courier(5, "Invoice No. 0081446")
    courier(75, "09/04/2026 16:41", right=True)
    y += 8
    for item in TILL_ITEMS:
        courier(5, item.name)
        y += 5
        courier(9, f"{item.quantity} x {item.price}")
        courier(75, money(item.total), right=True)
        y += 6
    total = sum((item.total for item in TILL_ITEMS), Decimal(0))
    y += 2
    for label, amount in (
        ("TOTAL", f"£{money(total)}"),
        ("Includes VAT", f"£{money((total / 6).quantize(Decimal('0.01')))}"),
        ("Visa Debit", f"£{money(total)}"),
    ):
        courier(5, label)
        courier(75, amount, right=True)
        y += 6
    courier(5, "Paid 09/04/2026 with thanks")
    y += 6
    courier(5, "AUTH 118403   TID ****2210")


def _courier(sheet: Sheet, x: float, y: float, words: str, right: bool) -> None:
    sheet.canvas.setFont("Courier", 9)
    sheet.canvas.setFillColor(INK)
    draw = sheet.canvas.drawRightString if right else sheet.canvas.drawString
    draw(x * mm, sheet.height - y * mm, words)


# --- from drawings to files -------------------------------------------------------------------------------------------


def make_pdf(pages: Sequence[Callable[[Sheet], None]], size: tuple[float, float]) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=size, invariant=1, pageCompression=0)
    canvas.setTitle("Sample")
    for draw in pages:
        draw(Sheet(canvas, size))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def render(pdf: bytes, page: int = 0) -> np.ndarray:
    return np.asarray(pdfium.PdfDocument(pdf)[page].render(scale=DPI / 72, rev_byteorder=True).to_pil().convert("RGB"))


def scan(pixels: np.ndarray, seed: int, degrees: float = 0.45) -> Image.Image:
    """A flatbed scan in grey: a little turned, soft, with the paper's tone and the sensor's noise."""
    generator = np.random.default_rng(seed)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    grey = cv2.warpAffine(grey, turn, (width, height), borderValue=255, flags=cv2.INTER_CUBIC)
    soft = cv2.GaussianBlur(grey, (0, 0), 0.9).astype(np.float32)
    tone = 18 + soft * (236 - 18) / 255
    shade = np.linspace(1.0, 0.965, width, dtype=np.float32)[None, :]
    noisy = tone * shade + generator.normal(0, 4.0, tone.shape).astype(np.float32)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def photograph(pixels: np.ndarray, seed: int) -> Image.Image:
    """A telephone's picture of the page on a table: in perspective, warm, with a shadow."""
    generator = np.random.default_rng(seed)
    height, width = pixels.shape[:2]
    table = (int(width * 1.12), int(height * 1.1))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    onto = np.array([[0.07, 0.05], [0.95, 0.035], [0.97, 0.965], [0.04, 0.95]], dtype=np.float32) * np.array(
        table, dtype=np.float32
    )
    wood = np.full((table[1], table[0], 3), (96, 74, 58), dtype=np.uint8)
    matrix = cv2.getPerspectiveTransform(corners, onto)
    paper = cv2.warpPerspective(pixels, matrix, table, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, table)
    picture = np.where(mask[:, :, None] > 127, paper, wood).astype(np.float32)
    light = np.linspace(1.02, 0.74, table[0], dtype=np.float32)[None, :, None]
    warm = np.array([1.0, 0.97, 0.9], dtype=np.float32)
    noise = generator.normal(0, 3, picture.shape).astype(np.float32)
    picture = cv2.GaussianBlur(picture, (0, 0), 1.1).astype(np.float32) * light * warm + noise
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def save(name: str, content: bytes | Image.Image | Sequence[Image.Image]) -> Path:
    path = FOLDER / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, Image.Image):
        content.save(path, dpi=(DPI, DPI), quality=72)
    else:
        content[0].save(path, save_all=True, append_images=list(content[1:]), compression="tiff_lzw", dpi=(DPI, DPI))
    return path


def expect(name: str, kind: str, fields: dict[str, str], items: Sequence[Item], **extra: Any) -> None:
    """NAME.expected.json beside the document: what is printed on it."""
    key = "deliveredItems" if kind == "delivery_note" else "lineItems"
    lines: list[dict[str, str]] = []
    for item in items:
        line = {"description": item.name, "quantity": item.quantity}
        if kind != "delivery_note":
            line |= {"unitPrice": item.price, "totalPrice": str(item.total)}
        lines.append(line | ({"sku": item.sku, "uom": item.unit} if item.sku else {}))
    row = {"id": Path(name).stem, "file": name, "set": "samples", "kind": kind, "fields": fields, key: lines} | extra
    (FOLDER / f"{name}.expected.json").write_text(
        json.dumps(row, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def vet_fields(number: str, items: Sequence[Item], paid: Decimal, client: str) -> dict[str, str]:
    net = sum((item.total for item in items), Decimal(0))
    total = net + VET_TAX
    return VET | {
        "invoiceNumber": number,
        "customer": client,
        "subtotal": str(net),
        "taxAmount": str(VET_TAX),
        "totalAmount": str(total),
        "balanceDue": str(total - paid),
        "amountPaid": str(paid),
    }


def vet_record(paid: Decimal) -> dict[str, Any]:
    """The same invoice as the practice's own system exports it."""
    fields = vet_fields(VET["invoiceNumber"], VET_ITEMS, paid, VET["customer"])
    return {
        "invoiceNumber": fields["invoiceNumber"],
        "invoiceDate": fields["invoiceDate"],
        "dueDate": fields["dueDate"],
        "currency": "USD",
        "subtotal": fields["subtotal"],
        "taxTotal": fields["taxAmount"],
        "total": fields["totalAmount"],
        "practice": {
            "id": "juniper-1",
            "name": VET["supplier"],
            "phone": "(208) 555-0142",
            "email": "frontdesk@juniperhollow.example.com",
        },
        "customer": {
            "id": "C-1001",
            "name": "Dana Whitfield",
            "email": "dana.whitfield@example.com",
            "phone": "(208) 555-0188",
        },
        "lineItems": [
            {
                "description": i.name,
                "quantity": i.quantity,
                "unitPrice": i.price,
                "totalPrice": str(i.total),
                "category": "Services",
                "sourceId": str(n),
            }
            for n, i in enumerate(VET_ITEMS, start=1)
        ],
        "payments": [
            {"date": "2026-03-12", "amount": str(paid), "method": "Visa", "status": "COMPLETED", "sourceId": "p-1"}
        ],
        "meta": {"sourceId": "juniper-20931"},
    }


def supplier_fields() -> dict[str, str]:
    total = sum((item.total for item in SUPPLIER_ITEMS), Decimal(0))
    return {
        "invoiceNumber": "WP-55218",
        "invoiceDate": "2026-02-18",
        "totalAmount": str(total),
        "currency": "GBP",
        "supplier": "Wrenfield Provisions Ltd",
        "deliveryNoteNumber": "DN-70344",
        "orderNumber": "PO-8812",
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    paid = Decimal("200.00")
    vet = make_pdf([lambda s: draw_vet_invoice(s, "INV-20931", "Dana Whitfield", VET_ITEMS, paid)], LETTER)
    save("vet-invoice.jpg", scan(render(vet), SEED))
    expect("vet-invoice.jpg", "invoice", vet_fields("INV-20931", VET_ITEMS, paid, "Dana Whitfield"), VET_ITEMS)
    (FOLDER / "vet-invoice.pims.json").write_text(json.dumps(vet_record(paid), indent=1) + "\n")

    other = VET_ITEMS[:3]
    unknown = make_pdf([lambda s: draw_vet_invoice(s, "INV-20977", "Dana Whitfield", other, Decimal(0))], LETTER)
    save("vet-invoice-unknown.jpg", scan(render(unknown), SEED + 1, degrees=-0.6))
    fields = vet_fields("INV-20977", other, Decimal(0), "Dana Whitfield")
    expect("vet-invoice-unknown.jpg", "invoice", fields, other)
    save("vet-invoice-photo.jpg", photograph(render(unknown), SEED + 2))
    expect("vet-invoice-photo.jpg", "invoice", fields, other)

    invoice = make_pdf([draw_supplier_invoice], A4)
    note = make_pdf([draw_delivery_note], A4)
    save("supplier-invoice.pdf", invoice)
    expect("supplier-invoice.pdf", "invoice", supplier_fields(), SUPPLIER_ITEMS)
    save("delivery-note.pdf", note)
    delivered = [Item(i.name, "7" if i.sku == "DY4051" else i.quantity, i.price, i.sku, i.unit) for i in SUPPLIER_ITEMS]
    note_fields = {
        "deliveryNoteNumber": "DN-70344",
        "orderNumber": "PO-8812",
        "supplier": "Wrenfield Provisions Ltd",
        "venue": "The Mill House Hotel",
    }
    expect("delivery-note.pdf", "delivery_note", note_fields, delivered)
    save(
        "two-pages.tif",
        [scan(render(invoice), SEED + 3, 0.2).convert("1"), scan(render(note), SEED + 4, -0.3).convert("1")],
    )
    batch = make_pdf(
        [draw_supplier_invoice, draw_delivery_note, lambda s: draw_supplier_invoice(s, "WP-55301", "DN-70399")], A4
    )
    save("batch.pdf", batch)
    till = make_pdf([draw_till_receipt], (80 * mm, 130 * mm))
    save("till-receipt.jpg", scan(render(till), SEED + 5, 0.8))
    total = sum((item.total for item in TILL_ITEMS), Decimal(0))
    till_fields = {
        "invoiceNumber": "0081446",
        "invoiceDate": "2026-04-09",
        "totalAmount": str(total),
        "currency": "GBP",
        "supplier": "Bracken Vets",
    }
    expect("till-receipt.jpg", "invoice", till_fields, TILL_ITEMS)


if __name__ == "__main__":
    main()
