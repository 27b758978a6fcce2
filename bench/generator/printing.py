"""Writes a paper as a page of HTML: words, numbers and days as its country writes them, each known value marked.

A mark is a <data> element: `data-f` (field), `data-x` (what goes to `extra`) or `data-l` and `data-p` (part of a line),
with `data-v` the value. What a layout does not print has no mark, and is no truth.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from bench.generator import pictures
from bench.generator.catalogue import Country, Layout, names, words_of
from bench.generator.draw import PRIVATE_TRADES, Line, Paper, Party, Payment, TaxRow, cents

BY_KIND = {
    "number": {"credit_note": "credit_number", "delivery_note": "note_number", "receipt": "receipt_number"},
    "date": {"credit_note": "credit_date", "delivery_note": "note_date", "receipt": "receipt_date"},
    "total": {"credit_note": "credit_total"},
}
TITLES = {"other": "estimate"}
NUMBER_FIELDS = {"delivery_note": "deliveryNoteNumber", "statement": "", "other": ""}
DATE_FIELDS = {"delivery_note": "deliveryDate", "statement": "", "other": ""}
NO_BREAK = "\u00a0"
BASE = """<!doctype html><style>html { font-variant-ligatures: none; padding: 0 1px 1px 0; box-sizing: border-box }
body { overflow-wrap: break-word }</style>"""
ENVIRONMENT = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def marked(attributes: Mapping[str, Any], text: Any) -> Markup:
    marks = Markup(" ").join(Markup('data-{}="{}"').format(name, value) for name, value in attributes.items())
    return Markup("<data {}>{}</data>").format(marks, text)


def has_symbol(shape: str) -> bool:
    return shape != "{n}"


class Labels:
    """The words of one document, each drawn once: its layout's, else its country's. `L.total`."""

    def __init__(self, layout: Layout, paper: Paper, random: Random) -> None:
        self.layout, self.paper, self.random = layout, paper, random
        self.tax = random.choice(paper.country.tax_name)
        self.drawn: dict[str, str] = {}

    def __getattr__(self, key: str) -> str:
        return self(key)

    def __getitem__(self, key: str) -> str:
        return self(key)

    def __call__(self, key: str, rate: str = "") -> str:
        if key == "title":
            key = TITLES.get(self.paper.kind, self.paper.kind)
        key = BY_KIND.get(key, {}).get(self.paper.kind, key)
        if key not in self.drawn:
            self.drawn[key] = self.random.choice(self.words(key))
        return (
            self.drawn[key].replace("{tax}", self.tax).replace("{rate}", rate).replace("{days}", str(self.paper.days))
        )

    def words(self, key: str) -> Sequence[str]:
        own = self.layout.labels
        country = self.paper.country
        words = own.get(f"{country.code}.{key}") or own.get(f"{country.language}.{key}") or own.get(key)
        if words:
            return words
        words = list(words_of(country, key))
        if self.paper.trade == "vet":
            words += words_of(country, f"{key}_vet")
        if key == "total" and not self.has_balance:
            words += words_of(country, "total_due")
        if not words:
            raise KeyError(f"{self.layout.name}: no words for {key!r} in {country.code}")
        return words

    @property
    def has_balance(self) -> bool:
        paper = self.paper
        return bool(paper.payments or paper.previous is not None or "balance" in self.layout.has)


class Style:
    """How one document writes numbers and days."""

    def __init__(self, layout: Layout, paper: Paper, random: Random) -> None:
        self.country: Country = paper.country
        self.is_credit = paper.kind == "credit_note"
        self.day_shape = random.choice(layout.dates or paper.country.dates)
        self.symbol = random.choice(paper.country.symbols)
        self.money_shape = random.choice(paper.country.money)
        self.where = random.choice(layout.symbols)
        self.negative = random.choice(layout.credits)
        self.quantity_shape = random.choice(("0.###", "0.###", "0.###", "0.00", "0.00#", "0.000", "0.0##"))
        self.price_digits = random.choice((3, 4)) if "fine_prices" in layout.has and random.random() < 0.5 else 2
        self.grouping = random.choice(("#,##0", "#,##0", "#,##0", "#,##0", "0"))
        if not has_symbol(self.money_shape):
            self.where = "none" if self.where != "all" else self.where

    def number(self, amount: Decimal, digits: int = 2) -> str:
        grouping = "#,##,##0" if self.country.code == "IN" else self.grouping
        text = format_decimal(abs(amount), f"{grouping}.{'0' * digits}", locale=self.country.locale)
        text = text.replace("\u202f", "\u00a0").replace("’", "'")  # noqa: RUF001
        if amount >= 0:
            return str(text)
        shape = "-{n}" if self.negative == "{n}" else self.negative
        return shape.format(n=text)

    def signed(self, amount: Decimal) -> Decimal:
        """An amount with the sign that the paper prints."""
        return -amount if self.is_credit and self.negative != "{n}" and amount else amount

    def money(self, amount: Decimal, with_symbol: bool) -> str:
        text = self.number(amount)
        if not with_symbol:
            return text
        shape = self.money_shape
        if not has_symbol(shape):
            shape = next(known for known in self.country.money if has_symbol(known))
        symbol = Markup("") if "{s}" not in shape else self.symbol
        return shape.format(s=symbol, n=text).replace(" ", NO_BREAK)

    def day(self, day: date) -> str:
        text = format_date(day, self.day_shape, locale=self.country.locale)
        return re.sub(r"\bSept\b", "Sep", str(text))

    def quantity(self, amount: Decimal) -> str:
        shape = self.quantity_shape if amount == amount.to_integral_value() else "0.00#"
        return str(format_decimal(amount, shape, locale=self.country.locale))

    def rate(self, rate: Decimal) -> str:
        return str(format_decimal(rate, "0.##", locale=self.country.locale))


def has_digit(text: str) -> bool:
    """Whether it is a number at all: who ordered by telephone has none."""
    return any(c.isdigit() for c in text)


def plain(amount: Decimal) -> str:
    return f"{amount:.2f}"


def whole(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


class Writer:
    """One document's values, marked, for its template."""

    def __init__(self, paper: Paper, layout: Layout, random: Random) -> None:
        self.paper, self.layout, self.random = paper, layout, random
        self.style = Style(layout, paper, random)
        self.labels = Labels(layout, paper, random)
        self.columns = random.choice(layout.columns)
        self.accent = random.choice(
            ("#1f5f8b", "#7a1f2b", "#2d6a4f", "#444444", "#0b3954", "#b3541e", "#5a3d7a", "#111111")
        )

    # --- fields ----------------------------------------------------------------------------------------------------

    def amount(
        self, field: str, amount: Decimal, symbol: bool | None = None, group: str = "f", *, is_signed: bool = True
    ) -> Markup:
        signed = self.style.signed(amount) if is_signed else amount
        with_symbol = self.style.where != "none" if symbol is None else symbol
        return marked({group: field, "v": plain(signed)}, self.style.money(signed, with_symbol))

    def money(self, amount: Decimal, symbol: bool | None = None) -> str:
        """An amount that is no known value."""
        with_symbol = self.style.where != "none" if symbol is None else symbol
        return self.style.money(self.style.signed(amount), with_symbol)

    def date_of(self, field: str, day: date) -> Markup:
        return (
            marked({"f": field, "v": day.isoformat()}, self.style.day(day))
            if field
            else Markup(escape(self.style.day(day)))
        )

    def fields(self) -> dict[str, Any]:
        paper = self.paper
        number_field = NUMBER_FIELDS.get(paper.kind, "invoiceNumber")
        found: dict[str, Any] = {
            "number": marked({"f": number_field, "v": paper.number}, paper.number) if number_field else paper.number,
            "date": self.date_of(DATE_FIELDS.get(paper.kind, "invoiceDate"), paper.day),
            "due": self.date_of("dueDate", paper.due) if paper.due else "",
            "delivery_date": self.date_of("deliveryDate", paper.delivery_day) if paper.delivery_day else "",
            "order": marked({"f": "orderNumber", "v": paper.order}, paper.order)
            if has_digit(paper.order)
            else paper.order,
            "note_numbers": [marked({"x": "deliveryNoteNumbers", "v": n}, n) for n in paper.note_numbers],
            "terms": marked({"f": "paymentTerms", "v": self.labels.terms_text}, self.labels.terms_text),
            "total": self.amount("totalAmount", paper.total),
            "total_plain": self.amount("totalAmount", paper.total, symbol=False),
            "total_symbol": self.amount("totalAmount", paper.total, symbol=True),
            "net": self.amount("subtotal", paper.net),
            "tax": self.amount("taxAmount", paper.tax),
            "goods_total": self.amount("totalAmount", sum((line.total for line in paper.lines), Decimal(0))),
            "goods": self.money(sum((line.total for line in paper.lines), Decimal(0))),
            "allowance": self.money(-paper.allowance) if paper.allowance else "",
            "paid": self.amount("amountPaid", paper.paid, is_signed=False) if paper.payments else "",
            "unpaid": self.amount("amountPaid", Decimal(0)) if not paper.payments else "",
            "previous": self.amount("previousBalance", paper.previous, group="x") if paper.previous is not None else "",
            "balance": self.amount("balanceDue", paper.balance),
            "invoice_ref": paper.invoice_ref,
        }
        found["subtotal"] = found["goods"] if paper.allowance else found["net"]
        found["note_number"] = found["note_numbers"][0] if found["note_numbers"] else ""
        found["paid_minus"] = (
            marked(
                {"f": "amountPaid", "v": plain(paper.paid)}, self.style.money(-paper.paid, self.style.where != "none")
            )
            if paper.payments
            else ""
        )
        return found

    # --- lines -----------------------------------------------------------------------------------------------------

    def lines(self) -> list["LineView"]:
        return [LineView(self, index, line) for index, line in enumerate(self.paper.lines)]

    def groups(self, by: str) -> list[tuple[Markup, list["LineView"]]]:
        """Runs of lines with the same patient or category, with the marked heading."""
        out: list[tuple[str, list[LineView]]] = []
        for line in self.lines():
            name = getattr(line.line, by)
            if not out or out[-1][0] != name:
                out.append((name, []))
            out[-1][1].append(line)
        return [
            (marked({"l": " ".join(str(v.index) for v in views), "p": by, "v": name}, name), views)
            for name, views in out
        ]

    def head(self, key: str) -> str:
        word = self.labels["c_" + ("total_gross" if key == "total" and self.paper.basis == "gross" else key)]
        if key in ("total", "unitPrice") and self.style.where == "none":
            word += {0: f" {self.style.symbol}", 1: f" ({self.style.symbol})"}.get(self.heading_sign, "")
        return word

    @property
    def heading_sign(self) -> int:
        """Whether headings of amounts name the currency: 0 and 1 do, in two ways."""
        return sum(map(ord, self.paper.number)) % 5

    def taxes(self) -> list[dict[str, Any]]:
        rows = [row for row in self.paper.taxes if row.base]
        taxed = [row for row in rows if row.amount]
        return [self.tax_row(row, is_all=len(taxed) == 1 and row in taxed) for row in rows]

    def tax_row(self, row: TaxRow, is_all: bool) -> dict[str, Any]:
        rate = self.style.rate(row.rate)
        amount = self.amount("taxAmount", row.amount) if is_all else self.money(row.amount)
        return {
            "rate": rate,
            "base": self.money(row.base),
            "amount": amount,
            "label": self.labels("tax_at", rate),
            "has_tax": bool(row.amount),
            "gross": self.money(row.base + row.amount),
            "halves": [self.money(cents(row.amount / 2)), self.money(row.amount - cents(row.amount / 2))],
        }

    def payments(self) -> list[dict[str, Any]]:
        return [self.payment(index, payment) for index, payment in enumerate(self.paper.payments)]

    def payment(self, index: int, payment: Payment) -> dict[str, Any]:
        def part(name: str, value: str, text: str) -> Markup:
            return marked({"pay": index, "p": name, "v": value}, text)

        amount, negative = (
            self.style.money(payment.amount, self.style.where != "none"),
            self.style.money(-payment.amount, self.style.where != "none"),
        )
        return {
            "date": part("paymentDate", payment.day.isoformat(), self.style.day(payment.day)),
            "method": part("method", payment.method, payment.method),
            "amount": part("amount", plain(payment.amount), amount),
            "minus": part("amount", plain(payment.amount), negative),
        }

    # --- parties ---------------------------------------------------------------------------------------------------

    def parties(self) -> dict[str, "PartyView"]:
        paper = self.paper
        is_hospitality = paper.trade not in (*PRIVATE_TRADES, "shop") and paper.kind in ("invoice", "credit_note")
        found = {
            "supplier": PartyView(self, paper.supplier, ("supplier",)),
            "customer": PartyView(self, paper.customer, ("customer",)),
        }
        if paper.kind == "delivery_note" or (is_hospitality and paper.venue is None):
            found["customer"] = PartyView(
                self, paper.customer, ("venue",) if paper.kind == "delivery_note" else ("customer", "venue")
            )
        if paper.venue is not None:
            found["venue"] = PartyView(self, paper.venue, ("venue",))
            found["customer"] = PartyView(self, paper.customer, ("customer",))
        return found

    def html(self) -> str:
        """The page. Raises jinja2.UndefinedError where a template names what there is not."""
        paper, random = self.paper, self.random
        fonts = random.choice(self.layout.fonts)
        size = random.choice((8.5, 9, 9.5, 10, 10.5))
        picture = {
            "mark": lambda: pictures.mark(self.accent, random),
            "barcode": lambda: pictures.barcode(random),
            "matrix": lambda: pictures.matrix_code(random),
            "wordmark": self.wordmark,
        }
        context: dict[str, Any] = {
            "p": paper,
            "w": self,
            "L": self.labels,
            "v": self.fields(),
            "lines": self.lines(),
            "groups": self.groups,
            "columns": self.columns,
            "head": self.head,
            "taxes": self.taxes(),
            "payments": self.payments(),
            "money": self.money,
            "day": self.style.day,
            "n": paper.numbers,
            "font": fonts,
            "size": size,
            "accent": self.accent,
            "symbol": self.style.symbol,
            "currency": paper.country.currency,
            "picture": picture,
            "patients": [PatientView(patient) for patient in paper.patients],
            "random": random,
            "colon": random.choice(("", ":", ":")),
            "paper_size": random.choice(self.layout.papers or paper.country.papers),
            "pick": lambda *options: random.choice(options),
            "reminders": [(item, self.style.day(when)) for item, when in paper.reminders],
            "vet": random.choice(self.vets()),
            "kind": paper.kind,
            "cc": paper.country.code,
            "lang": paper.country.language,
            "chance": lambda share: random.random() < share,
            "basis": paper.basis,
            "one_day": timedelta(days=1),
            "one_week": timedelta(days=7),
            "clock": f"{random.randint(8, 19):02}:{random.randint(0, 59):02}",
            "sign": random.choice(self.names_of("signs")),
            **self.parties(),
        }
        context.setdefault("venue", None)
        return BASE + ENVIRONMENT.from_string(self.layout.template).render(context)

    def wordmark(self) -> Markup:
        """The supplier's name as a picture."""
        name = self.paper.supplier.printed
        source = pictures.wordmark(name, self.accent, self.random)
        marked = '<img class="wordmark" data-f="supplier" data-picture="1" data-v="{}" src="{}">'
        return Markup(marked).format(name, source)

    def names_of(self, key: str) -> Sequence[str]:
        return names()[self.paper.country.language][key]

    def vets(self) -> Sequence[str]:
        return [shape.format(person=self.random.choice(self.names_of("last"))) for shape in self.names_of("vets")]


