import cv2
import numpy as np

from ocr.engines.base import Image
from ocr.stamps import find_stamps, lift_stamps, read_below_stamps
from ocr.types import Word

HEIGHT = 27.0  # pixels of the words drawn


def page(stamp: int | None) -> Image:
    """A page with a line of black print, and across it large letters in an ink of some brightness."""
    image = np.full((400, 800), 255, np.uint8)
    cv2.putText(image, "Invoice RE-2592 of 09.09.26", (40, 200), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 3)
    if stamp is not None:
        over = np.full_like(image, 255)
        cv2.putText(over, "PAID", (240, 225), cv2.FONT_HERSHEY_SIMPLEX, 2.2, stamp, 8)
        image = np.minimum(image, over)
    return image


class Reading:
    """An engine that reads one line of a page, the same one each time."""

    name = "reading"

    def __init__(self, confidence: float) -> None:
        self.confidence = confidence

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        return [Word("RE-2592", 170, 80, 330, 110, self.confidence, 0)]


SEEN = [Word("Invoice", 40, 175, 160, 205, 0.99, 0), Word("RARE-92", 170, 175, 330, 205, 0.8, 0)]


def test_a_stamp_across_print_is_lifted_and_the_print_stays() -> None:
    stamped = page(stamp=120)
    lifted = lift_stamps(stamped, find_stamps(stamped, HEIGHT), HEIGHT)
    assert ((lifted < 128) == (page(stamp=None) < 128)).mean() > 0.995


def test_print_alone_is_no_stamp() -> None:
    assert find_stamps(page(stamp=None), HEIGHT) == []


def test_print_that_is_read_better_without_the_stamp_replaces_what_was_read() -> None:
    words = read_below_stamps(Reading(0.95), page(stamp=120), SEEN, None)
    assert [word.text for word in words] == ["Invoice", "RE-2592"]


def test_what_is_read_no_better_without_the_stamp_stays() -> None:
    assert read_below_stamps(Reading(0.8), page(stamp=120), SEEN, None) == SEEN
