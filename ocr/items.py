"""Line items: rows below a heading (or, without one, rows whose numbers fit) become records with a name and amounts.

How it goes: rows → tokens typed once → table region (a heading opens it, the totals' wording closes it, the next page
may open it again) → the numbers of a row told apart by the column they stand in, checked by quantity x price = amount
→ names above or below, wrapped text and group headings joined.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache

from ocr.headings import Columns, Heading, find_columns
from ocr.layout import Row, rows
from ocr.lexicon import load_table
from ocr.parse import find_dates, fold, parse_amount
from ocr.types import BoundingBox, DocumentKind, LineItem, Method, Page, Word

CENT = Decimal("0.01")
FACTS = frozenset(
    [
        "tel",
        "phone",
        "fax",
        "date",
        "time",
        "invoice",
        "account",
        "page",
        "card",
        "auth",
        "ref",
        "order",
        "abn",
        "vat",
        "gst",
    ]
)
# Distances in heights of the row's median word.
COLUMN_REACH = 4.0  # from a number to the heading that it may still stand under
CELL_GAP = 1.0
WRAP_ROOM = 3.0  # less room than this at the end of a name's line: the next line goes on with it
MAX_TOTALS_WORDS = 4  # words of a totals phrase that are looked at
CODE = re.compile(r"^(?=.*\d)[A-Z0-9][A-Z0-9\-/.]{2,}$")
SHORT_CODE = re.compile(r"^[A-Z]{1,3}\d{2,}[A-Z]?$")
TIMES = frozenset({"x", "@", "*", "a"})
LETTERS = re.compile(r"[^\W\d_]{2,}")
CURRENCY = re.compile(r"^(?:[A-Z]{0,3}[£€$]|RM|EUR|GBP|USD|AUD|NZD|INR|CHF|Rs\.?|₹)$")
ITEM_SURE, ITEM_FAIR, ITEM_DOUBTFUL = 0.98, 0.93, 0.75  # confidence by what speaks for a row; measured, see docs
SUM_BONUS = 0.3  # share of the doubt that goes when the lines add up to a printed total


@dataclass(frozen=True, slots=True)
class Number:
    """A number on a row. words: the words it is printed with. is_amount: it has decimals or a currency sign."""

    value: Decimal
    left: float
    right: float
    is_amount: bool
    words: tuple[int, ...]


@dataclass(slots=True)
class Record:
    """What is known of a row of the table while it is read."""

    row: Row
    numbers: dict[str, Number] = field(default_factory=dict)
    name: list[Word] = field(default_factory=list)
    sku: str = ""
    unit: str = ""


@dataclass(slots=True)
class Table:
    """Where the reading of the tables stands."""

    columns: Columns | None = None
    is_open: bool = False
    category: str = ""
    patient: str = ""


def read_line_items(pages: Sequence[Page], kind: DocumentKind) -> tuple[LineItem, ...]:
    """The items of one document's pages, in the order of print."""
    layout = [(page, rows(page)) for page in pages]
    found = list(_read_tables(layout, kind))
    if not found:
        found = list(_read_without_heading(layout, kind))
    return _judge(found, layout)


# --- with a heading -------------------------------------------------------------------------------------------------


def _read_tables(layout: Sequence[tuple[Page, list[Row]]], kind: DocumentKind) -> Iterator[LineItem]:
    table = Table()
    for page, lines in layout:
        if table.columns is not None:
            table.columns = table.columns.scaled(page.width)
        yield from _read_page(page, lines, table, kind)


def _read_page(page: Page, lines: list[Row], table: Table, kind: DocumentKind) -> Iterator[LineItem]:
    pending: list[Row] = []  # text above a row of numbers that has no name of its own
    last: LineItem | None = None
    last_row: Row | None = None
    index = 0
    while index < len(lines):
        row = lines[index]
        heading = find_columns(lines, index, page.width)
        if heading is not None:
            table.columns, taken = heading
            table.is_open, index, pending = True, index + taken, []
            continue
        index += 1
        if not table.is_open or table.columns is None:
            continue
        closing = totals_phrase(row)
        record = read_row(row, table.columns)
        if closing and not _is_item_in_spite(record, closing):
            table.is_open = table.is_open and closing == "soft"
            pending = []
            continue
        if is_item(record, table.columns, kind):
            if not record.name and pending:
                record.name = [word for above in pending[-1:] for word in above.words]
            if last is not None:
                yield last
            last, last_row = _make_item(record, page, table), row
            pending = []
            if not last.description:
                last = None
            continue
        if last is not None and last_row is not None and _continues(last_row, row, record, table.columns):
            last = replace(last, description=f"{last.description} {_text(row.words)}".strip())
            last_row = row
            continue
        if is_text(row):
            pending.append(row)
            next_row = lines[index] if index < len(lines) else None
            _take_heading(row, next_row, table, kind)
    if last is not None:
        yield last


