"""Lines that are printed as records, every value behind its label ("Bezeichnung: Duschtuch   Menge: 25"), as viewers of
e-invoices and orders in the mail have them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ocr.cells import Token
from ocr.columns import Column, Columns, Role, fold_heading, roles_of
from ocr.line_items.drafts import Draft, is_near, is_product
from ocr.tables import Sheet, TableRow, cells

LONGEST_LABEL = 5  # words
ALIGNED = 1.0  # word heights by which the second line of a name may stand beside the first
NAMED = frozenset({Role.DESCRIPTION, Role.QUANTITY})  # what every record tells
FACTORS = (Role.QUANTITY, Role.UNIT_PRICE, Role.TOTAL)


@dataclass(frozen=True, slots=True)
class _Labelled:
    """What stands behind a label, on tokens `start` to `end` of a row whose label begins at `label`."""

    role: Role
    label: int
    start: int
    end: int


def read_records(sheet: Sheet, *, unpriced: bool) -> list[Draft]:
    """The records, if there are some: each tells name, quantity and, unless unpriced, total. A lone one must add up."""
    needed = NAMED if unpriced else NAMED | {Role.TOTAL}
    ways = [
        [draft for draft in _records(sheet, opener) if all(draft.in_role(role) for role in needed)]
        for opener in (Role.DESCRIPTION, Role.SKU)
    ]
    found = max(ways, key=lambda drafts: (len(drafts), -sum(map(_rows_left, drafts)), sum(len(d.rows) for d in drafts)))
    return found if len(found) > 1 or (found and _multiplies(found[0])) else []


def _rows_left(draft: Draft) -> int:
    """Rows within a record that say nothing of it: few where it begins with the value that opens it."""
    return draft.rows[-1].index - draft.rows[0].index - len(draft.rows)


def _multiplies(draft: Draft) -> bool:
    quantity, price, total = (token.number if token else None for token in map(draft.value, FACTORS))
    if quantity is None or price is None or total is None:
        return False
    return is_product(quantity, price, total, None)


def _records(sheet: Sheet, opener: Role) -> Iterator[Draft]:
    """The labelled values from one of a role to the next, the first of each role."""
    model = Columns((), 0.0)
    draft = Draft([], model)
    for index, (row, tokens) in enumerate(zip(sheet.rows, sheet.tokens, strict=True)):
        labelled = list(_labelled(tokens))
        loose = tokens[: labelled[0].label] if labelled else tokens
        _take_wrapped(draft, TableRow(index, row, tokens, (None,) * len(tokens)), loose)
        for value in labelled:
            part = tokens[value.start : value.end]
            if value.role is opener and draft.rows:
                yield draft
                draft = Draft([], model)
            if not draft.in_role(value.role):
                column = Column(value.role, "", part[0].left, part[-1].right)
                draft.rows.append(TableRow(index, row, part, (column,) * len(part)))
    yield draft


def _take_wrapped(draft: Draft, placed: TableRow, loose: Sequence[Token]) -> None:
    """Gives a record's name its second line, which stands below the first without a label."""
    named = next((part for part in draft.rows if part.in_role(Role.DESCRIPTION)), None)
    if named is None or not loose or not (named.index + 1 == placed.index and is_near(named.row, placed.row)):
        return
    if abs(loose[0].left - named.tokens[0].left) < ALIGNED * placed.row.height:
        draft.name.append(tuple(loose))


def _labelled(tokens: Sequence[Token]) -> Iterator[_Labelled]:
    """The values of a row behind words for columns with a colon, up to the next label."""
    colons = [i for i, token in enumerate(tokens) if token.text.endswith(":")]
    firsts = {token: cell[0] for cell in cells(tokens) for token in cell}
    starts = [_label_start(tokens, colon, firsts[tokens[colon]], last) for last, colon in pairwise([-1, *colons])]
    for colon, (start, end) in zip(colons, pairwise([*starts, len(tokens)]), strict=True):
        roles = roles_of(_folded(tokens[start : colon + 1]))
        if roles and colon + 1 < end:
            yield _Labelled(min(roles), start, colon + 1, end)


def _label_start(tokens: Sequence[Token], colon: int, first: Token, after: int) -> int:
    """Where the label begins that ends at a colon: the longest that is known, else its whole cell."""
    known = (
        start
        for start in range(max(after + 1, colon + 1 - LONGEST_LABEL), colon + 1)
        if roles_of(_folded(tokens[start : colon + 1]))
    )
    return next(known, max(after + 1, tokens.index(first)))


def _folded(tokens: Sequence[Token]) -> str:
    return fold_heading(" ".join(token.text for token in tokens))
