"""Pictures of pages for people: drawn in the reader's child, once, and kept until the document's file goes."""

import hashlib
import io
import logging
from contextlib import suppress

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from PIL import Image

from invoices.models import Document
from invoices.services.intake import local_copy
from invoices.services.reading import reader_options
from ocr import OcrError, shared_reader

logger = logging.getLogger(__name__)

WIDTH = 1100  # pixels: legible beside a form on a large screen
THUMBNAIL_WIDTH = 120
THUMBNAIL_HEIGHT = 480
JPEG, PNG = ".jpg", ".png"
JPEG_END = b"\xff\xd9"


class PageNotShownError(Exception):
    """There is no such page, or it cannot be drawn."""


def picture_of(document: Document, number: int) -> bytes:
    """Page `number` (from 1) as a JPEG, WIDTH pixels wide, upright as it was read. Raises PageNotShownError."""
    turned, paper = _as_read(document, number)
    looks = hashlib.sha256(repr((WIDTH, turned, paper)).encode()).hexdigest()[:16]
    name = f"{_folder(document)}/{number}-{looks}{JPEG}"
    kept = _kept(name)
    if kept is None:
        kept = _draw(document, number, WIDTH, JPEG, turned, paper)
        _keep(document, name, kept)
    return kept


def thumbnail_of(document: Document, number: int) -> bytes:
    """As `picture_of`, small."""
    with Image.open(io.BytesIO(picture_of(document, number))) as picture:
        picture.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT), reducing_gap=2.0)
        small = io.BytesIO()
        picture.save(small, "JPEG")
    return small.getvalue()


def draw_page(document: Document, number: int, width: int) -> bytes:
    """Page `number` as a PNG to be recognised, `width` pixels wide. Raises PageNotShownError."""
    return _draw(document, number, width, PNG, *_as_read(document, number))


def draw_ahead(document: Document) -> None:
    """What a reviewer will see first of each invoice that waits for one. What cannot be drawn is told to who asks."""
    for invoice in document.invoices.awaiting_review().exclude(page_numbers=[]):
        with suppress(PageNotShownError):
            picture_of(document, invoice.page_numbers[0])


def forget_pictures(document: Document) -> None:
    """Deletes what was kept, of all readings."""
    folder = _folder(document)
    with suppress(FileNotFoundError):
        for name in _store().listdir(folder)[1]:
            _store().delete(f"{folder}/{name}")
        _store().delete(folder)


def _as_read(document: Document, number: int) -> tuple[int, tuple[float, ...]]:
    """How the page was turned, and the corners of its paper."""
    if not 1 <= number <= (document.page_count or 1):
        raise PageNotShownError(f"The document has no page {number}.")
    page = document.pages.filter(number=number).only("turned", "paper").first()
    return (page.turned, tuple(page.paper)) if page else (0, ())


def _store() -> Storage:
    return storages["pictures"]


def _folder(document: Document) -> str:
    return f"{document.mga_id}/{document.pk}"


def _kept(name: str) -> bytes | None:
    """None too where it is not whole: another process is writing it, or died of it."""
    try:
        with _store().open(name) as file:
            picture: bytes = file.read()
    except OSError:
        return None
    return picture if picture.endswith(JPEG_END) else None


def _keep(document: Document, name: str, picture: bytes) -> None:
    try:
        _store().save(name, ContentFile(picture))
    except OSError:
        logger.exception("A picture of a page was not kept.")
    if not Document.objects.filter(pk=document.pk).exclude(file="").exists():  # it went while this was drawn
        forget_pictures(document)


def _draw(document: Document, number: int, width: int, suffix: str, turned: int, paper: tuple[float, ...]) -> bytes:
    try:
        with local_copy(document) as path, shared_reader(reader_options()) as reader:
            return reader.render(path, number, width, turned, paper, suffix)
    except (OcrError, OSError) as error:
        raise PageNotShownError(f"Page {number} cannot be drawn.") from error
