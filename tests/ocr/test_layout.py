"""Rows on level, tilted and curved paper."""

import math
import random

import pytest

from ocr.layout import rows, slope_field
from ocr.types import Page, Word

COLUMNS = (60.0, 500.0, 640.0, 800.0)


def make_page(slope: float = 0.0, bend: float = 0.0, count: int = 25, pitch: float = 34.0) -> Page:
    """A table of `count` rows; each column's cell is a line of its own to the engine. y grows by slope·x + bend·x²."""
    words = []
    for row in range(count):
        for column, left in enumerate(COLUMNS):
            for part in range(4 if column == 0 else 1):
                x = left + 90 * part
                y = 100 + pitch * row + slope * x + bend * x * x
                words.append(Word(f"r{row}", x, y, x + 80, y + 24, 1.0, run=row * 10 + column))
    random.Random(7).shuffle(words)
    return Page(1, 1000, 1400, tuple(words))


@pytest.mark.parametrize("slope", [0.0, 0.02, -0.03, math.tan(math.radians(5))])
def test_words_of_a_row_stay_together_on_tilted_paper(slope: float) -> None:
    found = rows(make_page(slope))
    assert [len(row.words) for row in found] == [7] * 25
    assert all(len({word.text for word in row.words}) == 1 for row in found)


def test_words_of_a_row_stay_together_on_curved_paper() -> None:
    found = rows(make_page(bend=4e-5))
    assert all(len({word.text for word in row.words}) == 1 for row in found)


def test_a_level_page_has_no_slope() -> None:
    assert slope_field(make_page()) == (0.0, 0.0, 0.0)


def test_words_are_in_reading_order() -> None:
    first = rows(make_page())[0]
    assert [word.left for word in first.words] == sorted(word.left for word in first.words)
    assert first.text == " ".join(["r0"] * 7)


def test_words_that_cover_each_other_are_not_on_one_row() -> None:
    page = Page(1, 1000, 1000, (Word("PAID", 100, 100, 300, 130), Word("Total", 110, 104, 200, 128)))
    assert len(rows(page)) == 2


def test_an_empty_page_has_no_rows() -> None:
    assert not rows(Page(1, 100, 100))
