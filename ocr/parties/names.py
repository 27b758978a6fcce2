"""Where names may stand on a page: the candidates for supplier, customer and venue."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from ocr.addresses import (
    EMAIL,
    MOST_PLACES,
    has_postcode,
    has_word,
    is_address_line,
    is_county,
    is_postcode,
    opens_address,
    word_set,
)
from ocr.details import BlockBelow, Line, cell_in_column, words_before_owner
from ocr.evidence import Label, Sheet, SheetRow, Token
from ocr.lexicon.labels import LabelIndex
from ocr.parse import PAGE_OF, fold, is_month, parse_amount
from ocr.repair import repair_name
from ocr.types import Method

Repair = Callable[[str], str]

PARTY_CLASSES = frozenset({"customer", "venue", "supplier", "contact"})
BLOCK_GAP = 2.4  # word heights between the centres of two lines of a block
LOOSE = 1.6  # how much further off the second line of a name may stand whose first one ends in "&"
LONGEST_TITLE = 3  # words of a document's title: "Final Hospital Invoice"
ADDRESS_REACH = 8  # lines under a name that may hold its address and telephone
LONGEST_NAME = 60  # characters
MOST_LETTERS = 5  # words of one letter in a name
SHORTEST_HEAD = 14  # rows that belong to the head even if a table seems to begin there
NAME_ROWS = 30  # rows at the head, and at the foot, in which a party may be named without a label
FOOT_ROWS = 8
HOUSE_NUMBER = re.compile(r"\d{4,5}[a-zA-Z]?")  # of a street in which a name could seem to have its number behind it


@dataclass(frozen=True, slots=True)
class NameCandidate:
    """A printed name on tokens `start` to `end` of a row; a second line may belong to it.

    label_only: all its words are labels, so that it can only be the second line of a name ("… Veterinary / Clinic").
    """

    row: SheetRow
    start: int
    end: int
    text: str
    second: "NameCandidate | None" = None
    label_only: bool = False

    @property
    def tokens(self) -> list[Token]:
        own = self.row.tokens[self.start : self.end]
        return own + (self.second.tokens if self.second else [])

    @property
    def left(self) -> float:
        return self.row.tokens[self.start].left

    @property
    def right(self) -> float:
        return self.row.tokens[self.end - 1].right

    @property
    def halves(self) -> tuple[str, ...]:
        """Its one or two lines."""
        return (self.text,) if self.second is None else (self.text[: -len(self.second.text)], self.second.text)

    @property
    def last(self) -> "NameCandidate":
        return self.second or self


def find_names(sheet: Sheet, country: str) -> list[NameCandidate]:
    """Everything that could be a party's name: the cells of the head, of the first page's foot and the last one's, and
    those under a party's label."""
    found: list[NameCandidate] = []
    repair = partial(repair_name, country=country) if sheet.method == Method.OCR else str
    pages = sorted(sheet.pages)
    first_page_rows = [row for row in sheet.rows if row.page == pages[0]]
    table = next((i for i, row in enumerate(first_page_rows) if sheet.has_columns.get(row.index)), NAME_ROWS)
    head = first_page_rows[: min(NAME_ROWS, max(table, SHORTEST_HEAD))]
    last_page_rows = [row for row in sheet.rows if row.page == pages[-1]]
    near = {row.index for row in head + first_page_rows[-FOOT_ROWS:] + last_page_rows[-FOOT_ROWS:]}
    for row in sheet.rows:
        labelled = any(label.classes & PARTY_CLASSES for label in row.labels)
        if row.index not in near and not labelled:
            continue
        for start, end in row.cells:
            found += _names_of_cell(sheet.index, row, start, end, repair)
    singles = [name for name in found if not _is_title_word(name.text) and not _is_place(sheet, name, country)]
    singles = [name for name in singles if not _is_half_title(sheet, name)]
    towns = {place for name in singles for place in _places_below(sheet, name, country)}
    singles = [name for name in singles if (name.row.index, name.start) not in towns]
    pairs = []
    for name in found:
        below = (
            None if name.label_only and not _is_title_word(name.text) else _name_below(sheet, name, singles, country)
        )
        if below and not sheet.index.is_label(fold(f"{name.text} {below.text}")):  # "Billing" over "period"
            pairs.append(NameCandidate(name.row, name.start, name.end, f"{name.text} {below.text}", below))
    halves = {(name.row.index, name.start) for name in pairs if name.row.text(name.start, name.end).endswith("&")}
    return [n for n in singles if not n.label_only and (n.row.index, n.start) not in halves] + pairs


