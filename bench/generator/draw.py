"""Draws what a document says: who sells what to whom, when, and what it comes to. No words of layouts, no looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from bench.generator.catalogue import Country, Goods, Layout, Place, countries, goods, names, words_of

CENT = Decimal("0.01")
FIRST_DAY, LAST_DAY = date(2023, 1, 2), date(2026, 9, 30)
PRICE_LEVEL = {"US": "1.35", "AU": "1.75", "NZ": "1.9", "IN": "38", "CH": "1.5", "MY": "2.2"}
"""What the catalogue's prices are multiplied by in a country."""
COUNTER_TRADES = ("shop", "hardware", "restaurant")
"""Who sells over a counter, a few of each."""
PRIVATE_TRADES = ("vet", "lodging", "dental")
"""Whose customers are people."""
SERVICE_TRADES = (
    *("cloud", "telecom", "energy", "software", "consulting", "freight", "domains", "events", "maintenance"),
    *("lodging", "dental", "webshop"),
)
METERED = {
    "kWh": (180, 2600),
    "kVArh": (40, 300),
    "kVA": (6, 40),
    "kW": (3, 15),
    "GB": (12, 640),
    "GB-month": (20, 900),
    "vCPU-h": (372, 2976),
    "min": (9, 240),
    "days": (28, 31),
    "mesi": (2, 2),
    "mois": (1, 1),
    "ft": (8, 40),
}
"""How much is used of what a meter counts, from and to."""
HOURS = ("hrs", "Std.")
"""Units that are sold in quarters."""
FREE_BELOW = Decimal(35)
"""Only small things are given away, in the catalogue's prices."""
NUMBER_SHAPES = {
    "en": (
        "INV-#####",
        "######",
        "#####",
        "SI######",
        "INV#####",
        "##-#####",
        "A#####",
        "1#####/1",
        "SIN0#####",
        "#-####",
    ),
    "de": ("RE-{y}-####", "{y}#####", "RE######", "######", "R{yy}-#####", "{yy}/####", "10######", "AR-#####"),
    "fr": ("FA{yy}####", "F{y}-####", "FC######", "{y}/####", "FAC#####", "######"),
    "nl": ("{y}####", "F{yy}-####", "VF######", "{y}.####", "######", "{yy}70####"),
    "es": ("F{yy}/####", "{y}-####", "FV-#####", "A/####", "FAC{yy}#####", "######"),
    "it": ("####/{y}", "{yy}/####", "FT-#####", "###/A", "#####", "V1-####"),
}
NOTE_SHAPES = ("DN######", "D-#####", "######", "8#######", "LS{yy}-####", "DEL####", "#####/##", "N{yy}#####")
LETTERS = "ABCDEFGHKLMPRSTVW"
ORDER_SHAPES = ("PO-#####", "PO####", "45000#####", "#####", "WEB######", "{yy}-####", "B-####", "TEL", "K#####")


@dataclass(frozen=True, slots=True)
class Party:
    """A business or a person. `printed` is the name as this document writes it."""

    name: str
    place: Place
    printed: str = ""
    first: str = ""
    last: str = ""
    phone: str = ""
    email: str = ""
    web: str = ""
    tax_id: str = ""
    attention: str = ""


@dataclass(slots=True)
class Line:
    description: str
    quantity: Decimal
    price: Decimal
    total: Decimal
    rate: Decimal
    sku: str = ""
    unit: str = ""
    category: str = ""
    patient: str = ""
    discount: Decimal = Decimal(0)
    ordered: Decimal | None = None
    day: date | None = None
    staff: str = ""
    notes: Sequence[str] = ()

    @property
    def list_total(self) -> Decimal:
        """Before discount."""
        return self.total + self.discount


@dataclass(frozen=True, slots=True)
class Payment:
    day: date
    amount: Decimal
    method: str


