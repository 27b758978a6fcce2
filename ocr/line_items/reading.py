"""Tables are cut into drafts of line items."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from ocr.cells import PARTIAL, TIMES_SIGNS, Kind, Token, is_code
from ocr.columns import NAMES, VALUES, Columns, Heading, Role, find_headings
from ocr.lexicon import load_table
from ocr.line_items.confidence import adds_up, confidence_of
from ocr.line_items.drafts import (
    NEAR_ROW,
    Draft,
    cells_of,
    count_letters,
    has_glued_quantity,
    is_near,
    is_product,
    patient_in,
    text_of,
)
from ocr.line_items.labelled import read_labelled
from ocr.line_items.records import read_records
from ocr.line_items.texts import LONGEST_HEADING, Groups, settle_texts
from ocr.line_items.values import finish, repair_codes, take_counts, without_positions
from ocr.parse import fold
from ocr.tables import (
    Sheet,
    TableRow,
    cells,
    ends_as_sum,
    is_carried,
    is_leader,
    is_sum,
    place,
    read_sheet,
    sums,
    titles_taxes,
)
from ocr.templates import Template, names_sum, place_columns
from ocr.types import DocumentKind, LineItem, Page
from ocr.unheaded import complete_columns, infer_columns, opens_with_sum

FAR_RIGHT = 8.0  # word heights: no name begins so far to the right of the others
SHORTEST_SENTENCE, LONG_RUN = 5, 9  # words without a wide gap, with a full stop and without
LONGEST_TITLE = 8  # words of the title of a table
_NET_ADDRESS = re.compile(r"[\w-]@[\w-]|\bwww\.|https?://", re.IGNORECASE)
SURE_SUM = 3  # amounts that no further line equals by chance


def read_line_items(
    pages: Sequence[Page], kind: DocumentKind, template: Template | None = None
) -> tuple[LineItem, ...]:
    """The lines of the document that stands on these pages, from top to bottom. template: the supplier's, if known."""
    sheet = read_sheet(pages)
    if kind is DocumentKind.DELIVERY_NOTE:
        sheet = _delivered(sheet)
    known = place_columns(template.columns if template else (), sheet, {page.number: page.width for page in pages})
    unpriced = kind is DocumentKind.DELIVERY_NOTE
    drafts = list(_read_tables(sheet, known, unpriced)) or read_records(sheet, unpriced=unpriced)
    drafts = drafts or _read_unknown(sheet, kind)
    printed = sums(sheet)
    sizes = {page.number: page for page in pages}
    finished = [(item, draft) for draft in drafts if (item := finish(draft, sheet, sizes)) is not None]
    if template:
        finished = [(item, draft) for item, draft in finished if not names_sum(template, item.description)]
    items = repair_codes(without_positions(take_counts([item for item, _ in finished])))
    proven = adds_up(items, printed)
    return tuple(
        replace(item, confidence=confidence_of(item, draft, proven))
        for item, (_, draft) in zip(items, finished, strict=True)
    )


def _delivered(sheet: Sheet) -> Sheet:
    """A note without the table of what is still to come, which has a title of its own below the goods delivered."""
    headings = find_headings(sheet.rows, sheet.tokens)
    begins = headings[0].last + 1 if headings else len(sheet.rows)
    end = next((i for i in range(begins, len(sheet.rows)) if _titles_undelivered(sheet.tokens[i])), len(sheet.rows))
    return replace(sheet, rows=sheet.rows[:end], tokens=sheet.tokens[:end])


def _titles_undelivered(tokens: Sequence[Token]) -> bool:
    """Whether a row is nothing but a title that says its goods follow: "Remaining quantities not yet delivered:"."""
    text = fold(text_of(tokens))
    is_title = len(cells(tokens)) == 1 and len(text.split()) <= LONGEST_TITLE and not any(c.isdigit() for c in text)
    return is_title and any(f" {phrase} " in f" {text} " for phrase in load_table("columns")["headings"]["undelivered"])


