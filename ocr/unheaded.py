"""Columns of a table that has no heading, worked out from where its numbers stand below each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ocr.cells import Kind, Token, is_code
from ocr.columns import Column, Columns, Role
from ocr.tables import Sheet, cells, is_carried, label_words
from ocr.tables import _opens_with as opens_with
from ocr.types import DocumentKind

SAME_EDGE = 1.6  # word heights within which right (left) edges are one column
APART = 0.7  # word heights: a number that stands alone is a column's, not part of the name
FEWEST_ROWS = 2  # of a delivery note's table


@dataclass(slots=True)
class _Cluster:
    tokens: list[Token]
    rows: list[int]

    @property
    def left(self) -> float:
        return min(token.left for token in self.tokens)

    @property
    def right(self) -> float:
        return max(token.right for token in self.tokens)


def infer_columns(sheet: Sheet, kind: DocumentKind) -> Columns | None:
    """The columns, or None where nothing looks like a table."""
    if not sheet.rows:
        return None
    height = median(row.height for row in sheet.rows)
    found = None if kind is DocumentKind.DELIVERY_NOTE else _priced(sheet, height)
    return found or _counted(sheet, height) or _priced(sheet, height)


def _priced(sheet: Sheet, height: float) -> Columns | None:
    """A column of amounts at the right, names to its left, and what stands aligned between them."""
    rows: list[tuple[int, Token]] = []
    for i, tokens in enumerate(sheet.tokens):
        if any(opens_with(label_words(cell), "hard") for cell in cells(tokens)[:1]) and rows:
            break
        last = _last_amount(tokens)
        if last is not None and not is_carried(tokens):
            rows.append((i, last))
    if not rows:
        return None
    clusters = _cluster(rows, height, by_right=True)
    main = max(clusters, key=lambda cluster: len(cluster.tokens))
    columns = [Column(Role.TOTAL, "", main.left, main.right)]
    left = min((sheet.tokens[i][0].left for i in main.rows), default=0.0)
    columns.append(Column(Role.DESCRIPTION, "", left, max(left + 1, main.left - 3 * height)))
    return Columns(tuple(sorted(columns, key=lambda column: column.left)), height, printed=False)


def _last_amount(tokens: Sequence[Token]) -> Token | None:
    """The amount that ends a row; a tax mark may follow."""
    for token in reversed(tokens[-3:]):
        if token.kind is Kind.AMOUNT:
            return token
        if len(token.text) > 3:
            return None
    return None


def _counted(sheet: Sheet, height: float) -> Columns | None:
    """Rows of quantity, unit, article number and name, without heading: those that begin alike below each other."""
    rows = [i for i, tokens in enumerate(sheet.tokens) if _is_counted(tokens)]
    if len(rows) < FEWEST_ROWS:
        return None
    numbers = _best(_cluster([(i, _quantity(sheet.tokens[i])) for i in rows], height, by_right=True))
    kept = [i for i in rows if i in numbers.rows]
    columns = [Column(Role.QUANTITY, "", numbers.left, numbers.right)]
    units = [
        (i, t) for i in kept for t in sheet.tokens[i][:4] if t.kind is Kind.UNIT and t is not _quantity(sheet.tokens[i])
    ]
    codes = [(i, t) for i in kept for t in sheet.tokens[i] if is_code(t) and t is not _quantity(sheet.tokens[i])]
    for role, candidates in ((Role.UNIT, units), (Role.SKU, codes)):
        if candidates:
            cluster = _best(_cluster(candidates, height, by_right=False))
            if len(cluster.rows) >= max(FEWEST_ROWS, len(kept) // 2):
                columns.append(Column(role, "", cluster.left, cluster.right))
    amounts = [(i, t) for i in kept if (t := _last_amount(sheet.tokens[i])) is not None]
    if amounts:
        cluster = _best(_cluster(amounts, height, by_right=True))
        columns.append(Column(Role.TOTAL, "", cluster.left, cluster.right))
        prices = [(i, t) for i in kept for t in sheet.tokens[i] if t.kind is Kind.AMOUNT and t.right < cluster.left]
        if len(prices) * 2 > len(amounts):
            cluster = _best(_cluster(prices, height, by_right=True))
            columns.append(Column(Role.UNIT_PRICE, "", cluster.left, cluster.right))
    names = [t for i in kept for t in sheet.tokens[i] if t.kind is Kind.TEXT and t.left > columns[0].right]
    before = [column for column in columns if column.role in (Role.QUANTITY, Role.UNIT, Role.SKU)]
    edges = [t.left for t in names if all(t.left > column.left for column in before)]
    if not edges:
        return None
    columns.append(Column(Role.DESCRIPTION, "", min(edges), max(t.right for t in names)))
    return Columns(tuple(sorted(columns, key=lambda column: column.left)), height, printed=False)


def _is_counted(tokens: Sequence[Token]) -> bool:
    """A row that has a plain number at its beginning, a unit or an article number, and a name."""
    if len(tokens) < 3 or _quantity(tokens) is None:
        return False
    marked = any(token.kind is Kind.UNIT or is_code(token) for token in tokens[:4])
    return marked and any(token.kind is Kind.TEXT and len(token.text) > 2 for token in tokens)


def _quantity(tokens: Sequence[Token]) -> Token | None:
    """The first plain number among the first three tokens that is no article number."""
    return next((t for t in tokens[:3] if t.kind in (Kind.NUMBER, Kind.AMOUNT) and not is_code(t)), None)


def _cluster(
    tokens: Sequence[tuple[int, Token | None]] | Sequence[tuple[int, Token]], height: float, *, by_right: bool
) -> list[_Cluster]:
    """Tokens whose right (left) edges are close, as columns."""
    found: list[_Cluster] = []
    ordered = sorted(
        ((i, token) for i, token in tokens if token is not None), key=lambda it: it[1].right if by_right else it[1].left
    )
    previous = float("-inf")
    for i, token in ordered:
        edge = token.right if by_right else token.left
        if edge - previous > SAME_EDGE * height or not found:
            found.append(_Cluster([], []))
        found[-1].tokens.append(token)
        found[-1].rows.append(i)
        previous = edge
    return found


def _best(clusters: Sequence[_Cluster]) -> _Cluster:
    return max(clusters, key=lambda cluster: len(cluster.tokens))
