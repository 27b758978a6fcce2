"""Engines for tests, named to the reader as "tests.ocr.engines:Class": one that reads what it is told, and bad ones."""

import mmap
import os
import time

from ocr.engines.base import Image
from ocr.types import Word


class FixedEngine:
    """Reads the same words off every page."""

    name = "fixed"

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        height, width = image.shape[:2]
        step = width / 6
        return [
            Word(text, i * step, height / 2, (i + 0.9) * step, height / 2 + 20, 0.99, 0)
            for i, text in enumerate(("Total", "due", "today", "USD", "42.00"))
        ]


class HangingEngine(FixedEngine):
    def read(self, image: Image, dpi: float | None) -> list[Word]:
        time.sleep(3600)
        return []


class CrashingEngine(FixedEngine):
    def read(self, image: Image, dpi: float | None) -> list[Word]:
        os.abort()


class GreedyEngine(FixedEngine):
    """Fills memory until something stops it."""

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        hoard = []
        while True:
            hoard.append(bytearray(b"x" * (32 * 1024 * 1024)))


class HoardingEngine(FixedEngine):
    """Reserves more with every page, and reads nonsense when there is no more to be had."""

    def __init__(self) -> None:
        self.hoard: list[mmap.mmap] = []

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        try:
            self.hoard.append(mmap.mmap(-1, 300 * 1024 * 1024, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        except OSError:
            return [Word("nonsense", 0, 0, 10, 10, 0.99, 0)]
        return super().read(image, dpi)


class BlindEngine(FixedEngine):
    def read(self, image: Image, dpi: float | None) -> list[Word]:
        return []


class FarSightedEngine(FixedEngine):
    """Reads pictures of at least 800 pixels' width, and nothing smaller."""

    def read(self, image: Image, dpi: float | None) -> list[Word]:
        return super().read(image, dpi) if image.shape[1] >= 800 else []
