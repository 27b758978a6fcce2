"""Upload → stored document. Nothing is decoded here: what has to look into a file asks the reader's child."""

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from invoicedata.models import Mga
from invoices.errors import (
    FileTooLargeError,
    FileTooSmallError,
    ImageResolutionTooLowError,
    InvalidFileFormatError,
    MissingFileError,
    QueueFullError,
    UnavailableError,
)
from invoices.models import Document, Invoice, Job
from invoices.models.documents import upload_path
from invoices.services import jobs
from invoices.services.events import record_event
from invoices.services.findings import tell_of_failure
from invoices.services.reading import reader_options
from ocr import OcrError, shared_reader
from ocr.errors import ReaderBusyError, ReaderCrashedError
from ocr.pages import HEAD_BYTES, XML, detect_media_type
from ocr.quality import is_surely_low
from ocr.reader import FileFacts

logger = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024
LOOK_PATIENCE_SECONDS = 10.0
NAME_LENGTH = 255
XML_MESSAGE = "The file is not a PDF, JPEG, PNG, TIFF or e-invoice (XML). Send one of these formats."
LOW_RESOLUTION = "low-resolution"
SMALL_FILE = "small-file"
DELIVERY_NOTE = "delivery_note"


class StorageUnavailableError(OSError):
    """A stored file cannot be fetched: nobody is to blame for it but the storage."""


class Readable(Protocol):
    def read(self, count: int, /) -> bytes: ...

    def seek(self, offset: int, /) -> object: ...


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """An upload that may be stored: a private copy, and what a quick look told."""

    path: Path
    filename: str
    sha256: str
    size: int
    media_type: str
    page_count: int
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A stored document. is_duplicate: the tenant had sent the same bytes before, and reading them has not failed."""

    document: Document
    is_duplicate: bool
    job: Job | None = None


def accept_document(
    mga: Mga,
    file: BinaryIO,
    *,
    filename: str,
    source: str,
    kind_hint: str = "",
    venue_hint: str = "",
    strict: bool = False,
) -> Acceptance:
    """Checks and stores an upload, and has it read. Raises an InvoiceDataError, and then nothing is stored."""
    jobs.refuse_when_full()
    with check_file(file, filename, strict=strict) as checked, transaction.atomic():
        document, is_duplicate = store(mga, checked, source=source, kind_hint=kind_hint, venue_hint=venue_hint)
        job = None if is_duplicate else jobs.enqueue(mga, document=document)
    return Acceptance(document, is_duplicate, job)


@contextmanager
def check_file(file: BinaryIO, filename: str, *, strict: bool) -> Iterator[CheckedFile]:
    """A private copy of the upload that meets the file requirements; removed afterwards.

    strict: as contract 1 has them: no e-invoices, and its least size and resolution unless INVOICE_FILE_REQUIREMENTS
    relaxes those.
    """
    allows_xml = not strict
    strict = strict and settings.INVOICE_FILE_REQUIREMENTS == "strict"
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="upload-") as copy:
        size, sha256 = _copy(file, copy)
        if size == 0:
            raise MissingFileError("The file is empty. Send the document again.")
        path = Path(copy.name)
        with path.open("rb") as head:
            media_type = detect_media_type(head.read(HEAD_BYTES))
        if media_type is None or (media_type == XML and not allows_xml):
            raise InvalidFileFormatError(XML_MESSAGE if allows_xml else None)
        notices = _check_size(size, strict) if media_type != XML else ()
        page_count, low = _look_into(path)
        if low and strict:
            raise ImageResolutionTooLowError
        notices += (LOW_RESOLUTION,) if low else ()
        yield CheckedFile(path, clean_name(filename), sha256, size, media_type, page_count, notices)


def _copy(source: Readable, target: IO[bytes]) -> tuple[int, str]:
    """(bytes, SHA-256) of the copy. Raises FileTooLargeError as soon as it is too long."""
    size, digest = 0, hashlib.sha256()
    source.seek(0)
    while chunk := source.read(CHUNK_BYTES):
        size += len(chunk)
        if size > settings.MAX_UPLOAD_BYTES:
            raise FileTooLargeError
        digest.update(chunk)
        target.write(chunk)
    target.flush()
    return size, digest.hexdigest()


def _check_size(size: int, strict: bool) -> tuple[str, ...]:
    if size >= settings.MIN_UPLOAD_BYTES:
        return ()
    if strict:
        raise FileTooSmallError
    return (SMALL_FILE,)


def _look_into(path: Path) -> tuple[int, bool]:
    """(pages, whether an image page surely has less than 300 DPI). Raises InvalidFileFormatError, or QueueFullError
    where others have their files looked into for too long."""
    try:
        facts = _inspect(path)
    except ReaderBusyError as error:
        raise QueueFullError from error
    except OcrError as error:
        raise InvalidFileFormatError(str(error)) from error
    low = any(page.is_image and is_surely_low(page.width, page.height, page.dpi) for page in facts.pages)
    return len(facts.pages), low


def _inspect(path: Path) -> FileFacts:
    """A child that dies may have been killed for another's sake; the file is to blame when it happens twice."""
    with shared_reader(reader_options(), LOOK_PATIENCE_SECONDS) as reader:
        try:
            return reader.inspect(path)
        except ReaderCrashedError:
            return reader.inspect(path)


