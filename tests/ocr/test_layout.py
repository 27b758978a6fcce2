"""Rows on level, tilted and curved paper."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from ocr.bend import Displacement, displacement
from ocr.layout import rows
from ocr.types import Page, Word

COLUMNS = (60.0, 500.0, 640.0, 800.0)


def make_page(slope: float = 0.0, bend: float = 0.0, wave: float = 0.0, count: int = 25, pitch: float = 34.0) -> Page:
    """A table of `count` rows; each column's cell is a line of its own to the engine. y grows by slope·x + bend·x², and
    by a wave over the page's width, so high."""
    words = []
    for row in range(count):
        for column, left in enumerate(COLUMNS):
            for part in range(4 if column == 0 else 1):
                x = left + 90 * part
                y = 100 + pitch * row + slope * x + bend * x * x + wave * math.sin(x * 2 * math.pi / 1000 + 1)
                words.append(Word(f"r{row}", x, y, x + 80, y + 24, 1.0, run=row * 10 + column))
    random.Random(7).shuffle(words)
    return Page(1, 1000, 1400, tuple(words))


def text(x: float, y: float, wave: float) -> list[Word]:
    """Two words of running text."""
    places = [(left, y + wave * math.sin(left * 2 * math.pi / 1000 + 1)) for left in (x, x + 50)]
    return [Word("text", left, top, left + 40, top + 24) for left, top in places]


@pytest.mark.parametrize("slope", [0.0, 0.02, -0.03, math.tan(math.radians(5))])
def test_words_of_a_row_stay_together_on_tilted_paper(slope: float) -> None:
    found = rows(make_page(slope))
    assert [len(row.words) for row in found] == [7] * 25
    assert all(len({word.text for word in row.words}) == 1 for row in found)


def test_words_of_a_row_stay_together_on_curved_paper() -> None:
    found = rows(make_page(bend=4e-5))
    assert all(len({word.text for word in row.words}) == 1 for row in found)


@pytest.mark.parametrize("wave", [8.0, 17.0, -17.0])
def test_words_of_a_row_stay_together_on_wavy_paper(wave: float) -> None:
    """By up to half a row: only lines of text elsewhere on the page tell how the paper bends between the columns."""
    page = make_page(wave=wave)
    texts = [text(x, 30, wave) for x in range(80, 800, 60)] + [text(x, 1050, wave) for x in range(90, 800, 45)]
    lines = [replace(word, run=1000 + i) for i, words in enumerate(texts) for word in words]
    found = rows(replace(page, words=(*page.words, *lines)))
    assert [len(row.words) for row in found if row.text.startswith("r")] == [7] * 25
    assert all(len({word.text for word in row.words}) == 1 for row in found if row.text.startswith("r"))


def test_a_level_page_is_not_bent() -> None:
    assert displacement(make_page()) == Displacement()


def test_a_crooked_word_does_not_bend_a_tilted_page() -> None:
    page = make_page(slope=0.02)
    crooked = (Word("PAID", 120, 500, 190, 530, run=999), Word("today", 210, 540, 300, 570, run=999))
    bent = displacement(replace(page, words=(*page.words, *crooked)))
    x = np.array([0.0, 1000.0])
    assert np.diff(bent(x, np.array([700.0, 700.0])))[0] == pytest.approx(20, abs=1.5)


def test_words_are_in_reading_order() -> None:
    first = rows(make_page())[0]
    assert [word.left for word in first.words] == sorted(word.left for word in first.words)
    assert first.text == " ".join(["r0"] * 7)


def test_words_that_cover_each_other_are_not_on_one_row() -> None:
    page = Page(1, 1000, 1000, (Word("PAID", 100, 100, 300, 130), Word("Total", 110, 104, 200, 128)))
    assert len(rows(page)) == 2


def test_an_empty_page_has_no_rows() -> None:
    assert not rows(Page(1, 100, 100))


def test_rows_tell_the_shape_of_paper_where_few_lines_do() -> None:
    """An engine's boxes are not exact: short lines alone leave the columns of a table at different heights."""
    random_ = random.Random(1)
    texts = [text(x, 30, 17) for x in range(80, 800, 120)]
    lines = [replace(word, run=1000 + i) for i, words in enumerate(texts) for word in words]
    words = []
    for word in (*make_page(wave=17).words, *lines):
        error = random_.uniform(-3, 3)
        words.append(replace(word, top=word.top + error, bottom=word.bottom + error))
    found = [row for row in rows(Page(1, 1000, 1400, tuple(words))) if row.text.startswith("r")]
    assert [len(row.words) for row in found] == [7] * 25
