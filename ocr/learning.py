"""What corrections teach: a template from a corrected document, and what several of them have in common.

corrected document ─▶ learn ─▶ merge (further examples) ─▶ ocr.templates: evidence for the next document
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from rapidfuzz import fuzz

from ocr.candidates import Candidate, clean_number
from ocr.cells import Kind, Token
from ocr.columns import Role
from ocr.evidence import Sheet
from ocr.fields import AMOUNT_FIELDS, DATE_FIELDS, NUMBER_FIELDS, Evidence, gather_evidence
from ocr.line_items.reading import read_line_items
from ocr.parse import fold
from ocr.parties.election import PARTY_FIELDS
from ocr.scorer import field_model
from ocr.tables import Sheet as TableSheet
from ocr.tables import read_sheet
from ocr.templates import CONSTANTS, ColumnSpot, Place, Spot, Template, find_marks, likeness, prints, spot_of
from ocr.types import BoundingBox, DocumentKind, LineItem, Page, Value
from ocr.unheaded import cluster_tokens

LEARNED = (*AMOUNT_FIELDS, *DATE_FIELDS, *NUMBER_FIELDS, *(name for name in PARTY_FIELDS if name not in CONSTANTS))
SAME_TEXT = 85  # of 100: likeness of a description that a person or recognition changed a little
ROW_PROVEN = 2.5  # points of a row that prints a line: one a value, up to one for the description
MOST_DOUBLES = 5  # places of one value that are looked at
HEADING_REACH = 6.0  # row heights above the first line in which its heading may stand
SHORTEST_LETTERS = 3  # of a word that tells a template from others

_NUMBERS: dict[Role, str] = {
    Role.TOTAL: "net_amount",
    Role.UNIT_PRICE: "unit_price",
    Role.QUANTITY: "quantity",
    Role.ORDERED: "quantity_ordered",
    Role.DISCOUNT: "discount",
}
_TEXTS: dict[Role, str] = {Role.SKU: "sku", Role.UNIT: "unit"}


def learn(
    pages: Sequence[Page],
    kind: DocumentKind,
    values: Mapping[str, Value],
    line_items: Sequence[LineItem] = (),
    boxes: Mapping[str, BoundingBox] | None = None,
) -> Template:
    """What one corrected document teaches.

    values: all that is known of it by field name (`ocr.types.FIELD_NAMES`); a field of `LEARNED` without one is taken
    as not printed. line_items: its lines as they should have been read. boxes: where a person saw a value, in fractions
    of the page, if somebody showed it.
    """
    sheet = Sheet(pages)
    evidence = gather_evidence(sheet, kind, line_items)
    spots: dict[str, tuple[Spot, ...]] = {}
    doubles: dict[str, tuple[Spot, ...]] = {}
    for name in LEARNED:
        places = list(_places(evidence, name, values[name])) if name in values else []
        pointed = (boxes or {}).get(name)
        spot = spot_of(sheet, _nearest(sheet, places, pointed)) if places else None
        if spot and (spot.beside or spot.above or name not in PARTY_FIELDS):  # names move about with their addresses
            spots[name] = (spot,)
            also = [] if pointed else [spot_of(sheet, place) for place in places[1:MOST_DOUBLES]]
            doubles[name] = tuple(double for double in also if double.beside or double.above)
    constants = {name: str(values[name]) for name in CONSTANTS if values.get(name)}
    texts = [text for (spot,) in spots.values() for text in (spot.beside, spot.above)]
    sender = fold(constants.get("supplier_name", ""))
    words = _long_words([*texts, sender])
    template = Template(
        kind=kind,
        sender=sender if sender and prints(sheet.folded, sender) else "",
        marks=_own_marks(pages, values),
        words=words & sheet.words,
        spots=spots,
        constants=constants,
        absent=frozenset(name for name in LEARNED if name not in values),
        doubles=doubles,
    )
    return _with_columns(template, pages, line_items)


def merge(templates: Sequence[Template]) -> Template:
    """What examples of one supplier and kind have in common, oldest first: where they differ the newest decides.

    templates: each of one example (`learn`).
    """
    newest = templates[-1]
    spots = {
        name: tuple(_distinct(_common([(*t.spots[name], *t.doubles[name]) for t in templates if name in t.spots])))
        for name in dict.fromkeys(name for t in templates for name in t.spots)
    }
    return Template(
        kind=newest.kind,
        sender=newest.sender if all(t.sender == newest.sender for t in templates) else "",
        marks=frozenset.intersection(*(t.marks for t in templates)) or newest.marks,
        words=frozenset.intersection(*(t.words for t in templates)) or newest.words,
        spots=spots,
        constants=newest.constants,
        columns=next((t.columns for t in reversed(templates) if t.columns), ()),
        absent=frozenset.intersection(*(t.absent for t in templates)) - set(spots),
        examples=sum(t.examples for t in templates),
    )


def _common(examples: Sequence[Sequence[Spot]]) -> Iterator[Spot]:
    """Of each example the place that most others have too, else its likeliest: a total that is paid in full stands
    twice on one receipt, and beside the word for it on all."""
    for places in examples:
        others = [spots for spots in examples if spots is not places]
        yield max(places, key=lambda place: sum(any(likeness(place, s) > 0 for s in spots) for spots in others))


def _distinct(spots: Iterable[Spot]) -> list[Spot]:
    kept: list[Spot] = []
    for spot in spots:
        if all(likeness(known, spot) <= 0 for known in kept):
            kept.append(spot)
    return kept


def _long_words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split() if len(word) >= SHORTEST_LETTERS)


def _own_marks(pages: Sequence[Page], values: Mapping[str, Value]) -> frozenset[str]:
    """Marks that are not this one document's or its customer's own values."""
    variable = {re.sub(r"\W", "", str(value)).casefold() for name, value in values.items() if name not in CONSTANTS}
    return frozenset(mark for mark in find_marks(pages) if re.sub(r"\W", "", mark).casefold() not in variable)


# --- Where a value is printed --------------------------------------------------------------------------------------


def _places(evidence: Evidence, name: str, value: Value) -> Iterator[Place]:
    """Where the page prints a field's value, likeliest first."""
    model = field_model(name)
    if name in PARTY_FIELDS:
        wanted = fold(str(value))
        names = [option for option in evidence.names if fold(option.value) == wanted]
        yield from (o.place for o in sorted(names, key=lambda o: -model.score(o.features)))
        if not names:
            yield from _printed(evidence.sheet, str(value))
        return
    options = [option for option in evidence.options(name) if _same(option.value, value)]
    yield from (o.place for o in sorted(options, key=lambda o: -model.score(o.features)))
    if name in NUMBER_FIELDS and not options:
        yield from _printed(evidence.sheet, str(value))