def _read_unknown(sheet: Sheet, kind: DocumentKind) -> list[Draft]:
    """The drafts of tables of which nothing is known but what they print."""
    unpriced = kind is DocumentKind.DELIVERY_NOTE
    if unpriced and (labelled := read_labelled(sheet)):
        return labelled
    headings = find_headings(sheet.rows, sheet.tokens)
    if any(heading.columns.has(Role.TOTAL) for heading in headings) and not unpriced:
        headings = [heading for heading in headings if heading.columns.has(Role.TOTAL)]
    headings = [
        replace(heading, columns=complete_columns(heading.columns, sheet, indices, priced=not unpriced))
        for heading, indices in _regions(sheet, headings)
    ]
    drafts = list(_read_tables(sheet, headings, unpriced))
    model = None if drafts else infer_columns(sheet, kind)
    if model is None:
        return drafts
    drafts = list(_read_tables(sheet, [Heading(-1, -1, model)], unpriced))
    return drafts if unpriced else max([drafts, *_details(sheet, kind)], key=_proven_lines(sheet))


def _details(sheet: Sheet, kind: DocumentKind) -> Iterator[list[Draft]]:
    """What bills print below their sums: each with its lines, in groups that have sums of their own."""
    for i, tokens in enumerate(sheet.tokens[:-1]):
        if not opens_with_sum(tokens) or not any(token.kind is Kind.AMOUNT for token in tokens):
            continue
        below = replace(sheet, rows=sheet.rows[i + 1 :], tokens=sheet.tokens[i + 1 :])
        model = infer_columns(below, kind)
        if model is not None:
            ((_, indices),) = _regions(sheet, [Heading(i, i, model)])
            yield _without_group_sums(_read_region(sheet, model, indices, unpriced=False, grouped=True))


def _proven_lines(sheet: Sheet) -> Callable[[Sequence[Draft]], int]:
    """How many lines there are, if their sum is printed above them or below: of summary and detail, the latter."""
    printed = sums(sheet)

    def count(drafts: Sequence[Draft]) -> int:
        amounts = _amounts(drafts)
        return len(amounts) if len(amounts) > 1 and abs(sum(amounts)) in printed else 0

    return count


def _amounts(drafts: Sequence[Draft]) -> list[Decimal]:
    totals = (draft.value(Role.TOTAL) for draft in drafts)
    return [token.number for token in totals if token is not None and token.number is not None]


def _without_group_sums(drafts: list[Draft]) -> list[Draft]:
    """The lines without the heads of their groups, where every line belongs to a group whose head has its sum."""
    amounts = _amounts(drafts)
    kept: list[Draft] = []
    head = 0
    while head < len(amounts) == len(drafts):
        ends = (k for k in range(head + 2, len(amounts) + 1) if sum(amounts[head + 1 : k]) == amounts[head])
        end = next(ends, None)
        if end is None:
            return drafts
        kept += drafts[head + 1 : end]
        head = end
    return kept or drafts


def _read_tables(sheet: Sheet, headings: Sequence[Heading], unpriced: bool) -> Iterator[Draft]:
    """The drafts of every table, in order."""
    found: list[Draft] = []
    for heading, indices in _regions(sheet, headings):
        found += _read_region(sheet, heading.columns, indices, unpriced, _patient_above(sheet, heading))
    yield from found


def _regions(sheet: Sheet, headings: Sequence[Heading]) -> Iterator[tuple[Heading, list[int]]]:
    """Each heading with the rows that may stand below it: to the next heading, and over pages without one."""
    headed = {sheet.rows[heading.last].page for heading in headings if heading.last >= 0}
    for number, heading in enumerate(headings):
        end = headings[number + 1].first if number + 1 < len(headings) else len(sheet.rows)
        page = sheet.rows[heading.last].page if heading.last >= 0 else sheet.rows[0].page
        rows = [
            i for i in range(heading.last + 1, end) if sheet.rows[i].page == page or sheet.rows[i].page not in headed
        ]
        yield heading, rows


