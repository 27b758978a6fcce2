"""Drafts become line items: name, code, quantity, prices, checked by quantity x price = total."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from ocr.cells import PARTIAL, Kind, is_code, is_pack
from ocr.columns import Role
from ocr.line_items.drafts import (
    PRICE_TOLERANCE,
    TIMES,
    Draft,
    cells_of,
    cleaned,
    factors_in,
    is_product,
    quantity_in,
    text_of,
)
from ocr.parse import parse_quantity
from ocr.tables import Sheet
from ocr.types import BoundingBox, LineItem, Method, Page

FEWEST_COUNTED = 3  # items whose names open with 1, 2, 3: fewer may be so many pieces
SKU_GAP = 0.7  # word heights between an article number and the name in one column
_BRACKETED = re.compile(r"[\[(](?=[^\])]*\d)([A-Z0-9][A-Z0-9./_-]{2,})[\])]")  # "[BR-104] Pale Ale"
_NAME_COUNTED = re.compile(r"(.*[^\W\d_].*?) [xX\u00d7] ?(\d{1,4}(?:[.,]\d{1,3})?)")  # "Lager x 2"
_COUNTED_NAME = re.compile(r"(\d{1,3}) ?[xX\u00d7*] ([^\W\d].*)")  # "2 x Lager"


def finish(draft: Draft, sheet: Sheet, pages: dict[int, Page]) -> LineItem | None:
    """The line item; None where no description is left."""
    sku, description = _name(draft)
    total = draft.value(Role.TOTAL)
    quantity, unit = _quantity(draft, sheet.decimal)
    price_token = draft.value(Role.UNIT_PRICE)
    price = price_token.number if price_token else None
    discount = _discount(draft)
    amount = total.number if total else None
    factors = draft.factors or factors_in(text_of(draft.in_role(Role.DESCRIPTION, Role.QUANTITY, Role.UNIT_PRICE)))
    if factors and amount is not None and (quantity is None or price is None):
        quantity, price = _order_factors(factors, amount, quantity, price)
    if quantity is None and (counted := _COUNTED_NAME.match(description)):
        quantity, description = parse_quantity(counted[1]), counted[2]
    quantity, price = _check_product(quantity, price, amount, discount, draft)
    if not description and not sku:
        return None
    return LineItem(
        description=description or sku,
        quantity=quantity,
        unit_price=price,
        net_amount=amount,
        sku=sku,
        unit=unit or text_of(token for token in draft.in_role(Role.UNIT) if token.kind is not Kind.NUMBER),
        category=draft.category,
        patient=text_of(draft.in_role(Role.PATIENT)) or draft.patient,
        discount=discount,
        tax_rate=_tax_rate(draft),
        quantity_ordered=_ordered(draft, sheet.decimal),
        page=draft.rows[0].row.page,
        box=_box(draft, pages[draft.rows[0].row.page]),
        method=pages[draft.rows[0].row.page].method,
    )


def _name(draft: Draft) -> tuple[str, str]:
    """Article number and description."""
    lines = [*draft.begun, draft.own_name, *draft.name] if draft.own_name else list(draft.name)
    sku_tokens = draft.code or draft.in_role(Role.SKU)
    sku = next((token.text for token in sku_tokens if is_code(token)), "")
    if not sku and sku_tokens and len(sku_tokens) == 1:
        sku = sku_tokens[0].text
    if sku_tokens and not sku:
        lines.insert(0, sku_tokens)
    if not sku and lines and len(lines[0]) > 1 and not draft.model.has(Role.SKU):
        head, after = lines[0][0], lines[0][1]
        if is_code(head) and after.left - head.right > SKU_GAP * head.height and draft.model.printed:
            sku, lines[0] = head.text, lines[0][1:]
        elif bracketed := _BRACKETED.fullmatch(head.text):
            sku, lines[0] = bracketed[1], lines[0][1:]
    text = ""
    for line in lines:
        text = _join(text, text_of(line))
    return cleaned(sku), cleaned(_without_factors(text, draft))


def take_counts(items: Sequence[LineItem]) -> list[LineItem]:
    """The items with the quantities that stand behind their names ("Vaccine x 3"), where none is printed elsewhere and
    not all of them may be how many there are in a pack ("Pouch 100g x 12")."""
    counted = {i: match for i, item in enumerate(items) if (match := _NAME_COUNTED.fullmatch(item.description))}
    sizes = [is_pack(re.split(r"[-\s]", match[1])[-1]) and match[2].isdigit() for match in counted.values()]
    if all(sizes) or any(item.quantity is not None for item in items):
        return list(items)
    return [
        replace(item, description=match[1], quantity=parse_quantity(match[2])) if (match := counted.get(i)) else item
        for i, item in enumerate(items)
    ]


def without_positions(items: Sequence[LineItem]) -> list[LineItem]:
    """The items without the numbers that count them, where these were taken for article numbers or parts of names."""
    counts = [str(place) for place in range(1, len(items) + 1)]
    if len(items) > 1 and [item.sku for item in items] == counts:
        return [replace(item, sku="") for item in items]
    parted = [item.description.partition(" ") for item in items]
    if len(items) >= FEWEST_COUNTED and [head for head, _, _ in parted] == counts and all(name for *_, name in parted):
        return [replace(item, description=name) for item, (*_, name) in zip(items, parted, strict=True)]
    return list(items)


def _without_factors(text: str, draft: Draft) -> str:
    """A name without the multiplication that makes its amount ("Eggs 2 x 1.50"), not without "Crisps 48 x 40g"."""
    factors, total = factors_in(text), draft.value(Role.TOTAL)
    if factors is None or total is None or not is_product(*factors, total.number, None):
        return text
    return TIMES.sub(" ", f" {text} ")


def _join(text: str, line: str) -> str:
    """Two lines of a name as one: a word cut in two is made whole, a printed hyphen stays."""
    if text.endswith("\u0002"):
        return text[:-1] + line
    if re.match(r"-\w", line) and text[-1:].isalnum():
        return text + line
    if text.endswith("-") and not text.endswith(" -"):
        return text[:-1] + line if line[:1].islower() else text + line
    return f"{text} {line}".strip()


def _quantity(draft: Draft, decimal: str) -> tuple[Decimal | None, str]:
    """Quantity and the unit printed beside it."""
    tokens = draft.in_role(Role.QUANTITY)
    unit = text_of(token for token in tokens if token.kind is Kind.UNIT)
    for token in tokens:
        if token.number is not None:
            return token.number, unit
    for token in tokens:
        number, glued = quantity_in(token.text, decimal)
        if number is not None:
            return number, unit or glued
    return None, unit


def _ordered(draft: Draft, decimal: str) -> Decimal | None:
    """How many were ordered, if a column or "2 of 5" says so."""
    token = draft.value(Role.ORDERED)
    if token is not None:
        return token.number
    partial = next((m for t in draft.in_role(Role.QUANTITY) if (m := PARTIAL.fullmatch(t.text))), None)
    return parse_quantity(partial[2], decimal=decimal) if partial else None


def _discount(draft: Draft) -> Decimal | None:
    """The amount taken off; None where only a rate is printed."""
    numbers = [
        token.number
        for row in draft.rows
        for token, column in cells_of(row)
        if column is not None and column.role is Role.DISCOUNT and "%" not in column.text
        if token.number is not None and token.kind is not Kind.PERCENT
    ]
    return abs(numbers[-1]) if numbers else None


def _tax_rate(draft: Draft) -> Decimal | None:
    return next((token.number for token in draft.in_role(Role.TAX) if token.kind is Kind.PERCENT), None)


def _order_factors(
    factors: tuple[Decimal, Decimal], amount: Decimal, quantity: Decimal | None, price: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Which factor of "4,99 x 2" is the quantity: the whole one, else the first."""
    first, second = factors
    if abs(first * second) and abs(abs(first * second) - abs(amount)) > max(PRICE_TOLERANCE, abs(amount) / 4):
        return quantity, price
    if first.as_tuple().exponent == -2 and second == second.to_integral_value() and second.as_tuple().exponent == 0:
        first, second = second, first
    return (quantity if quantity is not None else first), (price if price is not None else second)


