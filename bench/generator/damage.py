"""What scanners, telephones, tills and desks do to paper.

Pictures are uint8 RGB arrays, height x width x 3, 255 white. Functions give a new picture; what is by chance comes
from its `numpy.random.Generator`. `degrade` picks by variant and tells what it did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench.generator.pictures import font

Picture = np.ndarray
VARIANTS = ("digital", "clean", "degraded", "phone", "turned")
STAMPS = (
    "RECEIVED",
    "PAID",
    "COPY",
    "APPROVED",
    "BEZAHLT",
    "EINGANG",
    "PAYÉ",
    "REÇU LE",
    "PAGADO",
    "ONTVANGEN",
    "POSTED",
    "ENTERED",
)


@dataclass(slots=True)
class Degraded:
    """The pictures of a document's pages, how to store them, and what was done (tags)."""

    pages: list[Image.Image]
    dpi: int
    quality: int = 85
    tags: list[str] = field(default_factory=list)
    is_bilevel: bool = False


def degrade(
    pages: Sequence[Picture], variant: str, random: np.random.Generator, *, dpi: int, is_thermal: bool
) -> Degraded:
    """`pages` at `dpi` as a scanner or a telephone hands them on."""
    if variant == "phone":
        return phone(pages, random, dpi, is_thermal)
    if variant == "clean":
        return clean(pages, random, dpi)
    result = rough(pages, random, dpi, is_thermal) if variant == "degraded" else clean(pages, random, dpi)
    if variant == "turned":
        turn = int(random.choice((90, 180, 270)))
        result.pages = [page.rotate(-turn, expand=True) for page in result.pages]
        result.tags.append(f"rotated-{turn}")
    return result


def clean(pages: Sequence[Picture], random: np.random.Generator, dpi: int) -> Degraded:
    result = Degraded([], dpi, int(random.integers(78, 93)), ["scan"])
    tone = random.choice(("grey", "colour", "bilevel"), p=(0.4, 0.35, 0.25))
    for page in pages:
        picture = turn_slightly(page, float(random.normal(0, 0.25)), 255)
        picture = blur(picture, float(random.uniform(0.4, 0.8)) * dpi / 300)
        picture = noise(paper_tone(picture, random, 0.97), random, 2.0)
        result.pages.append(as_image(picture, tone, random))
    return tag_tone(result, tone)


def rough(pages: Sequence[Picture], random: np.random.Generator, dpi: int, is_thermal: bool) -> Degraded:
    """A bad scan of a worn page: each wear with its own chance."""
    result = Degraded([], dpi, int(random.integers(38, 72)), ["scan"])
    tone = random.choice(("grey", "colour", "bilevel"), p=(0.5, 0.3, 0.2))
    skew = float(random.uniform(-5, 5)) if random.random() < 0.55 else float(random.normal(0, 0.8))
    chosen = {
        name: bool(random.random() < chance)
        for name, chance in (
            ("faint", 0.6 if is_thermal else 0.22),
            ("stamp", 0.0 if is_thermal else 0.3),
            ("fold", 0.35),
            ("punched", 0.0 if is_thermal else 0.35),
            ("pen", 0.25),
            ("shine-through", 0.12),
            ("streaks", 0.15),
            ("dark-edge", 0.15),
            ("hard", 0.25),
        )
    }
    if chosen["faint"] and tone == "bilevel":
        tone = "grey"
    for number, page in enumerate(pages):
        picture = page
        if chosen["faint"]:
            picture = faint(picture, random)
        if chosen["shine-through"]:
            picture = shine_through(picture, pages[number - 1], random)
        if chosen["pen"]:
            picture = pen(picture, random, dpi)
        if chosen["stamp"] and number == 0:
            picture = stamp(picture, random, dpi)
        if chosen["fold"]:
            picture = fold(picture, random)
        if chosen["punched"]:
            picture = punch(picture, random, dpi)
        picture = turn_slightly(picture, skew, 20 if chosen["dark-edge"] else 250)
        picture = blur(picture, float(random.uniform(0.7, 1.3 if chosen["hard"] else 1.0)) * dpi / 300)
        if chosen["streaks"]:
            picture = streaks(picture, random)
        picture = noise(
            paper_tone(picture, random, 0.88), random, float(random.uniform(4, 11 if chosen["hard"] else 7))
        )
        result.pages.append(as_image(picture, tone, random))
    result.tags += [name for name, is_chosen in chosen.items() if is_chosen]
    if abs(skew) > 1.5:
        result.tags.append("skewed")
    return tag_tone(result, tone)


def tag_tone(result: Degraded, tone: str) -> Degraded:
    result.is_bilevel = tone == "bilevel"
    result.tags += ["bilevel"] * result.is_bilevel + [f"dpi-{result.dpi}"] * (result.dpi != 300)
    return result


