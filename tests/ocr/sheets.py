"""Pages typed as text, for tests: a character is a fixed step, a line is a row; two spaces part the words' runs."""

import re

from ocr.types import Method, Page, Word

STEP, LINE, HEIGHT = 6.0, 14.0, 10.0  # page units: a character's width, a line's pitch, a word's height


def make_page(text: str, number: int = 1, method: Method = Method.TEXT_LAYER, step: float = STEP) -> Page:
    """A page with the words of `text` where they stand in it; the first line is left out if it is blank."""
    lines = text.strip("\n").splitlines()
    words = []
    run = 0
    for row, line in enumerate(lines):
        for cell in re.finditer(r"\S+(?: \S+)*", line):
            run += 1
            for match in re.finditer(r"\S+", cell[0]):
                left = (cell.start() + match.start()) * step
                right = (cell.start() + match.end()) * step
                words.append(Word(match[0], left, row * LINE, right, row * LINE + HEIGHT, 1.0, run))
    width = max((len(line) for line in lines), default=1) * step
    return Page(number, max(width, 100.0), max(len(lines) * LINE, 100.0), tuple(words), method)