def _check_product(
    quantity: Decimal | None, price: Decimal | None, amount: Decimal | None, discount: Decimal | None, draft: Draft
) -> tuple[Decimal | None, Decimal | None]:
    """Replaces or finds what quantity x price = total decides."""
    if amount is None or is_product(quantity, price, amount, discount):
        return quantity, price
    others = [t.number for row in draft.rows for t in row.tokens if t.kind in (Kind.AMOUNT, Kind.NUMBER) and t.number]
    if quantity is not None and price is not None and discount is None:
        for other in others:
            if (
                other != amount
                and abs(other * quantity) > 0
                and is_product(quantity, other, amount, None)
                and quantity != 1
            ):
                return quantity, other
    if quantity is None and price is None:
        found = _find_factors(draft, amount)
        if found is not None:
            return found
    if quantity is None and price and price > 0 and draft.model.has(Role.QUANTITY) and discount is None:
        derived = abs(amount) / price
        rounded = derived.quantize(Decimal(1))
        if rounded > 0 and is_product(rounded, price, amount, None):
            return rounded, price
    return quantity, price


def _find_factors(draft: Draft, amount: Decimal) -> tuple[Decimal, Decimal] | None:
    """Two numbers of the row, outside its name, that multiply to its amount: quantity and price, in this order."""
    numbers = [
        (token, token.number)
        for row in draft.rows
        for token, column in zip(row.tokens, row.columns, strict=True)
        if token.number is not None and token.kind in (Kind.AMOUNT, Kind.NUMBER)
        if column is None or column.role not in (Role.DESCRIPTION, Role.SKU, Role.TOTAL)
    ]
    for first, quantity in numbers:
        for second, price in numbers:
            if first is not second and second.kind is Kind.AMOUNT and is_product(quantity, price, amount, None):
                return quantity, price
    return None


