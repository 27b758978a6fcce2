"""`make bench`: how fast files are read, beside the bare engine on the same pages in the same run.

Prints CPU seconds (of all processes) and wall seconds a page for the project's own scans and text-layer PDFs; medians
over the rounds. Shared machines are noisy: trust the ratios.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ocr import Reader, ReaderOptions
from ocr.engines.rapid import bare_engine
from ocr.pages import Picture, open_file
from ocr.reader import memory_of

SAMPLES = Path(__file__).resolve().parent.parent / "tests" / "data"
SCANS = ("vet-invoice.jpg", "vet-invoice-unknown.jpg", "vet-invoice-photo.jpg", "two-pages.tif")
PDFS = ("supplier-invoice.pdf", "delivery-note.pdf", "batch.pdf")


def cpu_of(pid: int | None) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def measure(
    works: Sequence[tuple[Callable[[], object], Callable[[], float]]], rounds: int
) -> list[list[tuple[float, float]]]:
    """(CPU, wall) seconds of each work in each round. They take turns, as the machine's speed changes by the minute."""
    found: list[list[tuple[float, float]]] = [[] for _ in works]
    for _ in range(rounds):
        for (work, cpu), seconds in zip(works, found, strict=True):
            before, started = cpu(), time.perf_counter()
            work()
            seconds.append((cpu() - before, time.perf_counter() - started))
    return found


def bare_pages(paths: list[Path]) -> list[np.ndarray]:
    """The pictures in these files, decoded: RapidOCR takes grey ones, and colours as BGR."""
    opened = [open_file(path, 50) for path in paths]
    loaded = [file.load(n + 1) for file in opened for n in range(file.page_count)]
    pixels = [page.pixels for page in loaded if isinstance(page, Picture)]
    return [np.ascontiguousarray(each if each.ndim == 2 else each[:, :, ::-1]) for each in pixels]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    scans, pdfs = [SAMPLES / name for name in SCANS], [SAMPLES / name for name in PDFS]
    engine, pictures = bare_engine(), bare_pages(scans)
    with Reader(ReaderOptions(engine="rapidocr")) as reader:

        def read(paths: list[Path]) -> None:
            for path in paths:
                reader.read(path)

        def children_cpu() -> float:
            return own_cpu() + cpu_of(reader._decoder.pid) + cpu_of(reader._engines[0].pid)

        reader.warm()
        read([*scans, *pdfs])
        bare, full, text = measure(
            [
                (lambda: [engine(picture, return_word_box=True) for picture in pictures], own_cpu),
                (lambda: read(scans), children_cpu),
                (lambda: read(pdfs), children_cpu),
            ],
            rounds,
        )
        pages, text_pages = len(pictures), sum(open_file(path, 50).page_count for path in pdfs)
        memory = [memory_of(child.pid or 0)[0] / 2**20 for child in (reader._decoder, reader._engines[0])]
    print(f"{'':<28}{'CPU s/page':>12}{'wall s/page':>13}{'pages/s':>10}")
    for name, seconds, count in (
        ("bare engine", bare, pages),
        ("scans, all included", full, pages),
        ("text-layer PDF", text, text_pages),
    ):
        cpu, wall = (statistics.median(column) / count for column in zip(*seconds, strict=True))
        print(f"{name:<28}{cpu:>12.3f}{wall:>13.3f}{1 / wall:>10.2f}")
    ratio = statistics.median(ours[0] / theirs[0] for ours, theirs in zip(full, bare, strict=True))
    print(f"\nCPU beside the bare engine: {ratio:.2f} times, at the median of the rounds")
    print(f"memory: decoder {memory[0]:.0f} MB, engine {memory[1]:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
