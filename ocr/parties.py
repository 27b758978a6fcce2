"""Who supplies, who is invoiced, where it was delivered to; with addresses, telephone, e-mail and tax number."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile

import numpy as np

from ocr.addresses import (
    EMAIL,
    MOST_PLACES,
    Address,
    has_postcode,
    has_word,
    is_address_line,
    is_contact_line,
    is_county,
    opens_address,
    split_address,
    word_set,
)
from ocr.candidates import Candidate
from ocr.details import (
    CONTACT_CLASSES,
    LONGEST_LINK,
    MOST_CELLS,
    BlockBelow,
    Found,
    Line,
    address_blocks,
    address_under,
    cell_in_column,
    find_email,
    find_phone,
    find_tax_id,
    find_terms,
    found_address,
    heads_contact,
    inline_address,
    is_person,
    names_owner,
    species,
    split_person,
    words_before_owner,
)
from ocr.evidence import Label, Sheet, SheetRow, Token, once
from ocr.features import Features
from ocr.lexicon import load_table
from ocr.lexicon.labels import LabelIndex
from ocr.parse import find_dates, fold, is_month, parse_amount
from ocr.repair import repair_name
from ocr.scorer import FieldModel, field_model, sum_of_logits
from ocr.types import DocumentKind, Field, Method

Repair = Callable[[str], str]

PARTY_FIELDS = ("supplier_name", "customer_name", "venue")
PARTY_CLASSES = frozenset({"customer", "venue", "supplier", "contact"})

BEST_KEPT = 6
SAME_PLACE, SAME_NAME = -8.0, -4.0  # logits against one place, or one name, as two parties
EMPLOYED = -4.0  # against a person under the name of a business
BLOCK_GAP = 2.4  # word heights between the centres of two lines of a block
LIKE_SIZE = 0.85  # share of the height of one line of a name that the other has
LOOSE = 1.6  # how much further off the second line of a name may stand whose first one ends in "&"
NEAR_LABEL = 15  # word heights between a label and a name beside it
LONGEST_TITLE = 3  # words of a document's title: "Final Hospital Invoice"
HEADING_ROWS = 2  # wide rows (a heading, its values) that may stand between a block and its heading
SECTION_LIMIT = 16.0  # word heights that a block's heading may stand above its lines
MOST_NAMES = 3  # lines between a party's label and its address: names, departments
ADDRESS_REACH = 8  # lines under a name that may hold its address and telephone
# Shares that were right in cross-validation, by how the value was found.
ADDRESS_CONFIDENCE = {"under the name": 0.95, "behind the name": 0.9, "elsewhere": 0.75}
CONTACT_CONFIDENCE = 0.93
TERMS_CONFIDENCE = {True: 0.9, False: 0.75}  # with a label, without
LONGEST_NAME = 60  # characters
MOST_LETTERS = 5  # words of one letter in a name
SHORTEST_HEAD = 14  # rows that belong to the head even if a table seems to begin there
NAME_ROWS = 30  # rows at the head, and at the foot, in which a party may be named without a label
FOOT_ROWS = 8

_DOMAIN = re.compile(r"(?:www\.|@|https?://)([\w\-]+)\.[\w.\-]+", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s+[\u2022\u00b7|\u25cf\u25aa\u2027\u2013\u2014*.-]+\s+|\s*[\u2022\u25cf\u25aa]\s*|\s+\|\s*")


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


@dataclass(frozen=True, slots=True)
class NameOption:
    """under: the business that a person stands right under, folded; or ""."""

    value: str
    place: NameCandidate
    features: Features
    under: str = ""


Bonus = Callable[[str, NameCandidate], float]


# --- Name candidates -----------------------------------------------------------------------------------------------


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
    towns = {place for name in singles for place in _places_below(sheet, name, country)}
    singles = [name for name in singles if (name.row.index, name.start) not in towns]
    pairs = []
    for name in found:
        below = (
            None if name.label_only and not _is_title_word(name.text) else _name_below(sheet, name, singles, country)
        )
        if below:
            pairs.append(NameCandidate(name.row, name.start, name.end, f"{name.text} {below.text}", below))
    halves = {(name.row.index, name.start) for name in pairs if name.row.text(name.start, name.end).endswith("&")}
    return [n for n in singles if not n.label_only and (n.row.index, n.start) not in halves] + pairs


def _is_place(sheet: Sheet, name: NameCandidate, country: str) -> bool:
    """Whether a line is a county, or the street of the address that follows: "Main Street", "Alter Markt 9"."""
    if is_county(name.text, country):
        return True
    streetlike = is_street(name.text) or any(c.isdigit() for c in name.text)
    return streetlike and _opens_address(sheet, name, country)


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
    if any(_is_heading(label) for label in row.labels if label.start <= start and cut <= label.end):
        return []
    if any(label.start == start and label.end - start > 1 and _is_heading(label) for label in row.labels):
        return []  # "Bon de livraison valorisé"
    if any(label.start == start and label.classes <= _LEGAL_CLASSES for label in row.labels):
        return []  # "USt-ID DE"
    if cut - start <= LONGEST_TITLE and any(start < lb.start and lb.end == cut and _is_titled(lb) for lb in row.labels):
        return []  # "Hospital Invoice"
    if any(label.start == start and "number" in label.classes for label in row.labels) and not _tells_more(
        row, start, cut
    ):
        return []  # "Number 7-8046"
    label_only = all(i in labelled or not row.tokens[i].words for i in range(start, cut))
    return [NameCandidate(row, start, cut, text, label_only=label_only)]


def _is_titled(label: Label) -> bool:
    return any(name.startswith("title_") for name in label.classes - {"title_other"})


def _tells_more(row: SheetRow, start: int, end: int) -> bool:
    """Whether a word without figures follows the first one."""
    return any(token.words and not any(c.isdigit() for c in token.text) for token in row.tokens[start + 1 : end])


def _follows_owner_words(name: NameCandidate) -> bool:
    opens = name.row.cell_of(name.start)[0]
    before = fold(name.row.text(opens, name.start)).split()
    return any(" ".join(before[-length:]) in word_set("behind") for length in range(2, LONGEST_LINK + 1))


def _is_heading(label: Label) -> bool:
    """Whether a label that is all of a cell is no part of a name: closed, or a document's title."""
    return label.closed or any(name.startswith("title_") for name in label.classes)