@dataclass(frozen=True, slots=True)
class TaxRow:
    rate: Decimal
    base: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Patient:
    name: str
    species: str
    breed: str
    chip: str
    weight: str
    identity: str
    age: str


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A line of a statement of account."""

    day: date
    kind: str
    number: str
    amount: Decimal
    balance: Decimal


@dataclass(slots=True)
class Paper:
    """What a document says. Amounts of a credit note are positive here; the printing gives them their sign."""

    kind: str
    trade: str
    country: Country
    basis: str
    supplier: Party
    customer: Party
    venue: Party | None
    number: str
    day: date
    due: date | None
    days: int
    delivery_day: date | None
    order: str
    note_numbers: Sequence[str]
    lines: list[Line]
    taxes: Sequence[TaxRow]
    net: Decimal
    tax: Decimal
    total: Decimal
    allowance: Decimal
    previous: Decimal | None
    payments: Sequence[Payment]
    patients: Sequence[Patient]
    numbers: Mapping[str, str]
    printed_day: date
    reminders: Sequence[tuple[str, date]]
    open_items: Sequence[OpenItem] = ()
    invoice_ref: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def paid(self) -> Decimal:
        return sum((p.amount for p in self.payments), Decimal(0))

    @property
    def balance(self) -> Decimal:
        return self.total + (self.previous or 0) - self.paid


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def fill(shape: str, random: Random, day: date | None = None) -> str:
    """A shape with its # made digits (the first of them no zero), ? letters, and {y}, {yy} the year."""
    day = day or FIRST_DAY
    text = shape.replace("{yy}", f"{day.year % 100:02}").replace("{y}", str(day.year))
    digits = iter([str(random.randint(1, 9)), *(str(random.randint(0, 9)) for _ in range(text.count("#")))])
    return "".join(next(digits) if c == "#" else random.choice(LETTERS) if c == "?" else c for c in text)