def _is_place(sheet: Sheet, name: NameCandidate, country: str) -> bool:
    """Whether a line is a county, a town before its postcode, or the street of the address that follows: "Main Street",
    "Alter Markt 9"."""
    end = name.row.cell_of(name.start)[1]
    coded = any(is_postcode(name.row.text(start, end), country) for start in (name.end, name.end - 1))
    if is_county(name.text, country) or coded:  # "Sydney   NSW 2000", "Mount Gambier SA   5290"
        return True
    streetlike = is_street(name.text) or any(c.isdigit() for c in name.text)
    return (streetlike and _opens_address(sheet, name, country)) or _is_numbered_street(sheet, name, country)


def _is_numbered_street(sheet: Sheet, name: NameCandidate, country: str) -> bool:
    """Whether a line ends in a house number of many figures, over its postcode: "De Run 4250", "5503 LL Veldhoven"."""
    end = name.row.cell_of(name.start)[1]
    if end != name.end + 1 or not HOUSE_NUMBER.fullmatch(name.row.tokens[name.end].text):
        return False
    return any(has_postcode(line.text, country) for line in block_below(sheet, name, 1))


def _places_below(sheet: Sheet, name: NameCandidate, country: str) -> Iterator[tuple[int, int]]:
    """First tokens of the lines under a name that are places: between the street and the postcode."""
    if any(label.start <= name.start < label.end for label in name.row.labels):
        return  # a label, over the name
    lines = block_below(sheet, name, MOST_PLACES)
    coded = next((i for i, line in enumerate(lines) if has_postcode(line.text, country)), 0)
    street = next((i for i in range(coded) if opens_address([line.text for line in lines[i:]], country)), None)
    if street is None:
        street = next((i for i in range(coded) if is_address_line(lines[i].text, country)), coded)
    yield from ((line.row.index, line.start) for line in lines[street + 1 : coded])


def _opens_address(sheet: Sheet, name: NameCandidate, country: str) -> bool:
    return opens_address([name.text, *(line.text for line in block_below(sheet, name, MOST_PLACES))], country)


def _is_half_title(sheet: Sheet, name: NameCandidate) -> bool:
    """Whether a word makes a document's title with the cell beside it or above: "CUSTOMER    INVOICE", "DELIVERY" over
    "ADVICE"."""
    if name.end - name.start > 1:
        return False
    row = name.row
    end = row.cell_of(name.start)[1]
    beside = row.text(*row.cell_of(end)) if end < len(row.tokens) else ""
    above = sheet.rows[row.index - 1] if row.index else None
    cell = cell_in_column(above, name.left, name.right, sheet.height[row.page]) if above else None
    over = above.text(*cell) if above and cell and above.page == row.page else ""
    titles = [f"{name.text} {beside}", f"{over} {name.text}"]
    if sheet.index.classes(fold(name.text)) & PARTY_CLASSES:
        titles.append(beside)
    return any(c.startswith("title_") for title in titles for c in sheet.index.classes(fold(title)))


def _is_title_word(text: str) -> bool:
    """Whether a text is nothing but "Mr" or "Herrn"; a name may stand on the line below it."""
    return fold(text) in word_set("titles")


