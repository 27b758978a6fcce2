"""Pages on their side or on their head are turned upright, and upright ones are read once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr import Reader, ReaderOptions
from ocr.engines.base import Image as Pixels
from ocr.orientation import read_upright, turn
from ocr.types import Word

SCAN = Path(__file__).resolve().parents[1] / "data" / "vet-invoice-unknown.jpg"


class PageOfLines:
    """An engine for a page whose left edge is black: it reads badly what does not stand upright."""

    name = "lines"

    def __init__(self) -> None:
        self.readings = 0

    def read(self, image: Pixels, dpi: float | None) -> list[Word]:
        self.readings += 1
        if image[:, 0].max() == 0:
            return [Word("Invoice", 10, 10, 90, 20, 0.97)]
        if image[:, -1].max() == 0:
            return [Word("aɔioʌuI", 10, 10, 90, 20, 0.83)]  # the best that a real page got
        return [Word("Invoice", 10, 10, 20, 90, 0.6)]


def upright_page() -> Pixels:
    page = np.full((120, 100), 255, dtype=np.uint8)
    page[:, 0] = 0
    return page


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_page_is_turned_upright_and_the_turn_is_told(turned: int) -> None:
    image, words, back = read_upright(PageOfLines(), turn(upright_page(), turned), 300)
    assert (turned + back) % 360 == 0
    assert np.array_equal(image, upright_page())
    assert [word.text for word in words] == ["Invoice"]


def test_an_upright_page_is_read_once() -> None:
    engine = PageOfLines()
    read_upright(engine, upright_page(), 300)
    assert engine.readings == 1


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with Reader(ReaderOptions(engine="rapidocr")) as opened:
        yield opened


@pytest.mark.parametrize("turned", [90, 180])
def test_a_scan_is_read_however_it_lay_on_the_glass(reader: Reader, tmp_path: Path, turned: int) -> None:
    path = tmp_path / "turned.jpg"
    with Image.open(SCAN) as scan:
        scan.rotate(-turned, expand=True).save(path, dpi=(300, 300))
    (page,) = reader.read(path).pages
    assert (page.turned + turned) % 360 == 0
    assert "INV-20977" in {word.text for word in page.words}
