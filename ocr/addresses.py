"""What an address looks like, and its parts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from ocr.lexicon import load_table
from ocr.parse import fold

PHONE = re.compile(r"\+?\(?\d[\d\s().\-/]{6,}\d")
EMAIL = re.compile(r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+")


@cache
def state_names(country: str) -> tuple[str, ...]:
    """The states of a country in full."""
    return tuple(load_table("countries")[country].get("state_names", ()))


# Before an "ID" that is no Idaho.
_NUMBERED = ("Patient", "Client", "Customer", "Account", "Pet", "Owner", "Order", "Member", "Animal", "Tax", "Invoice")
_NO_STATE = "".join(f"(?<!{word} )(?<!{word.upper()} )" for word in _NUMBERED)
POSTCODES = {
    "GB": re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"),
    "IE": re.compile(r"\b[AC-FHKNPRTV-Y]\d[\dW] ?[0-9AC-FHKNPRTV-Y]{4}\b"),
    "US": re.compile(rf"{_NO_STATE}\b(?:[A-Z]{{2}}|{'|'.join(state_names('US'))})[,.]? {{0,2}}\d{{5}}(?:-\d{{4}})?\b"),
    "CA": re.compile(r"\b[ABCEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d\b"),
    "AU": re.compile(rf"\b(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT|{'|'.join(state_names('AU'))})[,.]? ?\d{{4}}\b"),
    "NL": re.compile(r"\b[1-9]\d{3} ?[A-Z]{2}\b"),
    "five": re.compile(
        r"(?<![\d\-/.])(?:[A-Z]{1,2}-)?\d{5}(?![\d\-/.])(?=[ ,]+[^\W\d]|\.?$)|(?<=[^\W\d] )\d{5}(?![\d\-/])"
    ),
    "six": re.compile(r"(?<![\d\-/.])\d{6}(?![\d\-/.])(?=[ ,.]|$)"),
    "four": re.compile(r"(?<![\d\-/.,])(?:[A-Z]{1,2}-)?[1-9]\d{3}(?= [A-Z][a-z]{2,})|(?<=[a-z] )[1-9]\d{3}$"),
}

LONGEST_STATE = 3  # words: "New South Wales"
LONGEST_STREET = 5  # words of one that nothing marks as a street
MOST_PLACES = 4  # lines of a town, a county and a postcode under a street


@cache
def word_set(topic: str) -> frozenset[str]:
    return frozenset(fold(word) for word in load_table("names")[topic])


@lru_cache(maxsize=4096)
def has_word(folded: str, topic: str) -> bool:
    """Whether a folded text holds a word or phrase of a topic of names.toml."""
    words = folded.split()
    known = word_set(topic)
    return any(" ".join(words[i : i + length]) in known for length in (1, 2, 3) for i in range(len(words) - length + 1))


# Which countries write a postcode in which shape; "" is an unknown country.
SHAPES = {
    "five": frozenset({"DE", "FR", "ES", "IT", "MY", ""}),
    "four": frozenset({"AT", "CH", "BE", "NZ"}),
    "six": frozenset({"IN", "SG"}),
    **{code: frozenset({code, ""}) for code in ("GB", "IE", "US", "AU", "NL")},
    "CA": frozenset({"CA"}),
}


@cache
def _postcode_patterns(country: str) -> tuple[re.Pattern[str], ...]:
    return tuple(POSTCODES[shape] for shape, countries in SHAPES.items() if country in countries)


@lru_cache(maxsize=4096)
def has_postcode(text: str, country: str = "") -> bool:
    """Whether a postcode of the country stands in a text; of an unknown country, one of the telling shapes."""
    return any(pattern.search(text) for pattern in _postcode_patterns(country))


@lru_cache(maxsize=4096)
def is_postcode(text: str, country: str) -> bool:
    """Whether a text is nothing but a postcode, with the state where it belongs to it: "California 94901"."""
    return any(pattern.fullmatch(text) for pattern in _postcode_patterns(country))


@lru_cache(maxsize=4096)
def is_address_line(text: str, country: str) -> bool:
    """Whether a line reads like part of an address: a street with a number, a postcode, a place."""
    folded = fold(text)
    if has_postcode(text, country):
        return True
    words = folded.split()
    if (
        words
        and len(text) < 60
        and any(" ".join(words[:k]) in word_set("address_starts") for k in (1, 2))
        and len(words) > 1
    ):
        return True
    if re.match(r"^(?:no\.?\s*)?\d{1,4}[A-Z]?(?:\s*[,&]\s*\d{1,4}[A-Z]?)*\s*,\s*[A-Z]", text, re.IGNORECASE):
        return True  # "109, SS21/1A"
    if re.match(r"^(?:no|lot)[.:]?\s*\d", text, re.IGNORECASE) and len(text) < 40:
        return True
    has_digit = any(c.isdigit() for c in text)
    if has_digit and (
        has_word(folded, "streets")
        or re.search(r"(?:str\.?|strasse|straße|weg|platz|laan|straat|gasse|allee|plein|gracht|kade)\b", text.lower())
    ):
        return True
    return has_word(folded, "places") or (has_word(folded, "streets") and "," in text)


def opens_address(lines: Sequence[str], country: str) -> bool:
    """Whether the first of some lines is a street though it need not read like one ("The Mall", "35 Northgate"): a
    postcode follows, and no line before it is a street."""
    first, *following = lines
    folded = fold(first)
    if not first[:1].isalnum() or len(folded.split()) > LONGEST_STREET or is_contact_line(first):
        return False
    if any(has_word(folded, topic) for topic in ("legal_forms", "business", "titles", "departments")):
        return False
    ends = (
        i for i, line in enumerate(following[:MOST_PLACES]) if has_postcode(line, country) or _is_marked_county(line)
    )
    coded = next(ends, None)
    if coded is None or any(_is_street(line, country) or is_contact_line(line) for line in following[:coded]):
        return False
    return not _is_street(_without_postcode(following[coded], country), country)


def _without_postcode(line: str, country: str) -> str:
    for pattern in _postcode_patterns(country):
        line = pattern.sub(" ", line)
    return line


def _is_street(line: str, country: str) -> bool:
    return not is_county(line, country) and (any(c.isdigit() for c in line) or has_word(fold(line), "streets"))


@lru_cache(maxsize=4096)
def is_contact_line(line: str) -> bool:
    folded = fold(line)
    if EMAIL.search(line) or "www" in folded:
        return True
    return bool(PHONE.search(line)) and bool(
        re.match(r"\W*(?:(?:tel\w*|ph|phone|t|p|fon|fax|call|mob\w*|m)\b|\+|\(?0|\(?\d{3})", folded)
    )


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts; what is not told apart is ""."""

    street: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""