def _take_heading(row: Row, next_row: Row | None, table: Table, kind: DocumentKind) -> None:
    """A short line of text above items names a patient or a group."""
    folded = fold(row.text)
    words = folded.split()
    if not words or len(words) > 6 or next_row is None or table.columns is None:
        return
    headings = load_table("tables")["headings"]
    label = next((p for p in headings["patient_labels"] if folded.startswith(p + " ") or folded == p), None)
    if label or any(word in headings["species"] for word in words):
        name = re.sub(r"\(.*", "", row.text).strip()
        table.patient = re.sub(r"^[^:]*:\s*", "", name).strip()
    elif is_item(read_row(next_row, table.columns), table.columns, kind) and not any(c.isdigit() for c in row.text):
        table.category = row.text.strip()


def read_row(row: Row, columns: Columns) -> Record:
    """The row's numbers by column, and its words by what they are."""
    record = Record(row)
    numbers = numbers_of(row)
    used: set[int] = set()
    for number, heading in assign(numbers, columns.headings, row.height):
        if heading.kind == "unit" and not number.is_amount:
            continue
        kind = "unit_price" if heading.kind == "unit" else heading.kind
        record.numbers[kind] = number  # of several of one kind the last, right-most one stands
        used.update(number.words)
    _take_words(record, row, columns, used)
    return record


def assign(numbers: Sequence[Number], headings: Sequence[Heading], height: float) -> list[tuple[Number, Heading]]:
    """Numbers and headings paired left to right, so that the distances are smallest; what is too far from any heading
    stays alone (a number inside a name)."""
    slots = [h for h in headings if h.kind in _NUMBER_KINDS]
    reach = COLUMN_REACH * height
    # best[i][j]: the least cost of the first i numbers over the first j headings, and the choice made last
    best: list[list[tuple[float, str]]] = [[(0.0, "")] * (len(slots) + 1) for _ in range(len(numbers) + 1)]
    for i in range(1, len(numbers) + 1):
        best[i][0] = (best[i - 1][0][0] + reach, "number")
    for i in range(1, len(numbers) + 1):
        for j in range(1, len(slots) + 1):
            pair = best[i - 1][j - 1][0] + _distance(numbers[i - 1], slots[j - 1], height)
            options = [(pair, "pair"), (best[i - 1][j][0] + reach, "number"), (best[i][j - 1][0], "heading")]
            best[i][j] = min(options)
    pairs = []
    i, j = len(numbers), len(slots)
    while i > 0 and j > 0:
        choice = best[i][j][1]
        if choice == "pair":
            pairs.append((numbers[i - 1], slots[j - 1]))
            i, j = i - 1, j - 1
        elif choice == "number":
            i -= 1
        else:
            j -= 1
    return pairs[::-1]


_NUMBER_KINDS = frozenset(
    {"quantity", "quantity_ordered", "unit_price", "discount", "tax", "total", "unit", "position", "sku", "date"}
)


def _distance(number: Number, heading: Heading, height: float) -> float:
    """Between the spans; a little for what is not aligned, so that of two overlapping headings the better one wins."""
    gap = max(heading.left - number.right, number.left - heading.right, 0.0)
    aligned = min(
        abs(number.right - heading.right),
        abs(number.left - heading.left),
        abs(number.left + number.right - heading.left - heading.right) / 2,
    )
    unfit = height if number.is_amount and heading.kind in ("quantity", "position", "sku", "date") else 0.0
    if not number.is_amount and heading.kind in ("total", "unit_price", "discount"):
        unfit = height
    return gap + 0.1 * aligned + unfit


def _take_words(record: Record, row: Row, columns: Columns, used: set[int]) -> None:
    """Sorts the words that are no numbers of a column: name, code, unit, or what other columns hold."""
    left_out = {"tax", "other", "position", "date"}
    dates = _date_words(row)
    for index, word in enumerate(row.words):
        if index in used or index in dates or CURRENCY.match(word.text) or not any(c.isalnum() for c in word.text):
            if index not in used and index not in dates and record.name and not CURRENCY.match(word.text):
                record.name.append(word)
            continue
        heading = _column_of(word, columns, row.height)
        kind = heading.kind if heading is not None else "description"
        if kind == "sku":
            record.sku = f"{record.sku} {word.text}".strip()
        elif is_unit(word.text) and (kind == "unit" or _follows_quantity(record, index)):
            record.unit = word.text
        elif kind == "unit":
            record.unit = f"{record.unit} {word.text}".strip()
        elif kind in left_out and heading is not None and _overlaps(word, heading):
            continue
        else:
            record.name.append(word)
    if "sku" in record.numbers and not record.sku:
        number = record.numbers.pop("sku")
        record.sku = "".join(row.words[i].text for i in number.words)
    while record.name and not any(c.isalnum() for c in record.name[-1].text):
        record.name.pop()
    _split_code(record, row.height)


