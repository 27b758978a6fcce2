"""Which text layers are believed, and where their words stand."""

import io
import re
from collections.abc import Callable

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ocr.textlayer import is_trustworthy, read_words, scan_resolution

WIDTH, HEIGHT = 600, 800
LINES = [f"Line {n} of the invoice with several words on it" for n in range(12)]


def make_page(draw: Callable[[Canvas], None]) -> pdfium.PdfPage:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT))
    draw(canvas)
    canvas.showPage()
    canvas.save()
    return pdfium.PdfDocument(buffer.getvalue())[0]


def draw_scan(canvas: Canvas) -> None:
    picture = Image.fromarray(np.full((80, 60), 200, dtype=np.uint8))
    canvas.drawImage(ImageReader(picture), 0, 0, WIDTH, HEIGHT)


def draw_lines(canvas: Canvas, mode: int = 0) -> None:
    text = canvas.beginText(60, 740)
    text.setTextRenderMode(mode)
    text.setFont("Helvetica", 11)
    text.textLines(LINES)
    canvas.drawText(text)


def trusted(draw: Callable[[Canvas], None]) -> bool:
    page = make_page(draw)
    return is_trustworthy(page, read_words(page))


def test_a_page_of_text_is_believed() -> None:
    assert trusted(draw_lines)


def test_a_stamp_on_a_scan_is_no_text_layer() -> None:
    def draw(canvas: Canvas) -> None:
        draw_scan(canvas)
        canvas.drawString(400, 40, "Received 12 March 2026 by the front desk")

    assert not trusted(draw)


def test_what_scanning_software_guessed_is_not_believed() -> None:
    def draw(canvas: Canvas) -> None:
        draw_scan(canvas)
        draw_lines(canvas, mode=3)

    assert not trusted(draw)


def test_text_printed_over_a_background_picture_is_believed() -> None:
    def draw(canvas: Canvas) -> None:
        draw_scan(canvas)
        draw_lines(canvas)

    assert trusted(draw)


def test_a_scan_has_a_resolution_and_a_logo_is_none() -> None:
    def logo(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(Image.new("L", (60, 20), 0)), 40, 700, 120, 40)

    assert scan_resolution(make_page(draw_scan)) == pytest.approx(7.2, abs=0.01)
    assert scan_resolution(make_page(logo)) is None


def test_a_scan_in_strips_is_a_scan_and_a_stamp_on_it_no_text_layer() -> None:
    def draw(canvas: Canvas) -> None:
        for strip in range(8):
            canvas.drawImage(ImageReader(Image.new("L", (600, 100), 20 * strip)), 0, 100 * strip, WIDTH, 100)
        canvas.drawString(400, 40, "Received 12 March 2026 by the front desk")

    assert scan_resolution(make_page(draw)) == pytest.approx(72, abs=0.1)
    assert not trusted(draw)


def test_a_scan_that_is_turned_to_stand_on_the_page_keeps_its_resolution() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.translate(WIDTH, 0)
        canvas.rotate(90)
        canvas.drawImage(ImageReader(Image.new("L", (1600, 1200), 255)), 0, 0, HEIGHT, WIDTH)

    assert scan_resolution(make_page(draw)) == pytest.approx(144, abs=0.1)


def test_a_scan_in_layers_is_as_fine_as_its_letters() -> None:
    def draw(canvas: Canvas) -> None:
        draw_scan(canvas)
        canvas.drawImage(ImageReader(Image.new("L", (1800, 2400), 0)), 0, 0, WIDTH, HEIGHT)

    assert scan_resolution(make_page(draw)) == pytest.approx(216, abs=0.1)


def test_letters_that_are_shifted_are_no_text_layer() -> None:
    def draw(canvas: Canvas) -> None:
        for number, line in enumerate(LINES):
            shifted = "".join(chr(ord(letter) - 29) if ord(letter) > 64 else letter for letter in line)
            canvas.drawString(60, 740 - 20 * number, shifted)

    assert not trusted(draw)