_NAME_WORDS = frozenset({"staff", "patient", "other_number", "tendered", "charge", "phone", "mobile", "other_amount"})


def _names_nothing(label: Label) -> bool:
    """Whether a label cannot be (half of) a name: "Surgeons" and "Station" may be, "Invoice No:" may not."""
    return label.closed or label.end - label.start > 1 or label.initials or not label.classes <= _NAME_WORDS


def _name_end(row: SheetRow, start: int, end: int) -> int:
    for i in range(start + 1, end):
        token = row.tokens[i]
        before = row.tokens[i - 1].text
        if re.fullmatch(r"[\u2022\u00b7|\u25cf\u25aa\u2027\u2013\u2014*]+|[-.]", token.text) and i > start:
            if not _joins_name(row, i, end):
                return i
            continue
        if before.endswith(",") and re.match(r"\d|unit|no\b", " ".join(token.words)):
            return i
        if token.words == ("is",) and words_before_owner(row, i + 1, end):  # "Mill Vets is a trading name of"
            return i
        if before.endswith(",") and any(c.isdigit() for t in row.tokens[i:end] for c in t.text) and i - start >= 2:
            return i
        if re.match(r"^[(\[]?[A-Z]{0,3}\d{4,}", token.text) and i > start:
            return i
        if any(lb.start == i and _is_title(row, lb) for lb in row.labels):
            return i
        if re.match(r"^\((?:co|reg|company|roc|gst|abn|rob)\b", token.text, re.IGNORECASE):
            return i
        if any(lb.start == i and lb.closed and not (lb.classes & PARTY_CLASSES) for lb in row.labels):
            return i
        if any(lb.start == i and lb.classes & _LEGAL_CLASSES and lb.end - i > 1 for lb in row.labels):
            return i
    return end


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
    titled = any(name.startswith("title_") for name in label.classes)
    if "title_other" in label.classes and label.end - label.start == 1:
        return False
    return titled and (label.end - label.start > 1 or row.tokens[label.start].text.isupper())


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
    tall = _height(name)
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
        if 0.62 < tall / _height(other) < 1.6 and not any(c.isdigit() for c in other.text):
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


def _height(name: NameCandidate) -> float:
    tokens = name.row.tokens[name.start : name.end]
    return max(t.bottom - t.top for t in tokens)


# --- Evidence ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Section:
    """The party's label that a place stands under: its class, how many lines lie between."""

    name: str
    lines: int
    beside: bool


def party_section(sheet: Sheet, row: SheetRow, start: int, left: float, right: float) -> Section | None:
    """The nearest label of a party to the left, or above in the same column within a block's reach."""
    beside = sheet.label_left(row, start)
    if beside and beside.label.classes & PARTY_CLASSES and beside.between == 0:
        return Section(_party_class(beside.label.classes), 0, True)
    if beside and beside.between == 0 and beside.gap < 20:  # "Name:   Lieferant GmbH": the column begins with the label
        left = min(left, beside.label.left)
    height = sheet.height[row.page]
    lines = wide = 0
    previous = row.y
    for i in range(row.index - 1, -1, -1):
        other = sheet.rows[i]
        if other.page != row.page or row.y - other.y > SECTION_LIMIT * height:
            return None
        wide += len(other.cells) > MOST_CELLS
        if wide > HEADING_ROWS:  # a table stands between
            return None
        hits = [
            k
            for k, t in enumerate(other.tokens)
            if t.words and min(right, t.right) - max(left, t.left) > 0.1 * (right - left)
        ]
        if not hits:
            continue
        for label in other.labels:
            if (
                label.classes & PARTY_CLASSES
                and (label.start in hits or label.end - 1 in hits)
                and _heads(other, label)
            ):
                return Section(_party_class(label.classes), lines + _names_beside(other, label), False)
        if previous - other.y > 4.5 * height:
            return None
        previous = other.y
        lines += 1
    return None


def _heads(row: SheetRow, label: Label) -> bool:
    """Whether a label opens its cell, so that it can head a block."""
    return any(label.start == cell[0] for cell in row.cells)


def _names_beside(row: SheetRow, label: Label) -> bool:
    """Whether the party's name stands right behind its label, so that the lines below are its address."""
    end = row.cell_of(label.start)[1]
    return label.closed and any(token.words for token in row.tokens[label.end : end])


def _party_class(classes: frozenset[str]) -> str:
    return next(name for name in ("venue", "customer", "supplier", "contact") if name in classes)


_KIND_FEATURES = frozenset(
    {"no_section", "tallest", "title", "line:0", "hospitality", "block:bare", "under_sender", "rival:contact"}
)


@dataclass(frozen=True, slots=True)
class Block:
    """A name over an address. place: where its postcode stands. contact: a telephone or the like stands with it."""

    place: tuple[int, int]
    contact: bool
    name: NameCandidate


