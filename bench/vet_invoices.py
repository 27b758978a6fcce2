"""Honest vet invoices beside the practice system's records of them, for the bench of alterations.

Names are invented. A sheet is drawn from a `Paper` (what is printed) in one of several styles; the record is made from
the same paper the way practice systems keep it: other wordings, another order, prices with tax or without, payments
that came later. Nothing here knows how documents are read.
"""

import io
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

CENT = Decimal("0.01")
INK, SOFT, RULE, TINT = HexColor("#1b2322"), HexColor("#5a6664"), HexColor("#aab7b5"), HexColor("#e8eeed")

# What is printed, what practice systems call it, a price without tax.
ARTICLES = (
    ("Consultation", "Consult - std", "52.00"),
    ("Re-examination", "Recheck exam", "34.50"),
    ("Emergency consultation, out of hours", "Emergency consult OOH", "145.00"),
    ("Vaccination DHPPi + L4", "Vacc DHPPi/L4", "48.75"),
    ("Rabies vaccination 3 years", "Rabies vaccine 3yr", "41.20"),
    ("Dental scale and polish", "Dental prophy", "265.00"),
    ("Extraction, single-rooted tooth", "Extraction single root", "54.25"),
    ("General anaesthesia, up to 60 minutes", "GA 0-60 min", "128.40"),
    ("Digital radiograph, two views", "Radiographs x2", "174.90"),
    ("Abdominal ultrasound scan", "Ultrasound abdomen", "198.00"),
    ("Complete blood count", "CBC in-house", "46.35"),
    ("Biochemistry profile", "Chem profile", "71.80"),
    ("Urinalysis with sediment", "Urinalysis", "38.15"),
    ("Meloxicam oral suspension 32 ml", "Meloxicam susp 32ml", "27.80"),
    ("Amoxicillin/clavulanate 250 mg tablets", "Amoxyclav 250mg tab", "1.45"),
    ("Prednisolone 5 mg tablets", "Pred 5mg tabs", "0.62"),
    ("Maropitant injection", "Maropitant inj", "36.90"),
    ("Intravenous fluids, first litre", "IV fluids 1L", "63.70"),
    ("Hospitalisation, per day", "Hospital day rate", "88.00"),
    ("Wound dressing", "Dressing wound", "22.30"),
    ("Recovery collar, medium", "E-collar M", "13.95"),
    ("Microchip implantation", "Microchip", "29.00"),
    ("Nail clip", "Nail trim", "16.50"),
    ("Flea and tick chew 10-25 kg", "Flea/tick chew 10-25kg", "21.15"),
    ("Ear cleaner 100 ml", "Ear cleaner 100ml", "14.85"),
    ("Gastrointestinal diet 2 kg", "GI diet dry 2kg", "26.40"),
    ("Histopathology, one site", "Histology 1 site", "119.60"),
    ("Suture removal", "Suture removal", "18.25"),
)
FIRST = ("Dana", "Robert", "Aroha", "Priya", "Sam", "Maeve", "Oliver", "Ingrid", "Tomas", "Grace", "Hamish", "Leila")
LAST = ("Whitfield", "Okafor", "Lindqvist", "Harrow", "Petrov", "Delaney", "Castellan", "Ashworth", "Moreau", "Tanaka")
PETS = ("Biscuit", "Juno", "Marble", "Pepper", "Otis", "Willow", "Ziggy", "Clementine")
PRACTICES = (
    "Juniper Hollow Animal Clinic",
    "Bracken Lane Veterinary Centre",
    "Harbour Street Vets",
    "Tall Pines Animal Hospital",
    "Millrace Veterinary Surgery",
    "Kauri Point Vet Clinic",
    "Saltmarsh Pet Hospital",
    "Copperfield Small Animal Practice",
)
STREETS = ("Larkspur Avenue", "Tannery Lane", "Quarry Street", "Weir Road", "Orchard Close", "Station Parade")


@dataclass(frozen=True, slots=True)
class Region:
    """currency, its mark, how days are written, what tax is called and its percent, places."""

    currency: str
    mark: str
    days: Sequence[str]
    tax: str
    rate: Decimal
    places: Sequence[str]
    size: tuple[float, float]
    phone: str


