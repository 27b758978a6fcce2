"""What the reader and its child processes say to each other: msgspec structs, a length before each, over pipes.

Never pickle: the child has had hostile bytes in its hands.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import IO

import msgspec

from ocr.pages import PageFacts
from ocr.types import Cut, DocumentReading, Field, Page, Word, typed_value

LENGTH_BYTES = 4
MAX_MESSAGE_BYTES = 64 * 1024 * 1024


class Open(msgspec.Struct, tag=True):
    """Open the file at `path`; the requests after it are about this file. Answered by Opened."""

    path: str
    max_pages: int


class Inspect(msgspec.Struct, tag=True):
    """Facts of every page of the open file. Answered by Inspected."""


class Load(msgspec.Struct, tag=True):
    """Page `number` of the open file: Loaded where it has a text layer that is asked for, else Pictured with its pixels
    at `target`."""

    number: int
    target: str
    text_layer: bool = True


class Render(msgspec.Struct, tag=True):
    """A PNG of page `number` at `target`: of its `paper` alone, if that is given, turned clockwise by `turned`.
    Answered by Done."""

    number: int
    width: int
    turned: int
    target: str
    paper: tuple[float, ...] = ()


class Extract(msgspec.Struct, tag=True):
    """The e-invoices attached to the open file. Answered by Extracted."""


class Decide(msgspec.Struct, tag=True):
    """The documents that stand on these pages, with the e-invoices attached to them. Answered by Decided."""

    pages: list[Page]
    attached: list[bytes]
    """As Extracted has them."""
    problem: str
    templates: list[bytes] = []
    """Each an `ocr.templates.Template` in JSON, of suppliers that the pages may be from."""
    cuts: list[Cut] = []
    """As a person cut the file; empty: decide from the pages."""


class Recognise(msgspec.Struct, tag=True):
    """The words of the picture whose pixels are at `path` (numpy's own format). Answered by Recognised."""

    path: str
    dpi: float | None


class Opened(msgspec.Struct, tag=True):
    media_type: str
    page_count: int


class Inspected(msgspec.Struct, tag=True):
    pages: list[PageFacts]


class Loaded(msgspec.Struct, tag=True):
    page: Page


class Pictured(msgspec.Struct, tag=True):
    dpi: float | None
    turned: int


class Extracted(msgspec.Struct, tag=True):
    documents: list[bytes]
    """Each a `DocumentReading` in JSON, where amounts and days are text."""
    problem: str
    """Why one that is there could not be read (a key of EInvoiceError.REASONS); blank if none is."""


class Decided(msgspec.Struct, tag=True):
    documents: list[bytes]
    """As Extracted has them."""


class Recognised(msgspec.Struct, tag=True):
    engine: str
    words: list[Word]
    width: int
    height: int
    turned: int
    paper: tuple[float, ...]
    notices: list[str]


class Done(msgspec.Struct, tag=True):
    pass


class Failed(msgspec.Struct, tag=True):
    """`error` names a class of `ocr.errors`."""

    error: str
    message: str


Request = Open | Inspect | Load | Render | Extract | Decide | Recognise
Response = Opened | Inspected | Loaded | Pictured | Extracted | Decided | Recognised | Done | Failed


def send(pipe: IO[bytes], message: msgspec.Struct) -> None:
    body = msgspec.msgpack.encode(message)
    pipe.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Request | None:
    """The next request, or None at the end of the pipe."""
    head = pipe.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    return msgspec.msgpack.decode(pipe.read(int.from_bytes(head, "big")), type=Request)


def encode_documents(documents: Iterable[DocumentReading]) -> list[bytes]:
    return [msgspec.json.encode(document) for document in documents]


def decode_document(raw: bytes) -> DocumentReading:
    """A document as the child wrote it, its amounts and days made amounts and days again."""
    document = msgspec.json.decode(raw, type=DocumentReading)
    return replace(document, fields={name: typed(name, found) for name, found in document.fields.items()})


def typed(name: str, found: Field) -> Field:
    return replace(found, value=typed_value(name, str(found.value)))