_RECEIVERS = frozenset({"customer", "venue"})
_LEGAL_CLASSES = frozenset({"company_number", "tax_id", "bank"})


def _patients(sheet: Sheet) -> Iterator[str]:
    """What stands behind the labels of animals: " sir barksalot wt 8 4 kg "."""
    labels = frozenset(load_table("columns")["headings"]["patient_labels"])
    for row in sheet.rows:
        for label in row.labels:
            if label.closed and fold(row.text(label.start, label.end)) in labels:
                yield f" {fold(row.text(label.end, row.cell_of(label.start)[1]))} "


def _is_labelled(sheet: Sheet, name: NameCandidate, party: str) -> bool:
    """Whether a label of a party, with a colon, stands right before a name."""
    label = _label_before(sheet, name)
    return label is not None and label.closed and party in label.classes


def _label_before(sheet: Sheet, name: NameCandidate) -> Label | None:
    """The label that stands right before a name."""
    left = sheet.label_left(name.row, name.start)
    return left.label if left and left.between == 0 and left.gap < NEAR_LABEL else None


def _is_nobodys(line: Line) -> bool:
    return not any(
        label.start == line.start and label.closed and label.classes & _RECEIVERS for label in line.row.labels
    )


def _is_contact(line: Line) -> bool:
    labels = (lb for lb in line.row.labels if line.start <= lb.start < line.end and lb.end < line.end)
    return is_contact_line(line.text) or any(lb.classes & CONTACT_CLASSES and heads_contact(line, lb) for lb in labels)


def is_sender_line(name: NameCandidate, country: str) -> bool:
    """Whether a name is followed by its address in one line, as letterheads and the windows of envelopes have it."""
    row, end = name.row, name.row.cell_of(name.start)[1]
    rest = row.text(name.start)
    if has_postcode(rest, country) and _SEPARATOR.search(rest):
        return True
    behind = row.text(name.end, end)
    if any(c.isdigit() for c in name.text):  # a street before its town
        return False
    return row.tokens[name.end - 1].text.endswith(",") and has_postcode(behind, country)


class PartyFacts:
    """What the whole document says about names."""

    def __init__(self, sheet: Sheet, country: str, names: Sequence[NameCandidate]) -> None:
        self.sheet = sheet
        self.country = country
        self.folded = f" {sheet.folded} "
        self._lines: dict[tuple[int, int, int], list[Line]] = {}
        self.pairs = [name for name in names if name.second]
        self.lines = [fold(row.text()) for row in sheet.rows]
        self.patients = tuple(_patients(sheet))
        self.animals = {f" {fold(name.text)} " for name in names if self._is_over_species(name)}
        self.domains = [m.lower() for m in _DOMAIN.findall(sheet.text)]
        head = [row for row in sheet.rows if row.page == min(sheet.pages)]
        self.named_on_web = any(self.says_domain(name.text) for name in names)
        self.labelled_customers = {
            (name.row.index, name.start) for name in names if _is_labelled(sheet, name, "customer")
        }
        self.head = {row.index: i for i, row in enumerate(head)}
        self.rows = len(head)
        self.tallest = max(
            (_height(n) for n in names if self.head.get(n.row.index, 99) < self.rows * 0.45), default=1.0
        )
        self.first_table = next(
            (row.index for row in head if sheet.has_columns.get(row.index)), head[-1].index + 1 if head else 0
        )
        self.blocks = [block for name in names if not name.second and (block := self._block(name))]
        self.senders = [(n.row.page, n.row.index, n.left) for n in names if is_sender_line(n, country)]
        self.legal_rows = {
            row.index: f" {fold(row.text())} "
            for row in sheet.rows
            if any(label.classes & _LEGAL_CLASSES and label.end - label.start < len(row.tokens) for label in row.labels)
        }
        self.title_rows = {
            row.index
            for row in head
            for lb in row.labels
            if any(c.startswith("title_") for c in lb.classes) and lb.alone
        }

    def _block(self, name: NameCandidate) -> "Block | None":
        """The address under a name and whether telephone, tax number or the like stand with it; None without one."""
        lines = self.block_lines(name)
        coded = next((i for i, line in enumerate(lines[:6]) if has_postcode(line.text, self.country)), None)
        if coded is None:
            return None
        contact = any(_is_contact(line) for line in lines)
        return Block((lines[coded].row.index, lines[coded].start), contact, name)

    def block_lines(self, name: NameCandidate) -> list[Line]:
        """The lines close under a name, in its column, up to one that a label gives to a party."""
        key = (name.row.index, name.start, name.last.row.index)
        if key not in self._lines:
            self._lines[key] = list(takewhile(_is_nobodys, block_below(self.sheet, name, ADDRESS_REACH)))
        return self._lines[key]

    def below(self, name: NameCandidate) -> list[NameCandidate]:
        return [n.second for n in self.pairs if n.row is name.row and n.start == name.start and n.second]

    def above(self, name: NameCandidate) -> list[NameCandidate]:
        return [n for n in self.pairs if n.second and n.second.row is name.row and n.second.start == name.start]

    def _is_over_species(self, name: NameCandidate) -> bool:
        """Whether a name that is no business's stands over what animal it is: "Otis" over "Feline, 5y"."""
        if name.second or any(has_word(fold(name.text), topic) for topic in ("business", "legal_forms")):
            return False
        return any(_opens_with_species(line) for line in self.lines_below(name, 2))

    def says_domain(self, name: str) -> bool:
        """Whether an address on the web or of e-mail has the name in it."""
        glued = "".join(fold(name).split())
        return len(glued) > 3 and any(
            len(d) > 3 and (d.replace("-", "") in glued or glued[:12] in d) for d in self.domains
        )

    def lines_below(self, name: NameCandidate, limit: int = 4) -> list[str]:
        """Texts of the lines close under a name, in its column."""
        return [line.text for line in self.block_lines(name)[:limit]]


