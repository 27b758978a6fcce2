"""RapidOCR (PP-OCRv6 small) on OpenVINO, on one thread. Figures for the settings: docs/reading.md."""

import re
from collections import Counter
from itertools import islice
from typing import Any

import cv2
import numpy as np
from rapidocr import EngineType, RapidOCR
from rapidocr.ch_ppocr_det.utils import DBPostProcess, DetPreProcess
from rapidocr.ch_ppocr_rec.typings import WordInfo, WordType
from rapidocr.ch_ppocr_rec.utils import CTCLabelDecode
from rapidocr.inference_engine.openvino import main as openvino_session
from rapidocr.inference_engine.openvino.device_config import CPUConfig

from ocr.engines.base import PAGE_SIDE, Image, longest_side
from ocr.types import Word

TEXT_SCORE = 0.3  # lines below are dropped; lower than RapidOCR's own 0.5, since a faint line is still evidence
LINES_AT_ONCE = 2  # that are recognised together: in larger batches more time goes into padding short ones
SIZES_KEPT = 100  # of input that OpenVINO keeps its preparations for; its own 5,000 fill 2 GB within forty pages
BENT = 1.6  # times its own thickness that a line of text is high from its upper to its lower edge: bent paper
LONG = 8  # times its thickness that such a line is at least
SAG = 0.3  # of its thickness that a piece of it may still be bent
MOST_PIECES = 8
CUT = 1.1  # of its thickness that a line is cleared on either side of a cut: by so much its pieces are widened again
GAP_COLUMNS = 5  # of the recogniser, between two letters: a wider gap parts words,
GAP_PITCHES = 1.7  # if it is wider than so many of the line's own steps from letter to letter
STRANGE = 0.1  # as many East Asian signs as other letters: a page that is written with them
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# Forms of East Asian width, which the recogniser sees in widely set print, to the plain ones.
PLAIN_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {
    0x3000: " ",
    0x3002: ".",
    0x3001: ",",
    0x3010: "[",
    0x3011: "]",
}


class RapidEngine:
    name = "rapidocr"

    def __init__(self) -> None:
        self._engine = bare_engine()
        detector = self._engine._load_det_model()
        detector.get_preprocess = lambda: TabledPreProcess(
            detector.limit_side_len, detector.limit_type, detector.mean, detector.std
        )
        usual = detector.postprocess_op
        detector.postprocess_op = StraightPieces(
            usual.thresh,
            usual.box_thresh,
            usual.max_candidates,
            usual.unclip_ratio,
            usual.score_mode,
            usual.dilation_kernel is not None,
        )
        recogniser = self._engine._load_rec_model()
        # Without the blank and the space at its ends, which a decoder adds.
        recogniser.postprocess_op = WordDecode(recogniser.postprocess_op.character[1:-1])

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        colours = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR if image.ndim == 2 else cv2.COLOR_RGB2BGR)
        self._engine.max_side_len = longest_side(image.shape[1], image.shape[0])
        found: Any = self._engine(colours, return_word_box=True)
        if found.boxes is None:
            return []
        words = []
        for run, line in enumerate(found.word_results):
            for text, confidence, corners in line:
                if text.strip():
                    words.append(_word(text, float(confidence), np.asarray(corners, dtype=float), run))
        return without_strange(words)


def without_strange(words: list[Word]) -> list[Word]:
    """A page of Latin letters without the East Asian signs that the recogniser sees in stars and tick marks."""
    letters = Counter(bool(_EAST_ASIAN.match(c)) for word in words for c in word.text if c.isalpha())
    if letters[True] > STRANGE * letters[False]:
        return words
    return [word for word in words if not all(_EAST_ASIAN.match(c) for c in word.text)]


def bare_engine() -> Any:
    """rapidocr.RapidOCR with the settings used here."""
    return RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Global.text_score": TEXT_SCORE,
            "Global.max_side_len": PAGE_SIDE,
            "Det.engine_type": EngineType.OPENVINO,
            "Rec.engine_type": EngineType.OPENVINO,
            "Rec.rec_batch_num": LINES_AT_ONCE,
            "Cls.engine_type": EngineType.OPENVINO,
            "EngineConfig.openvino.inference_num_threads": 1,
            # Pinned, the engines of all workers would share the first core, whatever the machine has.
            "EngineConfig.openvino.enable_cpu_pinning": False,
        }
    )