class PatientView:
    """A patient with the name marked."""

    def __init__(self, patient: Any) -> None:
        self.patient = patient
        self.name = marked({"x": "patients", "v": patient.name}, patient.name)

    def __getattr__(self, key: str) -> str:
        return str(getattr(self.patient, key))


class LineView:
    """A line whose parts are marked when they are printed; a part that the line has not is an empty text."""

    def __init__(self, writer: Writer, index: int, line: Line) -> None:
        self.writer, self.index, self.line = writer, index, line

    def part(self, name: str, value: str, text: str) -> Markup:
        return marked({"l": self.index, "p": name, "v": value}, text)

    def __getattr__(self, key: str) -> Any:
        return getattr(self.line, key)

    @property
    def description(self) -> Markup:
        return self.part("description", self.line.description, self.line.description)

    @property
    def sku(self) -> str:
        return self.part("sku", self.line.sku, self.line.sku) if self.line.sku else ""

    @property
    def uom(self) -> str:
        return self.part("uom", self.line.unit, self.line.unit) if self.line.unit else ""

    @property
    def quantity(self) -> Markup:
        return self.part("quantity", whole(self.line.quantity), self.writer.style.quantity(self.line.quantity))

    @property
    def ordered(self) -> Markup:
        ordered = self.line.ordered or self.line.quantity
        return self.part("quantityOrdered", whole(ordered), self.writer.style.quantity(ordered))

    @property
    def short(self) -> str:
        missing = (self.line.ordered or self.line.quantity) - self.line.quantity
        return self.writer.style.quantity(missing) if missing else ""

    @property
    def unitPrice(self) -> Markup:
        style = self.writer.style
        price = (
            style.number(self.line.price, style.price_digits)
            if style.where != "all"
            else style.money(self.line.price, True)
        )
        return self.part("unitPrice", plain(self.line.price), price)

    @property
    def total(self) -> Markup:
        style = self.writer.style
        amount = style.signed(self.line.total)
        return self.part("totalPrice", plain(amount), style.money(amount, style.where == "all"))

    @property
    def gross(self) -> Markup:
        """The line with tax, where net, tax and gross are all printed: then this is its amount."""
        style = self.writer.style
        amount = style.signed(self.line.total + self.tax_amount)
        return self.part("totalPrice", plain(amount), style.money(amount, style.where == "all"))

    @property
    def net_plain(self) -> str:
        """The net amount beside which the gross one is printed."""
        return self.writer.style.number(self.writer.style.signed(self.line.total))

    @property
    def tax_amount(self) -> Decimal:
        return (self.line.total * self.line.rate / 100).quantize(Decimal("0.01"))

    @property
    def tax_plain(self) -> str:
        return self.writer.style.number(self.writer.style.signed(self.tax_amount))

    @property
    def discount(self) -> str:
        if not self.line.discount:
            return ""
        return self.part("discount", plain(self.line.discount), self.writer.style.number(self.line.discount))

    @property
    def list_plain(self) -> str:
        return self.writer.style.number(self.writer.style.signed(self.line.list_total))

    @property
    def tax(self) -> str:
        return self.writer.style.rate(self.line.rate)

    @property
    def day_text(self) -> str:
        return self.writer.style.day(self.line.day) if self.line.day else ""

    @property
    def patient(self) -> Markup:
        return self.part("patient", self.line.patient, self.line.patient)

    @property
    def number(self) -> int:
        return self.index + 1

    def cell(self, key: str) -> Any:
        """What a column prints: the names of the truth, and date, staff, tax, line, short, patient."""
        return getattr(self, {"date": "day_text", "line": "number", "delivered": "quantity"}.get(key, key))


