"""The real engines, on the project's own scan."""

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image, ImageDraw, ImageFont
from rapidocr.ch_ppocr_det.utils import DetPreProcess

from ocr import Reader, ReaderOptions
from ocr.engines.base import longest_side
from ocr.engines.rapid import SIZES_KEPT, RapidEngine, TabledPreProcess, WordDecode, without_strange
from tests.ocr.sheets import make_page

SCAN = Path(__file__).resolve().parents[1] / "data" / "vet-invoice-unknown.jpg"


def test_rapidocr_reads_the_scan() -> None:
    with Reader(ReaderOptions(engine="rapidocr")) as reader:
        (document,) = reader.read(SCAN).documents
    assert document.fields["invoice_number"].value == "INV-20977"
    assert str(document.fields["gross_total"].value) == "496.25"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell a process's cores")
def test_an_engine_may_run_on_any_core() -> None:
    """OpenVINO pins to the first cores unless told otherwise: then all workers share them."""
    with Reader(ReaderOptions(engine="rapidocr")) as reader:
        reader.read(SCAN)
        (engine,) = reader._engines
        assert engine.pid is not None
        assert os.sched_getaffinity(engine.pid) == os.sched_getaffinity(0)


def test_the_detector_is_given_what_rapidocr_would_give_it() -> None:
    picture = np.array(Image.open(SCAN.with_name("vet-invoice-photo.jpg")).convert("RGB"))
    settings = (736, "min", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    given, expected = (make(*settings)(picture) for make in (TabledPreProcess, DetPreProcess))
    assert given.dtype == expected.dtype
    assert np.array_equal(given, expected)


def test_a_long_line_on_bent_paper_is_read() -> None:
    text = "Strada Statale 16 km 401 - 71016 San Severo (FG) - Tel. +39 0471 555 872 - P.IVA 82804355593"
    page = Image.new("L", (1700, 600), 255)
    font = ImageFont.load_default(size=28)
    ImageDraw.Draw(page).text((110, 280), text, font=font, fill=0)
    x, y = np.meshgrid(np.arange(1700, dtype=np.float32), np.arange(600, dtype=np.float32))
    bent = cv2.remap(np.asarray(page), x, y + 28 * np.sin(x / 270), cv2.INTER_LINEAR, borderValue=255)
    words = set(text.split())
    read = {word.text for word in RapidEngine().read(np.asarray(bent, dtype=np.uint8), None)}
    assert len(words & read) >= len(words) - 3


def test_widely_set_letters_stay_one_word() -> None:
    assert parted("Paid 7.00", (0, 8, 16, 24, 31, 36, 44, 52, 60)) == ["Paid", "7.00"]
    assert parted("Paid7.00", (0, 8, 16, 24, 48, 56, 64, 72)) == ["Paid", "7.00"]
    assert parted("16/04\uff08Mon\uff09", (0, 2, 4, 6, 8, 11, 13, 15, 17, 19)) == ["16/04(Mon)"]


def parted(text: str, columns: tuple[int, ...]) -> list[str]:
    selection = np.zeros(100, dtype=bool)
    selection[list(columns)] = True
    return ["".join(word) for word in WordDecode.get_word_info(text, selection).words]


def test_a_word_is_as_sure_as_its_own_letters() -> None:
    letters = ["a", "b", "1"]
    index = np.array([[0, 1, 0, 2, 0, 4, 3, 0]])  # 0: the blank, 4: the space
    sure = np.array([[1, 0.9, 1, 0.7, 1, 1, 0.5, 1]])
    _, (info,) = WordDecode(letters).decode(index, sure, return_word_box=True)
    assert info.words == [["a", "b"], ["1"]]
    assert info.confs == pytest.approx([0.8, 0.5])


def test_memory_does_not_grow_with_every_size_of_a_line() -> None:
    recogniser = RapidEngine()._engine.text_rec

    def reserved_after(sizes: range) -> int:
        for width in sizes:
            recogniser.session(np.zeros((1, 3, 48, width), np.float32))
        return psutil.Process().memory_info().data

    kept = reserved_after(range(64, 64 + SIZES_KEPT))
    assert reserved_after(range(64 + SIZES_KEPT, 64 + 2 * SIZES_KEPT)) - kept < 400 * 2**20  # unbounded: twice that


@pytest.mark.skipif(not shutil.which("tesseract"), reason="the program tesseract is not installed")
def test_tesseract_reads_the_scan() -> None:
    with Reader(ReaderOptions(engine="tesseract")) as reader:
        reading = reader.read(SCAN)
    assert reading.pages[0].engine == "tesseract"
    assert "INV-20977" in {word.text for word in reading.pages[0].words}


@pytest.mark.parametrize(("width", "height", "side"), [(2480, 3508, 2000), (900, 4500, 4500), (600, 9000, 5000)])
def test_a_till_receipt_keeps_its_width(width: int, height: int, side: int) -> None:
    assert longest_side(width, height) == side


def test_stars_that_are_read_as_east_asian_signs_are_left_out() -> None:
    page = make_page("\u5173 365 BACON LS NP    4.99\n\u7f8e BROTH CHIC NP    2.19")
    assert [word.text for word in without_strange(list(page.words))][:2] == ["365", "BACON"]


def test_a_page_in_an_east_asian_language_keeps_its_words() -> None:
    words = list(make_page("\u7d0d\u54c1\u66f8 INO-4301").words)
    assert without_strange(words) == words
