"""What the reader and its child processes say to each other: msgspec structs, a length before each, over pipes.

Never pickle: the child has had hostile bytes in its hands.
"""

from typing import IO

import msgspec

from ocr.pages import PageFacts
from ocr.types import Page, Word

LENGTH_BYTES = 4
MAX_MESSAGE_BYTES = 64 * 1024 * 1024


class Open(msgspec.Struct, tag=True):
    """Open the file at `path`; the requests after it are about this file. Answered by Opened."""

    path: str
    max_pages: int


class Inspect(msgspec.Struct, tag=True):
    """Facts of every page of the open file. Answered by Inspected."""


class Load(msgspec.Struct, tag=True):
    """Page `number` of the open file: Loaded where it has a text layer, else Pictured with its pixels at `target`."""

    number: int
    target: str


class Render(msgspec.Struct, tag=True):
    """A PNG of page `number` at `target`, turned clockwise by `turned`. Answered by Done."""

    number: int
    width: int
    turned: int
    target: str


class Decide(msgspec.Struct, tag=True):
    """The documents that stand on these pages. Answered by Decided."""

    pages: list[Page]


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


class Decided(msgspec.Struct, tag=True):
    documents: list[bytes]
    """Each a `DocumentReading` in JSON, where amounts and days are text."""


class Recognised(msgspec.Struct, tag=True):
    engine: str
    words: list[Word]
    width: int
    height: int
    turned: int
    notices: list[str]


class Done(msgspec.Struct, tag=True):
    pass


class Failed(msgspec.Struct, tag=True):
    """`error` names a class of `ocr.errors`."""

    error: str
    message: str


Request = Open | Inspect | Load | Render | Decide | Recognise
Response = Opened | Inspected | Loaded | Pictured | Decided | Recognised | Done | Failed


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