def _column_of(word: Word, columns: Columns, height: float) -> Heading | None:
    """The heading that a word of text stands under: what it overlaps, else the last one that begins left of it."""
    over = [h for h in columns.headings if _overlaps(word, h)]
    texts = [h for h in over if h.kind in ("description", "sku", "unit", "other", "tax", "date", "position")]
    begun = [h for h in columns.headings if h.left <= word.left + 0.6 * height]
    nearest = begun[-1] if begun else None
    if texts:
        if nearest is not None and nearest.kind == "description" and texts[0].kind != "description":
            return texts[0] if texts[0].left > nearest.left else nearest
        return texts[0]
    if nearest is not None and nearest.kind in ("description", "sku", "unit", "other"):
        after = columns.headings[columns.headings.index(nearest) + 1 :]
        if nearest.kind in ("unit", "other") and any(h.kind == "description" for h in after):
            return nearest if word.left - nearest.right < 2 * height else None
        return nearest if nearest.kind == "description" or word.left - nearest.right < 4 * height else None
    return None


def _overlaps(word: Word, heading: Heading) -> bool:
    return min(word.right, heading.right) - max(word.left, heading.left) > 0


def _follows_quantity(record: Record, index: int) -> bool:
    quantity = record.numbers.get("quantity")
    return quantity is not None and index - 1 in quantity.words


def _split_code(record: Record, height: float) -> None:
    """A code printed in the name's column, apart from the name: the first word, with a gap behind it."""
    if record.sku or len(record.name) < 2:
        return
    first, second = record.name[0], record.name[1]
    if second.left - first.right >= CELL_GAP * height and is_code(first.text):
        record.sku = first.text
        del record.name[0]


def is_code(text: str) -> bool:
    return bool(SHORT_CODE.match(text) or (CODE.match(text) and sum(c.isdigit() for c in text) >= 3))


@cache
def _units() -> frozenset[str]:
    return frozenset(load_table("tables")["units"]["words"])


def is_unit(text: str) -> bool:
    return fold(text) in _units()


def is_item(record: Record, columns: Columns, kind: DocumentKind) -> bool:
    """Whether the row holds an item: its amount, or without prices its quantity beside a name or a code."""
    if columns.has("total") and "total" in record.numbers:
        total = record.numbers["total"]
        return total.is_amount or "quantity" in record.numbers or "unit_price" in record.numbers
    if kind is DocumentKind.DELIVERY_NOTE or not columns.has("total", "unit_price"):
        return "quantity" in record.numbers and bool(record.sku or _has_letters(record.name))
    return False


def _is_item_in_spite(record: Record, closing: str) -> bool:
    """A row that begins like a total ("Total knee support") but has quantity, price and amount that fit is an item."""
    numbers = record.numbers
    if not {"quantity", "unit_price", "total"} <= set(numbers):
        return False
    product = numbers["quantity"].value * numbers["unit_price"].value
    return abs(abs(product) - abs(numbers["total"].value)) <= CENT


def _continues(last_row: Row, row: Row, record: Record, columns: Columns) -> bool:
    """Whether a line of text goes on with the name above it: begun small or in brackets, or because the name had filled
    its column."""
    if record.numbers and any(number.is_amount for number in record.numbers.values()):
        return False
    if row.y - last_row.y > 2.2 * max(row.height, last_row.height):
        return False
    text = row.text.strip()
    if not LETTERS.search(text):
        return False
    names = [h for h in columns.headings if h.kind == "description"]
    if not names or row.left < names[0].left - 2 * row.height:
        return False
    if text[0].islower() or text[0] in "(&+,/-":
        return True
    after = [h for h in columns.headings if h.left > names[0].left]
    own = [w for w in last_row.words if not after or w.right < after[0].left]
    if not after or not own:
        return False
    room = after[0].left - own[-1].right
    first = row.words[0]
    return room < WRAP_ROOM * row.height and first.right - first.left > room - row.height


# --- without a heading ------------------------------------------------------------------------------------------------