def block_below(sheet: Sheet, name: NameCandidate, limit: int) -> list[Line]:
    """The lines under a name in its column; the first may stand a little further off, as names are set large."""
    last = name.last
    gap = BLOCK_GAP + (0.8 * _height(last) / sheet.height[last.row.page])
    return BlockBelow(sheet, limit, gap)(Line(last.row, last.start, last.end))


def name_features(facts: PartyFacts, name: NameCandidate, kind: DocumentKind) -> Features:
    sheet, row = facts.sheet, name.row
    text, folded = name.text, fold(name.text)
    words = folded.split()
    trade = _trade_of(name)
    section = party_section(sheet, row, name.start, name.left, name.right)
    features: Features = {}
    if section:
        where = "beside" if section.beside else str(min(section.lines, 3))
        features[f"section:{section.name}"] = 1.0
        features[f"section_{where}:{section.name}"] = 1.0
    else:
        features["no_section"] = 1.0
    label = _label_before(sheet, name)
    for label_class in label.classes if label else ():
        features[f"left:{label_class}"] = 1.0
    above = sheet.labels_above(row, name.left, name.right, 1)
    if above and above[0].adjacent and not _names_beside(sheet.rows[above[0].label.row], above[0].label):
        for label_class in above[0].label.classes:
            features[f"up:{label_class}"] = 1.0
    position = facts.head.get(row.index, -1)
    ratio = _height(name) / sheet.height[row.page]
    below = facts.lines_below(name)
    capitals = sum(c.isupper() for c in text) / max(1, sum(c.isalpha() for c in text))
    page = sheet.pages[row.page]
    place = ((name.left + name.right) / 2) / (page.width or 1.0)
    labels = [label for label in row.labels if name.start <= label.start < name.end]
    labelled = sum(label.end - label.start for label in labels) / max(1, name.end - name.start)
    features |= {
        f"line:{_line_class(position)}": 1.0,
        "first_page": float(position >= 0),
        "foot": float(position > facts.rows * 0.8 and facts.rows > 12),
        "in_table": float(row.index >= facts.first_table and position <= facts.rows * 0.8),
        f"height:{'small' if ratio < 0.85 else 'usual' if ratio < 1.2 else 'large' if ratio < 1.6 else 'huge'}": 1.0,
        "tallest": float(_height(name) >= 0.97 * facts.tallest and position < facts.rows * 0.45),
        "legal_form": float(has_word(folded, "legal_forms")),
        "legal_end": float(bool(words) and any(" ".join(words[-k:]) in word_set("legal_forms") for k in (1, 2, 3))),
        "business": float(has_word(trade, "business")),
        "species": float(trade != folded and not has_word(trade, "business")),
        "title": float(bool(words) and words[0] in word_set("titles")),
        "person": float(is_person(text)),
        "comma": float("," in text),
        "digit": float(any(c.isdigit() for c in text)),
        "capitals": float(capitals > 0.8),
        "lower_start": float(text[:1].islower()),
        f"words:{min(len(words), 7)}": 1.0,
        "long": float(len(text) > 40),
        "colon": float(text.endswith(":") or ":" in text),
        "labelled": float(labelled > 0.6),
        "part_labelled": float(0 < labelled <= 0.6),
        "address": float(is_address_line(text, facts.country)),
        "domain": float(facts.says_domain(text)),
        f"times:{min(3, facts.folded.count(f' {folded} '))}": 1.0,
        "below_address": float(any(is_address_line(line, facts.country) for line in below[:2])),
        "below_postcode": float(any(has_postcode(line, facts.country) for line in below[:3])),
        "below_phone": float(any(is_contact_line(line) for line in below)),
        "below_date": float(any(find_dates(line) for line in below[:2])),
        "column:left": float(place < 0.33),
        "column:right": float(place > 0.66),
        "column:middle": float(0.42 < place < 0.58),
        "row_alone": float(len(row.cells) == 1 and name.start == 0),
        "starts_row": float(name.start == 0),
        "amount_in_row": float(bool(re.search(r"\d[.,]\d\d\b", row.text()))),
        "two_lines": float(name.second is not None),
        "sender_line": float(is_sender_line(name, facts.country)),
        "above_title": float(any(row.index < t for t in facts.title_rows)),
        "sentence": float(len(words) > 3 and capitals < 0.12),
        "brackets": float("(" in text),
        "cell_cut": float(row.cell_of(name.start)[1] > name.end),
    }
    features |= _cells_around(facts, name) | _block_features(facts, name) | _bare_label(sheet, name)
    features |= _role_features(facts, name) | _rival_features(facts, name)
    if name.second:
        first, second = map(fold, name.halves)
        features["first_joins"] = float(first.split()[-1:] != [] and first.split()[-1] in _JOINS)
        features["second_joins"] = float(second.split()[:1] != [] and second.split()[0] in _JOINS)
        features["second_person"] = float(is_person(name.second.text) or second.split()[0] in word_set("titles"))
        features["second_department"] = float(has_word(second, "departments"))
        features["second_division"] = float(has_word(second, "divisions"))
        # Of a picture the height of a word is that of its letters: "Praxis" is lower than "Königsplatz".
        features["second_size"] = float(sheet.method != Method.OCR and not _is_like_size(name, name.second))
        features["first_follows"] = float(any(_is_like_size(name, other) for other in facts.above(name)))
        features["second_comma"] = float("," in name.second.text)
        features["first_titled"] = float(first in word_set("titles"))
        features["second_legal"] = float(has_word(second, "legal_forms"))
        features["first_legal"] = float(has_word(first, "legal_forms"))
        features["first_business"] = float(has_word(first, "business"))
        features["second_address"] = float(is_address_line(name.second.text, facts.country))
        features["echo:whole"] = float(any(f" {folded} " in f" {line} " for line in facts.lines))
        features["second_business"] = float(_is_rest_of_name(name.second.text))
    else:
        features |= _neighbours(facts, name)
    prefix = {DocumentKind.DELIVERY_NOTE: "dn|", DocumentKind.RECEIPT: "rc|"}.get(kind)
    if prefix:
        features |= {
            f"{prefix}{n}": v
            for n, v in features.items()
            if n in _KIND_FEATURES or n.startswith(("section", "left:customer"))
        }
    features[f"kind:{kind.value}"] = 1.0
    return {n: v for n, v in features.items() if v}


