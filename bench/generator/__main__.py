"""Makes sets of documents with known truth: veterinary and supplier invoices, credit notes, delivery notes, receipts.

    python -m bench.generator OUT --dev 120 --blind 120 --batches 8

writes OUT/dev and OUT/blind, each with its documents and a truth.jsonl that `python -m bench.accuracy OUT/dev`, the
scorers of the shared sets and bench.train_fields read. The two halves have no layout in common. The same seed gives the
same contents.
"""

import argparse
import sys
from itertools import chain
from pathlib import Path

from tqdm import tqdm

from bench.generator.browser import printer
from bench.generator.catalogue import HALVES, layouts
from bench.generator.damage import VARIANTS
from bench.generator.sets import BATCH_VARIANTS, SHARES, Row, plan, write, write_batches, write_pairs, write_rows


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.generator", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path, nargs="?", help="folder to write to (made if missing)")
    parser.add_argument(
        "--dev", type=int, default=120, metavar="N", help="documents in layouts that one may look at (default: 120)"
    )
    parser.add_argument(
        "--blind", type=int, default=120, metavar="N", help="documents in layouts kept for measuring (default: 120)"
    )
    parser.add_argument(
        "--batches", type=int, default=6, metavar="N", help="files with several documents, in each half (default: 6)"
    )
    parser.add_argument(
        "--pairs", type=int, default=2, metavar="N", help="two receipts on one picture, in each half (default: 2)"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=VARIANTS, action="append", help="only this variant (may be repeated)")
    parser.add_argument("--layout", action="append", metavar="NAME", help="only this layout (may be repeated)")
    parser.add_argument("--list", action="store_true", help="list the layouts and stop")
    options = parser.parse_args()
    if options.list:
        for layout in layouts().values():
            kinds, places = ", ".join(dict.fromkeys(layout.kinds)), " ".join(dict.fromkeys(layout.countries))
            print(f"{layout.half:<6} {layout.name:<28} {kinds:<34} {places}")
        return 0
    if options.out is None:
        parser.error("name a folder to write to")
    if unknown := set(options.layout or ()) - set(layouts()):
        parser.error(f"no such layout: {', '.join(sorted(unknown))}; --list names them")
    shares = {name: share for name, share in SHARES.items() if not options.only or name in options.only}
    variants = [name for name in BATCH_VARIANTS if name in shares] or list(shares)
    with printer() as browser:
        for half in HALVES:
            folder = options.out / half
            wishes = plan(half, getattr(options, half), options.seed, shares)
            wishes = [wish for wish in wishes if not options.layout or wish.layout.name in options.layout]
            batches = 0 if options.layout else options.batches
            pairs = 0 if options.layout or set(shares) == {"digital"} else options.pairs
            if not wishes and not batches and not pairs:
                continue
            folder.mkdir(parents=True, exist_ok=True)
            rows: list[Row] = []
            with tqdm(
                total=len(wishes) + batches + pairs, desc=half, unit="file", disable=not sys.stderr.isatty()
            ) as bar:
                sources = (
                    write(wishes, browser, folder),
                    write_batches(half, batches, options.seed, browser, folder, variants),
                    write_pairs(half, pairs, options.seed, browser, folder),
                )
                for row in chain(*sources):
                    rows.append(row)
                    bar.update()
            write_rows(rows, folder / "truth.jsonl")
            print(f"{folder}: {len(rows)} files, {sum(row['pages'] for row in rows)} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