def _patient_above(sheet: Sheet, heading: Heading) -> str:
    """The animal that the row above a heading names: the first of several tables or groups, each of one animal."""
    if heading.first < 1:
        return ""
    above, first = sheet.rows[heading.first - 1], sheet.rows[heading.first]
    return (
        patient_in(sheet.tokens[heading.first - 1])
        if is_near(above, first) and len(above.words) <= LONGEST_HEADING
        else ""
    )


def _read_region(
    sheet: Sheet, model: Columns, indices: Sequence[int], unpriced: bool, patient: str = "", *, grouped: bool = False
) -> list[Draft]:
    """The drafts below one heading. patient: whose table it is. grouped: lines follow upon sums of others."""
    drafts: list[Draft] = []
    texts: list[TableRow] = []
    half: TableRow | None = None
    is_open, is_taxed = True, False  # whether lines may follow; whether the rows are those of a table of taxes
    page = sheet.rows[indices[0]].page if indices else 0
    table = [place(sheet, i, model) for i in indices]
    items = _items_above_sums(table, model, unpriced)
    groups = Groups(
        patient=patient,
        widest=_widest_name(table, model, unpriced),
        names_above=False if _names_below(table, items) else None,
        names_above_codes=_names_above_codes(table, items),
    )
    summed = 0  # how many drafts stand above the last sum
    for placed in table:
        if placed.row.page != page:
            if drafts and is_open:
                settle_texts(drafts[-1], None, texts, groups, model)
            page, half, texts = placed.row.page, None, []
        if is_leader(placed.row.text):
            continue
        if is_carried(placed.tokens):
            if drafts and is_open:
                settle_texts(drafts[-1], None, texts, groups, model)
            texts, half, summed = [], None, len(drafts)
            continue
        if not is_open:
            is_taxed = is_taxed or titles_taxes(placed.tokens)
            if is_taxed or not _is_complete(placed, model) or is_sum(placed):
                continue
            is_open, texts = True, []
        if is_sum(placed):
            settle_texts(drafts[-1] if drafts else None, None, texts, groups, model)
            is_open = grouped or (not drafts and not any(t.kind is Kind.AMOUNT for t in placed.tokens))
            texts, half = [], None
            continue
        if is_open and drafts and _stands_right(placed, drafts):
            settle_texts(drafts[-1], None, texts, groups, model)
            texts, half = [], None
            continue
        if is_open and drafts and _is_sum_of(placed, drafts, summed):
            settle_texts(drafts[-1], None, texts, groups, model)
            texts, half = [], None
            is_open, summed = ends_as_sum(placed), len(drafts)
            continue
        if half is not None and _completes(half, placed):
            draft = Draft([half, placed], model)
            half = None
        elif _is_item(placed, model, unpriced) and (_is_coded(placed) or not groups.names_above_codes):
            if half is not None:  # "Box of 200" over the amounts of the same line
                texts.append(half)
            draft = Draft([placed], model)
            half = None
        elif _is_half(placed, model):
            if half is not None:
                texts.append(half)
            half = placed
            continue
        else:
            if half is not None:
                texts.append(half)
                half = None
            texts.append(placed)
            continue
        settle_texts(drafts[-1] if drafts else None, draft, texts, groups, model)
        texts = []
        draft.patient, draft.category = groups.patient, groups.category
        drafts.append(draft)
    if is_open:
        if half is not None:
            texts.append(half)
        settle_texts(drafts[-1] if drafts else None, None, texts, groups, model)
    return [draft for draft in drafts if _is_named(draft)]


