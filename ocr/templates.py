"""Templates: how one supplier's documents call their values, where they print them, how their table stands.

A template is learned from corrected documents (ocr.learning) and recognised by marks that only its supplier prints (tax
numbers, telephones, addresses on the web) and by the words beside the values. It only adds evidence: a document that
it does not fit is read as if there were none.
"""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz

from ocr.candidates import Candidate
from ocr.columns import Column, Columns, Heading, Role
from ocr.evidence import Sheet, SheetRow
from ocr.parse import find_dates, fold
from ocr.parties.names import NameCandidate
from ocr.tables import Sheet as TableSheet
from ocr.types import AMOUNT_FIELDS, DocumentKind, Field, Method, Page, Word

LABEL_WORDS = 4  # nearest to the value
ABOVE_REACH = 3.5  # word heights from a value to the words above it
ALIKE = 85  # of 100: likeness of a label that recognition may have misread
SHARED = 2 / 3  # of the shorter label's words, and the last: "terms days due" is "strictly days net due"
NEAR = 0.04  # of the page: a value stands where it stood
LABELLED, UNLABELLED, PLACED, SHAPED = 8.0, 6.0, 1.0, 1.5  # logits for a candidate that stands as an example stood
ELSEWHERE = -3.0  # logit against a candidate under another label, once some candidate fits
ABSENT = 1.5  # logit for the absence of what no example printed
FEWEST_FOR_ABSENCE = 2  # examples
RECOGNISED = 0.6  # share of a template's words that a document of it prints
HEADING_SHARE = 0.6  # of the columns whose headings must be found
SHORTEST_GLUED = 8  # letters of a name that is looked for among words that recognition glued together
SHORTEST_DOMAIN = 6  # characters of a web domain that tells somebody
CONSTANT_CONFIDENCE = 0.98  # of what every document of a supplier says of the supplier
CONSTANTS = (
    "supplier_name", "supplier_address", "supplier_street", "supplier_city", "supplier_state", "supplier_postcode",
    "supplier_phone", "supplier_email", "supplier_tax_id", "currency",
)  # fmt: skip

Place = Candidate | NameCandidate

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+\w")
_WEB = re.compile(r"\b(?:www\.)?((?:[\w-]+\.)+[a-z]{2,})\b")
_AMOUNT_AMONG = re.compile(r" .*\d[.,]\d\d\b|\d[.,]\d\d .*")  # figures beside each other, not one number
_LONG_NUMBER = re.compile(r"\b(?:[A-Z]{2} ?)?\d(?:[ .\-/]?\d){6,}\b")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an example printed a value: the folded words beside and above it, its shape ("AA-999"), and the middle of
    its box in fractions of the page."""

    beside: str
    above: str
    shape: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class ColumnSpot:
    """A column of the table: what stands in it (`Role`), its folded heading ("" = none), the heading's middle and the
    values' extent in fractions of the page's width."""

    role: Role
    heading: str
    middle: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Template:
    """What some corrected documents of one supplier and kind have in common.

    sender: the supplier's folded name as all of them print it, "" where it is only a picture. marks and words: see
    `choose_template`. spots: by field name. constants: values that every document says alike. absent: fields that no
    example printed. doubles: of a single example, the other places that print a field's
    value, for `ocr.learning.merge`.
    """

    kind: DocumentKind
    sender: str
    marks: frozenset[str]
    words: frozenset[str]
    spots: dict[str, tuple[Spot, ...]]
    constants: dict[str, str]
    columns: tuple[ColumnSpot, ...] = ()
    absent: frozenset[str] = frozenset()
    examples: int = 1
    doubles: dict[str, tuple[Spot, ...]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Guide:
    """A template held against one document."""

    template: Template
    sheet: Sheet
    _fits: dict[tuple[str, int, int, int], float] = field(default_factory=dict)

    def bonus(self, name: str, place: Place) -> float:
        """Logit for the place as that of a field; 0 where the template knows nothing of the field."""
        spots = self.template.spots.get(name)
        return max(self.fit(name, place), ELSEWHERE) if spots else 0.0

    def fit(self, name: str, place: Place) -> float:
        """How well a place fits the best example of a field; `ELSEWHERE` if none."""
        key = (name, place.row.index, place.start, place.end)
        if key not in self._fits:
            here = spot_of(self.sheet, place)
            self._fits[key] = max(likeness(spot, here) for spot in self.template.spots[name])
        return self._fits[key]

    def told(self, name: str, place: Place) -> bool:
        """Whether the template, rather than what every document says, speaks for the place."""
        return name in self.template.spots and self.fit(name, place) > 0

    def none(self, name: str) -> float:
        """Logit for the field's absence."""
        known = self.template.examples >= FEWEST_FOR_ABSENCE and name in self.template.absent
        return ABSENT if known else 0.0

    def shown(self, name: str, *, whole: bool) -> list[Candidate]:
        """What stands where the examples printed a field, whatever it looks like: whole cells (to a comma), or as many
        words as an example had."""
        spots = self.template.spots.get(name, ())
        counts = {len(spot.shape.split()) for spot in spots}
        found = []
        for row in self.sheet.rows if spots else ():
            for start in range(len(row.tokens)):
                first, last = row.cell_of(start)
                ends = {_comma(row, start, last)} if whole else {start + c for c in counts if start + c <= last}
                places = [Candidate(row, start, end, row.text(start, end).rstrip(",")) for end in ends]
                found += [p for p in places if self._is_shown(spots, p, whole=whole, opens=start == first)]
        return found

    def _is_shown(self, spots: Sequence[Spot], place: Candidate, *, whole: bool, opens: bool) -> bool:
        here = spot_of(self.sheet, place)
        fits = here.shape.count("A") > here.shape.count("9") if whole else any(s.shape == here.shape for s in spots)
        return fits and any(likeness(s, here) > 0 and (opens or _alike(s.beside, here.beside)) for s in spots)

    def constants(self, fields: Mapping[str, Field]) -> dict[str, Field]:
        """The supplier's own values, each with the box of where the page's reading found the same."""
        found = {}
        for name, value in self.template.constants.items():
            known = fields.get(name)
            if known and fold(str(known.value)) == fold(value):
                found[name] = replace(known, value=value, confidence=max(known.confidence, CONSTANT_CONFIDENCE))
            else:
                found[name] = Field(value, CONSTANT_CONFIDENCE, method=Method.TEMPLATE, evidence=("template",))
        return found