def _box(draft: Draft, page: Page) -> BoundingBox:
    words = [word for row in draft.rows for token in row.tokens for word in token.words]
    words += [word for line in (*draft.begun, *draft.name) for token in line for word in token.words]
    left, right = min(word.left for word in words), max(word.right for word in words)
    top, bottom = min(word.top for word in words), max(word.bottom for word in words)

    def within(value: float) -> float:
        return min(max(value, 0.0), 1.0)

    return BoundingBox(
        within(left / page.width), within(top / page.height), within(right / page.width), within(bottom / page.height)
    )


# Letters and figures that recognition takes for each other in article numbers.
_TO_FIGURE = str.maketrans("oOIlisSBZz", "0011155822")
_TO_LETTER = str.maketrans("0158", "OISB")


def repair_codes(items: Sequence[LineItem]) -> list[LineItem]:
    """Article numbers read from a picture, with figures where the column has figures ("HG90o" is "HG900")."""
    shapes = Counter(_shape(item.sku) for item in items if item.sku)
    return [
        replace(item, sku=_repair_code(item.sku, shapes)) if item.sku and item.method is Method.OCR else item
        for item in items
    ]


def _shape(code: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[A-Z]", "A", code))


def _repair_code(code: str, shapes: Counter[str]) -> str:
    """The code in the commonest shape of its length that it can have been; else with figures after its first figure."""
    for shape, count in shapes.most_common():
        if len(shape) != len(code) or set(shape) - set("A9-/.") or count <= shapes[_shape(code)]:
            continue
        turned = "".join(
            c.translate(_TO_FIGURE) if s == "9" else c.translate(_TO_LETTER) if s == "A" else c
            for c, s in zip(code, shape, strict=True)
        )
        if _shape(turned) == shape:
            return turned
    match = re.fullmatch(r"([A-Z]{1,4})([\doOIl]+)([A-Z]?)", code)
    if match and re.search(r"\d", match[2]) and re.search(r"[a-z]", match[2]):
        return match[1] + match[2].translate(_TO_FIGURE) + match[3]
    return code