REGIONS = (
    Region(
        "USD",
        "$",
        ("%m/%d/%Y", "%b %d, %Y"),
        "Sales Tax",
        Decimal("7.25"),
        ("Boise, ID 83702",),
        LETTER,
        "(208) 555-01",
    ),
    Region(
        "GBP", "£", ("%d/%m/%Y", "%d %B %Y", "%d-%b-%Y"), "VAT", Decimal(20), ("Hexham NE46 2DA",), A4, "01632 9601"
    ),
    Region("NZD", "$", ("%d/%m/%Y", "%d %b %Y"), "GST", Decimal(15), ("Devonport, Auckland 0624",), A4, "09 555 01"),
    Region("AUD", "$", ("%d/%m/%Y", "%d %b %Y"), "GST", Decimal(10), ("Fremantle WA 6160",), A4, "08 5550 01"),
    Region("EUR", "€", ("%d/%m/%Y", "%d.%m.%Y"), "VAT", Decimal(23), ("Galway H91 X0AB",), A4, "091 555 01"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A printed line. amount: without tax. price: as printed, with tax where the paper's prices have it."""

    name: str
    recorded_name: str
    quantity: int
    price: Decimal
    amount: Decimal
    tax: Decimal

    @property
    def gross(self) -> Decimal:
        return self.amount + self.tax


@dataclass(frozen=True, slots=True)
class Paper:
    """What an invoice prints, as values; `texts` overrides the text of a key, as a forger does."""

    number: str
    issued: date
    due: date
    customer: str
    customer_id: str
    practice: str
    street: str
    pet: str
    region: Region
    day_format: str
    shows_tax_inside: bool
    rows: tuple[Row, ...]
    total: Decimal
    tax: Decimal
    paid: Decimal
    style: str
    texts: Mapping[str, str]

    @property
    def net(self) -> Decimal:
        return self.total - self.tax

    def day(self, day: date) -> str:
        return day.strftime(self.day_format)

    def money(self, amount: Decimal) -> str:
        return f"{self.region.mark}{amount:,.2f}"


def make_paper(chance: random.Random, index: int) -> Paper:
    region = chance.choice(REGIONS)
    inside = region.currency != "USD" and chance.random() < 0.5
    rows = tuple(
        make_row(chance, article, region.rate, inside) for article in chance.sample(ARTICLES, chance.randint(2, 9))
    )
    tax = sum((row.tax for row in rows), Decimal(0))
    total = sum((row.gross for row in rows), Decimal(0))
    issued = date(2026, 1, 5) + timedelta(days=chance.randrange(250))
    number = chance.choice(("INV-{}", "{}", "VC{}", "2026/{}", "A-{}")).format(chance.randint(20_000, 899_999))
    style = list(STYLES)[index % len(STYLES)]
    return Paper(
        number=number,
        issued=issued,
        due=issued + timedelta(days=chance.choice((7, 14, 30))),
        customer=f"{chance.choice(FIRST)} {chance.choice(LAST)}",
        customer_id=f"C-{1000 + index}",
        practice=PRACTICES[(index * 3 + index // 8) % len(PRACTICES)],
        street=f"{chance.randint(2, 199)} {chance.choice(STREETS)}",
        pet=chance.choice(PETS),
        region=region,
        day_format=chance.choice(region.days),
        shows_tax_inside=inside,
        rows=rows,
        total=total,
        tax=tax,
        paid=chance.choice((Decimal(0), total, Decimal("50.00") if total > 60 else Decimal(0))),
        style=style,
        texts={},
    )


def make_row(chance: random.Random, article: tuple[str, str, str], rate: Decimal, inside: bool) -> Row:
    name, recorded, price = article
    net_price = Decimal(price)
    quantity = chance.choice((7, 10, 14, 21, 28)) if net_price < 2 else chance.choice((1, 1, 1, 1, 2, 3))
    net = net_price * quantity
    tax = (net * rate / 100).quantize(CENT)
    if not inside:
        return Row(name, recorded, quantity, net_price, net, tax)
    shown = (net_price * (1 + rate / 100)).quantize(CENT)
    gross = shown * quantity
    tax = (gross * rate / (100 + rate)).quantize(CENT)
    return Row(name, recorded, quantity, shown, gross - tax, tax)


# --- The record -----------------------------------------------------------------------------------------------------


def make_record(paper: Paper, chance: random.Random) -> dict[str, Any]:
    """As the practice system exports it."""
    tells_tax = chance.random() < 0.6
    lines = [
        {
            "description": row.recorded_name if chance.random() < 0.5 else row.name,
            "quantity": str(row.quantity),
            "totalPrice": str(row.gross if tells_tax or chance.random() < 0.5 else row.amount),
            **({"taxAmount": str(row.tax)} if tells_tax else {}),
            "sourceId": str(number),
        }
        for number, row in enumerate(paper.rows, start=1)
    ]
    if chance.random() < 0.5:
        chance.shuffle(lines)
    if chance.random() < 0.15:
        lines.append({"description": "Discount 0 %", "quantity": "1", "totalPrice": "0.00"})
    first, last = paper.customer.split()
    name = chance.choice(
        (paper.customer, paper.customer, f"{last}, {first}", f"{first[0]} {last}", f"Mx {paper.customer}")
    )
    paid = [{"date": paper.issued.isoformat(), "amount": str(paper.paid), "method": "Card", "status": "COMPLETED"}]
    payments = paid if paper.paid else []
    if paper.paid < paper.total and chance.random() < 0.4:  # after it was printed
        later = (paper.issued + timedelta(days=9)).isoformat()
        rest = str(paper.total - paper.paid)
        payments = [*payments, {"date": later, "amount": rest, "method": "Bank transfer", "status": "COMPLETED"}]
    return {
        "invoiceNumber": paper.number,
        "invoiceDate": paper.issued.isoformat(),
        "dueDate": paper.due.isoformat(),
        "currency": paper.region.currency,
        "subtotal": str(paper.net),
        "taxTotal": str(paper.tax),
        "total": str(paper.total),
        "practice": {"name": paper.practice},
        "customer": {"id": paper.customer_id, "name": name},
        "lineItems": lines,
        "payments": payments,
        "meta": {"sourceId": f"s-{paper.customer_id}"},
    }


# --- The sheet ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Style:
    """Where things stand (mm from the top left corner of a page 210 wide), and what they are called."""

    font: str
    head: tuple[float, str]
    title: tuple[str, float, float, str]
    facts: tuple[float, float, float]
    bill: tuple[float, float, str]
    columns: Sequence[tuple[str, str, float, str]]
    table: float
    totals: tuple[float, float]
    labels: Mapping[str, str]
    shaded: bool = False
    summary: bool = False


STYLES: Mapping[str, Style] = {
    "letter": Style(
        "Helvetica",
        (17, "left"),
        ("INVOICE", 193, 42, "right"),
        (132, 193, 52),
        (17, 46, "BILL TO"),
        (
            ("name", "Description", 17, "left"),
            ("quantity", "Qty", 128, "right"),
            ("price", "Unit Price", 160, "right"),
            ("amount", "Amount", 193, "right"),
        ),
        90,
        (132, 193),
        {
            "number": "Invoice No.",
            "issued": "Invoice Date",
            "due": "Due Date",
            "total": "Total",
            "balance": "Balance Due",
            "paid": "Paid",
        },
    ),
    "centred": Style(
        "Times-Roman",
        (105, "centre"),
        ("Tax Invoice", 105, 44, "centre"),
        (17, 80, 56),
        (125, 56, "Client"),
        (
            ("name", "Item", 17, "left"),
            ("quantity", "Quantity", 130, "right"),
            ("price", "Price", 160, "right"),
            ("amount", "Total", 193, "right"),
        ),
        96,
        (140, 193),
        {
            "number": "Invoice Number:",
            "issued": "Date:",
            "due": "Due:",
            "total": "Invoice Total",
            "balance": "Amount Due",
            "paid": "Payments",
        },
    ),
    "ledger": Style(
        "Courier",
        (17, "left"),
        ("INVOICE", 17, 48, "left"),
        (110, 193, 48),
        (17, 58, "Owner:"),
        (
            ("quantity", "Qty", 26, "right"),
            ("name", "Service / product", 32, "left"),
            ("price", "Each", 162, "right"),
            ("amount", "Ext.", 193, "right"),
        ),
        92,
        (125, 193),
        {
            "number": "Invoice #",
            "issued": "Invoice date",
            "due": "Payment due",
            "total": "TOTAL",
            "balance": "BALANCE DUE",
            "paid": "PAID",
        },
    ),
    "shaded": Style(
        "Helvetica",
        (193, "right"),
        ("Invoice", 17, 24, "left"),
        (17, 72, 38),
        (110, 44, "Invoice to"),
        (
            ("name", "Treatment", 19, "left"),
            ("quantity", "Qty", 122, "right"),
            ("price", "Rate", 156, "right"),
            ("amount", "Amount", 191, "right"),
        ),
        86,
        (135, 191),
        {
            "number": "Invoice number",
            "issued": "Issue date",
            "due": "Due date",
            "total": "Total to pay",
            "balance": "Outstanding",
            "paid": "Received",
        },
        shaded=True,
    ),
    "summary": Style(
        "Helvetica",
        (17, "left"),
        ("INVOICE SUMMARY", 193, 20, "right"),
        (130, 193, 30),
        (17, 56, "Prepared for"),
        (
            ("name", "Description", 17, "left"),
            ("price", "Unit", 132, "right"),
            ("quantity", "x", 148, "right"),
            ("amount", "Line total", 193, "right"),
        ),
        98,
        (138, 193),
        {
            "number": "Invoice ID",
            "issued": "Date of invoice",
            "due": "Please pay by",
            "total": "Grand total",
            "balance": "Amount owing",
            "paid": "Paid to date",
        },
        summary=True,
    ),
    "plain": Style(
        "Times-Roman",
        (17, "left"),
        ("TAX INVOICE", 193, 18, "right"),
        (140, 193, 26),
        (17, 50, "Account of"),
        (("quantity", "No.", 24, "right"), ("name", "Details", 30, "left"), ("amount", "Charge", 193, "right")),
        84,
        (140, 193),
        {
            "number": "Invoice",
            "issued": "Dated",
            "due": "Due by",
            "total": "Total",
            "balance": "Balance",
            "paid": "Less paid",
        },
    ),
}


class Sheet:
    """Draws a paper and remembers where each keyed text stands: {key: (left, top, right, bottom)} in mm."""

    def __init__(self, paper: Paper) -> None:
        self.paper, self.style = paper, STYLES[paper.style]
        self.buffer = io.BytesIO()
        self.canvas = Canvas(self.buffer, pagesize=paper.region.size, invariant=1)
        self.height = paper.region.size[1]
        self.boxes: dict[str, tuple[float, float, float, float]] = {}

    def text(
        self,
        key: str,
        x: float,
        y: float,
        words: str,
        align: str = "left",
        size: float = 9.5,
        *,
        bold: bool = False,
        soft: bool = False,
    ) -> None:
        words = self.paper.texts.get(key, words) if key else words
        name = self.style.font
        font = {"Times-Roman": "Times-Bold"}.get(name, f"{name}-Bold") if bold else name
        width = stringWidth(words, font, size) / mm
        left = x - {"left": 0.0, "right": width, "centre": width / 2}[align]
        self.canvas.setFillColor(SOFT if soft else INK)
        self.canvas.setFont(font, size)
        self.canvas.drawString(left * mm, self.height - y * mm, words)
        if key:
            self.boxes[key] = (left, y - size * 0.35, left + width, y + size * 0.11)

    def rule(self, y: float, left: float = 17, right: float = 193) -> None:
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.6)
        self.canvas.line(left * mm, self.height - y * mm, right * mm, self.height - y * mm)

    def draw(self) -> bytes:
        self._head()
        self._facts()
        y = self._table()
        self._totals(y)
        self.text("", 17, 262, f"Thank you for bringing {self.paper.pet} to us.", size=8.5, soft=True)
        self.canvas.save()
        return self.buffer.getvalue()

    def _head(self) -> None:
        paper, (x, align) = self.paper, self.style.head
        y = 34.0 if self.style.shaded else 18.0
        self.text("practice", x, y - 16 if self.style.shaded else y, paper.practice, align, 15, bold=True)
        top = y - 10 if self.style.shaded else y + 6
        self.text("", x, top, f"{paper.street}, {paper.region.places[0]}", align, 8.5, soft=True)
        self.text("", x, top + 4.5, f"Tel {paper.region.phone}42", align, 8.5, soft=True)
        title, tx, ty, ta = self.style.title
        self.text("", tx, ty, title, ta, 17, bold=True)

    def _facts(self) -> None:
        paper, labels = self.paper, self.style.labels
        left, right, y = self.style.facts
        facts = [("number", paper.number), ("issued", paper.day(paper.issued)), ("due", paper.day(paper.due))]
        if self.style.summary:
            facts.append(("head_balance", paper.money(paper.total - paper.paid)))
        for row, (key, value) in enumerate(facts):
            label = labels["balance"] if key == "head_balance" else labels[key]
            self.text("", left, y + 5.4 * row, label, soft=True)
            self.text(key, right, y + 5.4 * row, value, "right", bold=row == 0)
        x, y, label = self.style.bill
        self.text("", x, y, label, size=8.5, soft=True)
        self.text("customer", x, y + 5.4, paper.customer, size=10.5, bold=True)
        self.text("", x, y + 10.6, f"{17 + len(paper.customer)} {STREETS[len(paper.pet) % len(STREETS)]}")
        self.text("", x, y + 15.8, paper.region.places[0])
        self.text("", 17, self.style.table - 7, f"Patient: {paper.pet}", soft=True)

    def _table(self) -> float:
        paper, y = self.paper, self.style.table
        if self.style.shaded:
            self.canvas.setFillColor(TINT)
            self.canvas.rect(17 * mm, self.height - (y + 2.5) * mm, 176 * mm, 7.5 * mm, stroke=0, fill=1)
        for _, heading, x, align in self.style.columns:
            self.text("", x, y, heading, align, 8.5, bold=True, soft=True)
        self.rule(y + 2.5)
        for number, row in enumerate(paper.rows):
            y += 6.8
            shown = row.gross if paper.shows_tax_inside else row.amount
            price = (shown / row.quantity).quantize(CENT)
            cells = {
                "name": row.name,
                "quantity": str(row.quantity),
                "price": f"{price:,.2f}",
                "amount": f"{shown:,.2f}",
            }
            for key, _, x, align in self.style.columns:
                self.text(f"{key}{number}", x, y, cells[key], align)
        self.rule(y + 3)
        return y + 4

    def _totals(self, y: float) -> None:
        paper, labels = self.paper, self.style.labels
        left, right = self.style.totals
        rows = [
            ("net", "Subtotal", paper.net),
            ("tax", f"{paper.region.tax} {paper.region.rate.normalize():f}%", paper.tax),
        ]
        if paper.shows_tax_inside:
            rows = []
        rows.append(("total", labels["total"], paper.total))
        if paper.shows_tax_inside:
            rows.append(("tax", f"Includes {paper.region.tax}", paper.tax))
        if paper.paid:
            rows.append(("paid", f"{labels['paid']} {paper.day(paper.issued)}", -paper.paid))
        rows.append(("balance", labels["balance"], paper.total - paper.paid))
        for key, label, amount in rows:
            y += 6.2
            is_sum = key in ("total", "balance")
            sign = "-" if amount < 0 else ""
            self.text("", left, y, label, bold=is_sum)
            self.text(key, right, y, f"{sign}{paper.money(abs(amount))}", "right", bold=is_sum)


def with_texts(paper: Paper, **texts: str) -> Paper:
    return replace(paper, texts={**paper.texts, **texts})