def _without_species(text: str) -> str:
    """A name, folded, without the animal it opens with: "Feline / Maine Coon" is no business's, "Equine Vets" is."""
    words = fold(text).split()
    if not words or words[0] not in species() or re.match(r"\S+\s+(?:&|and\b)", text):  # "The" or no "Dog and Duck"
        return " ".join(words)
    return " ".join(words[1:])


def _trade_of(name: NameCandidate) -> str:
    """What a name says of a trade: its lines, folded, without the animals they open with."""
    return " ".join(_without_species(half) for half in name.halves)


def _opens_with_species(text: str) -> bool:
    return _without_species(text) != " ".join(fold(text).split()) and not has_word(_without_species(text), "business")


def _role_features(facts: PartyFacts, name: NameCandidate) -> Features:
    """What tells the company behind a business, or who treated an animal, from a party."""
    words = fold(name.text).split()
    bare = not any(is_address_line(line, facts.country) for line in facts.lines_below(name, 1))
    treats = words[:1] == ["dr"] or (len(words) > 1 and words[-1] in word_set("credentials"))
    return {
        "owner": float(_follows_owner_words(name)),
        "doctor": float(bare and treats),
    }


def _rival_features(facts: PartyFacts, name: NameCandidate) -> Features:
    """What speaks for another name: an address on the web that has it, or a label of the customer right before it."""
    return {
        "rival:domain": float(facts.named_on_web and not facts.says_domain(name.text)),
        "rival:labelled": float(bool(facts.labelled_customers - {(name.row.index, name.start)})),
    }


_JOINS = frozenset(
    {"and", "und", "et", "en", "y", "e", "of", "the", "for", "fur", "de", "du", "des", "la", "del", "di", "van"}
)
SENDER_REACH = 6  # rows under a sender's line in which the receiver stands


def _bare_label(sheet: Sheet, name: NameCandidate) -> Features:
    """A word that may be a party's label, without a colon: right before the name, or its first word."""
    features: Features = {}
    tokens = name.row.tokens
    opens = name.row.cell_of(name.start)[0]
    if name.start == opens + 1 and len(tokens[opens].words) == 1:
        features |= {f"bare:{n}": 1.0 for n in sheet.index.classes(tokens[opens].words[0]) & PARTY_CLASSES}
    if name.start == opens and name.end - name.start > 1 and len(tokens[opens].words) == 1:
        features |= {f"first:{n}": 1.0 for n in sheet.index.classes(tokens[opens].words[0]) & PARTY_CLASSES}
    return features


def _block_features(facts: PartyFacts, name: NameCandidate) -> Features:
    """What tells whose block a name stands over: contact data are the sender's; a bare address is the receiver's."""
    features: Features = {}
    own = next((b for b in facts.blocks if b.name.row is name.row and b.name.start == name.start), None)
    others = [b for b in facts.blocks if own is None or b.place != own.place]
    if own:
        features["block:contact" if own.contact else "block:bare"] = 1.0
        features["rival:contact"] = float(any(b.contact for b in others))
        features["rival:bare"] = float(any(not b.contact for b in others))
        features["no_rival"] = float(not others)
        if others:
            features["block:first" if all(own.place <= b.place for b in others) else "block:later"] = 1.0
        lines = facts.block_lines(name)
        features["below_department"] = float(bool(lines) and has_word(fold(lines[0].text), "departments"))
    row, height = name.row, facts.sheet.height[name.row.page]
    above = _cell_above(facts, name)
    features["above:business"] = float(
        has_word(above, "business") or has_word(above, "legal_forms") or has_word(above, "hospitality")
    )
    senders = [s for s in facts.senders if s[:2] != (row.page, row.index)]
    features["rival:sender_line"] = float(bool(senders))
    features["under_sender"] = float(
        own is not None
        and any(
            page == row.page and 0 < row.index - index <= SENDER_REACH and abs(left - name.left) < 4 * height
            for page, index, left in senders
        )
    )
    folded = f" {fold(name.text)} "
    features["legal_row"] = float(row.index in facts.legal_rows and len(folded) > 6)
    features["echo:legal"] = float(
        len(folded) > 8 and any(folded in text for index, text in facts.legal_rows.items() if index != row.index)
    )
    features["patient"] = float(
        any(patient.startswith(folded) for patient in facts.patients)
        or any(folded.startswith(animal) for animal in facts.animals)
    )
    features["hospitality"] = float(has_word(fold(name.text), "hospitality"))
    features["veterinary"] = float(has_word(_trade_of(name), "veterinary"))
    features["supplying"] = float(has_word(fold(name.text), "supplying"))
    return features


