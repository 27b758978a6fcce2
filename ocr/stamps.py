"""Stamps across print: seen by being lighter than print and higher, lifted off, and what stands below read again where
it was read with doubt.

What was stamped stays among the words; only where print is read below it, that replaces what both were taken for.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from ocr.engines.base import Engine, Image, longest_side
from ocr.orientation import LONG_WORD, legibility
from ocr.types import Word

SEARCHED = 27.0  # pixels of a usual word's height at which stamps are looked for; larger pages are shrunk to it
THICK, THIN = 3, 2  # pixels, there: strokes of stamped letters are as thick at least, of the frame around them
SOLID = 21  # pixels, there: a wider area is a coloured field, with white letters perhaps
# Shares of the paper's brightness.
LIGHT = 0.86  # ink is darker
LIGHTER = 0.2  # by so much the ink of a stamp is lighter than that of print
# Heights of a usual word.
REACH = 0.6  # between the strokes of one stamp
LOW, HIGH, WIDE = 1.4, 9.0, 20.0  # a stamp's size: what is lower is a line of coloured print
FRAME = 1.2  # from the letters of a stamp to its frame
MARGIN = 2.0  # above and below what is read again
LEAST_PRINT = 0.01  # share of a stamp's place that is print: else nothing stands below it
OVERLAP = 0.3  # share of a word that makes it the same as another one
DOUBTFUL = 0.93  # confidence of a word: print below a stamp is read less surely; without such words all is read
GAIN = 0.01  # of confidence, that makes another reading the better one
MOST = 2  # stamps of a page: where there seem to be more, it is printed in lighter ink

Box = tuple[int, int, int, int]  # left, top, right, bottom; pixels


def read_below_stamps(engine: Engine, image: Image, words: Sequence[Word], dpi: float | None) -> list[Word]:
    """The words of an upright page, those below its stamps as they are read without them."""
    height = float(np.median([w.bottom - w.top for w in words])) if words else 0.0
    doubtful = [word for word in words if len(word.text) >= LONG_WORD and word.confidence < DOUBTFUL]
    places = find_stamps(image, height) if doubtful else []
    places = [place for place in places if any(_overlap(word, Word("", *place)) > 0 for word in doubtful)]
    if not 0 < len(places) <= MOST:
        return list(words)
    lifted = lift_stamps(image, places, height)
    for place in places:
        words = _merge(words, _read_band(engine, lifted, place, height, dpi), place)
    return list(words)


def find_stamps(image: Image, height: float) -> list[Box]:
    """Where stamps stand across print. height: of a usual word, in pixels."""
    scale = min(1.0, SEARCHED / height)
    bright = _evenly_lit(_shrunk(image, scale))
    print_level = _print_level(bright)
    strokes = _strokes(bright, print_level, THICK)
    reach = max(3, round(REACH * SEARCHED))
    joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    found = []
    for left, top, wide, high, _ in cv2.connectedComponentsWithStats(joined)[2][1:]:
        unit = scale * height
        if LOW * unit < high < HIGH * unit and LOW * unit < wide < WIDE * unit:
            edge = round(FRAME * unit)
            found.append((max(0, left - edge), max(0, top - edge), left + wide + edge, top + high + edge))
    dark = bright < (print_level + LIGHTER / 2) * 255
    return [
        (round(left / scale), round(top / scale), round(right / scale), round(bottom / scale))
        for left, top, right, bottom in _together(found)
        if dark[top:bottom, left:right].mean() > LEAST_PRINT
    ]


def lift_stamps(image: Image, places: Sequence[Box], height: float) -> Image:
    """The page in grey without the stamps at some places: their ink is as bright as paper, what stands below stays."""
    lifted = _evenly_lit(image)
    print_level = _print_level(lifted)
    finer = max(1.0, height / SEARCHED)
    for left, top, right, bottom in places:
        part = lifted[top:bottom, left:right]
        strokes = _strokes(part, print_level, round(THIN * finer))
        if not strokes.any():
            continue
        level = float(np.median(part[strokes > 0]))
        crossed = np.ones((round(5 * finer),) * 2, np.uint8)  # by the strokes of print, which part those of the stamp
        stamped = cv2.dilate(cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, crossed), np.ones((3, 3), np.uint8)) > 0
        part[stamped] = np.minimum(part[stamped] * (255 / level), 255).astype(np.uint8)
    return lifted


def _evenly_lit(image: Image) -> Image:
    """The page in the brightest of its colours, which fades coloured ink, with its paper at 255 whatever the light."""
    bright = image if image.ndim == 2 else image.max(axis=2)
    small = cv2.resize(bright, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    paper = cv2.GaussianBlur(cv2.dilate(small, np.ones((9, 9), np.uint8)), (0, 0), 5)
    paper = cv2.resize(paper, (bright.shape[1], bright.shape[0]), interpolation=cv2.INTER_LINEAR)
    return cv2.divide(bright, np.maximum(paper, 1), scale=255).astype(np.uint8)


def _shrunk(image: Image, scale: float) -> Image:
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _print_level(bright: Image) -> float:
    """How bright print is, in shares of the paper's brightness: the darker quarter of the cores of its strokes."""
    cores = bright[(bright < LIGHT * 255) & (bright == cv2.erode(bright, np.ones((3, 3), np.uint8)))]
    return float(np.percentile(cores, 25)) / 255 if cores.size else 1.0


