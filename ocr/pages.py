"""File → pages: what kind of file it is, its text layers, and upright pictures of the pages that have none.

Everything here meets hostile bytes and therefore runs in a child process that can be killed (`ocr.child`).
"""

import math
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import pypdfium2 as pdfium
from PIL import Image, UnidentifiedImageError

from ocr import textlayer
from ocr.einvoice import MAX_XML_BYTES, Attached, looks_like_xml, read_attached, read_e_invoice
from ocr.engines.base import Image as Pixels
from ocr.errors import (
    CorruptFileError,
    EInvoiceError,
    EmptyFileError,
    EncryptedFileError,
    OcrError,
    PixelBudgetError,
    TooManyPagesError,
    UnsupportedFileError,
)
from ocr.fields import derive_fields
from ocr.types import Method, Page, Word

HEAD_BYTES = 1024
XML = "application/xml"
JPEG_QUALITY = 82  # of pictures for people: no ringing around letters at this size
RENDER_DPI = 200  # enough for RapidOCR, which shrinks an A4 page to 2,000 pixels
LONGEST_SIDE = 5000  # pixels of the picture that is handed to the engine
MAX_PIXELS = 60_000_000  # A4 at 600 DPI has 35 million
MAX_JPEG_PIXELS = 200_000_000  # a JPEG is shrunk while it is decoded
MAX_PROGRESSIVE_PIXELS = 110_000_000  # but a progressive one is held whole, in up to six bytes a pixel
MAX_SIDE = 30_000  # pixels
MAX_PAGE_POINTS = 14_400  # PDF's own limit for a side
EXIF_ORIENTATION = 0x0112
EXIF_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
T = TypeVar("T")
Image.MAX_IMAGE_PIXELS = None  # our own limits are checked before anything is decoded


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page before it is read. Of an image page (an image file, or a scan in a PDF) width and height are pixels and
    dpi is its resolution where the file tells; any other page has none, and is measured in points."""

    width: int
    height: int
    dpi: float | None
    is_image: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright page that has to be recognised. number: from 1. turned: degrees clockwise by EXIF."""

    number: int
    pixels: Pixels
    dpi: float | None
    turned: int = 0


class OpenFile(Protocol):
    """An opened file, page by page."""

    media_type: str
    page_count: int

    def facts(self, number: int) -> PageFacts: ...

    def load(self, number: int) -> Page | Picture:
        """Page `number` (from 1): read, where it has a text layer of its own, else its picture."""
        ...

    def picture(self, number: int) -> Page | Picture:
        """Page `number` (from 1) as its picture, whatever text layer it has."""
        ...

    def render(self, number: int, width: int, turned: int, paper: Sequence[float] = ()) -> Image.Image:
        """A picture of the page for people, `width` pixels wide, turned clockwise by `turned` degrees; of the sheet
        within `paper` (as `ocr.types.Page` has it) alone, where that is given."""
        ...

    def attached(self) -> Attached:
        """The e-invoices in the file."""
        ...

    def close(self) -> None: ...


def save(picture: Image.Image, target: Path) -> None:
    """In the format of the target's suffix: quickly, and as JPEG small enough to travel (a quarter of a scan's PNG)."""
    if target.suffix == ".jpg":
        picture.convert("RGB").save(target, quality=JPEG_QUALITY, subsampling=0)
    else:
        picture.save(target, compress_level=1)


def detect_media_type(head: bytes) -> str | None:
    """The type by the first bytes of a file (1,024 are enough); None for anything that is not read here."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "image/tiff"
    if head.lstrip(b"\xef\xbb\xbf \t\r\n\f\0").startswith(b"%PDF-"):
        return "application/pdf"
    return XML if looks_like_xml(head) else None


def open_file(path: Path, max_pages: int) -> OpenFile:
    """Opens a file by its content, never by its name. Raises a subclass of InvalidFileError."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise EmptyFileError
    media_type = detect_media_type(head)
    if media_type is None:
        raise UnsupportedFileError
    opened: OpenFile
    if media_type == XML:
        opened = XmlFile(path)
    else:
        opened = PdfFile(path) if media_type == "application/pdf" else ImageFile(path, media_type, max_pages)
    if opened.page_count > max_pages:
        opened.close()
        raise TooManyPagesError(max_pages)
    return opened


