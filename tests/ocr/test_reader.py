"""The reader's children: they are limited, they die without harm, and they are replaced."""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from ocr import Method, Reader, ReaderOptions
from ocr.errors import (
    EncryptedFileError,
    EngineUnavailableError,
    NothingLegibleError,
    ReaderCrashedError,
    ReadTimeoutError,
    TooManyPagesError,
)
from ocr.reader import memory_of, sweep_folders
from tests.documents import make_pdf

MEGABYTE = 1024 * 1024


def options(engine: str = "FixedEngine", **limits: float) -> ReaderOptions:
    return ReaderOptions(engine=f"tests.ocr.engines:{engine}", **limits)  # type: ignore[arg-type]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.png"
    Image.new("L", (600, 800), 255).save(path, dpi=(300, 300))
    return path


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    path = tmp_path / "text.pdf"
    path.write_bytes(make_pdf())
    return path


@pytest.fixture
def reader() -> Iterator[Reader]:
    with Reader(options()) as opened:
        yield opened


def test_a_text_layer_needs_no_engine(reader: Reader, pdf: Path) -> None:
    reading = reader.read(pdf)
    assert reading.pages[0].method is Method.TEXT_LAYER
    assert reading.documents[0].fields["invoice_number"].value == "INV-1042"
    assert all(engine.pid is None for engine in reader._engines)


def test_a_scan_is_recognised(reader: Reader, scan: Path) -> None:
    (page,) = reader.read(scan).pages
    assert [word.text for word in page.words] == ["Total", "due", "today", "USD", "42.00"]
    assert (page.engine, page.width, page.dpi) == ("fixed", 600, pytest.approx(300, abs=0.1))


def test_a_page_without_text_is_told(scan: Path) -> None:
    with Reader(options("BlindEngine")) as reader, pytest.raises(NothingLegibleError):
        reader.read(scan)


def test_an_engine_that_hangs_is_killed_in_time(scan: Path) -> None:
    with Reader(options("HangingEngine", page_seconds=1.0)) as reader:
        started = time.monotonic()
        with pytest.raises(ReadTimeoutError):
            reader.read(scan)
        assert time.monotonic() - started < 15
        assert reader._engines[0].pid is None


def test_a_crash_costs_one_document_and_no_more(scan: Path, pdf: Path) -> None:
    with Reader(options("CrashingEngine")) as reader:
        with pytest.raises(ReaderCrashedError):
            reader.read(scan)
        assert reader.read(pdf).documents


def test_a_child_that_is_killed_is_replaced(reader: Reader, pdf: Path) -> None:
    reader.read(pdf)
    first = reader._decoder.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert reader.read(pdf).documents
    assert reader._decoder.pid not in (None, first)


def test_an_engine_that_fills_the_memory_is_stopped(scan: Path) -> None:
    before = memory_of(os.getpid())[0]
    with Reader(options("GreedyEngine", engine_memory=400 * MEGABYTE)) as reader, pytest.raises(ReaderCrashedError):
        reader.read(scan)
    assert memory_of(os.getpid())[0] - before < 50 * MEGABYTE


def test_pages_read_before_leave_no_trace_on_the_next(scan: Path) -> None:
    with Reader(options("HoardingEngine", engine_memory=400 * MEGABYTE)) as reader:
        read = {tuple(word.text for word in reader.read(scan).pages[0].words) for _ in range(8)}
    assert read == {("Total", "due", "today", "USD", "42.00")}


def test_a_file_whose_child_is_killed_under_way_is_no_bad_file(reader: Reader, pdf: Path) -> None:
    deadline = time.monotonic() + 60
    undisturbed = reader.read(pdf)
    opened = reader._open(pdf, deadline)
    kill(reader._decoder.pid)
    assert reader._read_page(1, deadline, defaultdict(float)).words == undisturbed.pages[0].words
    kill(reader._decoder.pid)
    assert reader._extract(opened.media_type, deadline).problem == ""


def kill(pid: int | None) -> None:
    assert pid
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def test_the_decoder_cannot_take_more_memory_than_it_may(pdf: Path) -> None:
    with Reader(ReaderOptions(decoder_memory=100 * MEGABYTE)) as reader, pytest.raises(ReaderCrashedError):
        reader.read(pdf)


def test_more_pages_than_allowed_are_refused(tmp_path: Path) -> None:
    frames = [Image.new("L", (20, 20), 255) for _ in range(4)]
    path = tmp_path / "x.tif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with Reader(ReaderOptions(max_pages=3)) as reader, pytest.raises(TooManyPagesError, match="more than 3 pages"):
        reader.read(path)


def test_a_protected_pdf_is_told_as_such(tmp_path: Path, reader: Reader) -> None:
    pdfencrypt = pytest.importorskip("reportlab.lib.pdfencrypt")
    canvas_module = pytest.importorskip("reportlab.pdfgen.canvas")
    path = tmp_path / "x.pdf"
    canvas = canvas_module.Canvas(str(path), encrypt=pdfencrypt.StandardEncryption("secret"))
    canvas.drawString(100, 700, "Invoice")
    canvas.save()
    with pytest.raises(EncryptedFileError):
        reader.read(path)


def test_an_engine_that_is_not_there_is_named(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with Reader(ReaderOptions(engine="tesseract")) as reader, pytest.raises(EngineUnavailableError, match="tesseract"):
        reader.read(scan)


def test_a_missing_file_is_the_callers_error(reader: Reader, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        reader.read(tmp_path / "nowhere.pdf")


def test_a_quick_look_tells_pages_and_resolution(reader: Reader, scan: Path, pdf: Path) -> None:
    (facts,) = reader.inspect(scan).pages
    assert (facts.width, facts.height, facts.is_image) == (600, 800, True)
    assert not reader.inspect(pdf).pages[0].is_image


def test_the_children_know_no_secret(reader: Reader, pdf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    reader.read(pdf)
    assert b"hush" not in Path(f"/proc/{reader._decoder.pid}/environ").read_bytes()


def test_closing_leaves_no_process_and_no_folder(pdf: Path) -> None:
    reader = Reader(options())
    reader.read(pdf)
    pid, folder = reader._decoder.pid, reader._folder
    reader.close()
    assert not Path(f"/proc/{pid}").exists() and not folder.exists()


def test_what_a_killed_reader_left_behind_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left, kept = tmp_path / "reader-999999999-x", tmp_path / f"reader-{os.getpid()}-x"
    left.mkdir()
    kept.mkdir()
    sweep_folders()
    assert not left.exists() and kept.exists()