# Countries that print the postcode in front of the town ("80333 München").
POSTCODE_LEADS = frozenset({"DE", "AT", "CH", "FR", "BE", "NL", "ES", "IT", "MY", ""})


def split_address(lines: Sequence[str], country: str) -> Address:
    """The parts of an address printed on `lines`.

    The town stands beside the postcode: before it (with a state or county between) or behind it, as the country has it.
    """
    parts = [part.strip(" .,;") for line in lines for part in line.split(",")]
    parts = [part for part in parts if part and fold(part) not in _countries()]
    at, match = _find_postcode(parts, country)
    if match is None:
        return Address(street=", ".join(parts))
    postcode = match[0].strip()
    before, after = parts[at][: match.start()].strip(" ,-"), parts[at][match.end() :].strip(" ,-()")
    if re.fullmatch(r"[A-Z]{1,2}", before) and country != "CA":  # a country's code: "DE 80333", "D-80333"
        before = ""
    street = parts[:at]
    if country in ("US", "AU", "CA") or re.match(r"[A-Z]{2,3}[,.]? ?\d{4,5}", postcode):
        return _split_state_code(street, before, postcode, country)
    if after and (country in POSTCODE_LEADS or not before):
        return _split_town_behind(street + ([before] if before else []), [after, *parts[at + 1 :]], postcode, country)
    town = [*street, before] if before else street
    return _split_town_before(town, postcode, country)