def _comma(row: SheetRow, start: int, end: int) -> int:
    """The end of the words up to a comma."""
    return next((i + 1 for i in range(start, end) if row.tokens[i].text.endswith(",")), end)


# --- Recognising ---------------------------------------------------------------------------------------------------


def find_marks(pages: Sequence[Page]) -> frozenset[str]:
    """What may tell the sender: mail addresses, web domains, and numbers of seven figures or more, without blanks."""
    runs: dict[tuple[int, int], list[str]] = {}
    for page in pages:
        for word in page.words:
            runs.setdefault((page.number, word.run), []).append(word.text)
    text = "\n".join(" ".join(words) for words in runs.values())
    found = {match[0].casefold() for match in _EMAIL.finditer(text)}
    found |= {match[1] for match in _WEB.finditer(text.casefold()) if len(match[1]) >= SHORTEST_DOMAIN}
    numbers = [match[0] for match in _LONG_NUMBER.finditer(text)]
    return frozenset(
        found | {re.sub(r"\W", "", n) for n in numbers if not _AMOUNT_AMONG.search(n) and not find_dates(n)}
    )


def choose_template(templates: Iterable[Template], pages: Sequence[Page]) -> Template | None:
    """The template that the pages are of: its sender's (`is_sender`), with most of its words printed on them."""
    marks, text = find_marks(pages), text_of(pages)
    words = frozenset(text.split())
    fitting = [
        (share, template.examples, template)
        for template in templates
        if (share := _share(template.words, words)) >= RECOGNISED
        and is_sender(template.sender, template.marks, text, marks)
    ]
    return max(fitting, key=lambda entry: entry[:2])[2] if fitting else None


def text_of(pages: Sequence[Page]) -> str:
    """All words of some pages, folded."""
    return fold(" ".join(word.text for page in pages for word in page.words))


def is_sender(sender: str, marks: Container[str], text: str, found: Iterable[str]) -> bool:
    """Whether pages with this text and the marks `found` are the sender's: they print its name, or one of its marks
    where the name is a picture."""
    if sender:
        return prints(text, sender) or _is_misread(sender.split(), text.split())
    return any(mark in marks for mark in found)


def prints(text: str, name: str) -> bool:
    """Whether whole words of a folded text are a folded name, if only with other blanks."""
    letters = name.replace(" ", "")
    if f" {name} " in f" {text} ":
        return True
    if len(letters) < SHORTEST_GLUED or letters not in text.replace(" ", ""):
        return False
    return re.search(rf"\b{' ?'.join(map(re.escape, letters))}\b", text) is not None


def _is_misread(wanted: Sequence[str], words: Sequence[str]) -> bool:
    """Whether as many words in a row are nearly the wanted ones."""
    name, count = " ".join(wanted), len(wanted)
    return any(fuzz.ratio(name, " ".join(words[i : i + count])) >= ALIKE for i in range(max(0, len(words) - count + 1)))


