"""What kind of document the pages are: by its title, else by what only one kind has."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise, zip_longest
from statistics import median

from ocr.candidates import find_amounts
from ocr.cells import Kind
from ocr.columns import Columns, Role, find_headings
from ocr.evidence import MOST_UNKNOWN, NEAR_ABOVE, Sheet, SheetRow, once
from ocr.layout import Row, rows
from ocr.lexicon import load_table
from ocr.parse import fold
from ocr.tables import place, read_sheet
from ocr.types import DocumentKind, Method, Page, Word

LONGEST_TITLE = 4  # words
CELL_GAP = 1.1  # heights
TITLE_ZONE = 0.45  # of the page, from its top
STRIP_SHAPE = 1.9  # height over width: of a till receipt
TILL_WIDTH = 25.0  # heights of a word: wider print is no till roll's; measured on 110 receipts and 210 sheets
LEAST_PRINTED = 0.55  # of the width of a page that is no picture: narrower print is none of a roll's
FEWEST_WORDS = 25  # that tell the width of the print
OUTSIDERS = 40  # one word in so many may stand outside the print
SIZE_WEIGHT = 1.2  # for each size of type above the page's median
# Points of a title that fills its cell, of one with others, of one that heads a value, of a mere mention.
ALONE, HEADED, LABEL, WEAK = 2.0, 0.6, 0.3, 0.05
SMALL = 0.6  # points that a title in the size of all other print loses: it may be a heading of a table
LARGE = 1.3  # times the median type: larger print is a title, whatever stands beside it
BELOW = 2.6  # heights between a heading and the value right below it
# What a kind gains from what its page says besides the title: by a class of label, or a fact about its amounts.
CONTENT: Mapping[str, Mapping[str, float]] = {
    "invoice_number": {"invoice": 0.6},
    "due_date": {"invoice": 0.6},
    "amount_due": {"invoice": 0.2},
    "tax": {"invoice": 0.1},
    "credit_note_number": {"credit_note": 0.8},
    "original_invoice": {"credit_note": 1.0},
    "negative": {"credit_note": 1.5},
    "unpriced": {"delivery_note": 0.8, "invoice": -0.8},
    "counted_twice": {"delivery_note": 0.8},
}
TO_PAY = frozenset({"amount_due", "gross_total"})
COUNTS = (Role.QUANTITY, Role.ORDERED)
LONGEST_HEADING = 6  # words
LONGEST_PIECE = 2  # letters of a word that is spaced out
SHORT_CELL = 7  # words: longer cells are sentences
STROKES = frozenset("/|\u2013\u2014-")
NUMBER_WORDS = frozenset(
    {
        "no",
        "nr",
        "number",
        "num",
        "nummer",
        "numero",
        "n",
        "vom",
        "du",
        "del",
        "dated",
        "date",
        "ref",
        "reference",
        "id",
        "#",
        "n o",
    }
)
TITLED_TILL = 0.85  # probability of what a till printed a title of
DENIED = 4.0
NEGATIVE_SHARE = 0.3  # of the amounts: above, money is given back
SURE_MARGIN = 2.5  # points before the runner-up at which a title leaves no doubt
KINDS = {
    "credit_note": DocumentKind.CREDIT_NOTE,
    "delivery_note": DocumentKind.DELIVERY_NOTE,
    "statement": DocumentKind.STATEMENT,
    "invoice": DocumentKind.INVOICE,
    "receipt": DocumentKind.RECEIPT,
    "other": DocumentKind.OTHER,
}


@dataclass(frozen=True, slots=True)
class Title:
    kind: str
    points: float


def decide_kind(sheet: Sheet) -> tuple[DocumentKind, float]:
    """The kind and its probability."""
    pages = list(sheet.pages.values())
    points = dict.fromkeys(KINDS, 0.0)
    for title in _titles(pages[0], _labelled_rows(sheet), _valued_rows(sheet), _ways_to_pay(sheet)):
        points[title.kind] = max(points[title.kind], title.points)
    text = " " + fold(" ".join(word.text for page in pages for word in page.words)) + " "
    if len(pages) == 1 and is_till_roll(pages[0]) and not points["delivery_note"]:
        kind, confidence = _by_client(text, text_width(pages[0]))
        return kind, max(confidence, TITLED_TILL) if points[kind.value] >= HEADED else confidence
    if any(f" {denial} " in text for denial in load_table("kinds")["denials"]):
        points["invoice"] -= DENIED
        points["delivery_note"] += 1.0
    facts = set(_facts(sheet))
    if max(points.values()) < LABEL:
        found = _by_content(pages[0], text, facts)
        if found[0] is not DocumentKind.OTHER or max(points.values()) <= 0:
            return found
    for fact in sorted(facts):
        if fact == "unpriced" and points["invoice"] >= HEADED and not points["delivery_note"]:
            continue  # a bill of which no amount was made out
        for name, gain in CONTENT.get(fact, {}).items():
            points[name] += gain
    ranked = sorted(points, key=lambda kind: (points[kind], kind == "invoice"), reverse=True)
    margin = points[ranked[0]] - max(points[ranked[1]], 0.0)
    return KINDS[ranked[0]], 0.75 + 0.24 * min(margin / SURE_MARGIN, 1.0)


def _facts(sheet: Sheet) -> Iterator[str]:
    """What the pages say besides their titles, as the names of `CONTENT`."""
    yield from sheet.label_classes
    amounts = [amount.value for amount in find_amounts(sheet) if amount.decimals == 2 or amount.marked]
    if _is_unpriced(sheet, has_amounts=bool(amounts)):
        yield "unpriced"
        if _is_counted_twice(sheet):
            yield "counted_twice"
    elif amounts and sum(value < 0 for value in amounts) > NEGATIVE_SHARE * len(amounts) and max(amounts, key=abs) < 0:
        yield "negative"


@once
def _goods(sheet: Sheet) -> tuple[tuple[Columns, ...], bool]:
    """The columns of the tables of goods, and whether every amount printed only counts or weighs goods in them."""
    table = read_sheet(list(sheet.pages.values()))
    headings = find_headings(table.rows, table.tokens)
    counts = 0
    for heading, following in zip_longest(headings, headings[1:]):
        end = following.first if following else len(table.rows)
        placed = (place(table, i, heading.columns) for i in range(heading.last + 1, end))
        counts += sum(token.kind is Kind.AMOUNT for row in placed for token in row.in_role(*COUNTS))
    amounts = sum(token.kind is Kind.AMOUNT for tokens in table.tokens for token in tokens)
    return tuple(heading.columns for heading in headings), counts == amounts


def _is_unpriced(sheet: Sheet, *, has_amounts: bool) -> bool:
    """Whether there is a table of goods, and nowhere an amount: what has two decimals may count or weigh the goods."""
    if not has_amounts and "column" in sheet.label_classes:
        return True
    tables, only_counts = _goods(sheet)
    priced = any(columns.has(role) for columns in tables for role in (Role.TOTAL, Role.UNIT_PRICE))
    return bool(tables) and not priced and (only_counts or not has_amounts)


def _is_counted_twice(sheet: Sheet) -> bool:
    """Whether a table tells what was ordered from what was delivered."""
    return any(all(map(columns.has, COUNTS)) for columns in _goods(sheet)[0])


def text_width(page: Page) -> float:
    """How wide the print is, in heights of its median word: 12 to 24 on a till roll, above 30 on a sheet."""
    if not page.words:
        return 0.0
    return printed_width(page) / median(word.bottom - word.top for word in page.words)


def printed_width(page: Page) -> float:
    """From the left edge of the print to its right one, but for a few words beside it, in page units."""
    lefts = sorted(word.left for word in page.words)
    rights = sorted(word.right for word in page.words)
    few = len(page.words) // OUTSIDERS
    return rights[-1 - few] - lefts[few]


def is_till_roll(page: Page) -> bool:
    """Whether the page is printed as narrow as a till does, and shows amounts. A drawn page is no wider than its roll;
    a picture may show the table under it."""
    if len(page.words) < FEWEST_WORDS or text_width(page) > TILL_WIDTH:
        return False
    if page.method is Method.TEXT_LAYER and printed_width(page) < LEAST_PRINTED * page.width:
        return False
    return any(re.search(r"\d[.,]\d\d\b", word.text) for word in page.words)


def _by_client(text: str, width: float) -> tuple[DocumentKind, float]:
    """What a till printed: an invoice if it names a client, patient or account, else a receipt."""
    named = any(f" {word} " in text for word in load_table("kinds")["client"])
    narrow = min((TILL_WIDTH - width) / TILL_WIDTH * 2, 0.15)
    return (DocumentKind.INVOICE, 0.8) if named else (DocumentKind.RECEIPT, 0.82 + narrow)


def _by_content(page: Page, text: str, facts: Collection[str]) -> tuple[DocumentKind, float]:
    """No title: an amount to pay makes an invoice or, on a till roll, a receipt; goods without prices, a note."""
    has_total = not TO_PAY.isdisjoint(facts) or bool(
        re.search(r" (?:totals?|to pay|gesamt\w*|\w*summe|\w+betrag|montant|totaal|importe|totale) ", text)
    )
    if "counted_twice" in facts:
        return DocumentKind.DELIVERY_NOTE, 0.7
    if page.height > STRIP_SHAPE * page.width and has_total:
        return DocumentKind.RECEIPT, 0.8
    if "negative" in facts and "original_invoice" in facts:
        return DocumentKind.CREDIT_NOTE, 0.7
    if has_total and re.search(r"\d [.,]?\d\d ", text):
        return DocumentKind.INVOICE, 0.7
    delivered = "delivery_note_number" in facts or ("delivery_date" in facts and "venue" in facts)
    if "unpriced" in facts and delivered and "column" in facts:
        return DocumentKind.DELIVERY_NOTE, 0.6
    return DocumentKind.OTHER, 0.6


def _first_rows(sheet: Sheet) -> list[SheetRow]:
    """The rows of the first page, where titles stand."""
    return [row for row in sheet.rows if row.page == sheet.rows[0].page]


def _labelled_rows(sheet: Sheet) -> list[float]:
    """Where rows stand that only name the values above them or below."""
    captions = set(sheet.captions.values())
    return [row.y for row in _first_rows(sheet) if _is_row_of_labels(row) or row.index in captions]


def _is_row_of_labels(row: SheetRow, known: float = 1.0) -> bool:
    """Whether the cells of a row are labels, and not all of them titles. known: the share that has to be known."""
    alone = [label for label in row.labels if label.alone]
    return known * len(row.cells) <= len(alone) > sum(label.is_title for label in alone)


def _valued_rows(sheet: Sheet) -> list[float]:
    """Where the only row of values stands below a row of labels, cell by cell: a title among them is no label."""
    found = []
    lines = _first_rows(sheet)
    for above, row, below in zip(lines, lines[1:], [*lines[2:], None], strict=False):
        near = NEAR_ABOVE * sheet.height[row.page]
        is_last = below is None or below.y - row.y > near or len(below.cells) < len(row.cells) - 1
        if _is_row_of_labels(above, 1 - MOST_UNKNOWN) and 0 < row.y - above.y < near and is_last and len(row.cells) > 2:
            found.append(row.y)
    return found


def _ways_to_pay(sheet: Sheet) -> list[tuple[float, float, float]]:
    """Where it says how to pay, as the row's y and the edges of the label above: an "Invoice" there is no title."""
    found = []
    for row, below in pairwise(_first_rows(sheet)):
        if below.y - row.y < NEAR_ABOVE * sheet.height[row.page]:
            found += [(below.y, lb.left, lb.right) for lb in row.labels if lb.alone and lb.classes == {"tendered"}]
    return found


