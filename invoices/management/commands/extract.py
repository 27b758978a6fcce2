"""`manage.py extract`: read files and print what is on them; nothing is stored."""

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from tqdm import tqdm

from invoices.services.reading import reader_options
from ocr import OcrError, Reader
from ocr.report import report_reading


class Command(BaseCommand):
    help = (
        "Reads files (PDF, JPEG, PNG, TIFF, e-invoices in XML; folders are walked) and prints what is on them. Nothing "
        "is stored. The exit status is 1 when a file could not be read."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--jsonl", action="store_true", help="one JSON object a file, in the order given")
        parser.add_argument(
            "--workers", type=int, default=settings.CORES, help="files read at a time (default: the cores)"
        )
        parser.add_argument("--engine", default=settings.OCR_ENGINE, choices=["auto", "rapidocr", "tesseract"])

    def handle(self, *args: Any, files: list[Path], jsonl: bool, workers: int, engine: str, **options: Any) -> None:
        if workers < 1:
            raise CommandError("--workers must be at least 1.", returncode=2)
        paths = [path for file in files for path in walk(file)]
        failed = 0
        for row in tqdm(
            read_all(paths, workers, engine), total=len(paths), unit="file", disable=not sys.stderr.isatty()
        ):
            failed += "error" in row
            self.stdout.write(json.dumps(row, ensure_ascii=False) if jsonl else summarise(row))
            self.stdout.flush()
        if failed:
            self.stderr.write(f"{failed} of {len(paths)} files could not be read.")
            sys.exit(1)


def walk(path: Path) -> list[Path]:
    """The path itself, or the files of a folder in the order of their names."""
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def read_all(paths: list[Path], workers: int, engine: str) -> Iterator[dict[str, Any]]:
    """A row for each path, in order. Each worker has a reader of its own, whose children do the work."""
    idle: SimpleQueue[Reader] = SimpleQueue()
    readers = [Reader(reader_options(engine=engine)) for _ in range(max(1, min(workers, len(paths))))]
    for reader in readers:
        idle.put(reader)

    def read(path: Path) -> dict[str, Any]:
        reader = idle.get()
        try:
            return read_one(reader, path)
        finally:
            idle.put(reader)

    try:
        with ThreadPoolExecutor(len(readers)) as pool:
            yield from pool.map(read, paths)
    finally:
        for reader in readers:
            reader.close()


def read_one(reader: Reader, path: Path) -> dict[str, Any]:
    started = time.monotonic()
    try:
        return {"file": str(path), **report_reading(reader.read(path))}
    except OcrError as error:
        problem = {"code": error.code, "message": str(error)}
    except OSError as error:
        problem = {"code": "FILE_NOT_READABLE", "message": error.strerror or str(error)}
    return {"file": str(path), "seconds": round(time.monotonic() - started, 3), "error": problem}


def summarise(row: dict[str, Any]) -> str:
    """What a person wants to see of a row."""
    if "error" in row:
        return f"{row['file']}: {row['error']['message']}"
    lines = [f"{row['file']}: {row['pages']} pages, {row['seconds']:.1f} s"]
    for document in row["documents"]:
        lines.append(f"  {document['kind']} on pages {', '.join(map(str, document['pages']))}")
        for name, found in document["fields"].items():
            lines.append(f"    {name:<22}{found['value']!s:<40} {100 * found['confidence']:.0f} %")
        lines += [
            f"    - {item.get('quantity', ''):>6} {item['description'][:50]:<50} {item.get('totalPrice', ''):>10}"
            for item in document["data"]["lineItems"]
        ]
    return "\n".join(lines)
