from typing import Protocol

import numpy as np
import numpy.typing as npt

from ocr.types import Word

PAGE_SIDE = 2000  # pixels of the long side that an A4 page is shrunk to; more buys nothing
STRIP_WIDTH = 900  # pixels: a till receipt is not shrunk below this, however long it is
STRIP_SIDE = 5000  # pixels: the longest side at all, for memory's sake
STRIP_SHAPE = 2.0  # height over width above which a page is taken for a till receipt

Image = npt.NDArray[np.uint8]
"""A page's pixels, 0 is black: shape (height, width) grey, or (height, width, 3) in red, green, blue."""


class Engine(Protocol):
    """Recognises the words of an upright page."""

    name: str

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        """The words, in pixels of `image`. `dpi` is the resolution where it is known."""
        ...


def longest_side(width: int, height: int) -> int:
    """Pixels that the long side is shrunk to: a till receipt keeps enough width for its small print."""
    shape = height / max(width, 1)
    if shape < STRIP_SHAPE:
        return PAGE_SIDE
    return int(min(STRIP_SIDE, max(PAGE_SIDE, STRIP_WIDTH * shape)))
