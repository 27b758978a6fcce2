"""A photographed sheet: found where it plainly lies on something else, and laid flat before it is read.

A quick look at a small copy decides: the sheet is one bright, pale, four-cornered area, and what lies around it differs
along its edges. Where that is in doubt the picture is left as it is.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ocr.engines.base import Image

LOOK_SIDE = 512  # pixels of the long side that the sheet is looked for at
FEWEST_COVERED = 0.2  # of the picture: a smaller area is no sheet that anyone meant to send
FULL = 0.985  # of the picture: a sheet that covers more fills it
STRAIGHT = 0.95  # of the four-cornered area, that the sheet covers: the rest is folded, or under a thumb
DETAIL = 0.01  # of the outline's length by which it is straightened
MOST_SIDES = 8  # of the straightened outline
PARALLEL = 0.34  # sine of the angle (20 degrees) below which two neighbouring sides do not meet
MOST_TAPER = 2.0  # of a side to the one opposite: no sheet is seen so much from aside
OVERHANG = 0.05  # of the long side by which a corner may lie outside the picture
EDGE_CONTRAST = 14  # levels of 255 by which the sheet is brighter or paler than what is beside it
EDGE_SHARE = 0.75  # of an edge along which it must be
EDGE_REACH = 5  # pixels of the small copy between what is compared and the edge
SHADE_REACH = 12  # pixels of the small copy on either side, over which the edge of a shadow grows
EDGE_WIDTH = 4  # pixels of the small copy, within which the edge of a sheet lies
SHARP = 0.6  # of the whole step, that falls within them at least
OUTSIDE = 2  # pixels of the small copy: an edge this near to the picture's is the picture's
CROOKED = 0.012  # of the long side by which a corner may be off a level rectangle; less is not worth a warp
MARGIN = 0.3  # of the picture that is not sheet: enough to be cut away for its own sake
KERNEL = np.ones((9, 9), dtype=np.uint8)  # pixels of the small copy: wider than its lines of print are high
LONGEST_FLAT = 5000  # pixels of a side of the flat sheet

Corners = tuple[float, ...]
"""x and y of the sheet's corners, clockwise from top left, in fractions of the picture's sides; or nothing."""
Points = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]
Levels = npt.NDArray[np.int_]


def find_paper(image: Image) -> Corners:
    """The corners of the sheet in a picture; nothing where it fills the picture, lies level in it or is not plain."""
    for view, level in _views_and_levels(small_copy(image, LOOK_SIDE)):
        corners = _sheet(view, level)
        if corners is None or not _stands_out(view, corners):
            continue
        if not _is_worth_it(corners, view.shape):
            return ()
        fractions = corners / np.array([view.shape[1], view.shape[0]], dtype=np.float32)
        return tuple(float(value) for value in fractions.clip(0, 1).ravel())
    return ()


def small_copy(image: Image, side: int) -> Image:
    """The picture with a long side of `side` pixels, at most its own; quick rather than exact."""
    step = max(1, max(image.shape[:2]) // (2 * side))
    coarse = np.ascontiguousarray(image[::step, ::step])
    scale = min(1.0, side / max(coarse.shape[:2]))
    size = (max(1, round(coarse.shape[1] * scale)), max(1, round(coarse.shape[0] * scale)))
    return np.asarray(cv2.resize(coarse, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def flatten(image: Image, paper: Sequence[float]) -> Image:
    """The sheet alone, seen from straight above."""
    height, width = image.shape[:2]
    corners = np.asarray(paper, dtype=np.float32).reshape(4, 2) * np.array([width, height], dtype=np.float32)
    size = flat_size(corners)
    target = np.array([[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    flat = cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, dtype=np.uint8)


def flat_size(corners: npt.ArrayLike) -> tuple[int, int]:
    """Width and height of the flat sheet in pixels: of its longer opposite edges."""
    top_left, top_right, bottom_right, bottom_left = np.asarray(corners, dtype=float).reshape(4, 2)
    width = max(np.hypot(*(top_right - top_left)), np.hypot(*(bottom_right - bottom_left)))
    height = max(np.hypot(*(bottom_left - top_left)), np.hypot(*(bottom_right - top_right)))
    shrink = min(1.0, LONGEST_FLAT / max(width, height, 1.0))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def _views(small: Image) -> Iterator[Grey]:
    """Grey copies in which a sheet may be brighter than what it lies on: by its light, and (whatever the light and its
    colour are) by having no colour of its own."""
    if small.ndim == 2:
        yield _unprinted(small)
        return
    white = np.maximum(np.percentile(small, 95, axis=(0, 1)), 1.0)
    balanced = np.clip(small * (255.0 / white), 0, 255).astype(np.uint8)
    yield _unprinted(balanced.min(axis=2))
    colour = cv2.cvtColor(balanced, cv2.COLOR_RGB2HSV)[:, :, 1]
    yield _unprinted((255 - colour).astype(np.uint8))


def _unprinted(grey: Grey) -> Grey:
    """Without the print, which a morphological closing fills with the paper around it, and without grain."""
    filled = cv2.morphologyEx(np.ascontiguousarray(grey), cv2.MORPH_CLOSE, KERNEL)
    return np.asarray(cv2.medianBlur(filled, 5), dtype=np.uint8)


def _views_and_levels(small: Image) -> Iterator[tuple[Grey, float]]:
    """The views, and the levels above which the sheet may be in each: the shaded part of one that a shadow falls across
    is told from the table among what is darker than the rest."""
    views = tuple(_views(small))
    levels = [_otsu(view) for view in views]
    yield from zip(views, levels, strict=True)
    for view, level in zip(views, levels, strict=True):
        darker = view[view <= level]
        if darker.size > FEWEST_COVERED * view.size:
            yield view, _otsu(darker)


def _otsu(levels: Grey) -> float:
    return cv2.threshold(np.ascontiguousarray(levels), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0]


def _sheet(view: Grey, level: float) -> Points | None:
    """The corners of the largest area that is paler than `level`, if it has four."""
    mask = cv2.morphologyEx((view > level).astype(np.uint8), cv2.MORPH_OPEN, KERNEL)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return None
    hull = cv2.convexHull(max(outlines, key=cv2.contourArea))
    area = cv2.contourArea(hull)
    if not FEWEST_COVERED <= area / view.size <= FULL:
        return None
    outline = cv2.approxPolyDP(hull, DETAIL * cv2.arcLength(hull, closed=True), closed=True).reshape(-1, 2)
    if not 4 <= len(outline) <= MOST_SIDES:
        return None
    corners = _meet(outline.astype(np.float32))
    if corners is None or area < STRAIGHT * cv2.contourArea(corners) or _taper(corners) > MOST_TAPER:
        return None
    height, width = view.shape
    beyond = OVERHANG * max(height, width)
    if (corners < -beyond).any() or (corners > [width + beyond, height + beyond]).any():
        return None
    return _clockwise(corners.clip(0, [width - 1, height - 1]).astype(np.float32))


def _meet(outline: Points) -> Points | None:
    """Where the four longest sides meet: the corners, also of one that is folded, dark or under a thumb."""
    sides = [(outline[i - 1], outline[i]) for i in range(len(outline))]
    longest = sorted(range(len(sides)), key=lambda i: -float(np.hypot(*(sides[i][1] - sides[i][0]))))[:4]
    four = [sides[i] for i in sorted(longest)]
    corners = []
    for number, (start, end) in enumerate(four):
        after, beyond = four[(number + 1) % 4]
        one, other = end - start, beyond - after
        cross = float(one[0] * other[1] - one[1] * other[0])
        if abs(cross) < PARALLEL * float(np.hypot(*one) * np.hypot(*other)):
            return None
        gap = after - start
        corners.append(start + one * float(gap[0] * other[1] - gap[1] * other[0]) / cross)
    found = np.array(corners, dtype=np.float32)
    return found if cv2.isContourConvex(found.reshape(-1, 1, 2)) else None


def _taper(corners: Points) -> float:
    """How many times as long as its opposite a side is."""
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    return float((sides / np.maximum(np.roll(sides, 2), 1e-6)).max())


def _clockwise(corners: Points) -> Points:
    """The corners from the one that is top left as the sheet lies, clockwise."""
    middle = corners.mean(axis=0)
    around = corners[np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]))]
    first = int(np.argmin(around.sum(axis=1)))
    return np.roll(around, -first, axis=0)


def _stands_out(view: Grey, corners: Points) -> bool:
    """Whether the sheet differs from what is beside it, along every edge that is not the picture's own; and sharply,
    since a shadow that falls across a sheet has soft edges."""
    height, width = view.shape
    seen = 0
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = end - start
        length = float(np.hypot(*along))
        outward = np.array([along[1], -along[0]]) / max(length, 1e-6)
        points = start + np.linspace(0.08, 0.92, 48)[:, None] * along
        beyond = points + EDGE_REACH * outward
        within = (beyond >= OUTSIDE).all(axis=1) & (beyond < [width - OUTSIDE, height - OUTSIDE]).all(axis=1)
        if within.mean() < 0.5:
            continue
        levels = _profiles(view, points[within], outward)
        step = levels[:, SHADE_REACH - EDGE_REACH] - levels[:, SHADE_REACH + EDGE_REACH]
        if (step > EDGE_CONTRAST).mean() < EDGE_SHARE or _sharpness(levels) < SHARP:
            return False
        seen += 1
    return seen >= 2


def _profiles(view: Grey, points: npt.NDArray[np.floating], outward: npt.NDArray[np.floating]) -> Levels:
    """Levels across an edge from SHADE_REACH pixels inside to as many outside; a row for each of the points on it."""
    height, width = view.shape
    places = points[:, None] + np.arange(-SHADE_REACH, SHADE_REACH + 1)[:, None] * outward
    places = places.astype(int).clip(0, [width - 1, height - 1])
    return view[places[..., 1], places[..., 0]].astype(int)


def _sharpness(profiles: Levels) -> float:
    """The share of an edge's step that falls within a few pixels, at the median; an edge may lie beside its points."""
    steps = (profiles[:, :-EDGE_WIDTH] - profiles[:, EDGE_WIDTH:]).max(axis=1)
    whole = profiles.max(axis=1) - profiles.min(axis=1)
    return float(np.median(steps / np.maximum(whole, 1)))


def _is_worth_it(corners: Points, shape: tuple[int, ...]) -> bool:
    """Whether the sheet lies crooked, or much of the picture is something else."""
    height, width = shape[:2]
    left, right = corners[[0, 3], 0], corners[[1, 2], 0]
    top, bottom = corners[[0, 1], 1], corners[[2, 3], 1]
    crooked = max(np.ptp(left), np.ptp(right), np.ptp(top), np.ptp(bottom))
    covered = cv2.contourArea(corners) / (height * width)
    return bool(crooked > CROOKED * max(height, width) or covered < 1 - MARGIN)