def phone(pages: Sequence[Picture], random: np.random.Generator, dpi: int, is_thermal: bool) -> Degraded:
    """A hand-held picture: the page lies on something, bent, in uneven light, seen from aside."""
    result = Degraded([], 150, int(random.integers(55, 88)), ["phone"])
    for page in pages:
        picture = faint(page, random, 0.5) if is_thermal and random.random() < 0.4 else page
        if random.random() < 0.4:
            picture = fold(picture, random)
            result.tags.append("fold")
        if random.random() < 0.45:
            picture = bend(picture, random)
            result.tags.append("curved")
        picture = onto_table(picture, random)
        picture = light(picture, random)
        if random.random() < 0.3:
            picture = glare(picture, random)
            result.tags.append("glare")
        longest = float(random.uniform(2000, 3600))
        picture = resize(picture, min(1.0, longest / max(picture.shape[:2])))
        picture = blur(picture, float(random.uniform(0.5, 1.1)))
        picture = noise(cast(picture, random), random, float(random.uniform(2, 7)))
        result.pages.append(Image.fromarray(picture))
    result.tags = sorted(set(result.tags))
    return result


# --- one thing each ------------------------------------------------------------------------------------------------


def as_image(picture: Picture, tone: str, random: np.random.Generator) -> Image.Image:
    if tone == "colour":
        return Image.fromarray(picture)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if tone == "grey":
        return Image.fromarray(grey)
    threshold = float(random.uniform(0.62, 0.78)) * float(np.percentile(grey, 90))
    return Image.fromarray(np.where(grey > threshold, 255, 0).astype(np.uint8)).convert("1")


def turn_slightly(picture: Picture, degrees: float, border: int) -> Picture:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=(border, border, border))


def resize(picture: Picture, factor: float) -> Picture:
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor != 1 else picture


def blur(picture: Picture, sigma: float) -> Picture:
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def noise(picture: Picture, random: np.random.Generator, spread: float) -> Picture:
    grain = random.normal(0, spread, picture.shape[:2]).astype(np.float32)[:, :, None]
    return np.clip(picture.astype(np.float32) + grain, 0, 255).astype(np.uint8)


def paper_tone(picture: Picture, random: np.random.Generator, darkest: float) -> Picture:
    """Paper is not white, nor ink black."""
    white, black = float(random.uniform(darkest, 1.0)) * 255, float(random.uniform(0, 35))
    tint = np.array([1.0, random.uniform(0.97, 1.0), random.uniform(0.92, 1.0)], dtype=np.float32)
    return np.clip((black + picture.astype(np.float32) * (white - black) / 255) * tint, 0, 255).astype(np.uint8)