class BoundedConfig(CPUConfig):
    """RapidOCR's settings of OpenVINO, with one that it has no name for."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "CPU_RUNTIME_CACHE_CAPACITY": str(SIZES_KEPT)}


openvino_session.CPUConfig = BoundedConfig  # type: ignore[misc]


class TabledPreProcess(DetPreProcess):
    """Makes the detector's input by looking each of the 256 levels up in a table: the same values as by calculating
    them for every pixel, in a tenth of the time."""

    def __call__(self, img: np.ndarray) -> np.ndarray | None:
        resized = self.resize(img)
        if resized is None:
            return None
        levels = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
        tables = self.normalize(levels).astype(np.float32)
        planes = zip(cv2.split(resized), tables.T, strict=True)
        return np.stack([cv2.LUT(plane, np.ascontiguousarray(table)) for plane, table in planes])[None]


class StraightPieces(DBPostProcess):
    """Cuts lines of text that are bent into pieces that are nearly straight, between words: the upright box around a
    whole one is mostly paper, and RapidOCR drops it."""

    def boxes_from_bitmap(
        self, pred: np.ndarray, bitmap: np.ndarray, dest_width: int, dest_height: int
    ) -> tuple[np.ndarray, list[float]]:
        cut = bitmap.astype(np.uint8)
        if cut_bent_lines(cut, pred):
            cut_bent_lines(cut, pred)  # what bends more at one end is still bent there
        return super().boxes_from_bitmap(pred, cut, dest_width, dest_height)


def cut_bent_lines(bitmap: np.ndarray, text: np.ndarray) -> bool:
    """Cuts the bent lines of `bitmap`, in place; whether there were any. text: how likely each pixel is text, 0..1."""
    contours, _ = cv2.findContours(bitmap, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    is_bent = False
    for contour in contours:
        _, sides, _ = cv2.minAreaRect(contour)
        length, height = max(sides), min(sides)
        thickness = cv2.contourArea(contour) / max(length, 1.0)
        if height > BENT * thickness and length > LONG * thickness > 0:
            pieces = min(int(np.ceil(np.sqrt((height - thickness) / (SAG * thickness)))), MOST_PIECES)
            is_bent |= _cut_line(bitmap, text, contour, pieces, max(1, round(CUT * thickness)))
    return is_bent


def _cut_line(bitmap: np.ndarray, text: np.ndarray, contour: np.ndarray, pieces: int, reach: int) -> bool:
    """Clears `reach` columns on either side of where least of the line is text, near the ends of equal pieces."""
    left, top, width, height = cv2.boundingRect(contour)
    if height > width:
        return False
    line = np.zeros((height, width), dtype=np.uint8)
    cv2.drawContours(line, [contour - (left, top)], 0, 1, cv2.FILLED)
    area = bitmap[top : top + height, left : left + width]
    profile = (text[top : top + height, left : left + width] * line).sum(axis=0)
    play = width // (4 * pieces)
    for piece in range(1, pieces):
        start = piece * width // pieces - play
        column = start + int(profile[start : start + 2 * play + 1].argmin())
        columns = slice(max(column - reach, 0), column + reach)
        area[:, columns][line[:, columns] > 0] = 0
    return True


class WordDecode(CTCLabelDecode):
    """Parts a line's letters into words. RapidOCR's own tears widely set print into letters, takes a line with one
    full-width mark for Chinese, and gives a word the confidence of some letter of the line."""

    def decode(self, *args: Any, **options: Any) -> tuple[list[Any], list[WordInfo]]:
        lines, words = super().decode(*args, **options)
        for (text, _), info in zip(lines, words, strict=False):
            letters = iter([sure for letter, sure in zip(text, info.confs, strict=False) if not letter.isspace()])
            info.confs = [float(np.mean(list(islice(letters, len(word))))) for word in info.words]
        return lines, words

    @staticmethod
    def get_word_info(text: str, selection: np.ndarray) -> WordInfo:
        """The letters of each word, and their columns. selection: which columns of the recogniser show a letter."""
        columns = np.flatnonzero(selection)
        steps = np.diff(columns)
        widest = max(GAP_COLUMNS, GAP_PITCHES * float(np.median(steps))) if len(steps) else 0.0
        words: list[list[int]] = []
        for i, letter in enumerate(text):
            if letter.isspace():
                continue
            if not i or text[i - 1].isspace() or steps[i - 1] > widest:
                words.append([])
            words[-1].append(i)
        return WordInfo(
            words=[[text[i].translate(PLAIN_WIDTH) for i in word] for word in words],
            word_cols=[[int(columns[i]) for i in word] for word in words],
            word_types=[WordType.EN_NUM] * len(words),
        )


def _word(text: str, confidence: float, corners: np.ndarray, run: int) -> Word:
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    return Word(text.strip(), float(left), float(top), float(right), float(bottom), min(1.0, max(0.0, confidence)), run)
