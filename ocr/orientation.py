"""Pages that lie on their side or stand on their head: found by how their words look, and turned to be read again."""

from collections.abc import Sequence

import numpy as np

from ocr.engines.base import Engine, Image
from ocr.types import Word

LONG_WORD = 3  # letters: shorter words are often taller than wide
TALL = 1.2  # height over width of a box: of words on their side
SIDEWAYS_SHARE = 0.4  # of the longer words; measured: 0.70-0.91 on pages on their side, at most 0.05 on all others
# Mean over the letters; measured: 0.93-1.00 on 296 upright pages, 0.66-0.84 on 27 on their heads.
DOUBTFUL_CONFIDENCE = 0.9
STRIP = 0.3  # of the page's height: what is read twice to tell the right way up


def read_upright(engine: Engine, image: Image, dpi: float | None) -> tuple[Image, list[Word], int]:
    """The page turned upright, its words, and by how many degrees clockwise it was turned. One reading where the page
    stands upright; the turn is decided on a strip of the page, which is read each way."""
    words = engine.read(image, dpi)
    if is_sideways(words):
        return _best_turn(engine, image, dpi, (90, 270))
    if words and legibility(words) < DOUBTFUL_CONFIDENCE:
        turned = _best_turn(engine, image, dpi, (0, 180))
        return turned if turned[2] else (image, words, 0)
    return image, words, 0


def is_sideways(words: Sequence[Word]) -> bool:
    longer = [word for word in words if len(word.text) >= LONG_WORD]
    tall = sum(word.bottom - word.top > TALL * (word.right - word.left) for word in longer)
    return bool(longer) and tall > SIDEWAYS_SHARE * len(longer)


def legibility(words: Sequence[Word]) -> float:
    """Mean confidence of the words, by letters; 0..1."""
    letters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / letters if letters else 0.0


def _best_turn(
    engine: Engine, image: Image, dpi: float | None, turns: tuple[int, ...]
) -> tuple[Image, list[Word], int]:
    def promise(degrees: int) -> float:
        strip = _busiest_strip(turn(image, degrees))
        words = engine.read(strip, dpi)
        wide = [word for word in words if word.right - word.left > word.bottom - word.top]
        return sum(len(word.text) * word.confidence**4 for word in wide)

    best = max(turns, key=promise)
    upright = turn(image, best)
    return upright, engine.read(upright, dpi), best


def turn(image: Image, degrees: int) -> Image:
    """The page turned clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, k=-(degrees // 90)))


def _busiest_strip(image: Image) -> Image:
    """The band of the page with the most contrast between neighbouring pixels: where the text is."""
    grey = image if image.ndim == 2 else image.mean(axis=2)
    ink = np.abs(np.diff(grey[:, ::4].astype(np.int16), axis=1)).sum(axis=1, dtype=np.int64)
    height = max(1, int(STRIP * len(ink)))
    sums = np.convolve(ink, np.ones(height, dtype=np.int64), mode="valid")
    start = int(sums.argmax())
    return np.ascontiguousarray(image[start : start + height])
