"""What is wrong with a picture: codes that become checks for the sender. Cheap measures only."""

from collections.abc import Sequence
from statistics import median

import cv2
import numpy as np

from ocr.engines.base import Image
from ocr.types import Word

BLUR_SIDE = 1000  # pixels of the long side that sharpness is measured at
BLUR = 60.0  # variance of the Laplacian at that size over the middle of the text; below, letters run together
GLARE_SIDE = 256  # pixels of the long side that glare is looked for at
BURNT = 250  # of 255: paper this bright in every colour shows no print any more
WHITE = 205  # of 255: above, the brightest paper is but a little brighter than the rest, and its print is still there
GLARE_SHARE = 0.004  # of the picture: the smallest burnt spot that may hide a value
TILT_DEGREES = 3.0
EDGE = 0.004  # of the page's width: text this close to the edge is cut off
EDGE_RUNS = 4  # lines of text that touch one edge before the page counts as cut off
TOLERANCE = 0.98  # design: 2 % below 300 DPI still passes
REQUIRED_DPI = 300.0
A4_INCHES = (8.27, 11.69)
TILL_ROLL_INCHES = 3.15  # 80 mm
STRIP_SHAPE = 2.0  # height over width above which a picture shows a till roll


def likely_dpi(width: int, height: int, declared: float | None) -> float:
    """The resolution of a scan: as declared, else its pixels over the paper it likely shows: A4, or a till roll."""
    if declared:
        return declared
    short, long = sorted((width, height))
    if long > STRIP_SHAPE * short:
        return short / TILL_ROLL_INCHES
    return max(short / A4_INCHES[0], long / A4_INCHES[1])


def is_surely_low(width: int, height: int, declared: float | None) -> bool:
    """Whether an image page is surely below the required 300 DPI (2 % tolerance)."""
    return likely_dpi(width, height, declared) < REQUIRED_DPI * TOLERANCE


def judge(image: Image, words: Sequence[Word]) -> tuple[str, ...]:
    """Codes of what is wrong with an upright picture and the words found on it: blur, glare, tilt, cut-off."""
    notices = []
    if sharpness(image) < BLUR:
        notices.append("blur")
    if has_glare(image):
        notices.append("glare")
    if abs(tilt(words)) > TILT_DEGREES:
        notices.append("tilt")
    if touches_edge(words, image.shape[1]):
        notices.append("cut-off")
    return tuple(notices)


def sharpness(image: Image) -> float:
    """Variance of the Laplacian of the page's middle at a fixed size (Pech-Pacheco et al., 2000); larger is sharper."""
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    middle = grey[height // 10 : max(height * 9 // 10, 1), width // 10 : max(width * 9 // 10, 1)]
    scale = BLUR_SIDE / max(middle.shape)
    if scale < 1:
        size = [max(1, round(side * scale)) for side in (middle.shape[1], middle.shape[0])]
        middle = cv2.resize(middle, size, interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(middle, cv2.CV_64F).var()) if middle.size else 0.0


def has_glare(image: Image) -> bool:
    """Whether a lamp's reflection has burnt a spot out of a picture whose paper is not white elsewhere."""
    scale = min(1.0, GLARE_SIDE / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    darkest = small if small.ndim == 2 else small.min(axis=2)
    if np.median(darkest) > WHITE:
        return False
    _, _, stats, _ = cv2.connectedComponentsWithStats((darkest >= BURNT).astype(np.uint8))
    return bool(stats[1:, cv2.CC_STAT_AREA].max(initial=0) >= GLARE_SHARE * darkest.size)


def tilt(words: Sequence[Word]) -> float:
    """Degrees by which the lines of text fall to the right (clockwise positive): the median over the longer runs."""
    runs: dict[int, list[Word]] = {}
    for word in words:
        runs.setdefault(word.run, []).append(word)
    slopes = []
    for run in runs.values():
        first, last = run[0], run[-1]
        across = (last.left + last.right - first.left - first.right) / 2
        if len(run) >= 3 and across > 0:
            slopes.append((last.top + last.bottom - first.top - first.bottom) / 2 / across)
    return float(np.degrees(np.arctan(median(slopes)))) if slopes else 0.0


def touches_edge(words: Sequence[Word], width: float) -> bool:
    """Whether several lines run into the left or the right edge of the picture."""
    margin = EDGE * width
    left = {word.run for word in words if word.left <= margin}
    right = {word.run for word in words if word.right >= width - margin}
    return max(len(left), len(right)) >= EDGE_RUNS
