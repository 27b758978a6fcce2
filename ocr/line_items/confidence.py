"""How sure a line item is."""

from collections.abc import Sequence
from decimal import Decimal

from ocr.line_items.drafts import Draft, count_letters, is_product
from ocr.types import LineItem


def adds_up(items: Sequence[LineItem], printed: set[Decimal]) -> bool:
    """Whether the sum of two lines or more is printed somewhere: nothing is missing, and nothing too much."""
    amounts = [item.net_amount for item in items if item.net_amount is not None]
    return len(amounts) > 1 and any(amounts) and abs(sum(amounts)) in printed


# The share of lines that were right in all their numbers, by what speaks for them: (lines add up, they do not).
# Measured on 1,300 lines of 28 layouts as they are, without their headings, and with one heading made unknown.
PRODUCT_HOLDS = (0.99, 0.96)
PRODUCT_FAILS = (0.92, 0.65)
NO_PRICE = (0.95, 0.72)
NO_QUANTITY = (0.7, 0.5)
ONLY_COUNTED = (0.96, 0.96)
UNHEADED = 0.97  # factor where the columns were worked out without a heading
NAMELESS = 0.8  # factor for a name of less than three letters


def confidence_of(item: LineItem, draft: Draft, proven: bool) -> float:
    """The probability that the line is right, by its arithmetic, the sum of all lines, and its recognition."""
    if item.net_amount is None:
        shares = ONLY_COUNTED
    elif item.quantity is None:
        shares = NO_QUANTITY
    elif item.unit_price is None:
        shares = NO_PRICE
    elif is_product(item.quantity, item.unit_price, item.net_amount, item.discount):
        shares = PRODUCT_HOLDS
    else:
        shares = PRODUCT_FAILS
    confidence = shares[0 if proven else 1]
    if not draft.model.printed:
        confidence *= UNHEADED
    if count_letters(item.description) < 3:
        confidence *= NAMELESS
    if not proven and shares is not PRODUCT_HOLDS:
        read = [token.confidence for row in draft.rows for token in row.tokens if token.number is not None]
        confidence *= min(read, default=1.0)
    return round(confidence, 4)