def _titles(
    page: Page, labels: Collection[float], values: Collection[float], ways: Collection[tuple[float, float, float]]
) -> Iterator[Title]:
    """The titles of a page. labels, values: where rows of nothing else stand. ways: where it says how to pay."""
    lines = rows(page)
    if not lines:
        return
    usual = median(word.bottom - word.top for word in page.words)
    for row, below in zip_longest(lines, lines[1:]):
        if row.y > TITLE_ZONE * page.height:
            break
        is_caption, is_valued = (any(abs(row.y - y) < row.height / 2 for y in places) for places in (labels, values))
        found = [part for cell in cells(row) for part in _parts(cell)]
        for cell, beside in zip_longest(found, found[1:]):
            if any(
                abs(row.y - y) < row.height / 2 and left - row.height < cell[0].left < right for y, left, right in ways
            ):
                continue
            size = median(word.bottom - word.top for word in cell) / usual
            is_label = (
                is_caption or cell[-1].text.endswith(":") or (not is_valued and _heads_value(cell, beside, below))
            )
            yield from _titles_of_cell(cell, size, is_label=is_label and size < LARGE)


def _parts(cell: Sequence[Word]) -> list[list[Word]]:
    """A cell cut at strokes: "Lieferschein / Empfangsbestätigung" are two titles, "ELECTRIC - DELIVERY" is none."""
    parts = [list(words) for is_stroke, words in groupby(cell, lambda word: word.text in STROKES) if not is_stroke]
    is_titled = bool(parts) and _holds_title([fold(word.text) for word in parts[0]])
    return [part for part in parts if part is parts[0] or len(part) > 1 or is_titled]