def _is_sum_of(placed: TableRow, drafts: Sequence[Draft], summed: int) -> bool:
    """Whether a row that has only a name and an amount sums the lines above it, or follows their sum: all of them, or
    those since the last sum (the first `summed` have one)."""
    if placed.total is None or _counts(placed):
        return False
    if any(is_code(token) for token in placed.in_role(Role.SKU)):
        return False
    lacking = all(draft.value(Role.QUANTITY) or draft.value(Role.UNIT_PRICE) for draft in drafts)
    named = ends_as_sum(placed)
    amounts = [token.number for draft in drafts if (token := draft.value(Role.TOTAL)) and token.number is not None]
    if not lacking and not named:
        return sum(map(bool, amounts)) >= SURE_SUM and sum(amounts) == placed.total.number
    if lacking and (named or summed == len(drafts)):
        return True
    return any(len(part) > 1 - named and sum(part) == placed.total.number for part in (amounts, amounts[summed:]))


def _counts(placed: TableRow) -> bool:
    """Whether a row has a quantity or a price; a label before a sum may stand in their columns."""
    return has_glued_quantity(placed) or any(
        placed.value(role) for role in (Role.QUANTITY, Role.ORDERED, Role.UNIT_PRICE)
    )


def _stands_right(placed: TableRow, drafts: Sequence[Draft]) -> bool:
    """Whether an amount's only words begin far to the right of all names above, as in a block of sums."""
    if _counts(placed) or placed.in_role(Role.SKU, Role.DATE) or placed.total in (None, placed.tokens[0]):
        return False
    names = [draft.own_name[0].left for draft in drafts if draft.own_name]
    return bool(names) and placed.tokens[0].left > max(names) + FAR_RIGHT * placed.row.height


def _widest_name(table: Sequence[TableRow], model: Columns, unpriced: bool) -> float:
    """Right edge of the longest name in a row of amounts."""
    rights = []
    for placed in table:
        tokens = placed.in_role(Role.DESCRIPTION)
        if tokens and _is_item(placed, model, unpriced) and not is_sum(placed):
            rights.append(tokens[-1].right)
    return max(rights, default=0.0)


def _names_above_codes(table: Sequence[TableRow], counted: Sequence[int]) -> bool:
    """Whether lines have nothing but an article number where their names should be, and a row of text right above:
    above the first one too, and none below the last one. A number in such a name may stand where counts do."""
    items = [i for i in counted if _is_coded(table[i])]
    if len(items) < 2 or any(i not in items and i + 1 not in items for i in counted):
        return False
    texts = [i - 1 for i in items if i and i - 1 not in items and is_near(table[i - 1].row, table[i].row)]
    last = items[-1]
    after = table[last + 1] if last + 1 < len(table) else None
    ends = after is None or is_sum(after) or ":" in after.row.text or not is_near(table[last].row, after.row)
    return ends and len(texts) == len(items)


def _names_below(table: Sequence[TableRow], items: Sequence[int]) -> bool:
    """Whether lines have no name beside their amounts, and each a row of text right below: the last one too, and no
    name above the first one."""
    if len(items) < 2 or any(table[i].in_role(Role.DESCRIPTION) for i in items):
        return False
    above = table[items[0] - 1].row if items[0] else None
    if above is not None and is_near(above, table[items[0]].row) and ":" not in above.text:
        return False
    below = [table[i + 1] for i in items if i + 1 < len(table)]
    return len(below) == len(items) and not any(
        is_sum(row) or row.total or ":" in row.row.text or not is_near(table[i].row, row.row)
        for i, row in zip(items, below, strict=True)
    )


def _items_above_sums(table: Sequence[TableRow], model: Columns, unpriced: bool) -> list[int]:
    """The rows that are items, above the first sum that stands below one."""
    found: list[int] = []
    for i, placed in enumerate(table):
        if found and is_sum(placed):
            break
        if _is_item(placed, model, unpriced) and not is_sum(placed):
            found.append(i)
    return found


def _is_coded(placed: TableRow) -> bool:
    """Whether an article number stands where the name should; its unit or "1.00 x" may stand in the same column."""
    names = [token for token in placed.in_role(*NAMES) if token.kind is not Kind.UNIT]
    factor = len(names) == 3 and names[1].number is not None and names[2].text in TIMES_SIGNS
    return (len(names) == 1 or factor) and is_code(names[0])