def _same(found: Value, wanted: Value) -> bool:
    if isinstance(found, Decimal) and isinstance(wanted, Decimal):
        return abs(found) == abs(wanted)
    if isinstance(found, str):
        return re.sub(r"\s", "", found).casefold() == re.sub(r"\s", "", str(wanted)).casefold()
    return found == wanted


def _printed(sheet: Sheet, text: str) -> Iterator[Place]:
    """Tokens of one cell that read as the text."""
    for row in sheet.rows:
        for first, last in row.cells:
            for start in range(first, last):
                for end in range(start + 1, last + 1):
                    if _same(clean_number(row.text(start, end)), text):
                        yield Candidate(row, start, end, row.text(start, end))


def _nearest(sheet: Sheet, places: Sequence[Place], box: BoundingBox | None) -> Place:
    if box is None:
        return places[0]

    def away(place: Place) -> float:
        own = sheet.box(place.row, place.start, place.end)
        return abs(own.left + own.right - box.left - box.right) + abs(own.top + own.bottom - box.top - box.bottom)

    return min(places, key=away)


# --- The table -----------------------------------------------------------------------------------------------------


def _with_columns(template: Template, pages: Sequence[Page], lines: Sequence[LineItem]) -> Template:
    """The template with the columns that the lines stand in, if it reads these lines better for it."""
    right = lines_right(read_line_items(pages, template.kind, template), lines)
    if right == len(lines):
        return template
    columns = tuple(_columns(read_sheet(pages), {page.number: page.width for page in pages}, lines))
    taught = replace(template, columns=columns, words=template.words | _long_words(c.heading for c in columns))
    return taught if lines_right(read_line_items(pages, template.kind, taught), lines) > right else template


