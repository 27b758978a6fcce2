"""How fast the reader learns a layout: right values before, and after one, two and three corrected documents.

    python -m bench.learning --words DIR --truth FILE... [--plain]

DIR and FILE as for bench.train_fields. So that there is something to learn, every word that the reader's lexicons know
is printed in a language that nobody speaks (its letters are exchanged); --plain leaves the documents as they are. What
one supplier's documents teach is measured on its other documents of the same layout, and on all of everybody else's.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from bench.train_fields import FIELDS, is_right, kind_of
from ocr.decide import read_documents
from ocr.evaluation import match_line_items
from ocr.learning import learn, merge
from ocr.lexicon import load_table
from ocr.parse import fold
from ocr.report import report_document
from ocr.templates import Template
from ocr.types import DocumentKind, DocumentReading, LineItem, Page, Value, typed_value

LESSONS = 3  # corrected documents at the most
FEWEST = 3  # documents of a supplier and layout, for one to learn from and others to be measured
CURRENCIES = "rm eur usd gbp aud chf"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CIPHER = str.maketrans(LETTERS + LETTERS.upper(), LETTERS[7:] + LETTERS[:7] + LETTERS[7:].upper() + LETTERS[:7].upper())


@dataclass(slots=True)
class Example:
    """A document with its truth, as a reviewer would leave it."""

    id: str
    group: tuple[str, str]
    kind: DocumentKind
    pages: list[Page]
    values: dict[str, Value]
    lines: list[LineItem]
    expected: Mapping[str, Any]


def phrases(table: Any) -> Iterator[str]:
    """Every text in a lexicon's table."""
    if isinstance(table, str):
        yield table
    elif isinstance(table, Mapping):
        yield from table
        for entry in table.values():
            yield from phrases(entry)
    elif isinstance(table, Sequence):
        for entry in table:
            yield from phrases(entry)


@cache
def known_words() -> frozenset[str]:
    """Every word that a lexicon of labels, headings or kinds knows."""

    names = ("en", "ms", "de", "fr", "nl", "es", "it", "columns", "kinds", "terms")
    return frozenset(word for name in names for p in phrases(load_table(name)) for word in fold(p).split())


def encipher(page: Page, spared: frozenset[str]) -> Page:
    """The page with every known word enciphered but those that are its supplier's values."""
    words = [replace(w, text=w.text.translate(CIPHER)) if is_label(w.text, spared) else w for w in page.words]
    return replace(page, words=tuple(words))


def is_label(text: str, spared: frozenset[str]) -> bool:
    words = set(fold(text).split())
    return bool(words & known_words()) and not words & spared


def own_words(row: Mapping[str, Any]) -> frozenset[str]:
    """The words of a document's values, of months and of currencies: they are no labels."""
    texts = [str(v) for v in row["fields"].values()]
    texts += [str(v) for item in row.get("lineItems", row.get("deliveredItems", [])) for v in item.values()]
    return frozenset(w for text in (*texts, *phrases(load_table("months")), CURRENCIES) for w in fold(text).split())


def load_examples(words: Path, truths: Sequence[Path], *, plain: bool) -> Iterator[Example]:
    decoder = msgspec.json.Decoder(list[Page])
    rows = [json.loads(line) for file in truths for line in file.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if "invoices" not in row and row["fields"].get("supplier")]
    spared: dict[tuple[str, str], frozenset[str]] = defaultdict(frozenset)
    for row in rows:
        spared[group_of(row)] |= own_words(row)
    for row in rows:
        source = words / f"{row['id']}.json"
        if not source.exists():
            continue
        pages = decoder.decode(source.read_bytes())
        known = {FIELDS[name]: str(value) for name, value in row["fields"].items() if name in FIELDS}
        yield Example(
            id=row["id"],
            group=group_of(row),
            kind=kind_of(row),
            pages=pages if plain else [encipher(page, spared[group_of(row)]) for page in pages],
            values={name: typed_value(name, text) for name, text in known.items()},
            lines=[line_item(item) for item in row.get("lineItems", row.get("deliveredItems", []))],
            expected=row,
        )


def group_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """(layout, supplier): whose documents are alike, and speak one language."""
    return (row.get("layout") or "", row["fields"]["supplier"])


def line_item(row: Mapping[str, Any]) -> LineItem:
    def number(key: str) -> Decimal | None:
        return Decimal(str(row[key])) if row.get(key) is not None else None

    return LineItem(
        description=row.get("description", ""),
        quantity=number("quantity"),
        unit_price=number("unitPrice"),
        net_amount=number("totalPrice"),
        sku=row.get("sku") or "",
        unit=row.get("uom") or "",
        discount=number("discount"),
        quantity_ordered=number("quantityOrdered"),
    )


def score(example: Example, documents: Sequence[DocumentReading]) -> tuple[int, int, int, int]:
    """(header values right, header values, lines right, lines) of the first document read."""
    fields = documents[0].fields if documents else {}
    right = sum(name in fields and is_right(name, fields[name].value, str(v)) for name, v in example.values.items())
    wanted = example.expected.get("lineItems", example.expected.get("deliveredItems", []))
    got = report_document(documents[0])["data"].get("lineItems", []) if documents else []
    return right, len(example.values), len(match_line_items(wanted, got)), len(wanted)


def teach(example: Example) -> Template:
    return learn(example.pages, example.kind, example.values, example.lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--truth", type=Path, nargs="+", required=True)
    parser.add_argument("--plain", action="store_true", help="do not encipher")
    options = parser.parse_args()
    examples = list(load_examples(options.words, options.truth, plain=options.plain))
    groups: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.group].append(example)
    groups = {name: found for name, found in groups.items() if len(found) >= FEWEST}
    sums = {lessons: [0, 0, 0, 0] for lessons in range(LESSONS + 1)}
    templates = []
    for found in tqdm(groups.values(), unit="supplier", disable=not sys.stderr.isatty()):
        held = found[-1]
        for lessons in range(min(LESSONS, len(found) - 1) + 1):
            taught = [merge([teach(example) for example in found[:lessons]])] if lessons else []
            points = score(held, read_documents(held.pages, templates=taught))
            sums[lessons] = [a + b for a, b in zip(sums[lessons], points, strict=True)]
        templates.append(merge([teach(example) for example in found[:-1]]))
    print(f"{len(groups)} suppliers' layouts, one held-out document each")
    for lessons, (right, values, lines_right, lines) in sums.items():
        print(
            f"  after {lessons} corrected: header {right}/{values} = {100 * right / max(1, values):.1f} %,"
            f" lines {lines_right}/{lines} = {100 * lines_right / max(1, lines):.1f} %"
        )
    others = [example for example in examples if example.group not in groups]
    before = [score(example, read_documents(example.pages))[0] for example in others]
    after = [score(example, read_documents(example.pages, templates=templates))[0] for example in others]
    worse = [e.id for e, b, a in zip(others, before, after, strict=True) if a < b]
    print(
        f"documents of {len(others)} others: {sum(before)} right without, {sum(after)} with; worse: {worse or 'none'}"
    )


if __name__ == "__main__":
    main()