def _share(wanted: frozenset[str], found: frozenset[str]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0


# --- Spots ---------------------------------------------------------------------------------------------------------


def spot_of(sheet: Sheet, place: Place) -> Spot:
    box = sheet.box(place.row, place.start, place.end)
    return Spot(
        beside=words_beside(place.row, place.start),
        above=words_above(sheet, place),
        shape=shape_of(place.text),
        x=(box.left + box.right) / 2,
        y=(box.top + box.bottom) / 2,
    )


def words_beside(row: SheetRow, start: int) -> str:
    """The folded words before a token: of its own cell, or else of the nearest cell to the left that has some."""
    first, _ = row.cell_of(start)
    words = _words(row, first, start)
    for cell in reversed([cell for cell in row.cells if cell[1] <= first]):
        if words:
            break
        words = _words(row, *cell)
    return " ".join(words[-LABEL_WORDS:])


def words_above(sheet: Sheet, place: Place) -> str:
    """The folded words directly above a place, if no figures stand among them."""
    height = sheet.height[place.row.page]
    for row in reversed(sheet.rows[: place.row.index]):
        if row.page != place.row.page or place.row.y - row.y > ABOVE_REACH * height:
            return ""
        over = [i for i, t in enumerate(row.tokens) if t.left < place.right and t.right > place.left]
        if over:
            return " ".join(_words(row, *row.cell_of(over[0]))[:LABEL_WORDS])
    return ""


def _words(row: SheetRow, start: int, end: int) -> list[str]:
    """Folded words of some tokens, those behind the last value among them; figures and rates are none."""
    words = [word for token in row.tokens[start:end] for word in token.words]
    values = [i for i, word in enumerate(words) if sum(c.isdigit() for c in word) > 1 and words[i + 1 : i + 2] != ["%"]]
    return [word for word in words[values[-1] + 1 if values else 0 :] if any(c.isalpha() for c in word)]


def shape_of(text: str) -> str:
    """Letters as A, figures as 9, runs of four and more as four: "INV-2024/17" is "AAA-9999/99"."""
    shape = re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "A", text.strip()))
    return re.sub(r"(9{4}|A{4})[9A]*(?=\W|$|(?<=9)A|(?<=A)9)", r"\1", shape)


def likeness(example: Spot, here: Spot) -> float:
    """Logit for a place, given how an example stood."""
    near = (abs(example.x - here.x) <= NEAR) + (abs(example.y - here.y) <= NEAR)
    shaped = SHAPED * (example.shape == here.shape)
    if example.beside or example.above:
        beside, above = _alike(example.beside, here.beside), _alike(example.above, here.above)
        if beside or above:
            return LABELLED + PLACED * near + PLACED * (beside and above) + shaped
        return ELSEWHERE
    return UNLABELLED + shaped if near == 2 and not (here.beside or here.above) else ELSEWHERE


def _alike(wanted: str, found: str) -> bool:
    """Whether two labels are one: nearly the same letters, or the same last word and others."""
    if not wanted or not found:
        return False
    one, other = wanted.split(), found.split()
    shared = len({*one} & {*other}) if one[-1] == other[-1] else 0
    return shared >= max(2, SHARED * min(len(one), len(other))) or fuzz.ratio(wanted, found) >= ALIKE


# --- Tables --------------------------------------------------------------------------------------------------------


def place_columns(spots: Sequence[ColumnSpot], sheet: TableSheet, widths: Mapping[int, float]) -> list[Heading]:
    """The headings of a supplier's table, each with the columns as they stood in the example, moved to where the
    heading stands here. Without a printed heading: one table."""
    if not spots or not sheet.rows:
        return []
    height = sheet.rows[0].height
    headed = [spot for spot in spots if spot.heading]
    if len(headed) < 2:
        width = widths[sheet.rows[0].page]
        return [Heading(-1, -1, Columns(_columns(spots, width, 0.0), height, printed=False))]
    found = []
    for index, row in enumerate(sheet.rows):
        width = widths[row.page]
        shifts = [shift for spot in headed if (shift := _shift(spot, row.words, width)) is not None]
        if len(shifts) >= max(2.0, HEADING_SHARE * len(headed)):
            shift = sorted(shifts)[len(shifts) // 2]
            found.append(Heading(index, index, Columns(_columns(spots, width, shift), row.height)))
    return found


def names_sum(template: Template, text: str) -> bool:
    """Whether a row's words are the label of one of the document's amounts: the row is no line of the table."""
    label = " ".join(fold(text).split()[-LABEL_WORDS:])
    return any(_alike(spot.beside, label) for name in AMOUNT_FIELDS for spot in template.spots.get(name, ()))


def _columns(spots: Sequence[ColumnSpot], width: float, shift: float) -> tuple[Column, ...]:
    columns = [Column(s.role, s.heading, s.left * width + shift, s.right * width + shift) for s in spots]
    return tuple(sorted(columns, key=lambda column: column.left))


def _shift(spot: ColumnSpot, words: Sequence[Word], width: float) -> float | None:
    """How far the row's words of a column's heading stand from where they stood; None if they are not there."""
    wanted = spot.heading.split()
    own = [
        word for word in words if any(fuzz.ratio(part, w) >= ALIKE for part in fold(word.text).split() for w in wanted)
    ]
    if not own:
        return None
    nearest = min(own, key=lambda word: abs((word.left + word.right) / 2 - spot.middle * width))
    return (nearest.left + nearest.right) / 2 - spot.middle * width
