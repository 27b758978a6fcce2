"""The files inside a PDF: PDFium lists those of the name tree, pdfminer those that only the catalogue names (/AF)."""

import contextlib
import ctypes
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from ocr.einvoice.markup import MAX_XML_BYTES, looks_like_xml
from ocr.einvoice.syntax import read_e_invoice
from ocr.errors import EInvoiceError
from ocr.types import DocumentReading

HEAD_BYTES = 1024
MOST_PACKED = 2**20  # bytes of objects that are looked through in one stream
MOST_FILES = 50  # of a PDF that are looked at
# By which the profiles call their file. Another file that is no invoice is none of our business.
NAMES = frozenset({"factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml", "cii.xml", "ubl.xml", "order-x.xml"})
_FILES = re.compile(rb"/AF(?:[\s\0]*[\[%]|[\s\0]+\d)")  # an array, or where it stands


@dataclass(frozen=True, slots=True)
class Attached:
    """The e-invoices in a file. problem: why one that is there could not be read (a key of EInvoiceError.REASONS)."""

    documents: tuple[DocumentReading, ...] = ()
    problem: str = ""


def read_attached(pdf: pdfium.PdfDocument, path: Path) -> Attached:
    """The e-invoices attached to an open PDF, those with a profile's file name first. Raises nothing of theirs."""
    documents: list[DocumentReading] = []
    problem = ""
    for name, content in sorted(_xml_files(pdf, path), key=lambda file: file[0].lower() not in NAMES):
        try:
            document = read_e_invoice(content)
        except EInvoiceError as error:
            if error.problem != "unknown" or name.lower() in NAMES:
                problem = problem or error.problem
        else:
            if all(document.fields != other.fields for other in documents):
                documents.append(document)
    return Attached(tuple(documents), problem)


def _xml_files(pdf: pdfium.PdfDocument, path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of what looks like XML."""
    listed = pdf.count_attachments()
    found = _listed(pdf, min(listed, MOST_FILES)) if listed else _associated(path)
    for name, content in found:
        if _is_xml(name) or looks_like_xml(content[:HEAD_BYTES]):
            yield name, content


def _is_xml(name: str) -> bool:
    return name.lower().endswith(".xml")


def _listed(pdf: pdfium.PdfDocument, count: int) -> Iterator[tuple[str, bytes]]:
    for index in range(count):
        attachment = pdf.get_attachment(index)
        name, size = attachment.get_name(), ctypes.c_ulong()
        if raw.FPDFAttachment_GetFile(attachment, None, 0, size) and (_is_xml(name) or size.value <= MAX_XML_BYTES):
            yield name, bytes(attachment.get_data())


def _associated(path: Path) -> Iterator[tuple[str, bytes]]:
    content = path.read_bytes()
    if not _may_associate(content):
        return
    from pdfminer.pdfdocument import PDFDocument  # slow to import, and seldom needed
    from pdfminer.pdfparser import PDFParser
    from pdfminer.pdftypes import dict_value, list_value, resolve1, stream_value
    from pdfminer.psexceptions import PSException

    with BytesIO(content) as file, contextlib.suppress(PSException, ValueError, TypeError, KeyError, RecursionError):
        catalogue = PDFDocument(PDFParser(file)).catalog
        for entry in list_value(catalogue.get("AF"))[:MOST_FILES]:
            specification = dict_value(entry)
            embedded = dict_value(specification.get("EF"))
            name = resolve1(specification.get("UF") or specification.get("F"))
            yield _decode_name(name), stream_value(embedded.get("UF") or embedded.get("F")).get_data()


def _may_associate(content: bytes) -> bool:
    """Whether a PDF's catalogue may name files: the word for it stands in the PDF itself or in its packed objects, or
    those are packed otherwise than everybody does it."""
    if _FILES.search(content):
        return True
    end = 0
    while (packed := content.find(b"/ObjStm", end)) >= 0:
        start, end = content.find(b"stream", packed) + len(b"stream"), content.find(b"endstream", packed)
        if end < start:
            return True
        objects = _unpacked(content[start:end].lstrip(b"\r\n"))
        if not objects[:1].isdigit() or _FILES.search(objects):
            return True
    return False


def _unpacked(stream: bytes) -> bytes:
    """A stream of objects, which begins with a number; empty where it is too long or packed in an unknown way."""
    if stream[:1].isdigit():
        return stream
    inflated = zlib.decompressobj()
    try:
        objects = inflated.decompress(stream, MOST_PACKED)
    except zlib.error:
        return b""
    return objects if inflated.eof else b""


def _decode_name(name: object) -> str:
    if not isinstance(name, bytes):
        return ""
    return name.decode("utf-16", "replace") if name.startswith((b"\xfe\xff", b"\xff\xfe")) else name.decode("latin-1")