# What stands right above or below in the column and tells whose name it is.
_TELLING_CELLS = frozenset(
    {
        "account_number",
        "patient",
        "phone",
        "fax",
        "email",
        "web",
        "tax_id",
        "company_number",
        "invoice_number",
        "title_invoice",
        "bank",
        "contact",
    }
)


def _line_class(position: int) -> str:
    """The line of the first page that a name stands on, the head finer than the rest."""
    if not 0 <= position < 12:
        return "more"
    return str(position) if position < 3 else "3-5" if position < 6 else "6-11"


def _cells_around(facts: PartyFacts, name: NameCandidate) -> Features:
    features: Features = {}
    rows = facts.sheet.rows
    for key, index in (("cell_above", name.row.index - 1), ("cell_below", name.last.row.index + 1)):
        if not 0 <= index < len(rows) or rows[index].page != name.row.page:
            continue
        cell = cell_in_column(rows[index], name.left, name.right, facts.sheet.height[name.row.page])
        if cell:
            labels = [lb for lb in rows[index].labels if cell[0] <= lb.start < cell[1]]
            features |= {f"{key}:{n}": 1.0 for lb in labels for n in lb.classes & _TELLING_CELLS}
    return features


def _cell_above(facts: PartyFacts, name: NameCandidate) -> str:
    """The folded text close above a name in its column."""
    index, height = name.row.index - 1, facts.sheet.height[name.row.page]
    if index < 0 or facts.sheet.rows[index].page != name.row.page:
        return ""
    row = facts.sheet.rows[index]
    if name.row.y - row.y > BLOCK_GAP * height:
        return ""
    cell = cell_in_column(row, name.left, name.right, height)
    return fold(row.text(*cell)) if cell else ""


def _is_like_size(name: NameCandidate, other: NameCandidate) -> bool:
    return LIKE_SIZE < _height(other) / _height(name) < 1 / LIKE_SIZE


def _is_rest_of_name(text: str) -> bool:
    """Whether a line is a word or two of what businesses call themselves: "Surgeons", "Family Butchers"."""
    folded = fold(text)
    return len(folded.split()) <= 2 and has_word(folded, "business") and not has_word(folded, "divisions")


def _neighbours(facts: PartyFacts, name: NameCandidate) -> Features:
    """Lines of like height right above and below: then the name may be only half of itself."""
    features: Features = {}
    for key, others in (("above", facts.above(name)), ("below", facts.below(name))):
        for other in others[:1]:
            folded = fold(other.text)
            features[f"like_{key}"] = 1.0
            features[f"like_{key}_legal"] = float(has_word(folded, "legal_forms"))
            features[f"like_{key}_address"] = float(is_address_line(other.text, facts.country))
            features[f"like_{key}_capitals"] = float(other.text.isupper())
            features[f"like_{key}_business"] = float(_is_rest_of_name(other.text))
    return features


# --- Decision ------------------------------------------------------------------------------------------------------


@once
def party_options(
    sheet: Sheet, kind: DocumentKind, country: str, shown: tuple[Candidate, ...]
) -> tuple[NameOption, ...]:
    """Every printed name with what speaks for it. shown: places where the supplier's template has a party's name."""
    names = find_names(sheet, country)
    known = {(name.row.index, name.start, name.end) for name in names}
    names += [NameCandidate(p.row, p.start, p.end, p.text) for p in shown if (p.row.index, p.start, p.end) not in known]
    facts = PartyFacts(sheet, country, names)
    options = [NameOption(n.text, n, name_features(facts, n, kind), _employer(facts, n)) for n in names]
    return tuple(_as_customers(options) if any(_is_named_venue(option) for option in options) else options)


def _is_named_venue(option: NameOption) -> bool:
    return "in_table" not in option.features and not option.features.keys().isdisjoint(
        ("left:venue", "section_0:venue")
    )


def _as_customers(options: Sequence[NameOption]) -> Iterator[NameOption]:
    """Options of a note that names a place of delivery: its customer is not that as well."""
    for option in options:
        told = {n: v for n, v in option.features.items() if not (n.startswith("dn|") and n.endswith(":customer"))}
        yield replace(option, features=told)


def _employer(facts: PartyFacts, name: NameCandidate) -> str:
    """The business on the line above a person's name; not a practice, whose letters to people begin with its own."""
    above = _cell_above(facts, name)
    is_business = any(has_word(above, topic) for topic in ("legal_forms", "hospitality", "business"))
    if not is_person(name.text) or not is_business or has_word(above, "practices") or any(c.isdigit() for c in above):
        return ""
    return above


def read_parties(
    sheet: Sheet,
    options: Sequence[NameOption],
    country: str,
    models: Mapping[str, FieldModel],
    bonus: Bonus | None = None,
) -> dict[str, Field]:
    """Supplier, customer and venue with what belongs to them, by field name; and the terms of payment.

    bonus: a logit for a place as that of a field, from the supplier's template.
    """
    chosen = elect_parties(options, models, bonus)
    fields = name_fields(sheet, chosen)
    places = {name: option.place for name, (option, _) in chosen.items()}
    # What is more likely no customer or venue than one keeps no address from the supplier.
    known = {name: places[name] for name, (_, sure) in chosen.items() if name == "supplier_name" or sure >= 0.5}
    fields |= _supplier_details(sheet, known, country, fields.get("supplier_name"))
    fields |= _customer_details(sheet, places.get("customer_name"), fields.get("customer_name"))
    terms = find_terms(sheet)
    if terms:
        fields["payment_terms"] = _field(sheet, terms[0], TERMS_CONFIDENCE[terms[1]], "payment_terms")
    return fields