class PartyView:
    """A business or person with its parts marked; `fields` are what its name is true of."""

    def __init__(self, writer: Writer, party: Party, fields: tuple[str, ...]) -> None:
        self.writer, self.party, self.fields = writer, party, fields

    @property
    def name(self) -> Markup:
        text: Any = self.party.printed
        for field in self.fields:
            text = marked({"f": field, "v": self.party.printed}, text)
        return Markup(text)

    @property
    def plain(self) -> str:
        return self.party.printed

    @property
    def attention(self) -> str:
        return self.party.attention

    def address(self) -> Iterator[str]:
        """The lines of the address as the country writes them."""
        place, code = self.party.place, self.writer.paper.country.code
        yield place.street
        if code in ("US", "CA"):
            yield f"{place.city}, {place.state} {place.postcode}"
        elif code == "AU":
            yield f"{place.city} {place.state} {place.postcode}"
        elif code in ("GB", "IE"):
            yield from (part for part in (place.city, place.state, place.postcode) if part)
        elif code == "NZ":
            yield f"{place.city} {place.postcode}"
        elif code == "IN":
            yield f"{place.city} - {place.postcode}"
            yield place.state
        elif code == "MY":
            yield f"{place.postcode} {place.city}{f', {place.state}' if place.state else ''}"
        else:
            region = f" ({place.state})" if place.state else ""
            yield f"{place.postcode} {place.city}{region}"

    @property
    def lines(self) -> Sequence[Markup]:
        """One under another: `{% for line in supplier.lines %}`."""
        return self._marked(list(self.address()))

    def one_line(self, separator: str = ", ") -> Markup:
        return Markup(escape(separator)).join(self.lines)

    def _marked(self, lines: Sequence[str]) -> Sequence[Markup]:
        if "supplier" not in self.fields:
            return [Markup(escape(line)) for line in lines]
        place = self.party.place
        parts = "|".join((place.street, place.city, place.state, place.postcode))
        return [
            marked({"f": "supplierAddress", "v": ", ".join(self.address()), "parts": parts, "piece": i}, line)
            for i, line in enumerate(lines)
        ]

    @property
    def phone(self) -> str:
        return self._extra("practicePhone", self.party.phone)

    @property
    def email(self) -> str:
        return self._extra("practiceEmail", self.party.email)

    def _extra(self, name: str, value: str) -> str:
        is_practice = self.writer.paper.trade == "vet" and "supplier" in self.fields
        return marked({"x": name, "v": value}, value) if is_practice else value

    @property
    def web(self) -> str:
        return self.party.web

    @property
    def tax_id(self) -> str:
        return self.party.tax_id