def _names_of_cell(index: LabelIndex, row: SheetRow, start: int, end: int, repair: Repair) -> list[NameCandidate]:
    labels = [label for label in row.labels if start <= label.start < end]
    found = []
    begin = start
    if (
        labels
        and labels[0].start == start
        and labels[0].end < end
        and (labels[0].closed or labels[0].classes & PARTY_CLASSES)
    ):
        begin = labels[0].end
        if not labels[0].closed:
            found += _cut_name(row, start, end, repair)
    found += _cut_name(row, begin, end, repair)
    for label in labels:
        if label.start > begin and label.closed and label.classes & PARTY_CLASSES:  # "VAT 20%. Service provider: …"
            found += _cut_name(row, label.end, end, repair)
    if begin == start and end - start > 1 and _opens_with_party(index, row, start, labels):
        found += _cut_name(row, start + 1, end, repair)  # "Customer The Swan": a label, or part of a name
    return found


def _opens_with_party(index: LabelIndex, row: SheetRow, start: int, labels: Sequence[Label]) -> bool:
    words = row.tokens[start].words
    return (
        len(words) == 1 and not (labels and labels[0].start == start) and bool(index.classes(words[0]) & PARTY_CLASSES)
    )


def _cut_name(row: SheetRow, start: int, end: int, repair: Repair) -> list[NameCandidate]:
    """The name at the head of a cell, without what stands behind it: an address, a registration number, a title."""
    while start < end and not row.tokens[start].words and row.tokens[start].text in (":", "-", "|", "*", "•"):
        start += 1
    start += words_before_owner(row, start, end)
    cut = _name_end(row, start, end)
    text = repair(row.text(start, cut).strip(" ,;:|*•-"))
    labelled = {i for label in row.labels if _names_nothing(label) for i in range(label.start, label.end)}
    if not _could_be_name(text) or _tells_age(row, cut):
        return []
    if any(
        _is_heading(label) or _heads_figures(row, label)
        for label in row.labels
        if label.start <= start and cut <= label.end
    ):
        return []
    if any(label.start == start and label.end - start > 1 and _is_heading(label) for label in row.labels):
        return []  # "Bon de livraison valorisé"
    if any(label.start == start and label.classes <= LEGAL_CLASSES for label in row.labels):
        return []  # "USt-ID DE"
    if cut - start <= LONGEST_TITLE and any(start < lb.start and lb.end == cut and _is_titled(lb) for lb in row.labels):
        return []  # "Hospital Invoice"
    if any(label.start == start and _names_number(label) and not _tells_more(row, label, cut) for label in row.labels):
        return []  # "Number 7-8046", "Invoice #001"
    if _is_titled_heading(row, start, cut):
        return []
    label_only = all(i in labelled or not row.tokens[i].words for i in range(start, cut))
    return [NameCandidate(row, start, cut, text, label_only=label_only)]


def _is_titled(label: Label) -> bool:
    return any(name.startswith("title_") for name in label.classes - {"title_other"})


def _names_number(label: Label) -> bool:
    return any(name == "number" or name.endswith("_number") for name in label.classes)


def _tells_more(row: SheetRow, label: Label, end: int) -> bool:
    """Whether a word without figures follows a label."""
    return any(token.words and not any(c.isdigit() for c in token.text) for token in row.tokens[label.end : end])


_OF = frozenset({"of", "for", "von", "fur", "uber", "de", "des", "du", "pour", "di", "per", "por", "voor", "van"})


def _is_titled_heading(row: SheetRow, start: int, end: int) -> bool:
    """Whether a text is a title with what it is about: "FACTURA DE SERVICIOS VETERINARIOS"."""
    label = next((label for label in row.labels if label.start == start and _is_titled(label)), None)
    return label is not None and any(" ".join(token.words) in _OF for token in row.tokens[label.end : label.end + 1])


def _is_heading(label: Label) -> bool:
    """Whether a label that is all of a cell is no part of a name: closed, or a document's title."""
    return label.closed or label.is_title


def _heads_figures(row: SheetRow, label: Label) -> bool:
    """Whether a label has figures right behind it, or in the next cell: "Phone    93 555 61 14"."""
    value = row.tokens[label.end : label.end + 1]
    return bool(value) and bool(re.match(r"[+(]?\d", value[0].text))


_NAME_WORDS = frozenset({"staff", "patient", "other_number", "tendered", "charge", "phone", "mobile", "other_amount"})


