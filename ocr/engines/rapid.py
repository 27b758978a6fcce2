"""RapidOCR (PP-OCRv6 small) on OpenVINO, on one thread. Figures for the settings: docs/reading.md."""

from typing import Any

import numpy as np

from ocr.engines.base import Image
from ocr.types import Word

PAGE_SIDE = 2000  # pixels of the long side that an A4 page is shrunk to; more buys nothing
STRIP_WIDTH = 900  # pixels: a till receipt is not shrunk below this, however long it is
STRIP_SIDE = 5000  # pixels: the longest side at all, for memory's sake
STRIP_SHAPE = 2.0  # height over width above which a page is taken for a till receipt
TEXT_SCORE = 0.3  # lines below are dropped; lower than RapidOCR's own 0.5, since a faint line is still evidence


class RapidEngine:
    name = "rapidocr"

    def __init__(self) -> None:
        from rapidocr import EngineType, RapidOCR

        self._engine = RapidOCR(
            params={
                "Global.use_cls": False,
                "Global.log_level": "error",
                "Global.text_score": TEXT_SCORE,
                "Global.max_side_len": PAGE_SIDE,
                "Det.engine_type": EngineType.OPENVINO,
                "Rec.engine_type": EngineType.OPENVINO,
                "Cls.engine_type": EngineType.OPENVINO,
                "EngineConfig.openvino.inference_num_threads": 1,
                # Pinned, the engines of all workers would share the first core, whatever the machine has.
                "EngineConfig.openvino.enable_cpu_pinning": False,
            }
        )

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        colours = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
        self._engine.max_side_len = longest_side(image.shape[1], image.shape[0])
        found: Any = self._engine(np.ascontiguousarray(colours[:, :, ::-1]), return_word_box=True)
        if found.boxes is None:
            return []
        words = []
        for run, line in enumerate(found.word_results):
            for text, confidence, corners in line:
                if text.strip():
                    words.append(_word(text, float(confidence), np.asarray(corners, dtype=float), run))
        return words


def longest_side(width: int, height: int) -> int:
    """Pixels that the long side is shrunk to: a till receipt keeps enough width for its small print."""
    shape = height / max(width, 1)
    if shape < STRIP_SHAPE:
        return PAGE_SIDE
    return int(min(STRIP_SIDE, max(PAGE_SIDE, STRIP_WIDTH * shape)))


def _word(text: str, confidence: float, corners: np.ndarray, run: int) -> Word:
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return Word(text.strip(), float(left), float(top), float(right), float(bottom), min(1.0, max(0.0, confidence)), run)
