"""Tables in many styles, typed as they would be printed: tests/data/tables/*.txt.

A case is "# name", the page(s) as text ("@@PAGE" parts pages), "---", and its lines:
description | quantity | unit price | total | other attributes of the line item. What is left blank is not printed.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ocr.line_items.reading import read_line_items
from ocr.types import DocumentKind, LineItem
from tests.ocr.sheets import make_page

TABLES = Path(__file__).resolve().parents[1] / "data" / "tables"
STEP = 4.5  # page units of a character: a space is then as wide, beside the height, as in proportional print


def cases() -> Iterator[tuple[str, str, str]]:
    for path in sorted(TABLES.glob("*.txt")):
        for part in re.split(r"^# ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, _, body = part.partition("\n")
            text, _, expected = body.partition("\n---\n")
            yield head, text, expected


def amount(text: str) -> Decimal | None:
    return Decimal(text) if text else None


@pytest.mark.parametrize(("head", "text", "expected"), [pytest.param(*case, id=case[0]) for case in cases()])
def test_every_line_of_a_table_is_read(head: str, text: str, expected: str) -> None:
    kind = DocumentKind.DELIVERY_NOTE if "kind=delivery_note" in head else DocumentKind.INVOICE
    pages = [make_page(part, number, step=STEP) for number, part in enumerate(text.split("@@PAGE"), start=1)]
    items = read_line_items(pages, kind)
    rows = [[cell.strip() for cell in row.split("|")] for row in expected.strip().splitlines()]
    assert [item.description for item in items] == [row[0] for row in rows]
    assert [numbers(item) for item in items] == [tuple(map(amount, row[1:4])) for row in rows]
    for item, row in zip(items, rows, strict=True):
        for name, value in re.findall(r"(\w+)=(.*?)(?= \w+=|$)", " ".join(row[4:])):
            assert getattr(item, name) == value


def numbers(item: LineItem) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    return item.quantity, item.unit_price, item.net_amount