def _read_without_heading(layout: Sequence[tuple[Page, list[Row]]], kind: DocumentKind) -> Iterator[LineItem]:
    """Rows that end in an amount with a name before it (or on the row above), up to the totals."""
    for page, lines in layout:
        edge = _amount_edge(lines)
        previous: Row | None = None
        closed = False
        for row in lines:
            phrase = totals_phrase(row)
            if phrase == "hard" and any(number.is_amount for number in numbers_of(row)):
                closed = True
            record = None if closed or phrase else _bare_record(row, edge, kind)
            if record is not None:
                if not _has_letters(record.name) and previous is not None and is_text(previous):
                    record.name = list(previous.words)
                item = _make_item(record, page, Table())
                if _has_letters(record.name) and not looks_like_fact(item.description):
                    yield item
            previous = row


def _amount_edge(lines: Sequence[Row]) -> float | None:
    """The right edge that most amounts share: the table's amount column."""
    edges = sorted(n[-1].right for row in lines if (n := [x for x in numbers_of(row) if x.is_amount]))
    return edges[len(edges) // 2] if edges else None


def _bare_record(row: Row, edge: float | None, kind: DocumentKind) -> Record | None:
    numbers = numbers_of(row)
    amounts = [number for number in numbers if number.is_amount]
    record = Record(row)
    reach = 3 * row.height
    if not amounts or edge is None or abs(amounts[-1].right - edge) > max(reach, 0.06 * edge):
        return _unpriced_record(row, numbers) if kind is DocumentKind.DELIVERY_NOTE else None
    record.numbers["total"] = amounts[-1]
    before = [n for n in numbers if n.right <= amounts[-1].left]
    for price in reversed([n for n in before if n.is_amount]):
        for quantity in before:
            if quantity is not price and abs(abs(quantity.value * price.value) - abs(amounts[-1].value)) <= CENT:
                record.numbers |= {"unit_price": price, "quantity": quantity}
                break
        if "unit_price" in record.numbers:
            break
    if "quantity" not in record.numbers:
        _take_bare_quantity(record, row, before)
    used = {i for number in record.numbers.values() for i in number.words}
    _take_bare_words(record, row, used)
    return record


def _take_bare_quantity(record: Record, row: Row, before: Sequence[Number]) -> None:
    for number in before:
        follows = row.words[number.words[-1] + 1].text if number.words[-1] + 1 < len(row.words) else ""
        starts = number.words[0] == 0 and not number.is_amount and number.value < 1000
        if starts or fold(follows) in TIMES or is_unit(follows):
            record.numbers["quantity"] = number
            return


def _unpriced_record(row: Row, numbers: Sequence[Number]) -> Record | None:
    """ "2 case 208833 Chopped Tomatoes": a quantity with its unit, then a code or a name."""
    for number in numbers:
        behind = row.words[number.words[-1] + 1 :]
        if number.value < 10_000 and behind and is_unit(behind[0].text) and number.words[0] <= 1 and len(behind) > 1:
            record = Record(row, {"quantity": number})
            _take_bare_words(record, row, set(number.words))
            return record
    return None


def _take_bare_words(record: Record, row: Row, used: set[int]) -> None:
    quantity = record.numbers.get("quantity")
    total = record.numbers.get("total")
    for index, word in enumerate(row.words):
        if index in used or CURRENCY.match(word.text) or not any(c.isalnum() for c in word.text):
            continue
        if quantity is not None and index - 1 in quantity.words and (is_unit(word.text) or fold(word.text) in TIMES):
            record.unit = record.unit or (word.text if is_unit(word.text) else "")
        elif not record.sku and not record.name and is_code(word.text):
            record.sku = word.text
        elif total is not None and word.left >= total.right:
            continue
        elif parse_amount(word.text) is None or record.name:
            record.name.append(word)
    while record.name and parse_amount(record.name[-1].text) is not None and len(record.name) > 1:
        record.name.pop()


def looks_like_fact(text: str) -> bool:
    """Dates, telephone numbers and the like with a number at the end are no items."""
    folded = fold(text)
    words = folded.split()
    facts = (
        "tel",
        "phone",
        "fax",
        "date",
        "time",
        "invoice",
        "account",
        "page",
        "card",
        "auth",
        "ref",
        "order",
        "abn",
        "vat",
        "gst reg",
    )
    return bool(find_dates(text)) or (bool(words) and words[0] in facts) or "@" in text


# --- rows, tokens, totals ---------------------------------------------------------------------------------------------


def numbers_of(row: Row) -> list[Number]:
    """The numbers that stand apart on a row, left to right, each with the currency sign beside it."""
    found: list[Number] = []
    dates = _date_words(row)
    index = 0
    while index < len(row.words):
        text, taken = row.words[index].text, 1
        signed = False
        if CURRENCY.match(text) and index + 1 < len(row.words):
            text, taken, signed = text + row.words[index + 1].text, 2, True
        value = parse_amount(text) if index not in dates else None
        if value is not None and any(c.isalpha() for c in text.replace("EUR", "").replace("RM", "")) and not signed:
            value = value if re.search(r"[£€$]", text) else None
        if value is None:
            index += 1
            continue
        end = index + taken
        if end < len(row.words) and (CURRENCY.match(row.words[end].text) or row.words[end].text in ("-", "CR")):
            if row.words[end].text in ("-", "CR") and value > 0:
                value = -value
            taken, signed = taken + 1, True
        words = tuple(range(index, index + taken))
        has_decimals = bool(re.search(r"\d[.,]\d{2,4}\D*$", text))
        if not (index + taken < len(row.words) and row.words[index + taken].text == "%"):
            last = row.words[words[-1]]
            found.append(Number(value, row.words[index].left, last.right, has_decimals or signed, words))
        index += taken
    return found


def _date_words(row: Row) -> frozenset[int]:
    """Words that print a day."""
    spans, start = [], 0
    for word in row.words:
        spans.append((start, start + len(word.text)))
        start += len(word.text) + 1
    dates = find_dates(row.text)
    return frozenset(
        index
        for index, (begin, end) in enumerate(spans)
        if any(match.start <= begin + 1 and end <= match.end + 1 for match in dates)
    )


@cache
def _totals() -> dict[str, str]:
    table = load_table("tables")["totals"]
    return {**dict.fromkeys(table["hard"], "hard"), **dict.fromkeys(table["soft"], "soft")}


def totals_phrase(row: Row) -> str:
    """ "hard" or "soft" for a row that begins with the wording of a total and ends in nothing but amounts, else ""."""
    cells = re.split(r"\s{2,}", row.text)
    words = fold(re.sub(r"[\d.,%£€$()@:]+", " ", cells[0])).split()
    for length in range(min(MAX_TOTALS_WORDS, len(words)), 0, -1):
        verdict = _totals().get(" ".join(words[:length]), "")
        if verdict and (length == len(words) or length >= 2 or len(words) <= 4):
            return verdict
    return ""


def is_text(row: Row) -> bool:
    return bool(LETTERS.search(row.text)) and not any(number.is_amount for number in numbers_of(row))


def _has_letters(words: Sequence[Word]) -> bool:
    return any(LETTERS.search(word.text) for word in words)


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words).strip(" |:;-–")  # noqa: RUF001


