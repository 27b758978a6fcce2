"""The elected parties as fields, with addresses, telephone, e-mail, tax number and terms of payment."""

from collections.abc import Callable, Mapping, Sequence

from ocr.addresses import Address, has_postcode, is_contact_line, split_address
from ocr.details import (
    BlockBelow,
    Found,
    Line,
    address_blocks,
    address_under,
    find_email,
    find_phone,
    find_tax_id,
    find_terms,
    found_address,
    inline_address,
    names_owner,
    split_person,
)
from ocr.evidence import Sheet, SheetRow
from ocr.parse import fold
from ocr.parties.election import Bonus, NameOption, elect_parties
from ocr.parties.facts import is_contact, party_section
from ocr.parties.names import ADDRESS_REACH, BLOCK_GAP, NameCandidate, block_below
from ocr.scorer import FieldModel
from ocr.types import Field, Method

MOST_NAMES = 3  # lines between a party's label and its address: names, departments
# Shares that were right in cross-validation, by how the value was found.
ADDRESS_CONFIDENCE = {"under the name": 0.95, "behind the name": 0.9, "elsewhere": 0.75}
CONTACT_CONFIDENCE = 0.93
TERMS_CONFIDENCE = {True: 0.9, False: 0.75}  # with a label, without


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
        lines = [_without_name(line, supplier) for line in below]
        under = address_under(lines, country, _block_rows(sheet, places, country))
        if any(has_postcode(line.text, country) for line in under):
            return under, "under the name"
        if in_row:
            return _whole_block(sheet, in_row, country), "behind the name"
    if len(under) >= 2:
        return under, "under the name"
    elsewhere = _address_elsewhere(sheet, places, country)
    if elsewhere:
        return elsewhere, "elsewhere"
    return under, "under the name"


def _without_name(line: Line, name: NameCandidate) -> Line:
    """A sender's line without the name that stands above it, too: "Weinhof GmbH · Talweg 4 · 54470 Bernkastel"."""
    for end in range(line.start + 1, line.end):
        if fold(line.row.text(line.start, end)) == fold(name.text):
            start = next((i for i in range(end, line.end) if line.row.tokens[i].words), line.start)
            return Line(line.row, start, line.end)
    return line


def _whole_block(sheet: Sheet, found: list[Line], country: str) -> list[Line]:
    """The address of which one line was found: its street may stand in the row above, beside nothing."""
    own = (found[0].row.index, found[0].start)
    blocks = address_blocks(sheet, country, BlockBelow(sheet, ADDRESS_REACH, BLOCK_GAP))
    whole = (block for block in blocks if own in [(line.row.index, line.start) for line in block[1:]])
    return next(whole, found)


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
        if supplier and any(fold(supplier.text) in fold(line.row.text()) for line in block):
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
    while end < len(lines) and is_contact(lines[end]):
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
