"""Pictures of pages for people, drawn in the reader's child."""

from invoices.models import Document
from invoices.services.intake import local_copy
from invoices.services.reading import reader_options
from ocr import OcrError, shared_reader

WIDTH = 1100  # pixels: legible beside a form on a large screen


class PageNotShownError(Exception):
    """There is no such page, or it cannot be drawn."""


def render_page(document: Document, number: int, width: int = WIDTH) -> bytes:
    """A PNG of page `number` (from 1), `width` pixels wide, upright as it was read. Raises PageNotShownError."""
    page = document.pages.filter(number=number).only("turned", "paper").first()
    if not 1 <= number <= (document.page_count or 1):
        raise PageNotShownError(f"The document has no page {number}.")
    try:
        with local_copy(document) as path, shared_reader(reader_options()) as reader:
            turned, paper = (page.turned, tuple(page.paper)) if page else (0, ())
            return reader.render(path, number, width, turned, paper)
    except (OcrError, OSError) as error:
        raise PageNotShownError(f"Page {number} cannot be drawn.") from error
