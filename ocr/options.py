"""How to read: limits and the choice of engine. Settings are turned into this once, and handed down."""

from dataclasses import dataclass
from typing import Literal

MEGABYTE = 1024 * 1024
RESERVABLE = 4  # times its memory that the engine may reserve, which is more than it fills


@dataclass(frozen=True, slots=True)
class ReaderOptions:
    """text_layer: False has pages recognised that have a text layer of their own, too.
    page_seconds, document_seconds: wall time after which a child is killed.
    decoder_memory: bytes, for the process that opens files; engine_memory: for the one that recognises text.
    recycle_pages: the engine is replaced after so many, which bounds what a leak can take."""

    engine: Literal["auto", "rapidocr", "tesseract"] | str = "auto"
    text_layer: bool = True
    languages: tuple[str, ...] = ("eng",)
    page_seconds: float = 30.0
    document_seconds: float = 120.0
    max_pages: int = 50
    decoder_memory: int = 900 * MEGABYTE
    engine_memory: int = 2500 * MEGABYTE
    recycle_pages: int = 400