def _is_named(draft: Draft) -> bool:
    return bool(draft.name or draft.own_name or draft.in_role(Role.SKU))


def _is_complete(placed: TableRow, model: Columns) -> bool:
    """A row that is surely an item: name, quantity and total (or whatever the columns ask for) are all there."""
    named = count_letters(text_of(placed.in_role(Role.DESCRIPTION))) >= 3
    asked = [role for role in (Role.QUANTITY, Role.UNIT_PRICE, Role.TOTAL) if model.has(role)]
    return (
        named
        and len(asked) > 1
        and all(placed.value(role) is not None for role in asked)
        and not any(column is None for column in placed.columns)
    )


def _is_item(placed: TableRow, model: Columns, unpriced: bool) -> bool:
    named = bool(placed.in_role(*NAMES))
    marks = [role for role in (Role.UNIT, Role.SKU) if model.has(role)]
    if not model.printed and not model.has(Role.TOTAL) and marks and not placed.in_role(*marks):
        return False
    counted = placed.value(Role.QUANTITY) or placed.value(Role.ORDERED) or has_glued_quantity(placed)
    total = placed.total
    if model.has(Role.TOTAL) and total is not None:
        if total.kind is not Kind.AMOUNT and not _is_plain_total(placed, total):
            return False
        stray = any(
            token.kind is Kind.TEXT and (column is None or column.role in VALUES) for token, column in cells_of(placed)
        )
        return named or bool(counted) or not stray
    if not model.has(Role.TOTAL) or unpriced:
        if counted and not named and model.printed:  # a name stands above "2 of 5", never above a bare number
            return any(PARTIAL.fullmatch(token.text) for token in placed.in_role(Role.QUANTITY))
        codes = placed.in_role(Role.SKU)
        told = count_letters(text_of(placed.in_role(*NAMES))) + len(codes) + any(map(is_code, codes))
        is_none = _is_labelled(placed) or _is_sentence(placed) or _NET_ADDRESS.search(placed.row.text)
        return bool(counted) and named and told >= 2 and not is_none
    return False


def _is_labelled(placed: TableRow) -> bool:
    """Whether a row begins with a label ("Colis : 8"), or its count stands behind one ("Signed    Parcels: 14"), as in
    rows below a table."""
    count = placed.value(Role.QUANTITY)
    before = placed.tokens[: placed.tokens.index(count)] if count else ()
    opening = text_of(placed.tokens[:3])
    return text_of(before).endswith(":") or re.match(r"[^\W\d][^:\d]*:(?:\s|$)", opening) is not None


def _is_sentence(placed: TableRow) -> bool:
    """Whether the count is a word of the small print, which runs on without regard to the columns."""
    counts = placed.in_role(Role.QUANTITY, Role.ORDERED)
    around = next((len(cell) for cell in cells(placed.tokens) if counts and counts[0] in cell), 0)
    return around >= (SHORTEST_SENTENCE if placed.tokens[-1].text.endswith(".") else LONG_RUN)


def _is_plain_total(placed: TableRow, total: Token) -> bool:
    """Whether a number without decimals in the total's column is an amount: nothing, or quantity x price."""
    quantity, price = placed.value(Role.QUANTITY), placed.value(Role.UNIT_PRICE)
    if quantity is None or price is None:
        return False
    return total.number == 0 or is_product(quantity.number, price.number, total.number, None)


def _is_half(placed: TableRow, model: Columns) -> bool:
    """Quantity or price without the total, which may stand on the next row."""
    return model.has(Role.TOTAL) and (
        placed.value(Role.QUANTITY) is not None or placed.value(Role.UNIT_PRICE) is not None
    )


def _completes(half: TableRow, placed: TableRow) -> bool:
    near = placed.row.page == half.row.page and placed.row.y - half.row.y <= NEAR_ROW * half.row.height
    bare = not any(placed.value(role) for role in (Role.QUANTITY, Role.UNIT_PRICE))
    return near and bare and placed.total is not None and bool(half.in_role(*NAMES))