# --- records → items --------------------------------------------------------------------------------------------------


def _make_item(record: Record, page: Page, table: Table) -> LineItem:
    values = {name: number.value for name, number in record.numbers.items()}
    quantity, price, total = values.get("quantity"), values.get("unit_price"), values.get("total")
    confidence = ITEM_FAIR
    if quantity is not None and price is not None and total is not None:
        fits = abs(abs(quantity * price) - abs(total)) <= CENT
        discounted = "discount" in values
        confidence = ITEM_SURE if fits or discounted else ITEM_DOUBTFUL
    elif quantity is None and price is not None and total is not None and price != 0 and (total / price) % 1 == 0:
        quantity = abs(total / price)
    return LineItem(
        description=_text(record.name),
        quantity=quantity,
        unit_price=price,
        net_amount=total,
        sku=record.sku,
        unit=record.unit,
        category=table.category,
        patient=table.patient,
        discount=values.get("discount"),
        quantity_ordered=values.get("quantity_ordered"),
        confidence=confidence,
        page=page.number,
        box=_box(record.row, page),
        method=Method(page.method),
    )


def _box(row: Row, page: Page) -> BoundingBox:
    return BoundingBox(
        max(row.left / page.width, 0.0),
        max(row.top / page.height, 0.0),
        min(row.right / page.width, 1.0),
        min(row.bottom / page.height, 1.0),
    )


def _judge(items: Sequence[LineItem], layout: Sequence[tuple[Page, list[Row]]]) -> tuple[LineItem, ...]:
    """The items with a confidence that knows whether they add up to an amount that is printed."""
    total = sum((item.net_amount for item in items if item.net_amount is not None), Decimal(0))
    printed = {abs(n.value) for _, lines in layout for row in lines if totals_phrase(row) for n in numbers_of(row)}
    if not items or not any(abs(abs(total) - amount) <= CENT * len(items) for amount in printed):
        return tuple(items)
    return tuple(replace(item, confidence=item.confidence + SUM_BONUS * (1 - item.confidence)) for item in items)