def name_fields(sheet: Sheet, chosen: Mapping[str, tuple[NameOption, float]]) -> dict[str, Field]:
    """The elected names (`elect_parties`) with their places."""
    fields = {}
    for name, (option, confidence) in chosen.items():
        place = option.place
        box = sheet.box_of(place.row.page, place.tokens)
        told = tuple(n for n in ("tallest", "legal_form", "domain", "sender_line") if n in option.features)
        section = tuple(n for n in option.features if n.startswith("section:"))
        fields[name] = Field(option.value, confidence, place.row.page, box, sheet.method, section + told)
    return fields


def _field(sheet: Sheet, found: Found, confidence: float, evidence: str) -> Field:
    return Field(found.value, confidence, found.page, sheet.box_of(found.page, found.tokens), sheet.method, (evidence,))


def _supplier_details(
    sheet: Sheet, places: Mapping[str, NameCandidate], country: str, name: Field | None
) -> dict[str, Field]:
    supplier = places.get("supplier_name")
    fields: dict[str, Field] = {}
    address, evidence = supplier_address(sheet, places, country)
    if address:
        confidence = ADDRESS_CONFIDENCE[evidence] * (name.confidence if name and evidence == "under the name" else 0.9)
        found = found_address(address, country if sheet.method == Method.OCR else None)
        fields["supplier_address"] = _field(sheet, found, confidence, evidence)
        fields |= _address_parts(sheet, found, split_address(found.lines, country), confidence)
    theirs = _block_rows(sheet, places, country)
    for key, find in (("supplier_phone", find_phone), ("supplier_email", find_email), ("supplier_tax_id", find_tax_id)):
        hit = _nearest(sheet, supplier, address, theirs, find)
        if hit:
            fields[key] = _field(sheet, hit, CONTACT_CONFIDENCE, "near the name")
    return fields


def _address_parts(sheet: Sheet, found: Found, parts: Address, confidence: float) -> dict[str, Field]:
    values = {
        "supplier_street": parts.street,
        "supplier_city": parts.city,
        "supplier_state": parts.state,
        "supplier_postcode": parts.postcode,
    }
    box = sheet.box_of(found.page, found.tokens)
    return {
        key: Field(value, confidence, found.page, box, sheet.method, ("supplier_address",))
        for key, value in values.items()
        if value
    }


def supplier_address(sheet: Sheet, places: Mapping[str, NameCandidate], country: str) -> tuple[list[Line], str]:
    """The supplier's address and how it was found: under its name, behind it in the row, or elsewhere on the page."""
    supplier = places.get("supplier_name")
    under: list[Line] = []
    if supplier:
        last, below = supplier.last, block_below(sheet, supplier, ADDRESS_REACH)
        in_cell, in_row = (
            inline_address(Line(last.row, last.start, end), last.end, country, below)
            for end in (last.row.cell_of(last.start)[1], len(last.row.tokens))
        )
        if in_cell:
            return in_cell, "behind the name"
        under = address_under(below, country, _block_rows(sheet, places, country))
        if any(has_postcode(line.text, country) for line in under):
            return under, "under the name"
        if in_row:
            return in_row, "behind the name"
    if len(under) >= 2:
        return under, "under the name"
    elsewhere = _address_elsewhere(sheet, places, country)
    if elsewhere:
        return elsewhere, "elsewhere"
    return under, "under the name"


def _address_elsewhere(sheet: Sheet, places: Mapping[str, NameCandidate], country: str) -> list[Line]:
    """The likeliest address that is not the customer's or the venue's: near the head, with telephone or tax number."""
    theirs = _block_rows(sheet, places, country)
    best: list[Line] = []
    most = 0.0
    reach = BlockBelow(sheet, ADDRESS_REACH, BLOCK_GAP)
    supplier = places.get("supplier_name")
    for block in address_blocks(sheet, country, reach):
        first = block[0]
        section = party_section(sheet, first.row, first.start, first.tokens[0].left, first.tokens[-1].right)
        if section and section.name != "supplier" and section.lines <= MOST_NAMES:
            continue
        if any((line.row.index, line.start) in theirs for line in block):
            continue
        if sum(len(word) > 2 and word.isalpha() for line in block for word in fold(line.text).split()) < 2:
            continue  # a postcode alone
        around = [line.text for line in reach(block[-1])[:4]]
        score = 2.0 - 1.5 * first.row.index / len(sheet.rows) - (first.row.page != min(sheet.pages))
        score += sum(is_contact_line(text) for text in around) * 0.5
        if supplier and fold(supplier.text) in fold(first.row.text()):
            score += 1.5
        if names_owner(first):
            score -= 1.5
        if score > most:
            best, most = block, score
    return best


def _block_rows(sheet: Sheet, places: Mapping[str, NameCandidate], country: str) -> set[tuple[int, int]]:
    """First tokens of the lines that belong to the customer or the venue."""
    rows = set()
    for name, place in places.items():
        if name != "supplier_name":
            rows.add((place.row.index, place.row.cell_of(place.start)[0]))
            rows |= {(line.row.index, line.start) for line in _own_lines(sheet, place, country)}
    return rows