def _find_postcode(parts: Sequence[str], country: str) -> tuple[int, re.Match[str] | None]:
    for pattern in _postcode_patterns(country):
        for at in range(len(parts) - 1, -1, -1):
            match = pattern.search(parts[at])
            if match:
                return at, match
    if country in ("US", "AU"):  # "Fort Collins, CO, 80525": the code alone in its part
        for at in range(len(parts) - 1, -1, -1):
            match = re.fullmatch(r"\d{5}(?:-\d{4})?|\d{4}", parts[at])
            if match:
                return at, match
    return -1, None


_STATE_AND_CODE = re.compile(r"(.*?)[\s,.]*([A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4,5}(?:-\d{4})?)[\s,.]*")


def _split_state_code(street: list[str], before: str, postcode: str, country: str) -> Address:
    """Of countries that print a state before the postcode: "Austin, TX 78701", "Guelph Ontario N1H 2T4"."""
    match = _STATE_AND_CODE.fullmatch(postcode)
    state, code = (match[1], match[2]) if match else ("", postcode)
    rest = [*street, *([before] if before else [])]
    if not state and rest:
        rest, state = _cut_state(rest, country)
    city = rest[-1] if rest else ""
    return Address(", ".join(rest[:-1]), city, state, code)


def _cut_state(parts: list[str], country: str) -> tuple[list[str], str]:
    """The parts of an address without the state that ends them, and the state."""
    words = parts[-1].split()
    for length in range(min(len(words), LONGEST_STATE), 0, -1):
        state = " ".join(words[-length:])
        if is_state(state, country):
            town = " ".join(words[:-length]).strip(" ,.")
            return [*parts[:-1], *([town] if town else [])], state
    return parts, ""


def is_state(text: str, country: str) -> bool:
    return text.upper() in load_table("countries")[country]["states"] or text in state_names(country)


def _split_town_before(town: list[str], postcode: str, country: str) -> Address:
    state = ""
    if len(town) > 1 and is_county(town[-1], country):
        state, town = town[-1], town[:-1]
    elif town:
        head, county = _cut_county(town[-1], country)
        state, town = county, [*town[:-1], head] if head else town[:-1]
    return Address(", ".join(town[:-1]), town[-1] if town else "", state, postcode)


def _split_town_behind(street: list[str], town: list[str], postcode: str, country: str) -> Address:
    city, state = town[0], ""
    states = load_table("countries").get(country, {}).get("states", [])
    province = re.search(r"\s*\(?\b([A-Z]{2})\)?$", city) if country == "IT" else None
    if province:
        city, state = city[: province.start()].strip(" ("), province[1]
    elif len(town) > 1 and (town[1].upper() in states or country in ("MY", "ES")):
        state = town[1]
    elif country == "ES" and "(" in city:
        city, _, state = city.partition("(")
        state = state.strip(" )")
    else:
        for name in states:
            if city.upper().endswith(" " + name):
                city, state = city[: -len(name)].strip(" .,"), city[-len(name) :]
                break
    return Address(", ".join(street), city.strip(), state.strip(), postcode)


def is_county(text: str, country: str) -> bool:
    return fold(text) in _counties(country) or bool(
        re.match(r"(?:co\.?|county)\s[^\W\d_]+(?:,|$)", text, re.IGNORECASE)
    )


def _is_marked_county(line: str) -> bool:
    """Whether a line ends an address without a postcode: "Co. Donegal"."""
    return bool(re.fullmatch(r"Co\.? [A-Z][a-z]+", line))


def _cut_county(text: str, country: str) -> tuple[str, str]:
    """A line as town and county: "Exeter Devon" is Exeter, Devon; "Cork Co. Cork" is Cork, Co. Cork."""
    marked = re.search(r"\s(Co\.?\s?[A-Z]\w+|County [A-Z]\w+)$", text)
    if marked:
        return text[: marked.start()].strip(), marked[1]
    words = text.split()
    for length in (3, 2, 1):
        if len(words) > length and fold(" ".join(words[-length:])) in _counties(country):
            return " ".join(words[:-length]), " ".join(words[-length:])
    return text, ""


@cache
def _counties(country: str) -> frozenset[str]:
    return frozenset(fold(name) for name in load_table("countries").get(country, {}).get("states", []))


@cache
def _countries() -> frozenset[str]:
    return frozenset(fold(name) for name in load_table("names")["countries"])


def is_country(text: str) -> bool:
    """Whether a line is nothing but a country's name."""
    return fold(text) in _countries()