def _holds_title(words: Sequence[str]) -> bool:
    spans = ((i, j) for i in range(len(words)) for j in range(i + 1, min(i + LONGEST_TITLE, len(words)) + 1))
    return any(" ".join(words[i:j]) in _vocabulary() for i, j in spans)


def _heads_value(cell: Sequence[Word], beside: Sequence[Word] | None, below: Row | None) -> bool:
    """Whether figures stand right behind a cell, or right below it, as a value behind its label."""
    if beside and (beside[0].text[0] == ":" or any(c.isdigit() for c in beside[0].text)):
        return True
    left, right = cell[0].left, cell[-1].right
    height = cell[0].bottom - cell[0].top
    under = (
        [w for w in below.words if w.left < right and w.right > left and w.top - cell[0].top < BELOW * height]
        if below
        else []
    )
    return bool(under) and any(c.isdigit() for c in under[0].text) and abs(under[0].left - left) < height


def cells(row: Row) -> list[list[Word]]:
    """The words of a row, cut at wide gaps."""
    found: list[list[Word]] = [[row.words[0]]]
    for word in row.words[1:]:
        before = found[-1][-1]
        if word.left - before.right > CELL_GAP * (before.bottom - before.top):
            found.append([])
        found[-1].append(word)
    return found


def _titles_of_cell(cell: Sequence[Word], size: float, *, is_label: bool) -> Iterator[Title]:
    """size: of the cell's type, in that of the page."""
    cell = [word for word in cell if fold(word.text)]
    words = without_remark(spelled_together([fold(word.text) for word in cell]))
    bonus = SIZE_WEIGHT * max(size - 1.0, 0.0)
    start = 0
    while start < len(words):
        longest = min(LONGEST_TITLE, len(words) - start)
        length = next((n for n in range(longest, 0, -1) if " ".join(words[start : start + n]) in _vocabulary()), 0)
        if length:
            points = _points(words, start, length)
            if points == WEAK and _stands_out(cell, words, start, length):
                points = HEADED  # "INVOICE FOR PROFESSIONAL SERVICES"
            if points == ALONE and size < LARGE:
                points -= SMALL
            points = min(points, LABEL) if is_label else points
            for kind in _vocabulary()[" ".join(words[start : start + length])]:
                yield Title(kind, points + (bonus if points > WEAK else 0.0) + 0.1 * length)
        start += max(length, 1)


