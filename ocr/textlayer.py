"""The text layer of a PDF page: words with boxes, and whether the layer can be trusted.

Characters and their loose boxes come from PDFium; words are split here, by white space and by gaps.
"""

import ctypes
import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ocr.types import Word

GAP = 0.25  # of the character's height: a wider gap separates words
DOUBLE = 0.15  # of the word's height: no further apart, the same word is drawn twice
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
FEWEST_SPACED = 4  # letters by themselves in a row: a word that is spaced out
LEAST_SPACING, WIDEST_SPACING = 0.08, 0.8  # of the height, between the letters of such a word
LONGEST_PIECE = 2  # letters that may stand together in it, as "AV" does
WORD_SPACE = 0.15  # of the height by which the gap between two such words is wider at least
SOFT_HYPHENS = {0x02, 0xAD, 0xFFFE}
LIGATURES = {"ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi", "ﬄ": "ffl"}

Box = tuple[float, float, float, float]
POINTS_PER_INCH = 72


def read_words(page: pdfium.PdfPage) -> list[Word]:
    """The upright words of a page in points from its top left corner, `run` numbering the layer's own lines."""
    text_page = page.get_textpage()
    try:
        return join_spaced(without_doubles(_Splitter(page, text_page).words()))
    finally:
        text_page.close()


def without_doubles(words: Sequence[Word]) -> list[Word]:
    """Leaves out words that are drawn again where they stand already, as a background that is laid on twice or what is
    made bold by a second stroke."""
    found: list[Word] = []
    standing: dict[str, list[Word]] = defaultdict(list)
    for word in words:
        near = DOUBLE * (word.bottom - word.top)
        if all(abs(word.left - w.left) > near or abs(word.top - w.top) > near for w in standing[word.text]):
            standing[word.text].append(word)
            found.append(word)
    return found


def join_spaced(words: Sequence[Word]) -> list[Word]:
    """Joins the letters of words that are spaced out ("I N V O I C E  N O."), parting them at their wider gaps."""
    found: list[Word] = []
    start = 0
    while start < len(words):
        end = start + 1
        while end < len(words) and _is_spaced(words[end - 1], words[end]):
            end += 1
        part = words[start:end]
        letters = sum(len(word.text) == 1 and word.text.isalpha() for word in part)
        found += _joined(part) if letters >= max(FEWEST_SPACED, len(part) / 2) else part
        start = end
    return found


def _is_spaced(word: Word, follower: Word) -> bool:
    height = word.bottom - word.top
    gap = follower.left - word.right
    is_short = max(len(word.text), len(follower.text)) <= LONGEST_PIECE
    return is_short and word.run == follower.run and 0 < gap < WIDEST_SPACING * height


def _joined(letters: Sequence[Word]) -> Iterator[Word]:
    gaps = [after.left - letter.right for letter, after in pairwise(letters)]
    widest = min(gaps) + WORD_SPACE * (letters[0].bottom - letters[0].top)
    cuts = [0, *(i + 1 for i, gap in enumerate(gaps) if gap > widest), len(letters)]
    for start, end in pairwise(cuts):
        part = letters[start:end]
        yield replace(
            part[0],
            text="".join(letter.text for letter in part),
            top=min(letter.top for letter in part),
            right=part[-1].right,
            bottom=max(letter.bottom for letter in part),
        )


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
        height = max(last[3] - last[1], box[3] - box[1])  # of some fonts' hyphens only the stroke counts
        if abs(box[1] - last[1]) > LINE_SHIFT * height and abs(box[3] - last[3]) > LINE_SHIFT * height:
            self._finish()
            self._run += 1
        elif box[0] < last[0] - 1:
            self._finish()

    def _finish(self) -> None:
        for start, end in pairwise(self._cuts()):
            text = unicodedata.normalize("NFC", "".join(self._letters[start:end]))
            lefts, tops, rights, bottoms = zip(*self._boxes[start:end], strict=True)
            self._found.append(Word(text, min(lefts), min(tops), max(rights), max(bottoms), 1.0, self._run))
        self._letters, self._boxes = [], []

    def _cuts(self) -> list[int]:
        """Where words begin among letters without white space: behind wide gaps, wider ones if all are spaced out."""
        gaps = [box[0] - last[2] for last, box in pairwise(self._boxes)]
        heights = [max(last[3] - last[1], box[3] - box[1]) for last, box in pairwise(self._boxes)]
        widest = GAP
        if len(gaps) > 1 and min(gaps) > LEAST_SPACING * heights[0]:
            widest = max(GAP, min(gaps) / heights[0] + WORD_SPACE)
        inner = [i + 1 for i, gap in enumerate(gaps) if gap > widest * heights[i]]
        return [0, *inner, len(self._letters)] if self._letters else []


def shown_box(page: pdfium.PdfPage) -> Box:
    """Left, bottom, right and top of what is shown of a page, in PDF user space: the crop box inside the media box.

    Not from `get_mediabox`, which takes a page for US Letter when all pages of the file share one box.
    """
    return tuple(page.get_bbox())


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