def clean_name(filename: str) -> str:
    """A name to show: no folders, no control characters, at most 255 characters. Never used as a path."""
    name = filename.replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in name if letter.isprintable()).strip()
    return shown[-NAME_LENGTH:] or "document"


def store(
    mga: Mga, checked: CheckedFile, *, source: str, kind_hint: str = "", venue_hint: str = ""
) -> tuple[Document, bool]:
    """(document, whether it is a duplicate). In the caller's transaction. Where reading failed before, it is none."""
    known = Document.objects.select_for_update().filter(mga=mga, sha256=checked.sha256).first()
    if known is None:
        document = Document(
            mga=mga,
            filename=checked.filename,
            sha256=checked.sha256,
            size=checked.size,
            media_type=checked.media_type,
            page_count=checked.page_count,
            notices=list(checked.notices),
            source=source,
            kind_hint=kind_hint,
            venue_hint=venue_hint,
        )
        document.file.name = _store_file(document, checked.path)
        try:
            with transaction.atomic():
                document.save(force_insert=True)
        except IntegrityError:  # the same bytes arrived at the same moment
            return Document.objects.get(mga=mga, sha256=checked.sha256), True
        record_event(mga, document.pk, "document.received", data={"source": source, "pages": checked.page_count})
        _announce(document)
        return document, False
    if not known.file:  # its time was over
        known.file.name = _store_file(known, checked.path)
        known.save(update_fields=["file"])
    if known.state != Document.State.ERROR:
        return known, True
    known.state, known.error_code, known.error_message = Document.State.PENDING, "", ""
    known.save(update_fields=["state", "error_code", "error_message"])
    tell_of_failure(known)
    return known, False


def _announce(document: Document) -> None:
    """The list shows a document from the moment it is stored; what it turns out to be replaces this."""
    if document.kind_hint != DELIVERY_NOTE:
        Invoice.objects.create(
            document=document, mga=document.mga, filename=document.filename, venue=document.venue_hint
        )


def _store_file(document: Document, path: Path) -> str:
    """The name under which the content is stored. Content-addressed, so storing it twice is storing it once.

    Raises UnavailableError where the disk is full or the object store away.
    """
    name = upload_path(document, "")
    try:
        if not default_storage.exists(name):
            with path.open("rb") as content:
                name = default_storage.save(name, File(content))
            _flush(name)
    except OSError as error:
        logger.exception("The file was not stored.")
        raise UnavailableError from error
    return name


def _flush(name: str) -> None:
    """Onto the disk, where the storage is one: what was accepted survives a power cut."""
    try:
        path = Path(default_storage.path(name))
    except NotImplementedError:
        return
    for written in (path, path.parent):
        descriptor = os.open(written, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def local_copy(document: Document) -> Iterator[Path]:
    """The document's file as a path on this machine, wherever it is stored. Raises FileNotFoundError where it was
    deleted, as its time was over, and StorageUnavailableError where it cannot be fetched for the moment."""
    if not document.file:
        raise FileNotFoundError(document.pk)
    try:
        path = Path(document.file.path)
    except NotImplementedError:
        path = None
    if path is not None:
        yield path
        return
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
        try:
            with document.file.open("rb") as stored:
                _copy(stored, copy)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StorageUnavailableError(document.pk) from error
        yield Path(copy.name)
