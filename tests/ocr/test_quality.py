"""What is wrong with a picture, and what only looks like it."""

import cv2
import numpy as np
import pytest

from ocr import quality
from ocr.engines.base import Image
from ocr.types import Word


def page(paper: int) -> Image:
    """A sheet in light of this brightness, with sharp print."""
    picture = np.full((1400, 1000, 3), paper, dtype=np.uint8)
    for line in range(100, 1300, 30):
        cv2.putText(
            picture, f"Line {line} of an invoice 12.50", (80, line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (20,) * 3, 2
        )
    return picture


def with_spot(picture: Image, strength: int) -> Image:
    light = np.zeros(picture.shape[:2], dtype=np.float32)
    cv2.ellipse(light, (500, 600), (140, 90), 0, 0, 360, 1.0, -1)
    light = cv2.GaussianBlur(light, (0, 0), 25)
    return np.clip(picture + strength * light[..., None], 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("picture", "notices"),
    [
        (page(190), ()),
        (page(255), ()),
        (with_spot(page(190), 400), ("glare",)),
        (with_spot(page(190), 30), ()),
        (with_spot(page(255), 400), ()),
        (cv2.GaussianBlur(page(255), (0, 0), 6), ("blur",)),
    ],
    ids=["even light", "scan", "burnt spot", "bright spot", "spot on white", "out of focus"],
)
def test_what_hides_print_is_told_and_what_does_not_is_not(picture: Image, notices: tuple[str, ...]) -> None:
    assert quality.judge(picture, ()) == notices


def test_text_at_the_edge_and_a_tilted_page_are_told() -> None:
    cut = [Word("12.50", 0.0, y, 80.0, y + 20.0, 1.0, run) for run, y in enumerate(range(100, 900, 100))]
    assert quality.judge(page(255), cut) == ("cut-off",)
    words = ((x, 40.0 * run + 0.09 * x) for run in range(8) for x in (100.0, 300.0, 500.0))
    tilted = [Word("Word", x, y, x + 90.0, y + 20.0, 1.0, place // 3) for place, (x, y) in enumerate(words)]
    assert quality.judge(page(255), tilted) == ("tilt",)