def _own_lines(sheet: Sheet, place: NameCandidate, country: str) -> list[Line]:
    """The lines under a name that are its address, telephone and e-mail; none if the address stands behind it."""
    last = place.last
    if has_postcode(last.row.text(last.end, last.row.cell_of(last.start)[1]), country):
        return []
    lines = block_below(sheet, place, ADDRESS_REACH)
    end = next((i + 1 for i, line in enumerate(lines) if has_postcode(line.text, country)), len(lines))
    while end < len(lines) and _is_contact(lines[end]):
        end += 1
    return lines[:end]


def _nearest(
    sheet: Sheet,
    supplier: NameCandidate | None,
    address: Sequence[Line],
    theirs: set[tuple[int, int]],
    find: Callable[[SheetRow, int, int], Found | None],
) -> Found | None:
    """The first hit in the cells of the supplier's page, those nearest to its name and address first."""
    anchors = [line.row for line in address] + ([supplier.row] if supplier else [])
    page = anchors[0].page if anchors else min(sheet.pages)
    hits: list[tuple[float, Found]] = []
    for row in sheet.rows:
        if row.page != page:
            continue
        for start, end in row.cells:
            if (row.index, start) in theirs:
                continue
            found = find(row, start, end)
            if found:
                away = min((abs(row.index - anchor.index) for anchor in anchors), default=row.index)
                hits.append((away + 0.01 * row.index, found))
    return min(hits, key=lambda hit: hit[0])[1] if hits else None


def _customer_details(sheet: Sheet, place: NameCandidate | None, name: Field | None) -> dict[str, Field]:
    if place is None or name is None:
        return {}
    fields: dict[str, Field] = {}
    person = split_person(str(name.value))
    if person:
        for key, value in zip(("customer_first_name", "customer_last_name"), person, strict=True):
            if value:
                fields[key] = Field(value, name.confidence, name.page, name.box, name.method, ("customer_name",))
    block = block_below(sheet, place, ADDRESS_REACH)
    for key, find in (("customer_phone", find_phone), ("customer_email", find_email)):
        hit = next((found for line in block if (found := find(line.row, line.start, line.end))), None)
        if hit:
            fields[key] = _field(sheet, hit, CONTACT_CONFIDENCE, "customer_name")
    return fields


@dataclass(frozen=True, slots=True)
class NameBallot:
    name: str
    options: tuple[NameOption, ...]
    scores: tuple[float, ...]
    none: float


def name_ballot(
    name: str, options: Sequence[NameOption], model: FieldModel | None = None, bonus: Bonus | None = None
) -> NameBallot:
    model = model or field_model(name)
    grouped: dict[str, list[tuple[float, NameOption]]] = {}
    for option in options:
        score = model.score(option.features) + (bonus(name, option.place) if bonus else 0.0)
        grouped.setdefault(fold(option.value), []).append((score, option))
    ranked = sorted(
        ((sum_of_logits([s for s, _ in g]), max(g, key=lambda e: e[0])[1]) for g in grouped.values()),
        key=lambda entry: -entry[0],
    )[:BEST_KEPT]
    return NameBallot(name, tuple(o for _, o in ranked), tuple(s for s, _ in ranked), model.none)


def elect_parties(
    options: Sequence[NameOption], models: Mapping[str, FieldModel], bonus: Bonus | None = None
) -> dict[str, tuple[NameOption, float]]:
    """The likeliest supplier, customer and venue together, with probabilities; those likelier absent are left out."""
    ballots = [name_ballot(name, options, models.get(name), bonus) for name in PARTY_FIELDS]
    shares = _party_shares(ballots)
    chosen = {}
    for ballot, share in zip(ballots, shares, strict=True):
        best = int(share.argmax())
        if best < len(ballot.options):
            model = models.get(ballot.name) or field_model(ballot.name)
            chosen[ballot.name] = (ballot.options[best], model.calibrate(float(share[best])))
    return chosen


def _party_shares(ballots: Sequence[NameBallot]) -> list[np.ndarray]:
    supplier, customer, venue = ballots
    logits = (
        np.array([*supplier.scores, supplier.none])[:, None, None]
        + np.array([*customer.scores, customer.none])[None, :, None]
        + np.array([*venue.scores, venue.none])[None, None, :]
    )
    logits = logits + _clash(supplier, customer)[:, :, None] + _clash(supplier, venue)[:, None, :]
    logits = logits + _clash(customer, venue, same_name=0.0)[None, :, :] + _employed(supplier, customer)[:, :, None]
    shares = []
    for axis in range(3):
        marginal = np.logaddexp.reduce(logits, axis=tuple(a for a in range(3) if a != axis))
        share = np.exp(marginal - marginal.max())
        shares.append(share / share.sum())
    return shares


def _employed(supplier: NameBallot, customer: NameBallot) -> np.ndarray:
    """Logits against a person as the customer who stands under the name of a business, unless that is the supplier."""
    weights = np.zeros((len(supplier.options) + 1, len(customer.options) + 1))
    names = [*(fold(option.value) for option in supplier.options), ""]
    for j, option in enumerate(customer.options):
        if option.under:
            weights[:, j] = [0.0 if option.under in name else EMPLOYED for name in names]
    return weights


def _clash(first: NameBallot, second: NameBallot, same_name: float = SAME_NAME) -> np.ndarray:
    """Logits against two parties at one place or of one name; customer and venue often share their name."""
    weights = np.zeros((len(first.options) + 1, len(second.options) + 1))
    for i, one in enumerate(first.options):
        for j, other in enumerate(second.options):
            a, b = one.place, other.place
            if a.row is b.row and a.start < b.end and b.start < a.end and same_name:
                weights[i, j] = SAME_PLACE
            elif fold(one.value) == fold(other.value):
                weights[i, j] = same_name
    return weights
