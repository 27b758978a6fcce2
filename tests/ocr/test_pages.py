"""Files of every kind and mode become upright 8-bit pages, or a clear error."""

import io
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ocr import Reader, ReaderOptions
from ocr.errors import (
    CorruptFileError,
    EmptyFileError,
    InvalidFileError,
    PixelBudgetError,
    TooManyPagesError,
    UnsupportedFileError,
)
from ocr.pages import ImageFile, Picture, detect_media_type, open_file
from ocr.types import Method, Page
from tests import hostile
from tests.documents import make_pdf


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def half_black(size: tuple[int, int] = (60, 80), mode: str = "RGB") -> Image.Image:
    """White, its upper half black."""
    image = Image.new("L", size, 255)
    image.paste(0, (0, 0, size[0], size[1] // 2))
    return image.convert(mode)


def load(path: Path, number: int = 1) -> Picture:
    loaded = open_file(path, max_pages=50).load(number)
    assert isinstance(loaded, Picture)
    return loaded


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"GIF89a", None),
        (b"<html>%PDF-1.4", None),
        (b"PK\x03\x04", None),
        (b"", None),
    ],
)
def test_the_type_is_told_by_the_content(head: bytes, expected: str | None) -> None:
    assert detect_media_type(head) == expected


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16"])
def test_every_mode_becomes_black_on_white(tmp_path: Path, mode: str) -> None:
    image = half_black(mode="RGB" if mode == "CMYK" else "L")
    image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    pixels = load(saved(tmp_path / "x.tif", image)).pixels
    assert pixels.dtype == np.uint8
    assert pixels[5, 5].max() < 30 and pixels[-5, 5].min() > 225


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    image = Image.fromarray(np.full((40, 40), 32768, dtype=np.uint16))
    assert abs(int(load(saved(tmp_path / "x.tif", image)).pixels[0, 0]) - 128) <= 1


def test_a_sixteen_bit_page_at_600_dpi_fits_into_the_decoders_memory(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.tif", Image.new("I;16", (4960, 7016), 32768), dpi=(600, 600))
    with Reader(ReaderOptions(engine="tests.ocr.engines:FixedEngine")) as reader:
        (page,) = reader.read(path).pages
    assert page.height == 5000 and page.dpi == pytest.approx(600 * 5000 / 7016, rel=0.01)


def test_transparent_is_white_paper(tmp_path: Path) -> None:
    image = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert load(saved(tmp_path / "x.png", image)).pixels.min() == 255


@pytest.mark.parametrize(("orientation", "turned"), [(3, 180), (6, 90), (8, 270)])
def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path, orientation: int, turned: int) -> None:
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "x.jpg", half_black().transpose(back), exif=exif, quality=95)
    picture = load(path)
    assert picture.turned == turned
    assert picture.pixels.shape[:2] == (80, 60)
    assert picture.pixels[5, 30].max() < 40 and picture.pixels[-5, 30].min() > 215


def test_each_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    frames = [Image.new("L", (30 + n, 40), 255) for n in range(3)]
    path = saved(tmp_path / "x.tif", frames[0], save_all=True, append_images=frames[1:])
    opened = open_file(path, max_pages=50)
    assert opened.page_count == 3
    assert [load(path, n).pixels.shape[1] for n in (1, 2, 3)] == [30, 31, 32]


def test_the_frames_of_a_long_tiff_are_not_all_counted(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    path.write_bytes(hostile.tiff_pages(4000))
    started = time.process_time()
    with pytest.raises(TooManyPagesError, match="more than 50 pages"):
        open_file(path, 50)
    assert time.process_time() - started < 0.25  # all of them take three times as long


@pytest.mark.parametrize(("form", "suffix"), [("MPO", "jpg"), ("PNG", "png")])
def test_the_second_picture_of_a_photo_is_no_page(tmp_path: Path, form: str, suffix: str) -> None:
    preview = Image.new("RGB", (30, 40), "red")
    path = saved(tmp_path / f"x.{suffix}", half_black(), format=form, save_all=True, append_images=[preview])
    opened = open_file(path, 50)
    assert opened.page_count == 1
    assert load(path).pixels.shape[:2] == (80, 60)


def test_the_declared_resolution_is_kept_and_what_programs_write_unasked_is_not(tmp_path: Path) -> None:
    declared = open_file(saved(tmp_path / "a.png", half_black(), dpi=(300, 300)), 50).facts(1).dpi
    assert declared == pytest.approx(300, abs=0.1)
    assert open_file(saved(tmp_path / "b.jpg", half_black(), dpi=(72, 72)), 50).facts(1).dpi is None


def test_a_text_layer_is_read_with_its_places(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(make_pdf())
    page = open_file(path, 50).load(1)
    assert isinstance(page, Page) and page.method is Method.TEXT_LAYER
    words = {word.text: word for word in page.words}
    assert words["INV-1042"].left > words["number:"].right
    assert words["Harbour"].top < words["INVOICE"].top < words["58.00"].top
    assert 0 < words["58.00"].bottom < page.height == 842


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyFileError),
        (b"hello", UnsupportedFileError),
        (b"GIF89a" + bytes(100), UnsupportedFileError),
        (b"%PDF-1.4 and nothing more", CorruptFileError),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), CorruptFileError),
        (b"\xff\xd8\xff" + bytes(100), CorruptFileError),
        (b"II*\0" + bytes(100), CorruptFileError),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, error: type[InvalidFileError]) -> None:
    path = tmp_path / "invoice.pdf"
    path.write_bytes(content)
    with pytest.raises(error):
        open_file(path, 50).load(1)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_a_file_cut_short_is_refused(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (200, 200), dtype=np.uint8)
    path = saved(tmp_path / f"x.{suffix}", Image.fromarray(noise))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CorruptFileError):
        open_file(path, 50).load(1)


def bomb(width: int, height: int) -> bytes:
    """A tiny PNG that claims to be huge."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(bomb(50_000, 50_000))
    with pytest.raises(PixelBudgetError):
        open_file(path, 50).load(1)


def test_a_large_picture_is_shrunk_to_what_the_engine_takes(tmp_path: Path) -> None:
    picture = load(saved(tmp_path / "x.jpg", Image.new("L", (9000, 6000), 255), dpi=(600, 600)))
    assert max(picture.pixels.shape) == 5000
    assert picture.dpi == pytest.approx(600 * 5000 / 9000, rel=0.01)


def test_a_wide_photo_is_shrunk_while_it_is_decoded(tmp_path: Path) -> None:
    opened = open_file(saved(tmp_path / "x.jpg", Image.new("L", (12_000, 9000), 255)), 50)
    assert isinstance(opened, ImageFile)
    opened.load(1)
    assert opened._image.size == (6000, 4500)


def test_a_progressive_photo_that_cannot_be_shrunk_is_refused_sooner(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.jpg", Image.new("L", (11_000, 11_000), 255), progressive=True)
    with pytest.raises(PixelBudgetError):
        open_file(path, 50).load(1)


def test_a_rendering_for_people_has_the_width_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(make_pdf())
    assert open_file(path, 50).render(1, 400, turned=0).width == 400
    picture = saved(tmp_path / "x.png", half_black())
    buffer = io.BytesIO()
    open_file(picture, 50).render(1, 100, turned=90).save(buffer, "PNG")
    assert Image.open(buffer).size == (100, 75)
