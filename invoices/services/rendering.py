"""Pictures of pages for people, drawn in the reader's child, and kept for a while in this process's memory."""

from django.core.cache import caches

from invoices.models import Document
from invoices.services.intake import local_copy
from invoices.services.reading import reader_options
from ocr import OcrError, shared_reader

WIDTH = 1100  # pixels: legible beside a form on a large screen
THUMBNAIL_WIDTH = 120
JPEG, PNG = ".jpg", ".png"
KEPT_SECONDS = 600


class PageNotShownError(Exception):
    """There is no such page, or it cannot be drawn."""


def render_page(document: Document, number: int, width: int = WIDTH, suffix: str = JPEG) -> bytes:
    """A picture of page `number` (from 1), `width` pixels wide, upright as it was read. Raises PageNotShownError."""
    page = document.pages.filter(number=number).only("turned", "paper").first()
    if not 1 <= number <= (document.page_count or 1):
        raise PageNotShownError(f"The document has no page {number}.")
    turned, paper = (page.turned, tuple(page.paper)) if page else (0, ())
    key = ":".join(map(str, (document.pk, number, width, turned, *paper, suffix)))
    kept: bytes | None = caches["pictures"].get(key)
    if kept is None:
        kept = _draw(document, number, width, turned, paper, suffix)
        caches["pictures"].set(key, kept, KEPT_SECONDS)
    return kept


def _draw(document: Document, number: int, width: int, turned: int, paper: tuple[float, ...], suffix: str) -> bytes:
    try:
        with local_copy(document) as path, shared_reader(reader_options()) as reader:
            return reader.render(path, number, width, turned, paper, suffix)
    except (OcrError, OSError) as error:
        raise PageNotShownError(f"Page {number} cannot be drawn.") from error