def lines_right(found: Sequence[LineItem], wanted: Sequence[LineItem]) -> float:
    """How many lines were found with their values, less those that are none."""
    left = list(found)
    right = 0
    for line in wanted:
        same = next((item for item in left if _same_line(item, line)), None)
        if same is not None:
            left.remove(same)
            right += 1
    return right - len(left)


def _same_line(found: LineItem, wanted: LineItem) -> bool:
    values = all(getattr(found, name) == getattr(wanted, name) for name in ("quantity", "unit_price", "net_amount"))
    return values and fuzz.ratio(fold(found.description), fold(wanted.description)) >= SAME_TEXT


def _columns(sheet: TableSheet, widths: Mapping[int, float], lines: Sequence[LineItem]) -> Iterator[ColumnSpot]:
    rows = list(_rows_of(sheet, lines))
    if not rows:
        return
    width = widths[sheet.rows[rows[0][0]].page]
    taken: set[int] = set()
    first = rows[0][0]
    for role, found in _values_by_role(sheet, rows, taken).items():
        left, right = min(t.left for t in found), max(t.right for t in found)
        heading, middle = _heading_above(sheet, first, left, right)
        yield ColumnSpot(role, heading, middle / width, left / width, right / width)


def _rows_of(sheet: TableSheet, lines: Sequence[LineItem]) -> Iterator[tuple[int, LineItem]]:
    """The row that prints the values of each line, from top to bottom."""
    start = 0
    for line in lines:
        points = [(_points(sheet, index, line), -index) for index in range(start, len(sheet.rows))]
        best, index = max(points, default=(0.0, 0))
        if best >= ROW_PROVEN:
            start = -index + 1
            yield -index, line


def _points(sheet: TableSheet, index: int, line: LineItem) -> float:
    numbers = [token.number for token in sheet.tokens[index] if token.number is not None]
    values = [value for name in _NUMBERS.values() if (value := getattr(line, name)) is not None]
    found = 0
    for value in values:
        if value in numbers:
            numbers.remove(value)
            found += 1
    return found + fuzz.token_set_ratio(fold(line.description), fold(sheet.rows[index].text)) / 100


def _values_by_role(
    sheet: TableSheet, rows: Sequence[tuple[int, LineItem]], taken: set[int]
) -> dict[Role, list[Token]]:
    """The tokens of each role, those of a number all in one column."""
    found: dict[Role, list[Token]] = {}
    height = sheet.rows[rows[0][0]].height
    for role, name in _NUMBERS.items():
        fitting = [
            (index, token)
            for index, line in rows
            if (value := getattr(line, name)) is not None
            for token in sheet.tokens[index]
            if token.number == value and id(token) not in taken
        ]
        if fitting:
            column = max(cluster_tokens(fitting, height, by_right=True), key=lambda c: (len(set(c.rows)), c.right))
            taken |= {id(token) for token in column.tokens}
            found[role] = column.tokens
    for role, name in _TEXTS.items():
        texts = [
            t for i, line in rows for t in sheet.tokens[i] if fold(t.text) and fold(t.text) == fold(getattr(line, name))
        ]
        if texts:
            taken |= {id(token) for token in texts}
            found[role] = texts
    words = [
        token
        for index, line in rows
        for token in sheet.tokens[index]
        if id(token) not in taken
        and fold(token.text)
        and set(fold(token.text).split()) <= set(fold(line.description).split())
    ]
    if words:
        found[Role.DESCRIPTION] = words
    return found


def _heading_above(sheet: TableSheet, first: int, left: float, right: float) -> tuple[str, float]:
    """The folded words of the nearest row of words above the first line that stand over a column, and their middle."""
    line = sheet.rows[first]
    for index in range(first - 1, -1, -1):
        row = sheet.rows[index]
        if row.page != line.page or line.y - row.y > HEADING_REACH * line.height:
            break
        if any(token.kind is Kind.AMOUNT for token in sheet.tokens[index]):
            break
        over = [word for word in row.words if word.left < right and word.right > left]
        text = fold(" ".join(word.text for word in over))
        if text:
            return text, (over[0].left + over[-1].right) / 2
    return "", (left + right) / 2
