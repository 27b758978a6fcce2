"""Reading documents: a file in, values with boxes, methods and confidences out. No database, no HTTP."""

from ocr.errors import OcrError
from ocr.options import ReaderOptions
from ocr.reader import FileFacts, Reader, read, shared_reader
from ocr.types import (
    Cut,
    Difference,
    DocumentKind,
    DocumentReading,
    EInvoice,
    Field,
    LineItem,
    Method,
    Page,
    Reading,
    ReadPayment,
    Word,
)

READER_VERSION = "2026.11.8"
"""Raised whenever documents may come out otherwise: `reprocess` reads those again that an older one has read."""

__all__ = [
    "READER_VERSION",
    "Cut",
    "Difference",
    "DocumentKind",
    "DocumentReading",
    "EInvoice",
    "Field",
    "FileFacts",
    "LineItem",
    "Method",
    "OcrError",
    "Page",
    "ReadPayment",
    "Reader",
    "ReaderOptions",
    "Reading",
    "Word",
    "read",
    "shared_reader",
]
