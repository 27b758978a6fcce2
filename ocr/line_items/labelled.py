"""Lines whose counts are labelled one by one, as on a driver's printer: "56-387  Ord 8  Qty 6  case" below the name."""

from collections.abc import Sequence

from ocr.cells import Kind, Token, is_code
from ocr.columns import Column, Columns, Role, fold_heading, roles_of
from ocr.line_items.drafts import Draft, is_near
from ocr.tables import Sheet, TableRow

LABELS = (Role.QUANTITY, Role.ORDERED, Role.OTHER)  # roles that a word before a number may give it


def read_labelled(sheet: Sheet) -> list[Draft]:
    """A draft of every row of an article number and labelled counts, with its name, which stands above."""
    drafts: list[Draft] = []
    for i, tokens in enumerate(sheet.tokens):
        columns = _columns(tokens)
        if columns is None:
            continue
        row = sheet.rows[i]
        model = Columns(tuple(column for column in columns if column is not None), row.height)
        name = [sheet.tokens[i - 1]] if i and is_near(sheet.rows[i - 1], row) else []
        drafts.append(Draft([TableRow(i, row, tokens, columns)], model, name))
    return drafts


def _columns(tokens: Sequence[Token]) -> tuple[Column | None, ...] | None:
    """Where the tokens of such a row stand; None if it is another."""
    if not tokens or not is_code(tokens[0]):
        return None
    found: list[Column | None] = [_column(tokens[0], Role.SKU)]
    label: Role | None = None
    for token in tokens[1:]:
        if label is not None and token.number is not None:
            found.append(_column(token, label))
            label = None
        elif label is None and token.kind is Kind.UNIT:
            found.append(_column(token, Role.UNIT))
        else:
            known = roles_of(fold_heading(token.text)) if label is None else frozenset()
            label = next((role for role in LABELS if role in known), None)
            if label is None:
                return None
            found.append(None)
    counted = any(column is not None and column.role is Role.QUANTITY for column in found)
    return tuple(found) if counted and label is None else None


def _column(token: Token, role: Role) -> Column:
    return Column(role, "", token.left, token.right)
