"""The reader with this project's settings."""

from django.conf import settings

from ocr import ReaderOptions


def reader_options(engine: str | None = None) -> ReaderOptions:
    return ReaderOptions(
        engine=engine or settings.OCR_ENGINE,
        languages=tuple(settings.OCR_LANGUAGES),
        page_seconds=settings.OCR_PAGE_SECONDS,
        document_seconds=settings.OCR_DOCUMENT_SECONDS,
        max_pages=settings.OCR_MAX_PAGES,
    )
