"""What a syntax states → a document: the business terms of EN 16931 under the names of `ocr.types`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from ocr.details import split_person
from ocr.lexicon import load_table
from ocr.types import DocumentKind, DocumentReading, EInvoice, Field, LineItem, Method, Value

# UNTDID 1001 as EN 16931 has it: everything else that it names is an invoice.
CREDIT_NOTES = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})
PRICE_DIGITS = 6

Stated = tuple[str, str, Value | None]  # the field's name, the business term of EN 16931, the value


def make_document(
    type_code: str,
    profile: str,
    stated: Iterable[Stated],
    line_items: Sequence[LineItem],
    delivery_note_numbers: Sequence[str],
) -> DocumentReading:
    fields = {
        name: Field(value, 1.0, method=Method.E_INVOICE, evidence=(term,))
        for name, term, value in stated
        if value is not None and value != ""
    }
    if delivery_note_numbers:
        number = Field(delivery_note_numbers[0], 1.0, method=Method.E_INVOICE, evidence=("BT-16",))
        fields["delivery_note_number"] = number
    return DocumentReading(
        kind=DocumentKind.CREDIT_NOTE if type_code in CREDIT_NOTES else DocumentKind.INVOICE,
        pages=(),
        confidence=1.0,
        fields=fields | _person(fields),
        line_items=tuple(line_items),
        delivery_note_numbers=tuple(delivery_note_numbers),
        e_invoice=EInvoice(profile=profile),
    )


def _person(fields: dict[str, Field]) -> dict[str, Field]:
    """First and last name of a customer who is a person."""
    customer = fields.get("customer_name")
    names = split_person(str(customer.value)) if customer else None
    if customer is None or names is None:
        return {}
    found = zip(("customer_first_name", "customer_last_name"), names, strict=True)
    return {name: replace(customer, value=value) for name, value in found if value}


def make_line(
    description: str,
    quantity: Decimal | None,
    unit_code: str,
    price: Decimal | None,
    price_base: Decimal | None,
    net_amount: Decimal | None,
    sku: str,
    tax_rate: Decimal | None,
    discount: Decimal,
) -> LineItem | None:
    """A line; None for one that states nothing but text. price_base: how many units the price is for."""
    if quantity is None and net_amount is None:
        return None
    if price is not None and price_base:
        price = round(price / price_base, PRICE_DIGITS)
    return LineItem(
        description=description or sku or "-",
        quantity=quantity,
        unit_price=price,
        net_amount=net_amount,
        sku=sku,
        unit=unit_name(unit_code),
        discount=discount or None,
        tax_rate=tax_rate if tax_rate is not None and abs(tax_rate) <= 100 else None,
        confidence=1.0,
        method=Method.E_INVOICE,
    )


def unit_name(code: str) -> str:
    """A unit of UN/ECE Recommendation 20 or 21 as people write it; the code itself where it is a rare one."""
    names = load_table("units")["units"]
    return str(names.get(code.upper(), code))


def address_text(lines: Iterable[str], postcode: str, city: str) -> str:
    parts = [*lines, f"{postcode} {city}".strip()]
    return ", ".join(part for part in parts if part)


def unsigned(value: Decimal | None) -> Decimal | None:
    return None if value is None else abs(value)