class PdfFile:
    media_type = "application/pdf"

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._pdf = pdfium.PdfDocument(path)
            self.page_count = len(self._pdf)
        except pdfium.PdfiumError as error:
            if "password" in str(error).lower() or "security" in str(error).lower():
                raise EncryptedFileError from error
            raise CorruptFileError from error
        if self.page_count == 0:
            raise CorruptFileError("it has no pages")

    def facts(self, number: int) -> PageFacts:
        page = self._page(number)
        width, height = page.get_size()
        dpi = textlayer.scan_resolution(page)
        if dpi is None or textlayer.is_trustworthy(page, textlayer.read_words(page)):
            return PageFacts(round(width), round(height), None, is_image=False)
        scale = dpi / textlayer.POINTS_PER_INCH
        return PageFacts(round(width * scale), round(height * scale), dpi, is_image=True)

    def load(self, number: int) -> Page | Picture:
        page = self._page(number)
        words = textlayer.read_words(page)
        if textlayer.is_trustworthy(page, words):
            width, height = page.get_size()
            return Page(number, width, height, tuple(_on_page(words, width, height)), Method.TEXT_LAYER, "pdfium")
        return self.picture(number)

    def picture(self, number: int) -> Picture:
        page = self._page(number)
        scale = self._scale(page, RENDER_DPI / textlayer.POINTS_PER_INCH, LONGEST_SIDE)
        picture = page.render(scale=scale, rev_byteorder=True).to_pil()
        return Picture(number, _pixels(picture), scale * textlayer.POINTS_PER_INCH)

    def render(self, number: int, width: int, turned: int, paper: Sequence[float] = ()) -> Image.Image:
        page = self._page(number)
        scale = self._scale(page, width / min(page.get_size()), 4 * width)
        return _shown(_flat(page.render(scale=scale, rev_byteorder=True).to_pil(), paper), width, turned)

    def attached(self) -> Attached:
        return read_attached(self._pdf, self._path)

    def close(self) -> None:
        self._pdf.close()

    def _page(self, number: int) -> pdfium.PdfPage:
        try:
            page = self._pdf[number - 1]
        except pdfium.PdfiumError as error:
            raise CorruptFileError(f"page {number} is damaged") from error
        width, height = page.get_size()
        if not (0 < width <= MAX_PAGE_POINTS and 0 < height <= MAX_PAGE_POINTS):
            raise PixelBudgetError(round(width), round(height))
        return page

    def _scale(self, page: pdfium.PdfPage, scale: float, longest: int) -> float:
        return min(scale, longest / max(page.get_size()))


class XmlFile:
    """An e-invoice that came by itself. Its pages are set out from its values (`ocr.einvoice.sheet`)."""

    media_type = XML

    def __init__(self, path: Path) -> None:
        from ocr.einvoice import sheet  # OpenCV is slow to import, and needed for these files alone

        if path.stat().st_size > MAX_XML_BYTES:
            raise EInvoiceError("too-large")
        document = read_e_invoice(path.read_bytes(), any_profile=True)
        document = replace(document, fields=derive_fields(dict(document.fields), document.kind, paid=False))
        self._sheet, self._document = sheet.compose(document)
        self._pages = self._sheet.pages()
        self.page_count = len(self._pages)

    def facts(self, number: int) -> PageFacts:
        page = self._pages[number - 1]
        return PageFacts(round(page.width), round(page.height), None, is_image=False)

    def load(self, number: int) -> Page:
        return self._pages[number - 1]

    picture = load

    def render(self, number: int, width: int, turned: int, paper: Sequence[float] = ()) -> Image.Image:
        return _shown(Image.fromarray(self._sheet.draw(number, width)), width, turned)

    def attached(self) -> Attached:
        """The invoice itself, with the places of its values."""
        return Attached((self._document,))

    def close(self) -> None:
        pass


def _on_page(words: list[Word], width: float, height: float) -> list[Word]:
    """Without the words that lie outside the page, where nobody sees them."""
    return [w for w in words if 0 <= (w.left + w.right) / 2 <= width and 0 <= (w.top + w.bottom) / 2 <= height]