def faint(picture: Picture, random: np.random.Generator, strength: float = 1.0) -> Picture:
    """Worn thermal or toner print: the ink fades, more so in bands."""
    height, width = picture.shape[:2]
    bands = cv2.resize(
        random.uniform(0.0, 0.3, (14, 2)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    fade = (float(random.uniform(0.3, 0.6)) + bands)[:, :, None] * strength
    return np.clip(picture + (255 - picture.astype(np.float32)) * fade, 0, 255).astype(np.uint8)


def shine_through(picture: Picture, other: Picture, random: np.random.Generator) -> Picture:
    back = cv2.resize(other[:, ::-1], (picture.shape[1], picture.shape[0]))
    ghost = 255 - (255 - cv2.GaussianBlur(back, (0, 0), 3).astype(np.float32)) * float(random.uniform(0.08, 0.18))
    return (picture.astype(np.float32) * ghost / 255).astype(np.uint8)


def side_by_side(sheets: Sequence[Picture], random: np.random.Generator) -> Picture:
    """Slips laid out beside each other, not quite level, on one white sheet."""
    gap = int(0.12 * sheets[0].shape[1])
    turned = [
        turn_slightly(
            np.pad(sheet, ((gap, gap), (gap, gap), (0, 0)), constant_values=255), float(random.uniform(-2, 2)), 255
        )
        for sheet in sheets
    ]
    height = max(sheet.shape[0] for sheet in turned) + gap
    placed = []
    for sheet in turned:
        top = int(random.integers(0, height - sheet.shape[0] + 1))
        placed.append(np.pad(sheet, ((top, height - sheet.shape[0] - top), (0, 0), (0, 0)), constant_values=255))
    return np.concatenate(placed, axis=1)


def multiply(picture: Picture, layer: Image.Image) -> Picture:
    return (picture.astype(np.float32) * np.asarray(layer.convert("RGB"), dtype=np.float32) / 255).astype(np.uint8)


def stamp(picture: Picture, random: np.random.Generator, dpi: int) -> Picture:
    """A rubber stamp in coloured ink, turned, anywhere on the page."""
    height, width = picture.shape[:2]
    letters = font("DejaVu Sans:bold", max(12, int(0.2 * dpi)))
    month = random.choice(("JAN", "MAR", "JUN", "SEP", "NOV"))
    text = f"{random.choice(STAMPS)}\n{random.integers(1, 29):02} {month} 20{random.integers(23, 27)}"
    ink = tuple(int(c) for c in ((170, 40, 50), (40, 60, 160), (60, 60, 60), (40, 120, 70))[random.integers(0, 4)])
    size = (int(1.9 * dpi), int(0.75 * dpi))
    plate = Image.new("RGBA", size, (255, 255, 255, 0))
    draw = ImageDraw.Draw(plate)
    draw.rectangle((3, 3, size[0] - 4, size[1] - 4), outline=(*ink, 190), width=max(2, dpi // 60))
    draw.multiline_text((size[0] / 2, size[1] / 2), text, font=letters, fill=(*ink, 190), anchor="mm", align="center")
    plate = plate.rotate(float(random.uniform(-25, 25)), expand=True)
    layer = Image.new("RGB", (width, height), "white")
    place = (
        int(random.uniform(0.05, 0.95) * max(1, width - plate.width)),
        int(random.uniform(0.08, 0.85) * max(1, height - plate.height)),
    )
    layer.paste(plate, place, plate)
    return multiply(picture, layer)


def pen(picture: Picture, random: np.random.Generator, dpi: int) -> Picture:
    """A tick, a ring or a signature in pen."""
    layer = np.full_like(picture, 255)
    height, width = picture.shape[:2]
    ink = [(30, 40, 150), (20, 20, 20), (170, 30, 40)][random.integers(0, 3)]
    thick = max(2, dpi // 90)
    for _ in range(int(random.integers(1, 4))):
        x, y = int(random.uniform(0.1, 0.8) * width), int(random.uniform(0.1, 0.9) * height)
        kind = random.integers(0, 3)
        if kind == 0:
            cv2.polylines(
                layer,
                [np.array([(x, y), (x + dpi // 14, y + dpi // 9), (x + dpi // 4, y - dpi // 6)])],
                False,
                ink,
                thick,
                cv2.LINE_AA,
            )
        elif kind == 1:
            cv2.ellipse(
                layer, (x, y), (dpi // 2, dpi // 7), float(random.uniform(-8, 8)), 10, 365, ink, thick, cv2.LINE_AA
            )
        else:
            steps = np.arange(24)
            wave = np.stack([x + steps * dpi / 28, y + np.cumsum(random.normal(0, dpi / 22, 24))], axis=1).astype(
                np.int32
            )
            cv2.polylines(layer, [wave], False, ink, thick, cv2.LINE_AA)
    return (picture.astype(np.float32) * layer / 255).astype(np.uint8)


def fold(picture: Picture, random: np.random.Generator) -> Picture:
    """One or two creases: a shade on one side, a bright line in it."""
    height, width = picture.shape[:2]
    out = picture.astype(np.float32)
    for _ in range(int(random.integers(1, 3))):
        is_across = random.random() < 0.6
        length = height if is_across else width
        centre = float(random.uniform(0.25, 0.75)) * length
        distance = np.arange(length, dtype=np.float32) - centre
        shade = 1 - float(random.uniform(0.05, 0.14)) * np.exp(-np.clip(distance, 0, None) / (0.03 * length)) * (
            distance >= 0
        )
        line = np.exp(-((distance / 2.2) ** 2)) * float(random.uniform(8, 38))
        shape = (-1, 1, 1) if is_across else (1, -1, 1)
        out = out * shade.reshape(shape) + line.reshape(shape)
    return np.clip(out, 0, 255).astype(np.uint8)


def punch(picture: Picture, random: np.random.Generator, dpi: int) -> Picture:
    out = picture.copy()
    height = out.shape[0]
    x, shade = int(0.45 * dpi), int(random.choice((25, 70, 235)))
    for offset in (-1.575, 1.575) if random.random() < 0.7 else (-4.72, -1.575, 1.575, 4.72):
        cv2.circle(out, (x, int(height / 2 + offset * dpi)), int(0.12 * dpi), (shade, shade, shade), -1, cv2.LINE_AA)
    return out


def streaks(picture: Picture, random: np.random.Generator) -> Picture:
    """Dust on the glass of a sheet-fed scanner."""
    out = picture.astype(np.float32)
    for _ in range(int(random.integers(1, 4))):
        x = int(random.uniform(0.05, 0.95) * out.shape[1])
        out[:, x : x + int(random.integers(1, 4))] *= float(random.uniform(0.45, 0.85))
    return out.astype(np.uint8)


def bend(picture: Picture, random: np.random.Generator) -> Picture:
    """Paper that does not lie flat: lines of text become waves."""
    height, width = picture.shape[:2]
    swing = float(random.uniform(0.004, 0.012)) * height
    waves, phase = float(random.uniform(0.6, 1.3)), float(random.uniform(0, 6.28))
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    shift = swing * np.sin(xs / width * np.pi * 2 * waves + phase)
    squeeze = 0.008 * width * np.sin(ys / height * np.pi * 2 * waves)
    return cv2.remap(
        picture,
        xs + squeeze.astype(np.float32),
        ys + shift.astype(np.float32),
        cv2.INTER_LINEAR,
        borderValue=(250, 250, 250),
    )


def onto_table(picture: Picture, random: np.random.Generator) -> Picture:
    """The page seen in perspective, on a table of some colour and grain."""
    height, width = picture.shape[:2]
    room_x, room_y = float(random.uniform(1.06, 1.3)), float(random.uniform(1.05, 1.2))
    table_width, table_height = int(width * room_x), int(height * room_y)
    if width / height < 0.5:  # a till roll is not photographed in its own shape
        table_width = int(max(table_width, table_height * 0.62))
    left, top = (table_width - width) / 2, (table_height - height) / 2
    corners = np.array(
        [[left, top], [left + width, top], [left + width, top + height], [left, top + height]], dtype=np.float32
    )
    jitter = random.uniform(-0.03, 0.03, (4, 2)) * np.array([width, height])
    angle = np.deg2rad(random.uniform(-4, 4))
    centre = corners.mean(axis=0)
    spin = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    onto = ((corners - centre) @ spin.T + centre + jitter).astype(np.float32)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(source, onto)
    table = background(table_height, table_width, random)
    paper = cv2.warpPerspective(picture, matrix, (table_width, table_height), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full((height, width), 255, np.uint8), matrix, (table_width, table_height))
    edge = cv2.GaussianBlur(mask, (0, 0), 1.2).astype(np.float32)[:, :, None] / 255
    shadow = 1 - 0.45 * cv2.GaussianBlur(np.roll(mask, (9, 7), (0, 1)), (0, 0), 14).astype(np.float32)[:, :, None] / 255
    return (paper * edge + table * shadow * (1 - edge)).astype(np.uint8)


def background(height: int, width: int, random: np.random.Generator) -> Picture:
    base = np.array(
        [(96, 74, 58), (60, 62, 66), (150, 140, 125), (120, 92, 60), (205, 203, 198), (40, 52, 74)][
            random.integers(0, 6)
        ],
        dtype=np.float32,
    )
    grain = cv2.resize(random.normal(0, 1, (height // 6 + 1, width // 90 + 1)).astype(np.float32), (width, height))
    if random.random() < 0.5:
        grain = grain.mean(axis=1, keepdims=True) + 0.3 * random.normal(0, 1, (height, width)).astype(np.float32)
    return np.clip(base + 9 * grain[:, :, None], 0, 255)


def light(picture: Picture, random: np.random.Generator) -> Picture:
    """Light from one side, and often the shadow of the hand or the telephone."""
    height, width = picture.shape[:2]
    xs, ys = np.meshgrid(np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32))
    angle = random.uniform(0, 6.28)
    field = 1 - float(random.uniform(0.05, 0.25)) * (0.5 + 0.5 * (xs * np.cos(angle) + ys * np.sin(angle)))
    if random.random() < 0.5:
        edge = xs * np.cos(angle + 1) + ys * np.sin(angle + 1) - float(random.uniform(-0.3, 0.6))
        field *= 1 - float(random.uniform(0.2, 0.42)) / (1 + np.exp(-edge * float(random.uniform(8, 40))))
    return np.clip(picture * field[:, :, None], 0, 255).astype(np.uint8)


def glare(picture: Picture, random: np.random.Generator) -> Picture:
    """A lamp's reflection: bright, with what stands below it washed out but not gone."""
    height, width = picture.shape[:2]
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    x, y = float(random.uniform(0.2, 0.8)) * width, float(random.uniform(0.1, 0.9)) * height
    spot = np.exp(-(((xs - x) / (0.16 * width)) ** 2 + ((ys - y) / (0.1 * height)) ** 2)) * float(
        random.uniform(0.3, 0.6)
    )
    return np.clip(picture + (255 - picture.astype(np.float32)) * spot[:, :, None], 0, 255).astype(np.uint8)


def cast(picture: Picture, random: np.random.Generator) -> Picture:
    """The light's colour, and the exposure."""
    tint = np.array(
        [(1.0, 0.95, 0.83), (0.92, 0.98, 1.0), (1.0, 1.0, 0.97), (0.98, 1.0, 0.93)][random.integers(0, 4)],
        dtype=np.float32,
    )
    return np.clip(picture.astype(np.float32) * tint * float(random.uniform(0.78, 1.08)), 0, 255).astype(np.uint8)
