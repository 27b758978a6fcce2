"""Invoice numbers as print and OCR give them, made comparable."""

import re
from collections.abc import Iterator

PREFIX = re.compile(r"^(?:TAX\s*INVOICE|INVOICE|INV|NUMBER|NO|#)[\s.:#\-/]*", re.IGNORECASE)
CONFUSABLE = str.maketrans({"O": "0", "I": "1", "L": "1", "S": "5", "B": "8"})
DIGIT_SHARE = 0.6  # of the characters: from here on letters are taken for misread digits
MIN_BARE_DIGITS = 3  # fewer digits alone name too many invoices


def normalise(number: str) -> str:
    """Upper-case letters and digits only: two numbers with the same result are the same number."""
    return re.sub(r"[\W_]", "", number.upper())


def digits(number: str) -> str:
    """The digits alone, without leading zeros; blank where there are too few to tell an invoice."""
    found = re.sub(r"\D", "", number).lstrip("0")
    return found if len(found) >= MIN_BARE_DIGITS else ""


def keys(raw: str) -> list[str]:
    """Normalised forms of a number as read, the surest first: as it stands, then without a leading label word."""
    return list(dict.fromkeys(key for key in _keys(raw) if key))


def loose_keys(raw: str) -> list[str]:
    """Bare digits that may be the number; a hit by these must be proven by another value of the invoice."""
    found = [digits(raw)]
    compact = keys(raw)[-1] if keys(raw) else ""
    if compact and sum(c.isdigit() for c in compact) >= DIGIT_SHARE * len(compact):
        found.append(digits(compact.translate(CONFUSABLE)))
    return list(dict.fromkeys(key for key in found if key))


def _keys(raw: str) -> Iterator[str]:
    text = raw.strip()
    yield normalise(text)
    while (stripped := PREFIX.sub("", text)) != text and any(c.isdigit() for c in stripped):
        yield normalise(stripped)
        text = stripped


def spellings(raw: str) -> list[str]:
    """Ways in which a practice system may spell a number as read, the likeliest first: for systems that compare
    letter by letter."""
    return list(dict.fromkeys(spelling for spelling in _spellings(raw) if spelling))


def _spellings(raw: str) -> Iterator[str]:
    text = " ".join(raw.split())
    yield text
    yield text.upper().replace(" ", "")
    bare = text
    while (stripped := PREFIX.sub("", bare)) != bare and any(c.isdigit() for c in stripped):
        yield stripped
        bare = stripped
    yield normalise(bare)
    yield re.sub(r"\D", "", text) if digits(text) else ""
    yield from loose_keys(raw)
