"""What the whole document says about names: blocks, labels, domains, senders, animals."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from ocr.addresses import has_postcode, has_word, is_contact_line
from ocr.details import CONTACT_CLASSES, MOST_CELLS, Line, heads_contact, species
from ocr.evidence import Label, Sheet, SheetRow
from ocr.lexicon import load_table
from ocr.parse import fold
from ocr.parties.names import ADDRESS_REACH, LEGAL_CLASSES, PARTY_CLASSES, NameCandidate, block_below, height_of

NEAR_LABEL = 15  # word heights between a label and a name beside it
HEADING_ROWS = 2  # wide rows (a heading, its values) that may stand between a block and its heading
SECTION_LIMIT = 16.0  # word heights that a block's heading may stand above its lines
_DOMAIN = re.compile(r"(?:www\.|@|https?://)([\w\-]+)\.[\w.\-]+", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s+[\u2022\u00b7|\u25cf\u25aa\u2027\u2013\u2014*.-]+\s+|\s*[\u2022\u25cf\u25aa]\s*|\s+\|\s*")


@dataclass(frozen=True, slots=True)
class Section:
    """The party's label that a place stands under: its class, how many lines lie between."""

    name: str
    lines: int
    beside: bool


def party_section(sheet: Sheet, row: SheetRow, start: int, left: float, right: float) -> Section | None:
    """The nearest label of a party to the left, or above in the same column within a block's reach; the headings of a
    table are in none."""
    if sheet.has_columns.get(row.index):
        return None
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
            if t.words and min(right, t.right) - max(left, t.left) > min(0.1 * (right - left), 0.6 * (t.right - t.left))
        ]
        if not hits:
            continue
        for label in other.labels:
            if (
                label.classes & PARTY_CLASSES
                and (label.start in hits or label.end - 1 in hits)
                and _heads(sheet, other, label)
            ):
                return Section(_party_class(label.classes), lines + names_beside(other, label), False)
        if previous - other.y > 4.5 * height:
            return None
        previous = other.y
        lines += 1
    return None


def _heads(sheet: Sheet, row: SheetRow, label: Label) -> bool:
    """Whether a label opens its cell, so that it can head a block: not a column of a table, nor the name beside it."""
    if sheet.has_columns.get(row.index) or (label.classes == {"contact"} and names_beside(row, label)):
        return False
    return any(label.start == cell[0] for cell in row.cells)


def names_beside(row: SheetRow, label: Label) -> bool:
    """Whether the party's name stands right behind its label, so that the lines below are its address."""
    end = row.cell_of(label.start)[1]
    return label.closed and any(token.words for token in row.tokens[label.end : end])


def _party_class(classes: frozenset[str]) -> str:
    return next(name for name in ("venue", "customer", "supplier", "contact") if name in classes)


@dataclass(frozen=True, slots=True)
class Block:
    """A name over an address. place: where its postcode stands. contact: a telephone or the like stands with it."""

    place: tuple[int, int]
    contact: bool
    name: NameCandidate


_RECEIVERS = frozenset({"customer", "venue"})


def _patients(sheet: Sheet) -> Iterator[str]:
    """What stands behind the labels of animals: " sir barksalot wt 8 4 kg "."""
    labels = frozenset(load_table("columns")["headings"]["patient_labels"])
    for row in sheet.rows:
        for label in row.labels:
            if label.closed and fold(row.text(label.start, label.end)) in labels:
                yield f" {fold(row.text(label.end, row.cell_of(label.start)[1]))} "


def _is_labelled(sheet: Sheet, name: NameCandidate, party: str) -> bool:
    """Whether a label of a party, with a colon, stands right before a name."""
    label = label_before(sheet, name)
    return label is not None and label.closed and party in label.classes


def label_before(sheet: Sheet, name: NameCandidate) -> Label | None:
    """The label that stands right before a name, which is no heading of a table."""
    left = None if sheet.has_columns.get(name.row.index) else sheet.label_left(name.row, name.start)
    return left.label if left and left.between == 0 and left.gap < NEAR_LABEL else None


def _is_nobodys(line: Line) -> bool:
    return not any(
        label.start == line.start and label.closed and label.classes & _RECEIVERS for label in line.row.labels
    )


def is_contact(line: Line) -> bool:
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
            (height_of(n) for n in names if self.head.get(n.row.index, 99) < self.rows * 0.45), default=1.0
        )
        self.first_table = next(
            (row.index for row in head if sheet.has_columns.get(row.index)), head[-1].index + 1 if head else 0
        )
        self.blocks = [block for name in names if not name.second and (block := self._block(name))]
        self.senders = [(n.row.page, n.row.index, n.left) for n in names if is_sender_line(n, country)]
        self.legal_rows = {
            row.index: f" {fold(row.text())} "
            for row in sheet.rows
            if any(label.classes & LEGAL_CLASSES and label.end - label.start < len(row.tokens) for label in row.labels)
        }
        self.title_rows = {row.index for row in head for lb in row.labels if lb.is_title and lb.alone}

    def _block(self, name: NameCandidate) -> "Block | None":
        """The address under a name and whether telephone, tax number or the like stand with it; None without one."""
        lines = self.block_lines(name)
        coded = next((i for i, line in enumerate(lines[:6]) if has_postcode(line.text, self.country)), None)
        if coded is None:
            return None
        contact = any(is_contact(line) for line in lines)
        return Block((lines[coded].row.index, lines[coded].start), contact, name)

    def block_of(self, name: NameCandidate) -> Block | None:
        """The block that a name opens."""
        return next((b for b in self.blocks if b.name.row is name.row and b.name.start == name.start), None)

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


def without_species(text: str) -> str:
    """A name, folded, without the animal it opens with: "Feline / Maine Coon" is no business's, "Equine Vets" is."""
    words = fold(text).split()
    if not words or words[0] not in species() or re.match(r"\S+\s+(?:&|and\b)", text):  # "The" or no "Dog and Duck"
        return " ".join(words)
    return " ".join(words[1:])


def _opens_with_species(text: str) -> bool:
    return without_species(text) != " ".join(fold(text).split()) and not has_word(without_species(text), "business")
