"""A photographed sheet is found and laid flat where it plainly lies on something else, and only there."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ocr import Reader, ReaderOptions
from ocr.engines.base import Image as Pixels
from ocr.pages import open_file
from ocr.paper import find_paper, flatten

WIDTH, HEIGHT = 900, 1200  # pixels of the photographs
TABLES = {"wood": (130, 92, 58), "dark": (35, 35, 40), "light": (196, 196, 196)}
CORNERS = [(150.0, 120.0), (760.0, 160.0), (800.0, 1080.0), (90.0, 1020.0)]


def sheet(width: int = 600, height: int = 850) -> Pixels:
    """Paper with grey lines of print, and a black square in its top left corner."""
    page = np.full((height, width, 3), 245, dtype=np.uint8)
    for top in range(80, height - 60, 24):
        page[top : top + 8, 60 : width - 90 : 7] = 60
    page[20:60, 20:60] = 0
    return page


def photograph(table: str, corners: list[tuple[float, float]] = CORNERS) -> Pixels:
    page = sheet()
    height, width = page.shape[:2]
    noise = np.random.default_rng(7).normal(0, 5, (HEIGHT, WIDTH, 3))
    around = np.clip(np.array(TABLES[table]) + noise, 0, 255).astype(np.uint8)
    stored = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(stored, np.array(corners, dtype=np.float32))
    lying = cv2.warpPerspective(page, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
    covered = cv2.warpPerspective(np.full((height, width), 255, dtype=np.uint8), matrix, (WIDTH, HEIGHT))
    return np.where(covered[:, :, None] > 127, lying, around).astype(np.uint8)


def shaded(picture: Pixels) -> Pixels:
    """With a shadow over one half, in the light of a lamp."""
    across = np.linspace(-6, 6, picture.shape[1])
    light = 1 - 0.5 / (1 + np.exp(-across))
    return (picture * light[None, :, None] * np.array([1.0, 0.88, 0.68])).astype(np.uint8)


@pytest.mark.parametrize("table", TABLES)
def test_the_corners_of_a_sheet_are_found(table: str) -> None:
    found = np.array(find_paper(photograph(table))).reshape(-1, 2) * (WIDTH, HEIGHT)
    assert np.abs(found - CORNERS).max() < 8


def test_a_sheet_half_in_the_shadow_is_found() -> None:
    found = np.array(find_paper(shaded(photograph("wood")))).reshape(-1, 2) * (WIDTH, HEIGHT)
    assert np.abs(found - CORNERS).max() < 10


@pytest.mark.parametrize(("top", "slope"), [(350, 0.5), (600, -0.4)])
def test_no_sheet_is_cut_along_a_shadow(top: int, slope: float) -> None:
    """Half of what is printed would be lost."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    light = 1 - 0.45 / (1 + np.exp((y - top - slope * x) / 18))
    photo = (photograph("wood") * light[:, :, None]).astype(np.uint8)
    found = np.array(find_paper(photo)).reshape(-1, 2) * (WIDTH, HEIGHT)
    assert np.abs(found - CORNERS).max() < 10


def test_a_sheet_is_found_whose_corner_is_nearer_in_light_to_the_table_than_to_the_sheet() -> None:
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    light = 1 - 0.55 / (1 + np.exp((300 + y - x) / 25))
    found = np.array(find_paper((photograph("dark") * light[:, :, None]).astype(np.uint8))).reshape(-1, 2)
    assert np.abs(found * (WIDTH, HEIGHT) - CORNERS).max() < 10


def test_the_sheet_is_laid_flat() -> None:
    photo = photograph("wood")
    flat = flatten(photo, find_paper(photo))
    small = cv2.resize(flat, (600, 850), interpolation=cv2.INTER_AREA)
    assert small[25:55, 25:55].mean() < 40  # the black square, where the sheet has it
    assert small[100:800, 5:40].mean() > 225  # the margin is straight and white


def test_scans_are_left_as_they_are() -> None:
    page = sheet()
    assert find_paper(page) == ()
    assert find_paper(shaded(page)) == ()
    assert find_paper(np.full((400, 300), 255, dtype=np.uint8)) == ()


def test_a_sheet_that_lies_level_and_fills_the_picture_is_left() -> None:
    level = [(40.0, 40.0), (860.0, 40.0), (860.0, 1160.0), (40.0, 1160.0)]
    assert find_paper(photograph("dark", level)) == ()


def test_people_see_the_sheet_as_it_was_read(tmp_path: Path) -> None:
    photo = photograph("wood")
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    shown = np.asarray(open_file(path, 1).render(1, 300, turned=0, paper=find_paper(photo)))
    assert shown[100:400, 4:18].mean() > 225


def test_where_nothing_is_read_on_the_sheet_the_whole_picture_is_read(tmp_path: Path) -> None:
    photo = photograph("wood")
    Image.fromarray(photo).save(tmp_path / "photo.png")
    assert flatten(photo, find_paper(photo)).shape[1] < 800
    with Reader(ReaderOptions(engine="tests.ocr.engines:FarSightedEngine")) as reader:  # type: ignore[arg-type]
        (page,) = reader.read(tmp_path / "photo.png").pages
    assert [word.text for word in page.words][:2] == ["Total", "due"]
    assert (page.width, page.paper) == (WIDTH, ())