class Draw:
    """Draws papers for a layout; everything comes from `random`."""

    def __init__(self, layout: Layout, random: Random, country: str = "", kind: str = "") -> None:
        self.layout, self.random = layout, random
        self.country = countries()[country or random.choice(layout.countries)]
        self.kind = kind or random.choice(layout.kinds)
        self.trade = random.choice(layout.trades)
        self.words = {**names()[self.country.language], **names().get(self.country.code, {})}

    def may(self, feature: str, chance: float = 1.0) -> bool:
        """Whether the layout has a place for something, and this paper uses it."""
        return feature in self.layout.has and self.random.random() < chance

    def paper(self, supplier: Party | None = None, customer: Party | None = None) -> Paper:
        random = self.random
        supplier = supplier or self.business(self.trade)
        day = FIRST_DAY + timedelta(days=random.randrange((LAST_DAY - FIRST_DAY).days))
        is_vet = self.trade == "vet"
        customer = customer or (self.person() if self.trade in PRIVATE_TRADES else self.business("venues"))
        venue = self.business("venues") if self.may("venue", 0.6) else None
        if venue is not None and random.random() < 0.7:
            customer = self.business("groups")
        basis = random.choice(self.layout.basis)
        patients = [self.patient() for _ in range(random.choice((1, 1, 1, 2)))] if is_vet else []
        lines = self.lines(basis, day, patients)
        taxes, net, tax, total, allowance = self.sums(lines, basis)
        days = random.choice((7, 14, 14, 21, 28, 30, 30, 45))
        previous = cents(Decimal(random.randint(800, 30000)) / 100) if self.may("previous", 0.4) else None
        if self.kind == "credit_note":
            previous = None
        paper = Paper(
            kind=self.kind,
            trade=self.trade,
            country=self.country,
            basis=basis,
            supplier=supplier,
            customer=customer,
            venue=venue,
            number=self.number(day),
            day=day,
            due=day + timedelta(days=days) if self.may("due", 0.8) else None,
            days=days,
            delivery_day=day - timedelta(days=random.choice((0, 0, 1, 1, 2, 3)))
            if self.may("delivery_date", 0.8)
            else None,
            order=fill(random.choice(ORDER_SHAPES), random, day) if self.may("order", 0.75) else "",
            note_numbers=self.note_numbers(day),
            lines=lines,
            taxes=taxes,
            net=net,
            tax=tax,
            total=total,
            allowance=allowance,
            previous=previous,
            payments=(),
            patients=patients,
            numbers=self.traps(day),
            printed_day=day + timedelta(days=random.choice((0, 1, 2, 9))),
            reminders=self.reminders(day),
        )
        paper.payments = self.payments(paper)
        if self.kind == "statement":
            paper.open_items = self.open_items(day)
        if self.kind == "credit_note":
            paper.invoice_ref = self.number(day - timedelta(days=12))
        return paper

    # --- who -------------------------------------------------------------------------------------------------------

    def business(self, trade: str) -> Party:
        random, words = self.random, self.words
        place = random.choice(self.country.places)
        parts = {"place": place.city, "person": random.choice(words["last"]), "person2": random.choice(words["last"])}
        name = random.choice(words[trade]).format(hill=random.choice(words["hills"]), **parts)
        slug = "".join(c for c in name.casefold() if c.isascii() and c.isalnum())[:18]
        domain = f"{slug}.example.{random.choice(('com', 'com', 'net', 'org'))}"
        mailbox = random.choice(("info", "office", "accounts", "sales", "orders", "hello"))
        attention = f"{random.choice(words['first'])} {random.choice(words['last'])}" if random.random() < 0.3 else ""
        return Party(
            name=name,
            place=place,
            printed=name,
            phone=fill(random.choice(self.country.phone), random),
            email=f"{mailbox}@{domain}",
            web=f"www.{domain}",
            tax_id=fill(random.choice(self.country.tax_id), random),
            attention=attention,
        )

    def person(self) -> Party:
        random, words = self.random, self.words
        first, last, title = (random.choice(words[key]) for key in ("first", "last", "titles"))
        shapes = [
            "{first} {last}",
            "{first} {last}",
            "{title} {first} {last}",
            "{last}, {first}",
            "{title} {initial} {last}",
        ]
        printed = random.choice(shapes).format(first=first, last=last, title=title, initial=first[0])
        has_first = first in printed
        return Party(
            name=printed,
            place=random.choice(self.country.places),
            printed=printed,
            first=first if has_first else "",
            last=last,
            phone=fill(random.choice(self.country.phone), random),
        )

    def patient(self) -> Patient:
        random, words = self.random, self.words
        name, species, breed = (random.choice(words[key]) for key in ("pets", "species", "breeds"))
        age = f"{random.randint(0, 14)}y {random.randint(0, 11)}m"
        chip = fill("9##0###########", random)
        return Patient(
            name, species, breed, chip, f"{random.randint(2, 45)}.{random.randint(0, 9)} kg", fill("#####", random), age
        )

    # --- what ------------------------------------------------------------------------------------------------------

    def lines(self, basis: str, day: date, patients: Sequence[Patient]) -> list[Line]:
        random = self.random
        stock = goods()[self.country.language][self.trade]
        low, high = self.layout.lines
        count = min(random.randint(low, high), len(stock) + 2)
        chosen = random.sample(stock, min(count, len(stock)))
        chosen += random.choices(stock, k=count - len(chosen))
        sku_shape = random.choice(("######", "#####", "??##", "?####", "##-###", "#######", "???###"))
        lines = [self.line(goods_, basis, sku_shape) for goods_ in chosen]
        if "groups" in self.layout.has:
            lines.sort(key=lambda line: line.category)
        for position, line in enumerate(lines):
            if patients:
                line.patient = patients[position * len(patients) // len(lines)].name
            line.day = day - timedelta(days=self.random.choice((0, 0, 0, 1, 2))) if self.trade == "vet" else day
            line.staff = random.choice(("JW", "KB", "MRS", "AO", "TH"))
        if self.may("dated"):
            lines.sort(key=lambda line: (line.patient, line.day))
        if self.trade == "drinks" and self.kind != "credit_note" and self.may("deposits", 0.5):
            lines += self.deposits(basis)
        return lines

    def line(self, stock: Goods, basis: str, sku_shape: str) -> Line:
        random = self.random
        rate = self.country.tax[stock.tax_class]
        price = stock.price * Decimal(PRICE_LEVEL.get(self.country.code, "1")) * Decimal(random.randint(90, 118)) / 100
        if basis == "gross":
            price *= 1 + rate / 100
        price = cents(price)
        if self.country.code == "CH" and price > 1:
            price = (price * 20).quantize(Decimal(1)) / 20
            price = cents(price)
        if stock.price < FREE_BELOW and self.may("free", 0.15):
            price = Decimal("0.00")
        quantity = self.quantity(stock)
        total = cents(price * quantity)
        discount = Decimal(0)
        if self.may("discount", 0.18):
            discount = cents(total * random.choice((5, 10, 15, 20)) / 100)
        sku = fill("".join(random.choice(LETTERS) if c == "?" else c for c in sku_shape), random)
        notes = self.notes(stock) if self.may("notes", 0.25) else ()
        ordered = quantity
        if self.kind == "delivery_note" and random.random() < 0.15 and quantity > 1:
            ordered = quantity + random.randint(1, 3)
        return Line(
            description=stock.description,
            quantity=quantity,
            price=price,
            total=total - discount,
            rate=rate,
            sku=sku,
            unit=stock.unit,
            category=stock.group,
            discount=discount,
            ordered=ordered,
            notes=notes,
        )

    def quantity(self, stock: Goods) -> Decimal:
        random = self.random
        if stock.unit in METERED:
            return Decimal(random.randint(*METERED[stock.unit]))
        if stock.unit in HOURS:
            return Decimal(random.randint(2, 50)) / 4
        if stock.unit in ("kg", "ml", "L", "l"):
            return Decimal(random.randint(12, 900 if stock.unit == "kg" else 300)).scaleb(-2).quantize(CENT)
        if self.trade == "laundry":
            return Decimal(random.choice((10, 20, 25, 40, 60, 80, 120)))
        if stock.unit in ("tab", "cap", "tabl", "comp", "cpr", "cp"):
            return Decimal(random.choice((5, 7, 10, 14, 20, 28, 30, 60)))
        if stock.price < 1:
            return Decimal(random.choice((6, 10, 12, 20, 24, 48)))
        if self.trade in SERVICE_TRADES:
            return Decimal(random.choice((1, 1, 1, 1, 1, 2, 2, 3, 5, 8, 12)))
        if self.trade in ("vet", *COUNTER_TRADES):
            return Decimal(random.choice((1, 1, 1, 1, 1, 2, 3)))
        return Decimal(random.choice((1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12)))

    def notes(self, stock: Goods) -> Sequence[str]:
        random = self.random
        batch = fill("#####?".replace("?", random.choice("ABK")), random)
        month = f"{random.randint(1, 12):02}/{random.randint(26, 29)}"
        choice = {
            "en": (
                f"Batch {batch} Exp {month}",
                "Give 1 tablet twice daily with food",
                "as discussed by phone",
                "origin: ES class 1",
            ),
            "de": (
                f"Ch.-B. {batch} verw. bis {month}",
                "2-facher Satz GOT",
                "Herkunft: Spanien Kl. I",
                "MHD siehe Packung",
            ),
            "fr": (f"Lot {batch} - DLC {month}", "1 comprimé matin et soir", "Origine France cat. 1"),
            "nl": (f"Lotnr. {batch} THT {month}", "2x daags 1 tablet", "Herkomst Nederland"),
            "es": (f"Lote {batch} Cad. {month}", "1 comprimido cada 12 h", "Origen: España"),
            "it": (f"Lotto {batch} Scad. {month}", "1 compressa ogni 12 ore", "Origine: Italia cat. I"),
        }[self.country.language]
        return (random.choice(choice[:2] if stock.tax_class in ("vet", "standard") else choice[2:]),)

    def deposits(self, basis: str) -> list[Line]:
        random = self.random
        charged, returned = {
            "en": ("Container Deposit Charged", "Container Deposit - Empties Returned"),
            "de": ("Pfand Kasten/Fass", "Leergut Rücknahme"),
            "fr": ("Consigne fûts", "Déconsigne fûts"),
            "nl": ("Statiegeld fust", "Retour emballage"),
            "es": ("Envases", "Devolución envases"),
            "it": ("Cauzione fusti", "Reso vuoti"),
        }[self.country.language]
        price = Decimal(random.choice(("3.10", "30.00", "4.50", "1.50")))
        rate = self.country.tax["deposit"]
        if basis == "gross":
            price = cents(price * (1 + rate / 100))
        out = []
        for name, quantity in ((charged, random.randint(2, 9)), (returned, -random.randint(1, 8))):
            if quantity > 0 or random.random() < 0.6:
                amount = Decimal(quantity)
                out.append(Line(name, amount, price, cents(price * amount), rate, sku="DEP", unit="", ordered=amount))
        return out

    def sums(self, lines: Sequence[Line], basis: str) -> tuple[list[TaxRow], Decimal, Decimal, Decimal, Decimal]:
        """Tax by rate, then net, tax, gross and the discount on the whole document (of the lines' kind of price)."""
        whole = sum((line.total for line in lines), Decimal(0))
        allowance = (
            cents(whole * self.random.choice((2, 3, 5, 10)) / 100) if self.may("allowance", 0.35) else Decimal(0)
        )
        share = (whole - allowance) / whole if whole else Decimal(1)
        rows = []
        for rate in sorted({line.rate for line in lines}, reverse=True):
            amount = cents(sum((line.total for line in lines if line.rate == rate), Decimal(0)) * share)
            if basis == "net":
                rows.append(TaxRow(rate, amount, cents(amount * rate / 100)))
            else:
                tax = cents(amount * rate / (100 + rate))
                rows.append(TaxRow(rate, amount - tax, tax))
        tax = sum((row.amount for row in rows), Decimal(0))
        if basis == "net":
            net = whole - allowance
            total = net + tax
        else:
            total = whole - allowance
            net = total - tax
        return rows, net, tax, total, allowance

    def payments(self, paper: Paper) -> Sequence[Payment]:
        if paper.previous is not None and self.may("settled", 0.8):
            when = paper.day - timedelta(days=self.random.randint(8, 22))
            return (Payment(when, paper.previous, self.random.choice(words_of(paper.country, "method"))),)
        if paper.kind == "credit_note" or not self.may("payments", 0.65):
            return ()
        random = self.random
        methods = words_of(paper.country, "method")
        owed = paper.total + (paper.previous or 0)
        if random.random() < 0.6:
            return (Payment(paper.day, owed, random.choice(methods)),)
        part = cents(owed * random.choice((20, 30, 50, 60)) / 100)
        if random.random() < 0.5:
            return (Payment(paper.day, part, random.choice(methods)),)
        return (
            Payment(paper.day - timedelta(days=random.choice((1, 2, 6))), part, random.choice(methods)),
            Payment(paper.day, owed - part, random.choice(methods)),
        )

    # --- numbers and days that are not the document's own ------------------------------------------------------------

    def number(self, day: date) -> str:
        if self.kind == "delivery_note":
            return fill(self.random.choice(self.layout.numbers or NOTE_SHAPES), self.random, day)
        text = fill(self.random.choice(self.layout.numbers or NUMBER_SHAPES[self.country.language]), self.random, day)
        return text.replace("INV", "CN").replace("RE", "GS") if self.kind == "credit_note" else text

    def note_numbers(self, day: date) -> Sequence[str]:
        if self.kind == "delivery_note" or not self.may("delivery_note", 0.6):
            return ()
        shape = self.random.choice(NOTE_SHAPES)
        return tuple(fill(shape, self.random, day) for _ in range(self.random.choice((1, 1, 1, 1, 2))))

    def traps(self, day: date) -> Mapping[str, str]:
        random = self.random
        account = random.choice(("#####", "?????##", "D####", "1####", "C-####"))
        letters = "".join(random.choice("ABCDEGHLMRST") if c == "?" else c for c in account)
        return {
            "account": fill(letters, random),
            "client": fill("#####", random),
            "our_order": fill("7#####", random),
            "till": fill("0#", random),
            "transaction": fill("####", random),
            "auth": fill("######", random),
            "estimate": fill("E####", random),
            "route": fill("R#", random),
            "company": fill("0#######", random),
            "iban": self.country.code + fill("## #### #### #### ####", random),
            "case": fill("####-##", random),
            "sort": fill("##-##-##", random),
            "bank_account": fill("########", random),
            "statement": fill("ST####", random),
        }

    def reminders(self, day: date) -> Sequence[tuple[str, date]]:
        items = self.random.sample(list(words_of(self.country, "reminder_items")), 2)
        return [(item, day + timedelta(days=self.random.randint(30, 380))) for item in items]

    def open_items(self, day: date) -> Sequence[OpenItem]:
        random, items, balance = self.random, [], Decimal(0)
        when = day - timedelta(days=random.randint(40, 80))
        for _ in range(random.randint(4, 11)):
            is_payment = balance > 0 and random.random() < 0.3
            amount = -balance if is_payment else cents(Decimal(random.randint(2000, 90000)) / 100)
            balance += amount
            number = fill("PMT###" if is_payment else random.choice(NUMBER_SHAPES[self.country.language]), random, when)
            items.append(OpenItem(when, "payment" if is_payment else "invoice", number, amount, balance))
            when += timedelta(days=random.randint(1, 7))
        return items
