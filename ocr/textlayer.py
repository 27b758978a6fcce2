"""The text layer of a PDF page: words with boxes, and whether the layer can be trusted.

Characters and their loose boxes come from PDFium; words are split here, by white space and by gaps.
"""

import ctypes
import math
import unicodedata
from collections.abc import Sequence

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ocr.types import Word

GAP = 0.25  # of the character's height: a wider gap separates words
LINE_SHIFT = 0.6  # of the character's height: a larger vertical step starts a new line
UPRIGHT_ANGLE = 0.2  # radians: text turned further is a note in the margin, not a line to read
MIN_WORDS = 5  # fewer on a page: a stamp or a page number, not a layer
MIN_WORDS_OVER_IMAGE = 40  # fewer over a picture of the page: a stamp or a header on a scan
IMAGE_COVER = 0.5  # share of the page above which pictures are taken for a scan of it
GARBAGE = 0.1  # share of unusable characters above which the font's map is broken
MIN_VOWELS = 0.2  # share of the Latin letters; 0.32-0.43 on 135 real pages, under 0.15 where letters are shifted
MIN_LETTERS = 100  # fewer say nothing about vowels
VOWELS = frozenset("aeiouy")
INVISIBLE_MODE = 3  # text render mode of the layer that scanning software puts under its picture
SOFT_HYPHENS = {0x02, 0xAD, 0xFFFE}
LIGATURES = {"ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl"}

Box = tuple[float, float, float, float]
POINTS_PER_INCH = 72


def read_words(page: pdfium.PdfPage) -> list[Word]:
    """The upright words of a page in points from its top left corner, `run` numbering the layer's own lines."""
    text_page = page.get_textpage()
    try:
        return _Splitter(page, text_page).words()
    finally:
        text_page.close()


