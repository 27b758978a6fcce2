"""Pictures on papers: letterheads, marks, bar codes and matrix codes, as data URLs."""

import shutil
import subprocess
from base64 import b64encode
from functools import cache
from io import BytesIO
from random import Random

from PIL import Image, ImageColor, ImageDraw, ImageFont

SIZE = 240  # pixels of a mark's side


def data_url(image: Image.Image) -> str:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + b64encode(buffer.getvalue()).decode()


@cache
def font(family: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The installed font that is nearest to `family` (fontconfig); Pillow's own where fontconfig is missing."""
    match = shutil.which("fc-match")
    if match is None:
        return ImageFont.load_default(size)
    found = subprocess.run([match, "-f", "%{file}", family], capture_output=True, text=True, check=True)
    return ImageFont.truetype(found.stdout, size)


def wordmark(name: str, colour: str, random: Random) -> str:
    """A name as a picture: what a letterhead has where the name is not text."""
    family = random.choice(
        ("Lato Black", "EB Garamond:italic", "Comfortaa:bold", "TeX Gyre Adventor:bold", "Dosis:bold")
    )
    letters = font(family, 110)
    left, top, right, bottom = letters.getbbox(name)
    image = Image.new("RGBA", (int(right - left) + 40, int(bottom - top) + 40), (255, 255, 255, 0))
    ImageDraw.Draw(image).text((20 - left, 20 - top), name, font=letters, fill=ImageColor.getrgb(colour))
    return data_url(image)


def mark(colour: str, random: Random) -> str:
    """A sign without words: shapes in the letterhead's colour."""
    image = Image.new("RGBA", (SIZE, SIZE), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    fill = ImageColor.getrgb(colour)
    style = random.randrange(5)
    if style == 0:
        draw.ellipse((8, 8, SIZE - 8, SIZE - 8), fill=fill)
        for dx, dy, r in ((120, 150, 38), (72, 96, 20), (108, 68, 22), (150, 74, 21), (180, 108, 18)):
            draw.ellipse((dx - r, dy - r, dx + r, dy + r), fill="white")
    elif style == 1:
        draw.rounded_rectangle((10, 10, SIZE - 10, SIZE - 10), 40, outline=fill, width=18)
        draw.polygon([(60, 170), (120, 60), (180, 170)], fill=fill)
    elif style == 2:
        for step in range(5):
            draw.arc((20 + 18 * step, 20 + 18 * step, 220 - 18 * step, 220 - 18 * step), 200 - 30 * step, 480, fill, 9)
    elif style == 3:
        draw.polygon([(120, 10), (225, 75), (225, 170), (120, 230), (15, 170), (15, 75)], fill=fill)
        draw.rectangle((105, 60, 135, 180), fill="white")
        draw.rectangle((60, 105, 180, 135), fill="white")
    else:
        for step in range(4):
            draw.pieslice((20, 20, 220, 220), 90 * step + 8, 90 * step + 70, fill=fill)
    return data_url(image)


def barcode(random: Random) -> str:
    image = Image.new("L", (420, 90), 255)
    draw = ImageDraw.Draw(image)
    x = 10
    while x < 405:
        width = random.choice((2, 2, 4, 6))
        draw.rectangle((x, 4, x + width, 86), fill=0)
        x += width + random.choice((2, 4, 4, 6))
    return data_url(image)


def matrix_code(random: Random) -> str:
    side = 29
    image = Image.new("L", (side, side), 255)
    for x in range(side):
        for y in range(side):
            image.putpixel((x, y), random.choice((0, 255)))
    draw = ImageDraw.Draw(image)
    for x, y in ((0, 0), (side - 7, 0), (0, side - 7)):
        draw.rectangle((x, y, x + 7, y + 7), fill=255)
        draw.rectangle((x, y, x + 6, y + 6), outline=0)
        draw.rectangle((x + 2, y + 2, x + 4, y + 4), fill=0)
    return data_url(image.resize((side * 8, side * 8), Image.Resampling.NEAREST))