def _strokes(bright: Image, print_level: float, thickness: int) -> Image:
    """1 where ink is lighter than print and as thick at least; neither rims of letters nor coloured fields."""
    light = ((bright < LIGHT * 255) & (bright > (print_level + LIGHTER) * 255)).astype(np.uint8)
    strokes = cv2.morphologyEx(light, cv2.MORPH_OPEN, np.ones((thickness, thickness), np.uint8))
    solid = cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((SOLID * thickness // THICK,) * 2, np.uint8))
    return np.where(cv2.dilate(solid, np.ones((5, 5), np.uint8)) > 0, 0, strokes).astype(np.uint8)


def _together(boxes: Sequence[Box]) -> list[Box]:
    """Boxes with those that they meet."""
    found: list[Box] = []
    for box in boxes:
        while meeting := [b for b in found if b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3]]:
            found = [b for b in found if b not in meeting]
            lefts, tops, rights, bottoms = zip(box, *meeting, strict=True)
            box = (min(lefts), min(tops), max(rights), max(bottoms))
        found.append(box)
    return found


def _read_band(engine: Engine, page: Image, place: Box, height: float, dpi: float | None) -> list[Word]:
    """The words of the lines that a place is part of, read anew as large as before, in the page's pixels."""
    top = max(0, round(place[1] - MARGIN * height))
    band = page[top : round(place[3] + MARGIN * height)]
    scale = min(1.0, longest_side(page.shape[1], page.shape[0]) / max(page.shape))
    return [
        replace(w, left=w.left / scale, right=w.right / scale, top=w.top / scale + top, bottom=w.bottom / scale + top)
        for w in engine.read(_shrunk(band, scale), dpi)
    ]


def _merge(words: Sequence[Word], again: Sequence[Word], place: Box) -> list[Word]:
    """The words with the lines read again in a place that are more legible than what was taken for them before."""
    merged = list(words)
    spot = Word("", *place)
    lines: dict[int, list[Word]] = {}
    for word in again:
        if _overlap(word, spot) > 0:
            lines.setdefault(word.run, []).append(word)
    for line in lines.values():
        before = [word for word in merged if any(_overlap(word, other) > OVERLAP for other in line)]
        if legibility(line) > (legibility(before) + GAIN if before else DOUBTFUL):
            run = max((word.run for word in merged), default=0) + 1
            merged = [word for word in merged if word not in before] + [replace(word, run=run) for word in line]
    return merged


def _overlap(one: Word, other: Word) -> float:
    """Share of the smaller of two words that lies in the other."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min((word.right - word.left) * (word.bottom - word.top) for word in (one, other))