def _names_nothing(label: Label) -> bool:
    """Whether a label cannot be (half of) a name: "Surgeons" and "Station" may be, "Invoice No:" may not."""
    return label.closed or label.end - label.start > 1 or label.initials or not label.classes <= _NAME_WORDS


def _name_end(row: SheetRow, start: int, end: int) -> int:
    for i in range(start + 1, end):
        token = row.tokens[i]
        before = row.tokens[i - 1].text
        if before.endswith(",") and token.words and " ".join(token.words) in word_set("legal_forms"):  # "Mill, Inc."
            continue
        if re.fullmatch(r"[\u2022\u00b7|\u25cf\u25aa\u2027\u2013\u2014*]+|[-.]", token.text) and i > start:
            if not _joins_name(row, i, end):
                return i
            continue
        if before.endswith(",") and re.match(r"\d|unit|no\b", " ".join(token.words)):
            return i
        if before.endswith(",") and ends_in_legal_form(row.text(start, i)):  # "Aldi GmbH & Co. KG, Schloß Holte"
            return i
        if token.words == ("is",) and words_before_owner(row, i + 1, end):  # "Mill Vets is a trading name of"
            return i
        if before.endswith(",") and any(c.isdigit() for t in row.tokens[i:end] for c in t.text) and i - start >= 2:
            return i
        if i - start >= 2 and _opens_street(row, i, end):  # "Mount Gambier Fresh Produce 63 Murray Street"
            return i
        if re.match(r"^[(\[]?[A-Z]{0,3}\d{4,}", token.text) and i > start:
            return i
        if any(lb.start == i and _is_title(row, lb) for lb in row.labels):
            return i
        if re.match(r"^\((?:co|reg|company|roc|gst|abn|rob)\b", token.text, re.IGNORECASE):
            return i
        if any(lb.start == i and lb.closed and not (lb.classes & PARTY_CLASSES) for lb in row.labels):
            return i
        if any(
            lb.start == i and lb.classes & LEGAL_CLASSES and (lb.end - i > 1 or _numbers(row, lb)) for lb in row.labels
        ):
            return i
    return end


def _opens_street(row: SheetRow, start: int, end: int) -> bool:
    """Whether the rest of a cell begins with a house number and its street, up to a comma or the cell's end."""
    if not re.fullmatch(r"\d{1,4}[A-Za-z]?", row.tokens[start].text):
        return False
    street = row.text(start, end).partition(",")[0]
    return is_street(street) and len(street.split()) > 2


def _numbers(row: SheetRow, label: Label) -> bool:
    """Whether a label has its number right behind it: "IBAN BE68", not the "AG" of "Mill AG Mitte"."""
    return any(c.isdigit() for c in row.text(label.end, label.end + 1))


def _joins_name(row: SheetRow, dash: int, end: int) -> bool:
    """Whether a dash stands inside a name: a word or two follow it, and the cell ends ("Copper Kettle - Loveland")."""
    rest = row.tokens[dash + 1 : end]
    words = [word for token in rest for word in token.words]
    if row.tokens[dash].text not in ("-", "\u2013") or not 1 <= len(words) <= 2 or len(rest) > 2:
        return False
    labelled = any(label.start > dash for label in row.labels if label.start < end)
    return not labelled and all(word.isalpha() for word in words) and not rest[-1].text.endswith((",", ":"))


def _is_title(row: SheetRow, label: Label) -> bool:
    """Whether a label is a document's title behind a name, in its row: of two words, or in capitals."""
    if "title_other" in label.classes and label.end - label.start == 1:
        return False
    return label.is_title and (label.end - label.start > 1 or row.tokens[label.start].text.isupper())