class ImageFile:
    """A JPEG, a PNG, or a TIFF of one or more frames. Only a TIFF has pages: the second picture of a JPEG is a preview
    or a map of its highlights, that of a PNG an animation's."""

    def __init__(self, path: Path, media_type: str, max_pages: int) -> None:
        self.media_type = media_type
        self._image = _guard(lambda: Image.open(path, formats=("JPEG", "PNG", "TIFF")))
        self.page_count = _guard(lambda: _count_frames(self._image, max_pages)) if media_type == "image/tiff" else 1

    def facts(self, number: int) -> PageFacts:
        self._seek(number)
        width, height = self._image.size
        return PageFacts(width, height, declared_dpi(self._image), is_image=True)

    def load(self, number: int) -> Picture:
        picture, turned = self._upright(number, LONGEST_SIDE)
        dpi = declared_dpi(self._image)
        shrunk = max(picture.size) / max(self._declared_size)
        return Picture(number, _pixels(picture), dpi * shrunk if dpi else None, turned)

    picture = load

    def render(self, number: int, width: int, turned: int, paper: Sequence[float] = ()) -> Image.Image:
        picture, turned_by_exif = self._upright(number, 4 * width)
        return _shown(_flat(picture, paper), width, (turned - turned_by_exif) % 360)

    def attached(self) -> Attached:
        return Attached()

    def close(self) -> None:
        self._image.close()

    def _upright(self, number: int, longest: int) -> tuple[Image.Image, int]:
        """The frame in 8-bit grey or colour, turned as its EXIF says, its long side at most `longest` pixels; and the
        degrees clockwise by which it was turned."""
        self._seek(number)
        self._declared_size = self._image.size
        orientation = _guard(lambda: self._image.getexif().get(EXIF_ORIENTATION, 1))
        picture = _guard(lambda: self._decode(longest))
        if orientation in EXIF_TURNS:
            picture = picture.transpose(EXIF_TURNS[orientation])
        if max(picture.size) > longest:
            picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
        return picture, {3: 180, 6: 90, 8: 270}.get(orientation, 0)

    def _decode(self, longest: int) -> Image.Image:
        if self.media_type == "image/jpeg":
            shrunk = min(1.0, longest / max(self._image.size))
            width, height = self._image.size
            self._image.draft(None, (math.ceil(width * shrunk), math.ceil(height * shrunk)))
        self._image.load()
        return to_eight_bits(self._image)

    def _seek(self, number: int) -> None:
        if self.page_count > 1:
            _guard(lambda: self._image.seek(number - 1))
        width, height = self._image.size
        if width * height > self._pixel_budget() or max(width, height) > MAX_SIDE:
            raise PixelBudgetError(width, height)

    def _pixel_budget(self) -> int:
        if self.media_type != "image/jpeg":
            return MAX_PIXELS
        return MAX_PROGRESSIVE_PIXELS if self._image.info.get("progressive") else MAX_JPEG_PIXELS


def _count_frames(image: Image.Image, most: int) -> int:
    """The pages of a TIFF, or `most` + 1 for any larger number: a chain of frames may be endless."""
    for number in range(1, most + 1):  # one by one: Pillow miscounts when it is sent too far
        try:
            image.seek(number)
        except EOFError:
            return number
    return most + 1


def _flat(picture: Image.Image, paper: Sequence[float]) -> Image.Image:
    if not paper:
        return picture
    from ocr.paper import flatten  # OpenCV is slow to import, and needed for photographs alone

    return Image.fromarray(flatten(_pixels(picture), paper))


def _shown(picture: Image.Image, width: int, turned: int) -> Image.Image:
    upright = picture.rotate(-turned, expand=True) if turned else picture
    size = (width, max(1, round(upright.height * width / upright.width)))
    return upright.convert("RGB").resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _guard(work: Callable[[], T]) -> T:
    """`work`, with all that Pillow's decoders raise on damaged files turned into one error."""
    try:
        return work()
    except OcrError:
        raise
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        TypeError,
        KeyError,
        IndexError,
    ) as error:
        raise CorruptFileError from error
    except (struct.error, zlib.error, OverflowError, ZeroDivisionError, AttributeError) as error:
        raise CorruptFileError from error


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Any mode as 8-bit grey (L) or colour (RGB): 16-bit values are scaled, not clipped; transparent is white."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = image if image.mode in ("I;16", "F") else image.convert("I")
        top = 65535 if _largest(values) > 255 else 255
        return values.point(lambda value: value * (255 / top)).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        paper = Image.new("RGB", coloured.size, "white")
        paper.paste(coloured, mask=coloured.getchannel("A"))
        return paper
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _largest(values: Image.Image) -> float:
    return float(values.getextrema()[1])  # type: ignore[arg-type]  # one band


def declared_dpi(image: Image.Image) -> float | None:
    """The resolution that the file declares, where it is one: 72 and 96 are what programs write that know none."""
    dpi = image.info.get("dpi")
    try:
        value = float(min(dpi)) if dpi else 0.0
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return value if value > 96 and value <= 2400 else None


def _pixels(picture: Image.Image) -> Pixels:
    if picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    return np.asarray(picture, dtype=np.uint8)
