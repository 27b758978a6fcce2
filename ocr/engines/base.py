from typing import Protocol

import numpy as np
import numpy.typing as npt

from ocr.types import Word

Image = npt.NDArray[np.uint8]
"""A page's pixels, 0 is black: shape (height, width) grey, or (height, width, 3) in red, green, blue."""


class Engine(Protocol):
    """Recognises the words of an upright page."""

    name: str

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        """The words, in pixels of `image`. `dpi` is the resolution where it is known."""
        ...
