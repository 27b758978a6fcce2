"""What speaks for a printed name being the supplier's, the customer's or the venue's."""

import re

from ocr.addresses import has_postcode, has_word, is_address_line, is_contact_line, word_set
from ocr.details import CONTACT_CLASSES, LONGEST_LINK, cell_in_column, is_person
from ocr.evidence import Label, Sheet, SheetRow
from ocr.features import Features
from ocr.parse import find_dates, fold
from ocr.parties.facts import PartyFacts, is_sender_line, label_before, names_beside, party_section, without_species
from ocr.parties.names import BLOCK_GAP, PARTY_CLASSES, NameCandidate, ends_in_legal_form, height_of
from ocr.types import DocumentKind, Method

LIKE_SIZE = 0.85  # share of the height of one line of a name that the other has


def _follows_owner_words(name: NameCandidate) -> bool:
    opens = name.row.cell_of(name.start)[0]
    before = fold(name.row.text(opens, name.start)).split()
    return any(" ".join(before[-length:]) in word_set("behind") for length in range(2, LONGEST_LINK + 1))


_KIND_FEATURES = frozenset(
    {
        "no_section",
        "tallest",
        "title",
        "line:0",
        "hospitality",
        "block:bare",
        "under_sender",
        "rival:contact",
        "addressed",
    }
)


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
    label = label_before(sheet, name)
    for label_class in label.classes if label else ():
        features[f"left:{label_class}"] = 1.0
    above = [a for a in sheet.labels_above(row, name.left, name.right, 1) if not sheet.has_columns.get(a.label.row)]
    if above and above[0].adjacent and not _is_taken(sheet.rows[above[0].label.row], above[0].label):
        for label_class in above[0].label.classes:
            features[f"up:{label_class}"] = 1.0
        if _heads_delivery(sheet, above[0].label) and facts.block_of(name):
            features["delivered_block"] = 1.0
    position = facts.head.get(row.index, -1)
    ratio = height_of(name) / sheet.height[row.page]
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
        "tallest": float(height_of(name) >= 0.97 * facts.tallest and position < facts.rows * 0.45),
        "legal_form": float(has_word(folded, "legal_forms")),
        "legal_end": float(ends_in_legal_form(text)),
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
        "addressed": float(_is_addressed(facts, name)),
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


def _heads_delivery(sheet: Sheet, label: Label) -> bool:
    """Whether a word for the delivery heads a block, and no day stands with it: "Levering" over "Hotel De Wiel"."""
    return "delivery_date" in label.classes and label.alone and not find_dates(sheet.rows[label.row].text())


def _is_addressed(facts: PartyFacts, name: NameCandidate) -> bool:
    """Whether a row of the head is a name and its address, below another's: "The Swan, 4 Mill Lane, York YO1 7HU"."""
    row, behind = name.row, name.row.text(name.end)
    if name.start or not row.tokens[name.end - 1].text.endswith(",") or any(c.isdigit() for c in name.text):
        return False
    if row.index >= min(facts.first_table, facts.rows / 2) or not has_postcode(behind, facts.country):
        return False
    above = facts.sheet.rows[row.index - facts.head.get(row.index, 0) : row.index]
    is_second = any(_tells_contact(other) or has_postcode(other.text(), facts.country) for other in above)
    return is_second and not _tells_contact(row)


def _tells_contact(row: SheetRow) -> bool:
    """Whether a row has the number of a telephone or the like behind its label."""
    contacts = [label for label in row.labels if label.classes & CONTACT_CLASSES]
    return any(re.match(r"[+(\d]", row.text(label.end, label.end + 1)) for label in contacts)


def _is_taken(row: SheetRow, label: Label) -> bool:
    """Whether a label has its value beside it, a party's in its cell, another's also across a gap ("Stop   01")."""
    after = row.tokens[label.end : label.end + 1]
    is_valued = label.alone and any(c.isdigit() for token in after for c in token.text)
    return names_beside(row, label) or (is_valued and label.classes.isdisjoint(PARTY_CLASSES))


def _trade_of(name: NameCandidate) -> str:
    """What a name says of a trade: its lines, folded, without the animals they open with."""
    return " ".join(without_species(half) for half in name.halves)


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
    own = facts.block_of(name)
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
    above = cell_above(facts, name)
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


def cell_above(facts: PartyFacts, name: NameCandidate) -> str:
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
    return LIKE_SIZE < height_of(other) / height_of(name) < 1 / LIKE_SIZE


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
