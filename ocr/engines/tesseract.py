"""Tesseract through pytesseract: the fallback, and the only engine on small machines."""

import shutil
from collections.abc import Sequence

import pytesseract
from PIL import Image as Pictures

from ocr.engines.base import Image
from ocr.errors import EngineUnavailableError, ReadTimeoutError
from ocr.types import Word

A4_DPI = 300  # assumed where none is known: without a resolution Tesseract loses a tenth of the amounts on A4
STRIP_SHAPE = 2.0  # height over width above which a page is read as one block (psm 6), like a till receipt
PAGE_MODE, STRIP_MODE = 3, 6


class TesseractEngine:
    name = "tesseract"

    def __init__(self, languages: Sequence[str] = ("eng",), page_seconds: float = 30.0) -> None:
        if not shutil.which("tesseract"):
            raise EngineUnavailableError("tesseract", "the program tesseract is not installed")
        installed = set(pytesseract.get_languages())
        self._languages = "+".join(language for language in languages if language in installed) or "eng"
        self._seconds = page_seconds

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        picture = Pictures.fromarray(image)
        picture.format = "PPM"  # handed over uncompressed: as PNG the hand-over costs as much as the reading
        mode = STRIP_MODE if image.shape[0] > STRIP_SHAPE * image.shape[1] else PAGE_MODE
        try:
            table = pytesseract.image_to_data(
                picture,
                lang=self._languages,
                config=f"--oem 1 --psm {mode} --dpi {round(dpi or A4_DPI)}",
                timeout=self._seconds,
                output_type=pytesseract.Output.DICT,
            )
        except RuntimeError as error:
            raise ReadTimeoutError(self._seconds) from error
        return [_word(table, row) for row in range(len(table["text"])) if table["text"][row].strip()]


def _word(table: dict[str, list], row: int) -> Word:
    left, top = float(table["left"][row]), float(table["top"][row])
    return Word(
        text=table["text"][row].strip(),
        left=left,
        top=top,
        right=left + float(table["width"][row]),
        bottom=top + float(table["height"][row]),
        confidence=min(1.0, max(0.0, float(table["conf"][row]) / 100)),
        run=(table["block_num"][row] * 1000 + table["par_num"][row]) * 1000 + table["line_num"][row],
    )