def _stands_out(cell: Sequence[Word], words: Sequence[str], start: int, length: int) -> bool:
    """Whether a title with other words is told by its capitals: those of a short heading, or its own alone."""
    if _is_capitals(cell):
        return start == 0 and len(words) <= LONGEST_HEADING
    return length > 1 and len(words) == len(cell) and _is_capitals(cell[start : start + length])


def _is_capitals(cell: Sequence[Word]) -> bool:
    return all(word.text.isupper() for word in cell if any(c.isalpha() for c in word.text))


def _points(words: Sequence[str], start: int, length: int) -> float:
    """How much of a title a phrase is: alone in its cell, before its number, at the end, or in passing."""
    if length == len(words):
        return ALONE
    behind = words[start + length :]
    if not behind:
        return HEADED if start <= 2 and len(words) <= SHORT_CELL else WEAK
    if start == 0 and (any(c.isdigit() for c in behind[0]) or behind[0] in NUMBER_WORDS):
        return HEADED
    return HEADED if length > 1 and len(words) <= SHORT_CELL else WEAK


def spelled_together(words: Sequence[str]) -> list[str]:
    """ "vat i n v o i c e" in its words: titles are spaced out."""
    words = [word for word in words if word]
    run = next((i for i in range(len(words)) if all(len(word) <= LONGEST_PIECE for word in words[i:])), len(words))
    title = _glued().get("".join(words[run:])) if len(words) - run > 1 else None
    return [*words[:run], *title.split()] if title else words


def without_remark(words: list[str]) -> list[str]:
    """ "invoice sample" without the word that says which print of it this is."""
    return words[:-1] if len(words) > 1 and words[-1] in load_table("kinds")["remarks"] else words


@cache
def _glued() -> dict[str, str]:
    return {phrase.replace(" ", ""): phrase for phrase in _vocabulary()}


@cache
def _vocabulary() -> dict[str, tuple[str, ...]]:
    phrases: dict[str, tuple[str, ...]] = {}
    for kind in KINDS:
        for phrase in load_table("kinds")[kind]:
            phrases[phrase] = (*phrases.get(phrase, ()), kind)
    return phrases