def test_words_are_split_at_gaps_and_keep_their_line() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(60, 700, "Invoice")
        canvas.drawString(400, 700, "INV-7")
        canvas.drawString(60, 680, "Total due")

    words = read_words(make_page(draw))
    assert [word.text for word in words] == ["Invoice", "INV-7", "Total", "due"]
    assert words[1].left == pytest.approx(400, abs=2)
    assert words[2].top > words[0].top


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_words_of_a_rotated_page_stand_where_they_are_shown(rotation: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(rotation)
        if rotation == 90:  # drawn so that it is upright once the page is turned
            canvas.rotate(90)
            canvas.translate(0, -HEIGHT)
        elif rotation == 270:
            canvas.rotate(-90)
            canvas.translate(-WIDTH, 0)
        else:
            canvas.rotate(180)
            canvas.translate(-WIDTH, -HEIGHT)
        for number, line in enumerate(LINES[:6]):
            canvas.drawString(50, 500 - 20 * number, line)

    page = make_page(draw)
    words = read_words(page)
    width, height = page.get_size()
    assert " ".join(word.text for word in words[:10]) == LINES[0]
    assert words[0].left == pytest.approx(50, abs=3)
    assert all(0 <= w.left < w.right <= width and 0 <= w.top < w.bottom <= height for w in words)
    assert words[10].top > words[0].top


def test_a_page_that_does_not_begin_at_the_origin_is_measured_from_its_corner() -> None:
    page = make_page(draw_lines)
    page.set_mediabox(30, 20, WIDTH, HEIGHT)
    page.set_cropbox(40, 0, WIDTH, HEIGHT - 10)
    file = io.BytesIO()
    page.pdf.save(file)
    first = read_words(pdfium.PdfDocument(file)[0])[0]
    assert first.left == pytest.approx(60 - 40, abs=2)
    assert first.bottom == pytest.approx(HEIGHT - 10 - 740, abs=6)


def test_a_page_may_have_its_size_from_the_file() -> None:
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=(WIDTH, 1000), pageCompression=0)
    canvas.drawString(60, 980, "Invoice")
    canvas.save()
    own = re.search(rb"/MediaBox \[[^]]*\]", file.getvalue())
    assert own
    shared = file.getvalue().replace(own[0], b"").replace(b"/Type /Pages", b"/Type /Pages " + own[0])
    word = read_words(pdfium.PdfDocument(shared)[0])[0]
    assert word.text == "Invoice"
    assert word.bottom == pytest.approx(20, abs=6)


def test_letters_that_are_drawn_one_by_one_are_words_though_little_stands_on_the_page() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Courier-Bold", 10)  # 6 points a letter
        for left, y, line in ((70, 786, "2,090.09"), (143, 793, "Rec'd on account"), (143, 779, "2026 (Visa)")):
            for place, letter in enumerate(line):
                canvas.drawString(left + 6 * place, y, letter)

    words = read_words(make_page(draw))
    assert [word.text for word in words] == ["2,090.09", "Rec'd", "on", "account", "2026", "(Visa)"]
    assert len({word.run for word in words}) == 3


def test_slanted_letters_are_read_and_text_up_the_margin_is_not() -> None:
    def draw(canvas: Canvas) -> None:
        draw_lines(canvas)
        canvas.saveState()
        canvas.transform(1, 0, 0.25, 1, 60, 300)  # an italic that the font has not
        canvas.drawString(0, 0, "Customer")
        canvas.restoreState()
        canvas.translate(20, 300)
        canvas.rotate(90)
        canvas.drawString(0, 0, "Registered")

    texts = [word.text for word in read_words(make_page(draw))]
    assert "Customer" in texts and "Registered" not in texts


@pytest.mark.parametrize("spacing", [1.5, 3.0, 6.0])
def test_words_that_are_spaced_out_are_joined(spacing: float) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica-Bold", 12)
        canvas.drawString(50, 700, "PERMATA BOOK COMPANY", charSpace=spacing)
        canvas.drawString(50, 660, "Size A B, 2 x 3")

    texts = [word.text for word in read_words(make_page(draw))]
    assert texts == ["PERMATA", "BOOK", "COMPANY", "Size", "A", "B,", "2", "x", "3"]


def test_columns_of_single_letters_stay_apart() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for x, text in ((50, "A"), (90, "B"), (130, "C"), (170, "D")):
            canvas.drawString(x, 700, text)

    assert [word.text for word in read_words(make_page(draw))] == ["A", "B", "C", "D"]


def test_words_drawn_twice_in_one_place_stand_there_once() -> None:
    def draw(canvas: Canvas) -> None:
        for shift in (0, 0.4):
            for row in range(12):
                canvas.drawString(60 + shift, 700 - 20 * row, f"Mill Hotel {row}")

    words = [word.text for word in read_words(make_page(draw))]
    assert words == [word for row in range(12) for word in ("Mill", "Hotel", str(row))]


def test_a_hyphen_that_is_named_beside_its_glyph_parts_no_word() -> None:
    def draw(canvas: Canvas) -> None:  # as browsers write signs that several characters of a font look like
        canvas.setFont("Helvetica", 9)
        left = 60.0
        for part in ("2E9958F3", "-", "0010"):
            if part == "-":
                canvas._code.append("/Span <</ActualText (-)>> BDC")
            canvas.drawString(left, 700, part)
            if part == "-":
                canvas._code.append("EMC")
            left += canvas.stringWidth(part)

    assert [word.text for word in read_words(make_page(draw))] == ["2E9958F3-0010"]
