"""Confidences as a tenant's corrections have shown them to turn out. How that is learned: `services.calibration`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invoices.models import Calibration
from ocr.types import Method

READ = frozenset({Method.OCR, Method.TEXT_LAYER, Method.TEMPLATE})
EDGE = 0.0005  # confidences are kept off 0 and 1, whose logits are infinite
Numbers = NDArray[np.float64]


def as_read(origin: Mapping[str, Any]) -> float:
    """The confidence before recalibration."""
    return float(origin.get("read_confidence", origin["confidence"]))


def recalibrate(reading: dict[str, dict[str, Any]], mga_id: str) -> dict[str, dict[str, Any]]:
    """A reading with the tenant's confidences; what was read stays beside them as `read_confidence`."""
    known = Calibration.objects.filter(mga=mga_id, in_use=True, is_off=False).first()
    if known is None:
        return reading
    return {name: mended(origin, known) for name, origin in reading.items()}


def mended(origin: dict[str, Any], known: Calibration) -> dict[str, Any]:
    if origin.get("method") not in READ:
        return origin
    read = as_read(origin)
    (better,) = mend(np.array([read]), known.slope, known.offset)
    return origin | {"confidence": round(float(better), 4), "read_confidence": read}


def logits(probabilities: Numbers) -> Numbers:
    kept = np.clip(probabilities, EDGE, 1 - EDGE)
    return np.asarray(np.log(kept / (1 - kept)))


def mend(probabilities: Numbers, slope: float, offset: float) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-(slope * logits(probabilities) + offset))))
