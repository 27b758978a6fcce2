"""Who supplies, who is invoiced, where it was delivered to; with addresses, telephone, e-mail and tax number."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ocr.evidence import Sheet, SheetRow, Token
from ocr.features import Features
from ocr.lexicon import load_table
from ocr.parse import find_dates, fold, parse_amount
from ocr.scorer import FieldModel, field_model
from ocr.types import DocumentKind, Field

PARTY_FIELDS = ("supplier_name", "customer_name", "venue")
PARTY_CLASSES = frozenset({"customer", "venue", "supplier", "contact"})

BEST_KEPT = 6
SAME_PLACE, SAME_NAME = -8.0, -4.0  # logits against one place, or one name, as two parties
BLOCK_GAP = 2.4  # word heights between the centres of two lines of a block
SECTION_LIMIT = 16.0  # word heights that a block's heading may stand above its lines
LONGEST_NAME = 60  # characters
NAME_ROWS = 30  # rows at the head, and at the foot, in which a party may be named without a label
FOOT_ROWS = 8

_PHONE = re.compile(r"\+?\(?\d[\d\s().\-/]{6,}\d")
_EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")
_DOMAIN = re.compile(r"(?:www\.|@|https?://)([\w\-]+)\.[\w.\-]+", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s+[\u2022\u00b7|\u25cf\u25aa\u2027\u2013\u2014*-]+\s+|\s*[\u2022\u25cf\u25aa]\s*|\s+\|\s*")
POSTCODES = {
    "GB": re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"),
    "IE": re.compile(r"\b[AC-FHKNPRTV-Y]\d[\dW] ?[0-9AC-FHKNPRTV-Y]{4}\b"),
    "US": re.compile(r"\b[A-Z]{2}[,.]? {0,2}\d{5}(?:-\d{4})?\b"),
    "CA": re.compile(r"\b[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d\b"),
    "AU": re.compile(r"\b(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT)[,.]? ?\d{4}\b"),
    "NL": re.compile(r"\b[1-9]\d{3} ?[A-Z]{2}\b"),
    "five": re.compile(
        r"(?<![\d\-/.])(?:[A-Z]{1,2}-)?\d{5}(?![\d\-/.])(?=[ ,]+[^\W\d]|\.?$)|(?<=[^\W\d] )\d{5}(?![\d\-/])"
    ),
    "six": re.compile(r"(?<![\d\-/.])\d{6}(?![\d\-/.])(?=[ ,.]|$)"),
    "four": re.compile(r"(?<![\d\-/.,])(?:[A-Z]{1,2}-)?[1-9]\d{3}(?= [A-Z][a-z]{2,})|(?<=[a-z] )[1-9]\d{3}$"),
}


@dataclass(frozen=True, slots=True)
class NameCandidate:
    """A printed name on tokens `start` to `end` of a row; a second line may belong to it."""

    row: SheetRow
    start: int
    end: int
    text: str
    second: "NameCandidate | None" = None

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
    def last(self) -> "NameCandidate":
        return self.second or self


@dataclass(frozen=True, slots=True)
class NameOption:
    value: str
    place: NameCandidate
    features: Features


@cache
def _word_set(topic: str) -> frozenset[str]:
    return frozenset(fold(word) for word in load_table("names")[topic])


def has_word(folded: str, topic: str) -> bool:
    """Whether a folded text holds a word or phrase of a topic of names.toml."""
    words = folded.split()
    known = _word_set(topic)
    return any(" ".join(words[i : i + length]) in known for length in (1, 2, 3) for i in range(len(words) - length + 1))


def has_postcode(text: str, country: str = "") -> bool:
    if country in POSTCODES and POSTCODES[country].search(text):
        return True
    return any(pattern.search(text) for key, pattern in POSTCODES.items() if key not in ("four", "six")) or (
        country in ("AT", "CH", "BE", "AU", "NZ", "NL") and bool(POSTCODES["four"].search(text))
    )


def is_address_line(text: str, country: str) -> bool:
    """Whether a line reads like part of an address: a street with a number, a postcode, a place."""
    folded = fold(text)
    if has_postcode(text, country):
        return True
    has_digit = any(c.isdigit() for c in text)
    if has_digit and (
        has_word(folded, "streets")
        or re.search(r"(?:str\.?|strasse|straße|weg|platz|laan|straat|gasse|allee|plein|gracht|kade)\b", text.lower())
    ):
        return True
    return has_word(folded, "places") or (has_word(folded, "streets") and "," in text)


# --- Name candidates -----------------------------------------------------------------------------------------------


def find_names(sheet: Sheet, country: str) -> list[NameCandidate]:
    """Everything that could be a party's name: the cells of the head and the foot, and those under a party's label."""
    found: list[NameCandidate] = []
    pages = sorted(sheet.pages)
    first_page_rows = [row for row in sheet.rows if row.page == pages[0]]
    near = {row.index for row in first_page_rows[:NAME_ROWS] + first_page_rows[-FOOT_ROWS:]}
    for row in sheet.rows:
        labelled = any(label.classes & PARTY_CLASSES for label in row.labels)
        if row.index not in near and not labelled:
            continue
        for start, end in row.cells:
            found += _names_of_cell(row, start, end, country)
    singles = list(found)
    for name in singles:
        below = _name_below(sheet, name, singles)
        if below:
            found.append(NameCandidate(name.row, name.start, name.end, f"{name.text} {below.text}", below))
    return found


def _names_of_cell(row: SheetRow, start: int, end: int, country: str) -> list[NameCandidate]:
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
            found += _cut_name(row, start, end, country)
    found += _cut_name(row, begin, end, country)
    return found


def _cut_name(row: SheetRow, start: int, end: int, country: str) -> list[NameCandidate]:
    """The name at the head of a cell, without what stands behind it: an address, a registration number, a title."""
    while start < end and not row.tokens[start].words and row.tokens[start].text in (":", "-", "|", "*", "•"):
        start += 1
    cut = _name_end(row, start, end)
    text = row.text(start, cut).strip(" ,;:|*•-")
    if not _could_be_name(text):
        return []
    return [NameCandidate(row, start, cut, text)]


def _name_end(row: SheetRow, start: int, end: int) -> int:
    for i in range(start + 1, end):
        token = row.tokens[i]
        before = row.tokens[i - 1].text
        if re.fullmatch(r"[\u2022\u00b7|\u25cf\u25aa\u2027\u2013\u2014*]+|-", token.text) and i > start:
            return i
        if before.endswith(",") and re.match(r"\d|unit|no\b", " ".join(token.words)):
            return i
        if before.endswith(",") and any(c.isdigit() for t in row.tokens[i:end] for c in t.text) and i - start >= 2:
            return i
        if re.match(r"^[(\[]?[A-Z]{0,3}\d{4,}", token.text) and i > start:
            return i
        if re.match(r"^\((?:co|reg|company|roc|gst|abn|rob)\b", token.text, re.IGNORECASE):
            return i
        if any(lb.start == i and lb.closed and not (lb.classes & PARTY_CLASSES) for lb in row.labels):
            return i
    return end


def _could_be_name(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    if letters < 3 or len(text) > LONGEST_NAME or letters < 0.5 * len(text.replace(" ", "")):
        return False
    return not (_EMAIL.search(text) or re.search(r"www\.|https?:", text) or parse_amount(text) is not None)


def _name_below(sheet: Sheet, name: NameCandidate, names: Sequence[NameCandidate]) -> NameCandidate | None:
    """A second line of the same name: like height, close below, and the two read as one ("CO. (M)" over "SDN BHD")."""
    height = sheet.height[name.row.page]
    for other in names:
        if other.row.page != name.row.page or other.second or not 0 < other.row.y - name.row.y < 2.2 * height:
            continue
        if min(other.right, name.right) <= max(other.left, name.left):
            continue
        tall, tall_other = _height(name), _height(other)
        if 0.8 < tall / tall_other < 1.25 and not any(c.isdigit() for c in other.text):
            return other
    return None


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
    height = sheet.height[row.page]
    lines = 0
    previous = row.y
    for i in range(row.index - 1, -1, -1):
        other = sheet.rows[i]
        if other.page != row.page or row.y - other.y > SECTION_LIMIT * height:
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
                return Section(_party_class(label.classes), lines, False)
        if previous - other.y > 4.5 * height:
            return None
        previous = other.y
        lines += 1
    return None


def _heads(row: SheetRow, label: object) -> bool:
    """Whether a label opens its cell, so that it can head a block."""
    start = label.start  # type: ignore[attr-defined]
    return any(start == cell[0] for cell in row.cells)


def _party_class(classes: frozenset[str]) -> str:
    return next(name for name in ("venue", "customer", "supplier", "contact") if name in classes)


class PartyFacts:
    """What the whole document says about names."""

    def __init__(self, sheet: Sheet, country: str, names: Sequence[NameCandidate]) -> None:
        self.sheet = sheet
        self.country = country
        self.folded = sheet.folded
        self.domains = [m.lower() for m in _DOMAIN.findall(sheet.text)]
        head = [row for row in sheet.rows if row.page == min(sheet.pages)]
        self.head = {row.index: i for i, row in enumerate(head)}
        self.rows = len(head)
        self.tallest = max(
            (_height(n) for n in names if self.head.get(n.row.index, 99) < self.rows * 0.45), default=1.0
        )
        self.first_table = next(
            (row.index for row in head if sheet.has_columns.get(row.index)), head[-1].index + 1 if head else 0
        )
        self.title_rows = {
            row.index
            for row in head
            for lb in row.labels
            if any(c.startswith("title_") for c in lb.classes) and lb.alone
        }

    def lines_below(self, name: NameCandidate, limit: int = 4) -> list[str]:
        """Texts of the lines close under a name, in its column."""
        return [row.text(s, e) for row, s, e in block_below(self.sheet, name, limit)]


def block_below(sheet: Sheet, name: NameCandidate, limit: int) -> list[tuple[SheetRow, int, int]]:
    """The lines under a name in its column, without a wide gap: (row, first token, end)."""
    found: list[tuple[SheetRow, int, int]] = []
    last = name.last
    left, right, y = min(name.left, last.left), max(name.right, last.right), last.row.y
    height = max(sheet.height[name.row.page], 0.6 * _height(name))
    for row in sheet.rows[last.row.index + 1 :]:
        if row.page != name.row.page or len(found) == limit or row.y - y > (BLOCK_GAP + 0.8 * (not found)) * height:
            break
        cell = _cell_in_column(row, left, right, sheet.height[row.page])
        if cell:
            found.append((row, *cell))
            y = row.y
            left, right = min(left, row.tokens[cell[0]].left), max(right, row.tokens[cell[1] - 1].right)
    return found


def _cell_in_column(row: SheetRow, left: float, right: float, height: float) -> tuple[int, int] | None:
    best, most = None, 0.0
    for start, end in row.cells:
        a, b = row.tokens[start].left, row.tokens[end - 1].right
        overlap = min(right, b) - max(left, a)
        aligned = abs(a - left) < 2 * height
        if overlap > most and (aligned or overlap > 0.4 * min(right - left, b - a)):
            best, most = (start, end), overlap
    return best


def name_features(facts: PartyFacts, name: NameCandidate, kind: DocumentKind) -> Features:
    sheet, row = facts.sheet, name.row
    text, folded = name.text, fold(name.text)
    words = folded.split()
    section = party_section(sheet, row, name.start, name.left, name.right)
    features: Features = {}
    if section:
        where = "beside" if section.beside else str(min(section.lines, 3))
        features[f"section:{section.name}"] = 1.0
        features[f"section:{section.name}:{where}"] = 1.0
    else:
        features["no_section"] = 1.0
    left = sheet.label_left(row, name.start)
    if left and left.between == 0 and left.gap < 15:
        for label_class in left.label.classes:
            features[f"left:{label_class}"] = 1.0
    above = sheet.labels_above(row, name.left, name.right, 1)
    if above and above[0].adjacent:
        for label_class in above[0].label.classes:
            features[f"up:{label_class}"] = 1.0
    position = facts.head.get(row.index, -1)
    ratio = _height(name) / sheet.height[row.page]
    below = facts.lines_below(name)
    capitals = sum(c.isupper() for c in text) / max(1, sum(c.isalpha() for c in text))
    glued = "".join(words)
    page = sheet.pages[row.page]
    place = ((name.left + name.right) / 2) / (page.width or 1.0)
    labels = [label for label in row.labels if name.start <= label.start < name.end]
    labelled = sum(label.end - label.start for label in labels) / max(1, name.end - name.start)
    features |= {
        f"line:{position if 0 <= position < 3 else '3-5' if 3 <= position < 6 else '6-11' if 6 <= position < 12 else 'more'}": 1.0,
        "first_page": float(position >= 0),
        "foot": float(position > facts.rows * 0.8 and facts.rows > 12),
        "in_table": float(row.index >= facts.first_table and position <= facts.rows * 0.8),
        f"height:{'small' if ratio < 0.85 else 'usual' if ratio < 1.2 else 'large' if ratio < 1.6 else 'huge'}": 1.0,
        "tallest": float(_height(name) >= 0.97 * facts.tallest and position < facts.rows * 0.45),
        "legal_form": float(has_word(folded, "legal_forms")),
        "legal_end": float(bool(words) and any(" ".join(words[-k:]) in _word_set("legal_forms") for k in (1, 2, 3))),
        "business": float(has_word(folded, "business")),
        "title": float(bool(words) and words[0] in _word_set("titles")),
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
        "domain": float(
            any(
                len(d) > 3 and (d.replace("-", "") in glued or glued[:12] in d) for d in facts.domains if len(glued) > 3
            )
        ),
        f"times:{min(3, f' {facts.folded} '.count(f' {folded} '))}": 1.0,
        "below_address": float(any(is_address_line(line, facts.country) for line in below[:2])),
        "below_postcode": float(any(has_postcode(line, facts.country) for line in below[:3])),
        "below_phone": float(any(_contact_line(line) for line in below)),
        "below_date": float(any(find_dates(line) for line in below[:2])),
        "column:left": float(place < 0.33),
        "column:right": float(place > 0.66),
        "column:middle": float(0.42 < place < 0.58),
        "row_alone": float(len(row.cells) == 1 and name.start == 0),
        "starts_row": float(name.start == 0),
        "amount_in_row": float(bool(re.search(r"\d[.,]\d\d\b", row.text()))),
        "two_lines": float(name.second is not None),
        "sender_line": float(
            bool(_SEPARATOR.search(row.text(name.start))) and has_postcode(row.text(name.start), facts.country)
        ),
        "above_title": float(any(row.index < t for t in facts.title_rows)),
        "sentence": float(len(words) > 3 and capitals < 0.12),
        "brackets": float("(" in text),
        "cell_cut": float(row.cell_of(name.start)[1] > name.end),
    }
    if name.second:
        second = fold(name.second.text)
        features["second_legal"] = float(has_word(second, "legal_forms"))
        features["first_legal"] = float(has_word(fold(name.text[: -len(name.second.text)]), "legal_forms"))
        features["second_address"] = float(is_address_line(name.second.text, facts.country))
        features["second_business"] = float(has_word(second, "business"))
    else:
        features["alone_legal"] = features["legal_end"]
        follows = _name_below(sheet, name, []) if False else None
        del follows
    prefix = {DocumentKind.DELIVERY_NOTE: "dn|", DocumentKind.RECEIPT: "rc|"}.get(kind)
    if prefix:
        features |= {
            f"{prefix}{n}": v for n, v in features.items() if n in ("no_section", "tallest", "title", "line:0")
        }
    return {n: v for n, v in features.items() if v}


def _contact_line(line: str) -> bool:
    folded = fold(line)
    if _EMAIL.search(line) or "www" in folded:
        return True
    return bool(_PHONE.search(line)) and bool(
        re.match(r"\W*(?:tel|ph|phone|t|p|fon|fax|call|mob|m|\+|\(?0|\(?\d{3})", folded)
    )


# --- Decision ------------------------------------------------------------------------------------------------------


def party_options(sheet: Sheet, kind: DocumentKind, country: str) -> list[NameOption]:
    names = find_names(sheet, country)
    facts = PartyFacts(sheet, country, names)
    return [NameOption(name.text, name, name_features(facts, name, kind)) for name in names]


def read_parties(sheet: Sheet, kind: DocumentKind, country: str) -> dict[str, Field]:
    """Supplier, customer and venue with what belongs to them, by field name."""
    options = party_options(sheet, kind, country)
    chosen = elect_parties(options)
    fields: dict[str, Field] = {}
    for name, (option, confidence) in chosen.items():
        fields[name] = Field(
            option.value,
            confidence,
            option.place.row.page,
            sheet.box_of(option.place.row.page, option.place.tokens),
            sheet.method,
            tuple(sorted(option.features)[:3]),
        )
    return fields


@dataclass(frozen=True, slots=True)
class NameBallot:
    name: str
    options: tuple[NameOption, ...]
    scores: tuple[float, ...]
    none: float


def name_ballot(name: str, options: Sequence[NameOption], model: FieldModel | None = None) -> NameBallot:
    model = model or field_model(name)
    grouped: dict[str, list[tuple[float, NameOption]]] = {}
    for option in options:
        grouped.setdefault(fold(option.value), []).append((model.score(option.features), option))
    ranked = sorted(
        ((float(np.logaddexp.reduce([s for s, _ in g])), max(g, key=lambda e: e[0])[1]) for g in grouped.values()),
        key=lambda entry: -entry[0],
    )[:BEST_KEPT]
    return NameBallot(name, tuple(o for _, o in ranked), tuple(s for s, _ in ranked), model.none)


def elect_parties(
    options: Sequence[NameOption], models: Mapping[str, FieldModel] | None = None
) -> dict[str, tuple[NameOption, float]]:
    """The likeliest supplier, customer and venue together, with their probabilities; those likelier absent are left out."""
    ballots = [name_ballot(name, options, (models or {}).get(name)) for name in PARTY_FIELDS]
    shares = _party_shares(ballots)
    chosen = {}
    for ballot, share in zip(ballots, shares, strict=True):
        best = int(share.argmax())
        if best < len(ballot.options):
            model = (models or {}).get(ballot.name) or field_model(ballot.name)
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
    logits = logits + _clash(customer, venue, same_name=0.0)[None, :, :]
    shares = []
    for axis in range(3):
        marginal = np.logaddexp.reduce(logits, axis=tuple(a for a in range(3) if a != axis))
        share = np.exp(marginal - marginal.max())
        shares.append(share / share.sum())
    return shares


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
