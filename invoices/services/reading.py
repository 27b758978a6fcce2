"""The reader with this project's settings."""

import threading

from django.conf import settings

from ocr import ReaderOptions, shared_reader


def reader_options(engine: str | None = None, *, text_layer: bool = True) -> ReaderOptions:
    return ReaderOptions(
        engine=engine or settings.OCR_ENGINE,
        text_layer=text_layer,
        languages=tuple(settings.OCR_LANGUAGES),
        page_seconds=settings.OCR_PAGE_SECONDS,
        document_seconds=settings.OCR_DOCUMENT_SECONDS,
        max_pages=settings.OCR_MAX_PAGES,
    )


def warm_shared_reader() -> None:
    """Starts this process's reader without waiting for it."""
    threading.Thread(target=_warm, daemon=True).start()


def _warm() -> None:
    with shared_reader(reader_options()) as reader:
        reader.warm()
