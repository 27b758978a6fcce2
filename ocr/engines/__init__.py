"""OCR engines behind one interface; `create` makes the one that the options ask for and the machine has."""

from collections.abc import Sequence

from ocr.engines.base import Engine
from ocr.errors import EngineUnavailableError

__all__ = ["Engine", "create"]


def create(name: str, languages: Sequence[str], page_seconds: float) -> Engine:
    """The engine `name`: "rapidocr", "tesseract", "auto" (the first of these that starts), or "module:Class".

    Raises EngineUnavailableError, naming what is missing.
    """
    if ":" in name:
        return _create_other(name)
    if name in ("auto", "rapidocr"):
        try:
            from ocr.engines.rapid import RapidEngine

            return RapidEngine()
        except (ImportError, OSError, RuntimeError) as error:
            if name == "rapidocr":
                raise EngineUnavailableError("rapidocr", str(error)) from error
    from ocr.engines.tesseract import TesseractEngine

    return TesseractEngine(languages, page_seconds)


def _create_other(name: str) -> Engine:
    from importlib import import_module

    module, _, attribute = name.partition(":")
    engine: Engine = getattr(import_module(module), attribute)()
    return engine
