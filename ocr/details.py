"""What belongs to a party once it is known: its address, telephone, e-mail, tax number; and the terms of payment."""

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from ocr.addresses import (
    EMAIL,
    PHONE,
    has_postcode,
    has_word,
    is_address_line,
    is_contact_line,
    is_country,
    opens_address,
    word_set,
)
from ocr.evidence import Label, Sheet, SheetRow, Token
from ocr.lexicon import load_table
from ocr.parse import find_dates, fold, parse_amount
from ocr.repair import repair_address

LONGEST_ADDRESS = 7  # lines
LEADING_LINES = 4  # lines that may stand between a name and its address (registration, slogan)
LONGEST_LINK = 6  # words that say whose name follows: "owned and operated by"
MOST_CELLS = 4  # a row of more cells is a table's, not a block's
CONTACT_CLASSES = frozenset({"phone", "mobile", "fax", "email", "web", "tax_id", "company_number", "bank"})

_LONG_NUMBER = re.compile(r"(?:[A-Z]{2,3} ?)?\d(?:[ .]?\d){6,}[A-Z]?")  # "FR 78 875 420 542"
_CODE_BEFORE_PHONE = re.compile(r"\d{4,5} +(?:[(+]|0\d)")  # "4122 (03) 555 2928"
_REGISTRATION = re.compile(
    r"^\W*(?:\(?\s*(?:co\.?\s*(?:reg|no|rfg)|company|reg|roc|rob|gst|sst|abn|acn|vat|est|tin|uen|brn)\b"
    r"|\(?no\.?\s*\d{5,}|\(?[A-Z]{0,3}\d{4,}-?[A-Z]{0,2}\)?$|\d{4,}-?[A-Z]\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A cell's tokens as part of a block."""

    row: SheetRow
    start: int
    end: int

    @property
    def tokens(self) -> list[Token]:
        return self.row.tokens[self.start : self.end]

    @property
    def text(self) -> str:
        return self.row.text(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Found:
    """A value found with its tokens; they are all on one page."""

    value: str
    page: int
    tokens: tuple[Token, ...]
    lines: tuple[str, ...] = ()


# --- Addresses -----------------------------------------------------------------------------------------------------


def address_under(block: Sequence[Line], country: str, others: Container[tuple[int, int]] = ()) -> list[Line]:
    """The address at the head of a block of lines: without registration numbers before it, up to telephone or title.

    others: (row, first token) of lines that belong to another party.
    """
    taken: list[Line] = []
    skipped = 0
    for line in block:
        if (line.row.index, line.start) in others or names_owner(line):
            break
        cut, more = _cut_address(line)
        text = cut.text if cut else ""
        if cut is None or _ends_address(cut):
            if taken or skipped >= LEADING_LINES or (cut and _is_title(cut)):
                break
            skipped += 1
            continue
        if not taken and not is_address_line(text, country) and not _begins_address(text, block, line, country):
            skipped += 1
            if skipped > LEADING_LINES:
                break
            continue
        taken.append(cut)
        if more or len(taken) == LONGEST_ADDRESS:
            break
    return _trim(taken, country)


def words_before_owner(row: SheetRow, start: int, end: int) -> int:
    """How many tokens from `start` on say that the company behind a name follows: "A trading name of"."""
    for length in range(min(LONGEST_LINK, end - start - 1), 1, -1):
        if fold(row.text(start, start + length)) in word_set("behind"):
            return length
    return 0


def names_owner(line: Line) -> bool:
    """Whether a line is about the company behind a name."""
    return words_before_owner(line.row, line.start, line.end) > 0


def _begins_address(text: str, block: Sequence[Line], line: Line, country: str) -> bool:
    """A line without marks of its own that is followed by an address: a house's or an estate's name."""
    following = [below.text for below in block[block.index(line) + 1 :]]
    if _REGISTRATION.match(text) or len(text) > 45:
        return False
    return opens_address([text, *following], country)


def _cut_address(line: Line) -> tuple[Line | None, bool]:
    """The part of a line before a telephone or the like, and whether something was cut off."""
    labels = [
        lb
        for lb in line.row.labels
        if line.start <= lb.start < line.end and lb.classes & CONTACT_CLASSES and heads_contact(line, lb)
    ]
    end = min((lb.start for lb in labels), default=line.end)
    for i in range(line.start, end):
        token = line.row.tokens[i].text
        if i > line.start and _parts_contact(line, i, end):
            end = i
            break
        rest = line.row.text(i, end)
        if (
            EMAIL.search(token)
            or "www." in token.lower()
            or (i > line.start and re.match(r"^\(?\+?\d[\d ()\-]{8,}$", rest) and not _CODE_BEFORE_PHONE.match(rest))
        ):
            end = i
            break
    if end == line.start:
        return None, False
    return Line(line.row, line.start, end), end < line.end


def _parts_contact(line: Line, at: int, end: int) -> bool:
    """Whether a stroke or dot parts the address from a telephone or a tax number: "80333 München | 089 1234567"."""
    tokens = line.row.tokens
    if tokens[at].words:
        return False
    stop = next((i for i in range(at + 1, end) if not tokens[i].words), end)
    text = line.row.text(at + 1, stop)
    return bool(PHONE.fullmatch(text) or _LONG_NUMBER.fullmatch(text))


def heads_contact(line: Line, label: Label) -> bool:
    """Whether a contact's label really heads something: closed, or followed by figures or an address."""
    after = line.row.text(label.end, min(label.end + 2, line.end))
    return label.closed or label.alone or bool(re.search(r"\d|@|www", after))


def _ends_address(line: Line) -> bool:
    text = line.text
    if is_contact_line(text) or _REGISTRATION.match(text) or parse_amount(text) is not None:
        return True
    classes = {name for lb in line.row.labels if lb.start == line.start for name in lb.classes}
    opens = next((lb for lb in line.row.labels if lb.start == line.start), None)
    if opens and (opens.closed or opens.alone) and classes - {"number", "other_number", "other_amount", "address"}:
        return True
    if _is_title(line):
        return True
    return bool(find_dates(text)) or bool(re.match(r"^\W*$", text))


def _is_title(line: Line) -> bool:
    return any(label.is_title for label in line.row.labels if label.start == line.start)


def _trim(lines: list[Line], country: str) -> list[Line]:
    """Without lines behind the postcode that say nothing of a place, and without the country's name.

    Malaysian addresses keep the country, and what stands behind the postcode in brackets or with a number.
    """
    if country != "MY":
        while lines and is_country(lines[-1].text):
            lines = lines[:-1]
    coded = [i for i, line in enumerate(lines) if has_postcode(line.text, country)]
    if not coded:
        return lines
    end = coded[-1] + 1
    while country == "MY" and end < len(lines) and _goes_on(lines[end].text, country):
        end += 1
    return lines[:end]


def _goes_on(text: str, country: str) -> bool:
    return is_address_line(text, country) or bool(re.match(r"^[\W]*\(|^\d{3,4}\s?-", text))


def inline_address(line: Line, after: int, country: str, below: Sequence[Line]) -> list[Line]:
    """An address behind a name in one row ("Name • Street 1 • 12345 Town"), from token `after` on; or two rows."""
    start = _after_office(line, after)
    while start < line.end and not line.row.tokens[start].words:
        start += 1
    if start >= line.end:
        return []
    cut, _ = _cut_address(Line(line.row, start, _sentence_end(line, start, country)))
    if cut is None or not any(c.isalpha() for c in cut.text):
        return []
    if has_postcode(cut.text, country):
        return [cut]
    wrapped, _ = _cut_address(below[0]) if below and cut.text.endswith(",") else (None, False)
    if wrapped and is_address_line(cut.text, country) and has_postcode(wrapped.text, country):
        return [cut, wrapped]
    return []


def _after_office(line: Line, after: int) -> int:
    """The token behind the words that say whose address follows ("… au capital de 40 000 €, siège social :"), or
    behind the capital."""
    tokens = line.row.tokens
    strokes = [i for i in range(after + 1, line.end) if not tokens[i].words]
    if strokes and any(word in word_set("capital") for token in tokens[after : strokes[0]] for word in token.words):
        after = strokes[0] + 1
    words = [(word, i) for i in range(after, line.end) for word in tokens[i].words]
    for start in range(len(words)):
        for length in range(LONGEST_LINK, 0, -1):
            part = words[start : start + length]
            if " ".join(word for word, _ in part) in word_set("offices"):
                end = part[-1][1] + 1
                colons = (i + 1 for i in range(end - 1, min(end + 2, line.end)) if tokens[i].text.endswith(":"))
                return next(colons, end)  # "Registered Office & Brewery: …"
    return after


def _of_office(line: Line, country: str) -> Line:
    """A line, or of the small print what follows the words for an office, up to the end of that sentence."""
    start = _after_office(line, line.start)
    if start == line.start:
        return line
    return Line(line.row, start, _sentence_end(line, start, country))


def _sentence_end(line: Line, start: int, country: str) -> int:
    """Where the sentence ends in which an address stands with its postcode: "… SY8 1AT. Registered in England"."""
    ends = (i + 1 for i in range(start, line.end - 1) if line.row.tokens[i].text.endswith("."))
    return next((end for end in ends if has_postcode(line.row.text(start, end).rstrip("."), country)), line.end)


def address_blocks(sheet: Sheet, country: str, lines_below: "BlockBelow") -> Iterator[list[Line]]:
    """All blocks that end in a postcode, wherever they stand."""
    for row in sheet.rows:
        for start, end in row.cells:
            line = _of_office(Line(row, start, end), country)
            if line.start == line.end:
                continue
            if not is_address_line(line.text, country) and not _opens_block(line, country, lines_below):
                continue
            if len(row.cells) > MOST_CELLS or re.search(r"\d[.,]\d\d$", row.tokens[-1].text):
                continue
            block = address_under([line, *lines_below(line)], country)
            if any(has_postcode(part.text, country) for part in block):
                yield block


def _opens_block(line: Line, country: str, lines_below: "BlockBelow") -> bool:
    return opens_address([line.text, *(below.text for below in lines_below(line))], country)


class BlockBelow:
    """The lines under a line in its column, without a wide gap."""

    def __init__(self, sheet: Sheet, limit: int, gap: float) -> None:
        self.sheet, self.limit, self.gap = sheet, limit, gap

    def __call__(self, line: Line) -> list[Line]:
        found: list[Line] = []
        height = self.sheet.height[line.row.page]
        left, right, y = line.tokens[0].left, line.tokens[-1].right, line.row.y
        for row in self.sheet.rows[line.row.index + 1 :]:
            if row.page != line.row.page or len(found) == self.limit or row.y - y > self.gap * height:
                break
            cell = cell_in_column(row, left, right, height)
            if len(row.cells) > MOST_CELLS and not (cell and self._is_place(row, *cell)):
                break
            if cell:
                found.append(Line(row, *cell))
                y = row.y
                left, right = min(left, row.tokens[cell[0]].left), max(right, row.tokens[cell[1] - 1].right)
        return found

    def _is_place(self, row: SheetRow, start: int, end: int) -> bool:
        """Whether a cell is part of an address by itself, or a town or county over its postcode."""
        text = row.text(start, end)
        if is_address_line(text, ""):
            return True
        below = next(iter(self.sheet.rows[row.index + 1 : row.index + 2]), None)
        if below is None or below.page != row.page or any(c.isdigit() for c in text):
            return False
        height = self.sheet.height[row.page]
        cell = cell_in_column(below, row.tokens[start].left, row.tokens[end - 1].right, height)
        return cell is not None and has_postcode(below.text(*cell))


def cell_in_column(row: SheetRow, left: float, right: float, height: float) -> tuple[int, int] | None:
    """The cell of a row that stands in the column `left` to `right`: aligned with it, or overlapping most of it."""
    best, most = None, 0.0
    for start, end in row.cells:
        a, b = row.tokens[start].left, row.tokens[end - 1].right
        overlap = min(right, b) - max(left, a)
        aligned = abs(a - left) < 2 * height
        if overlap > most and (aligned or overlap > 0.4 * min(right - left, b - a)):
            best, most = (start, end), overlap
    return best


def found_address(lines: Sequence[Line], repair_for: str | None) -> Found:
    """The address on some lines. repair_for: the country whose misread words are put right; None: none are."""
    texts = tuple(_clean_line(line) for line in lines)
    if repair_for is not None:
        texts = tuple(repair_address(text, repair_for) for text in texts)
    tokens = tuple(token for line in lines for token in line.tokens)
    return Found(", ".join(texts), lines[0].row.page, tokens, texts)


def _clean_line(line: Line) -> str:
    start = next((lb.end for lb in line.row.labels if lb.start == line.start and "address" in lb.classes), line.start)
    text = line.row.text(start if start < line.end else line.start, line.end)
    text = re.sub(r"\s*[\u2022\u00b7|\u25cf\u25aa]\s*|\s+\.\s+", ", ", text)
    return re.sub(r"^[^\w(]+|[\s,;|\u2013\u2014-]+$|\s\.$|(?<=\d)\.$|(?<=\d[A-Z]{2})\.$", "", text)


# --- Telephone, e-mail, tax number ---------------------------------------------------------------------------------


def find_phone(row: SheetRow, start: int, end: int) -> Found | None:
    """The first telephone number on tokens of a row, not a fax; as printed."""
    labels = [lb for lb in row.labels if start <= lb.start < end]
    for label in labels:
        if label.classes & {"phone", "mobile"} and not label.classes & {"customer"}:
            found = _phone_from(row, label.end, end)
            if found:
                return found
    first = next((i for i in range(start, end) if re.match(r"^\+?\(?\d", row.tokens[i].text)), None)
    if first is not None and not any(lb.end <= first for lb in labels):
        return _phone_from(row, first, end, strict=True)
    return None


def _phone_from(row: SheetRow, start: int, end: int, strict: bool = False) -> Found | None:
    while start < end and not any(c.isdigit() for c in row.tokens[start].text):
        if row.tokens[start].words:
            return None
        start += 1
    stop = start
    while stop < end and re.fullmatch(r"[+(]?[\d()\-./]+[,;]?", row.tokens[stop].text):
        stop += 1
        if row.tokens[stop - 1].text.endswith((",", ";")):
            break
    text = row.text(start, stop).strip(" ,;./-")
    digits = sum(c.isdigit() for c in text)
    shaped = bool(re.match(r"^(?:\+\d|\(?0\d|\(\d{3}\)|\d{3}[-. ]\d{3}|1[38]00)", text))
    if strict and digits < 9 and not re.search(r"\d[\s\-]\d", text):
        return None
    if 7 <= digits <= 15 and (shaped or not strict) and not re.fullmatch(r"\d+[.,]\d\d", text) and not find_dates(text):
        return Found(text, row.page, tuple(row.tokens[start:stop]))
    return None


def find_email(row: SheetRow, start: int, end: int) -> Found | None:
    for token in row.tokens[start:end]:
        match = EMAIL.search(token.text)
        if match:
            return Found(match[0].rstrip("."), row.page, (token,))
    return None


_TAX_TOKEN = re.compile(r"^[A-Z]{0,3}[\d./\-]*\d[\dA-Z./\-]*[,;]?$|^(?:GB|IE|DE|FR|NL|ATU|BE|ES|IT|CHE|EU)[-:]?$|^\d+$")


def find_tax_id(row: SheetRow, start: int, end: int) -> Found | None:
    """The number behind a tax label on tokens of a row, with its parts as printed ("GB 777 4746 31")."""
    for label in row.labels:
        if not label.classes & {"tax_id", "tax"} or not start <= label.start < end:
            continue
        i = label.end
        while i < end and not row.tokens[i].words:
            i += 1
        stop = i
        while stop < end and _TAX_TOKEN.match(row.tokens[stop].text.strip("():#")):
            stop += 1
            if row.tokens[stop - 1].text.endswith((",", ";", ")")):
                break
        text = row.text(i, stop).strip(" ,;:().#-")
        sure = "tax_id" in label.classes or re.match(r"[A-Z]{2,3}[- ]?[A-Z\d]*\d{6}", text)  # "VAT: IE1234567T"
        if sum(c.isdigit() for c in text) >= 6 and sure:
            return Found(text, row.page, tuple(row.tokens[i:stop]))
    return None


# --- People --------------------------------------------------------------------------------------------------------

_PARTICLES = frozenset(
    [
        *["van", "von", "der", "den", "de", "del", "della", "di", "da", "la", "le", "du", "dos"],
        *["bin", "binti", "al", "st", "ter", "ten", "zu", "mac", "mc", "o"],
    ]
)


@cache
def _first_names() -> frozenset[str]:
    return frozenset(load_table("first_names")["names"])


@cache
def species() -> frozenset[str]:
    """What animals are: "canine", "hund"."""
    return frozenset(load_table("columns")["headings"]["species"])


def is_person(name: str) -> bool:
    """Whether a name reads like a person's: a title, or a frequent first name, and nothing of a business."""
    words = fold(name).split()
    if not 2 <= len(words) <= 5 or any(c.isdigit() for c in name):
        return False
    if any(word in word_set("business") | word_set("legal_forms") for word in words[1:]):
        return False
    capitalised = (word for printed in name.split() if printed[:1].isupper() for word in fold(printed).split())
    return words[0] in word_set("titles") or any(word in _first_names() for word in capitalised)  # "your last bill"


def split_person(name: str) -> tuple[str, str] | None:
    """First and last name of a person, or None for a business. An initial is no first name ("Mrs J Dyer")."""
    folded = fold(name)
    if has_word(folded, "legal_forms") or has_word(folded, "business") or any(c.isdigit() for c in name):
        return None
    couple = re.match(r"\s*(\S+)\s*(?:&|and|und|et|en|y|e)\s*(\S+)\s+", name)  # "Mr & Mrs P Hargreaves"
    if couple and all(fold(word) in word_set("titles") for word in couple.groups()):
        name = name[couple.end() - len(couple[2]) - 1 :]
    elif "&" in name or " and " in f" {folded} ":
        return None
    if name.count(",") == 1:
        family, given = (_without_titles(part) for part in name.split(","))
        full = [w for w in given if len(w.strip(".")) > 1]
        return (full[0] if full else "", " ".join(family)) if family else None
    words = _without_titles(name)
    if not 1 <= len(words) <= 4 or (len(words) == 1 and len(name.split()) == 1):
        return None
    if len(words) == 1:
        return "", words[0]
    cut = next((i for i in range(1, len(words) - 1) if fold(words[i]) in _PARTICLES), len(words) - 1)
    first = words[0] if len(words[0].strip(".")) > 1 else ""
    return first, " ".join(words[cut:])


def _without_titles(text: str) -> list[str]:
    return [word for word in text.replace(".", ". ").split() if fold(word) not in word_set("titles")]


# --- Terms of payment ----------------------------------------------------------------------------------------------

SHORTEST_WRAPPED = 30  # characters; a shorter sentence is whole
SHORTEST_TERMS, SHORTEST_INNER = 12, 25  # characters of terms without a label, and of those within a sentence
_NO_TERMS = re.compile(r"overdue|interest|claims?|settled|return", re.IGNORECASE)
DATE_WORDS = 3  # "Sep 26, 2023"
LONGEST_TERMS = 110  # characters; of a longer text only what the pattern covers is taken
_TERMS_END = re.compile(
    r"\.\s+(?=[A-Z])|[\s,;\-]+(?:due|fällig|vervaldatum|échéance|vencimiento|scadenza|"
    r"vielen dank|many thanks|thank you|merci|gracias|grazie|bedankt)\b",
    re.IGNORECASE,
)


@cache
def _terms_patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?<![^\W_]){p}", re.IGNORECASE) for p in load_table("terms")["patterns"])


def find_terms(sheet: Sheet) -> tuple[Found, bool] | None:
    """The terms of payment, and whether a label names them."""
    for row in sheet.rows:
        for label in row.labels:
            if "payment_terms" not in label.classes:
                continue
            found = _terms_behind(sheet, row, label)
            if found:
                return found, True
    for row in sheet.rows:
        for start, end in row.cells:
            labels = (lb for lb in row.labels if start <= lb.start and lb.end < end and lb.closed)
            for begin in (start, *(label.end for label in labels)):  # "Pagamento: RiBa 30 gg"
                found = _terms_of_cell(sheet, row, begin, end)
                if found:
                    return found, False
    return None


def _terms_of_cell(sheet: Sheet, row: SheetRow, start: int, end: int) -> Found | None:
    """What a cell says of the terms from its token `start` on: at once, or in a sentence."""
    text = row.text(start, end).lstrip(" :.…")
    matches = [m for p in _terms_patterns() if (m := p.search(text)) and (m.start() == 0 or len(m[0]) > SHORTEST_INNER)]
    match = min(matches, key=lambda m: (m.start(), -m.end()), default=None)
    if match is None or len(match[0]) <= SHORTEST_TERMS or _NO_TERMS.search(text):
        return None
    sentence = _TERMS_END.split(match[0])[0]
    value = _with_wrapped(sheet, row, start, end, sentence) if sentence == match[0] else sentence
    return Found(value, row.page, tuple(row.tokens[start:end]))


def _terms_behind(sheet: Sheet, row: SheetRow, label: Label) -> Found | None:
    end = row.cell_of(label.start)[1]
    if end == label.end and end < len(row.tokens):  # the value stands in the next cell
        end = row.cell_of(end)[1]
    end = next((lb.start for lb in row.labels if lb.start >= label.end and lb.closed and lb.start < end), end)
    for begin in (label.start, label.end):  # "Zahlbar innerhalb …": the label may open the sentence
        text = row.text(begin, end).strip(" :.-")
        match = _terms_at(text)
        if match and match.end() > 3:
            cut = _TERMS_END.split(text)[0]
            value = cut if len(cut) < LONGEST_TERMS else match[0]
            if value == text and (rest := _lower_line_below(sheet, Line(row, label.start, end))):
                value = f"{text} {rest}"
            return Found(value.strip(" ."), row.page, tuple(row.tokens[begin:end]))
    if not label.alone:
        return None
    for below in sheet.rows[row.index + 1 : row.index + 4]:
        for start, stop in below.cells:
            text = below.text(start, stop)
            match = _terms_at(text)
            if below.page == row.page and match:
                sentence = match[0] if _is_date_next(text[match.end() :]) else _TERMS_END.split(text)[0]
                whole = _with_wrapped(sheet, below, start, stop, text) if sentence == text else sentence
                return Found(whole, below.page, tuple(below.tokens[start:stop]))
    return None


def _terms_at(text: str) -> re.Match[str] | None:
    """What a text begins with, if that is a sentence about the terms."""
    return next((match for pattern in _terms_patterns() if (match := pattern.match(text))), None)


def _is_date_next(rest: str) -> bool:
    """Whether a date in a column of its own stands behind the terms: "Net 45   Sep 26, 2023", not "by 26/09/2023"."""
    words = rest.split()[:DATE_WORDS]
    return bool(words) and not words[0].islower() and bool(find_dates(" ".join(words)))


def _lower_line_below(sheet: Sheet, line: Line) -> str:
    """The line right below in the same column if it goes on with the sentence, in lower case; or ""."""
    if line.text.endswith(".") or len(line.text) < SHORTEST_WRAPPED:
        return ""
    height = sheet.height[line.row.page]
    below = next(iter(BlockBelow(sheet, 1, 2.2)(line)), None)
    goes_on = below is not None and below.text[:1].islower() and len(below.row.cells) == 1
    return below.text if below and goes_on and abs(below.tokens[0].left - line.tokens[0].left) < height else ""


def _with_wrapped(sheet: Sheet, row: SheetRow, start: int, end: int, text: str) -> str:
    """The sentence with its second line, where the first one fills its column without a full stop."""
    if text.rstrip().endswith(".") or len(text) < SHORTEST_WRAPPED:
        return text.strip(" ")
    height = sheet.height[row.page]
    for below in BlockBelow(sheet, 2, 2.2)(Line(row, start, end)):
        if abs(below.tokens[0].left - row.tokens[start].left) < height:
            fits = len(below.text) <= len(text) + 5 and len(below.row.cells) == 1
            return f"{text} {below.text}".strip() if fits else text.strip()
    return text.strip()
