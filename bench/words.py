"""Keeps the words of documents, so that training and experiments need not recognise them again.

    python -m bench.words DIR truth.jsonl...

writes DIR/ID.json, the pages as ocr.types.Page, for every row of the truth files that has none yet; what
bench.train_fields takes as --words. --again reads them all anew, after a change of the reader's engines.
"""

import argparse
import json
import sys
from pathlib import Path

import msgspec
from tqdm import tqdm

from ocr.errors import OcrError
from ocr.options import ReaderOptions
from ocr.reader import Reader

PATIENCE = 300.0  # seconds a page


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", type=Path, metavar="DIR")
    parser.add_argument("truth", type=Path, nargs="+", help="truth files; documents are named relative to their folder")
    parser.add_argument("--again", action="store_true", help="read documents anew that were read before")
    options = parser.parse_args()
    options.words.mkdir(parents=True, exist_ok=True)
    todo = []
    for truth in options.truth:
        for line in truth.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            target = options.words / f"{row['id']}.json"
            if options.again or not target.exists():
                todo.append((truth.parent / row["file"], target))
    failed = 0
    # With one engine and much patience, so that a busy machine does not change what is recognised.
    with Reader(ReaderOptions("rapidocr", page_seconds=PATIENCE, document_seconds=10 * PATIENCE)) as reader:
        for source, target in tqdm(todo, unit="file", disable=not sys.stderr.isatty()):
            try:
                reading = reader.read(source)
            except OcrError as error:
                print(f"{source}: {error}", file=sys.stderr)
                failed += 1
                continue
            target.write_bytes(msgspec.json.encode(reading.pages))
    print(f"{options.words}: {len(todo) - failed} documents read" + (f", {failed} failed" if failed else ""))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