class _Splitter:
    """Walks through the characters once and cuts them into words."""

    def __init__(self, page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> None:
        self._count = text_page.count_chars()
        self._text = text_page.raw
        self._rotation = page.get_rotation()
        self._left, self._bottom, self._right, self._top = shown_box(page)
        self._rectangle = raw.FS_RECTF()
        self._target = ctypes.byref(self._rectangle)
        self._found: list[Word] = []
        self._letters: list[str] = []
        self._boxes: list[Box] = []
        self._run = 0
        self._last: Box | None = None
        self._line_ended = False  # as PDFium would have it

    def words(self) -> list[Word]:
        for index in range(self._count):
            code = raw.FPDFText_GetUnicode(self._text, index)
            letter = chr(code) if code else " "
            if code in SOFT_HYPHENS:
                continue
            if letter in "\r\n" and raw.FPDFText_IsGenerated(self._text, index):
                self._line_ended = True
                continue
            if letter.isspace():
                self._finish()
                self._run += letter in "\r\n"
                continue
            box = self._box(index)
            if box is None or ((self._line_ended or not self._letters) and self._is_turned(index)):
                continue
            if self._line_ended:
                self._begin_line(box)
            self._part_from(box)
            self._last = box
            self._letters.append(LIGATURES.get(letter, letter))
            self._boxes.append(box)
        self._finish()
        return self._found

    def _box(self, index: int) -> Box | None:
        if not raw.FPDFText_GetLooseCharBox(self._text, index, self._target):
            return None
        r = self._rectangle
        left, bottom, right, top = r.left, r.bottom, r.right, r.top
        if left > right:
            left, right = right, left
        if bottom > top:
            bottom, top = top, bottom
        box = self._upright(left, bottom, right, top)
        return box if box[3] > box[1] else None

    def _upright(self, left: float, bottom: float, right: float, top: float) -> Box:
        """From PDF user space to the page as it is shown, origin top left."""
        if self._rotation == 90:
            return (bottom - self._bottom, left - self._left, top - self._bottom, right - self._left)
        if self._rotation == 180:
            return (self._right - right, bottom - self._bottom, self._right - left, top - self._bottom)
        if self._rotation == 270:
            return (self._top - top, self._right - right, self._top - bottom, self._right - left)
        return (left - self._left, self._top - top, right - self._left, self._top - bottom)

    def _is_turned(self, index: int) -> bool:
        """Whether the line that a letter stands on is turned. Slanted letters stand on a level line all the same."""
        matrix = raw.FS_MATRIX()
        if not raw.FPDFText_GetMatrix(self._text, index, ctypes.byref(matrix)):
            return False
        shown = (math.atan2(matrix.b, matrix.a) - math.radians(self._rotation)) % math.tau
        return min(shown, math.tau - shown) > UPRIGHT_ANGLE

    def _begin_line(self, box: Box) -> None:
        """A new line, where PDFium saw one end: unless the letter goes on where the last one stopped. Of a page with
        little text PDFium may end a line behind each letter."""
        self._line_ended = False
        last = self._last
        if last is not None:
            height = max(last[3] - last[1], 1e-6)
            if abs(box[1] - last[1]) <= LINE_SHIFT * height and -1 <= box[0] - last[2] <= height:
                return
        self._finish()
        self._run += 1

    def _part_from(self, box: Box) -> None:
        """Ends the word where `box` does not continue it."""
        if not self._boxes:
            return
        last = self._boxes[-1]
        height = max(last[3] - last[1], 1e-6)
        if abs(box[1] - last[1]) > LINE_SHIFT * height and abs(box[3] - last[3]) > LINE_SHIFT * height:
            self._finish()
            self._run += 1
        elif box[0] - last[2] > GAP * height or box[0] < last[0] - 1:
            self._finish()

    def _finish(self) -> None:
        if self._letters:
            text = unicodedata.normalize("NFC", "".join(self._letters))
            lefts, tops, rights, bottoms = zip(*self._boxes, strict=True)
            self._found.append(Word(text, min(lefts), min(tops), max(rights), max(bottoms), 1.0, self._run))
            self._letters, self._boxes = [], []


def shown_box(page: pdfium.PdfPage) -> Box:
    """Left, bottom, right and top of what is shown of a page, in PDF user space: the crop box inside the media box."""
    media, crop = page.get_mediabox(), page.get_cropbox()
    left, bottom = max(media[0], crop[0]), max(media[1], crop[1])
    right, top = min(media[2], crop[2]), min(media[3], crop[3])
    return (left, bottom, right, top) if right > left and top > bottom else tuple(media)


def is_trustworthy(page: pdfium.PdfPage, words: Sequence[Word]) -> bool:
    """Whether the words are the page's own text: not a stamp on a scan, not the guess of scanning software, not the
    noise of a font without a character map."""
    if len(words) < MIN_WORDS or _is_garbage(words):
        return False
    if scan_resolution(page) is None:
        return True
    return len(words) >= MIN_WORDS_OVER_IMAGE and not _is_invisible(page)


def _is_garbage(words: Sequence[Word]) -> bool:
    """Whether the font's map to characters is broken: signs that nobody prints, or letters that are no language's."""
    text = "".join(word.text for word in words)
    unusable = sum(unicodedata.category(letter) in ("Co", "Cn", "Cc", "Cs") or letter == "\ufffd" for letter in text)
    if unusable > GARBAGE * len(text):
        return True
    latin = [letter for letter in unicodedata.normalize("NFD", text).lower() if "a" <= letter <= "z"]
    return len(latin) >= MIN_LETTERS and sum(letter in VOWELS for letter in latin) < MIN_VOWELS * len(latin)


def scan_resolution(page: pdfium.PdfPage) -> float | None:
    """Pixels per inch of the picture, or the strips of it, that cover most of the page: a scan. None if there is none.

    Of several that are about as large, such as the letters and the paper behind them, the finest counts.
    """
    pictures = []  # (square points, square pixels): their ratio does not depend on how a picture is turned
    for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        left, bottom, right, top = image.get_bounds()
        width, height = image.get_px_size()
        if right > left and top > bottom:
            pictures.append(((right - left) * (top - bottom), width * height))
    if sum(area for area, _ in pictures) < IMAGE_COVER * page.get_width() * page.get_height():
        return None
    largest = max(area for area, _ in pictures)
    return POINTS_PER_INCH * max(math.sqrt(pixels / area) for area, pixels in pictures if 2 * area >= largest)


def _is_invisible(page: pdfium.PdfPage) -> bool:
    texts = list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=3))
    hidden = sum(raw.FPDFTextObj_GetTextRenderMode(text) == INVISIBLE_MODE for text in texts)
    return bool(texts) and 2 * hidden > len(texts)