def _could_be_name(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    if _is_day(text) or re.match(r"\d{1,3} [a-z]", text):  # "3 case"
        return False
    if " " not in text and any(c.isdigit() for c in text):
        return False
    if sum(len(word) == 1 for word in text.split()) >= MOST_LETTERS:  # a letter-spaced title
        return False
    if letters < 3 or len(text) > LONGEST_NAME or letters < 0.5 * len(text.replace(" ", "")):
        return False
    folded = f" {fold(text)} "
    if PAGE_OF.search(folded):
        return False
    if any(f" {phrase} " in folded for phrase in word_set("phrases")):
        return False
    return not (EMAIL.search(text) or re.search(r"www\.|https?:", text) or parse_amount(text) is not None)


_SINCE = frozenset({"since", "est", "established", "seit", "depuis", "desde", "dal", "sinds"})


def _tells_age(row: SheetRow, end: int) -> bool:
    """Whether a year follows that says since when: "Wine merchants since 1921"."""
    year = row.tokens[end].text if end < len(row.tokens) else ""
    return row.tokens[end - 1].words[-1:] != () and row.tokens[end - 1].words[-1] in _SINCE and year[:4].isdigit()


def _is_day(text: str) -> bool:
    """Whether a text is part of a date: "Monday", "9 Jul"."""
    return all(word.isdigit() or is_month(word) or word in word_set("weekdays") for word in fold(text).split())


_TAGLINE = _SINCE | {"your", "our", "quality"}


def _name_below(
    sheet: Sheet, name: NameCandidate, names: Sequence[NameCandidate], country: str
) -> NameCandidate | None:
    """A second line of the same name: like height, close below, and the two read as one ("CO. (M)" over "SDN BHD")."""
    if name.row.cell_of(name.start)[1] > name.end:  # something stands behind the first line
        return None
    tall = height_of(name)
    reach = max(2.2 * sheet.height[name.row.page], 1.7 * tall) * (LOOSE if name.text.endswith("&") else 1.0)
    for other in names:
        if other.row.page != name.row.page or other.second or not 0 < other.row.y - name.row.y < reach:
            continue
        if ":" in name.text or ":" in other.text or any(word in _TAGLINE for word in fold(other.text).split()):
            continue
        if min(other.right, name.right) <= max(other.left, name.left):
            continue
        if _is_between(sheet, name, other):
            continue
        if fold(other.text) == fold(name.text) or is_street(other.text):
            continue
        if other.row.cell_of(other.start)[0] < other.start:  # behind a label
            continue
        if any(label.start <= other.start and other.end <= label.end for label in other.row.labels):  # a heading
            continue
        if other.row.cell_of(other.start)[1] > other.end and not has_word(fold(other.text), "legal_forms"):
            continue  # "Meadow House, Long Lane, Ludlow", "De Run 4250": an address
        if _opens_address(sheet, other, country) or ("," in other.text and is_address_line(other.text, country)):
            continue
        if sheet.has_columns.get(other.row.index):  # "Referred by Lindqvist Pet Clinic" over "Units"
            continue
        if 0.62 < tall / height_of(other) < 1.6 and not any(c.isdigit() for c in other.text):
            return other
    return None


def _is_between(sheet: Sheet, name: NameCandidate, other: NameCandidate) -> bool:
    """Whether another line of the column stands between two of its lines."""
    height = sheet.height[name.row.page]
    between = sheet.rows[name.row.index + 1 : other.row.index]
    return any(cell_in_column(row, name.left, name.right, height) for row in between)


def is_street(text: str) -> bool:
    """Whether a line ends as streets do ("Weir Lane")."""
    words = fold(text).split()
    return len(words) > 1 and words[-1] in word_set("street_ends")


def ends_in_legal_form(text: str) -> bool:
    words = fold(text).split()
    return any(" ".join(words[-k:]) in word_set("legal_forms") for k in (1, 2, 3))


def height_of(name: NameCandidate) -> float:
    tokens = name.row.tokens[name.start : name.end]
    return max(t.bottom - t.top for t in tokens)


LEGAL_CLASSES = frozenset({"company_number", "tax_id", "bank"})


def block_below(sheet: Sheet, name: NameCandidate, limit: int) -> list[Line]:
    """The lines under a name in its column; the first may stand a little further off, as names are set large."""
    last = name.last
    gap = BLOCK_GAP + (0.8 * height_of(last) / sheet.height[last.row.page])
    return BlockBelow(sheet, limit, gap)(Line(last.row, last.start, last.end))
