"""Sets of documents: what is in one, and how it is written to a folder (files, truth.jsonl, contents.json)."""

import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from bench.generator import damage
from bench.generator.browser import Print, Printer
from bench.generator.catalogue import Layout, layouts
from bench.generator.draw import Draw, Paper, Party
from bench.generator.printing import Writer
from bench.generator.truth import TruthError, row_of

SHARES = {"digital": 0.4, "clean": 0.18, "degraded": 0.22, "phone": 0.15, "turned": 0.05}
SET_OF_KIND = {
    "delivery_note": "made-note",
    "receipt": "made-receipt",
    "statement": "made-other",
    "other": "made-other",
}
BATCH_SET, PAIR_SET = "batch", "made-pair"
PAIR_DPI = 240
BATCH_VARIANTS = ("digital", "digital", "clean", "degraded")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """A document to make. `number` and `seed` decide everything about it."""

    seed: int
    number: int
    layout: Layout
    kind: str
    variant: str

    @property
    def random(self) -> Random:
        return Random(f"{self.seed}/{self.layout.name}/{self.number}")

    @property
    def name(self) -> str:
        return f"made-{self.layout.half}-{self.seed}-{self.number:04}"


def plan(half: str, count: int, seed: int, shares: dict[str, float] | None = None) -> list[Wish]:
    """`count` documents over all layouts of a half, each layout as often as the others (times its weight)."""
    random = Random(f"plan/{half}/{seed}")
    chosen = [layout for layout in layouts().values() if layout.half == half]
    deck: list[Layout] = []
    while len(deck) < count:
        round_ = [layout for layout in chosen for _ in range(1 if random.random() < layout.weight else 0)]
        random.shuffle(round_)
        deck += round_
    shares = shares or SHARES
    wishes = []
    for number, layout in enumerate(deck[:count]):
        kind = random.choice(layout.kinds)
        names, weights = (
            list(shares),
            [share * (0.4 if name == "digital" and is_roll(layout) else 1) for name, share in shares.items()],
        )
        wishes.append(Wish(seed, number, layout, kind, random.choices(names, weights)[0]))
    return wishes


def is_roll(layout: Layout) -> bool:
    return "data-roll" in layout.template


def make(
    wish: Wish, printer: Printer, supplier: Party | None = None, customer: Party | None = None, country: str = ""
) -> tuple[Paper, Print, Row]:
    """A document printed, and its truth. Raises TruthError where a layout's marks are wrong."""
    random = wish.random
    paper = Draw(wish.layout, random, kind=wish.kind, country=country).paper(supplier, customer)
    printed = printer.print(Writer(paper, wish.layout, random).html())
    row = row_of(paper, wish.layout, printed, is_digital=wish.variant == "digital")
    made_set = SET_OF_KIND.get(wish.kind, "made-vet" if paper.trade == "vet" else "made-supplier")
    return (
        paper,
        printed,
        {"id": wish.name, "file": "", "set": made_set} | row | {"variant": wish.variant, "half": wish.layout.half},
    )


def write(wishes: Sequence[Wish], printer: Printer, folder: Path) -> Iterator[Row]:
    """Makes the documents one by one; each row when its file is written. A document whose truth is not what it prints
    (a text that runs off the page) is left out, and told."""
    for wish in wishes:
        try:
            _, printed, row = make(wish, printer)
        except TruthError as error:
            print(f"{wish.name} is left out: {error}", file=sys.stderr)
            continue
        yield store(wish, printed.pdf, row, folder)


def store(wish: Wish, pdf: bytes, row: Row, folder: Path) -> Row:
    """Writes a document in its variant's form, and completes its row."""
    random = np.random.default_rng(abs(hash_of(f"{wish.seed}/{wish.number}/look")))
    name, tags = row["id"], []
    if wish.variant == "digital":
        path = folder / f"{name}.pdf"
        path.write_bytes(pdf)
        tags = ["digital"]
    else:
        dpi = int(random.choice((200, 240, 300), p=(0.3, 0.1, 0.6)))
        result = damage.degrade(rasterise(pdf, dpi), wish.variant, random, dpi=dpi, is_thermal=is_roll(wish.layout))
        path, tags = save(result, folder / name, random), result.tags
    row["file"] = path.name
    row["tags"] = sorted({*row["tags"], *tags, *(["thermal"] if is_roll(wish.layout) else [])})
    return row


def hash_of(text: str) -> int:
    return Random(text).getrandbits(48)


def rasterise(pdf: bytes, dpi: int) -> list[np.ndarray]:
    return [
        np.asarray(page.render(scale=dpi / 72, rev_byteorder=True).to_pil().convert("RGB"))
        for page in pdfium.PdfDocument(pdf)
    ]


def save(result: damage.Degraded, stem: Path, random: np.random.Generator) -> Path:
    """As scanners and telephones store it: JPEG, TIFF, or a PDF of pictures. A telephone's picture may lie on its side
    with a note of it (EXIF)."""
    dpi, pages = (result.dpi, result.dpi), result.pages
    is_phone = "phone" in result.tags
    if len(pages) > 1 or (not is_phone and random.random() < 0.4):
        if result.is_bilevel and random.random() < 0.5:
            path = stem.with_suffix(".tif")
            pages[0].save(path, save_all=True, append_images=pages[1:], compression="group4", dpi=dpi)
            result.tags.append("tiff")
            return path
        path = stem.with_suffix(".pdf")
        quality: dict[str, Any] = {} if result.is_bilevel else {"quality": result.quality}
        pages[0].save(path, save_all=True, append_images=pages[1:], resolution=result.dpi, **quality)
        return path
    path = stem.with_suffix(".jpg")
    page = pages[0].convert("L") if result.is_bilevel else pages[0]
    if is_phone and random.random() < 0.35:
        exif = Image.Exif()
        exif[0x0112] = 6
        page.rotate(90, expand=True).save(path, quality=result.quality, exif=exif)
        result.tags.append("exif-orientation")
    else:
        page.save(path, quality=result.quality, dpi=dpi)
    return path


# --- several documents in one file ---------------------------------------------------------------------------------


def write_batches(
    half: str, count: int, seed: int, printer: Printer, folder: Path, variants: Sequence[str] = BATCH_VARIANTS
) -> Iterator[Row]:
    """Files of 2 to 6 documents, often of one supplier or for one customer, with delivery notes between them."""
    random = Random(f"batches/{half}/{seed}")
    papers = [
        layout
        for layout in layouts().values()
        if layout.half == half
        and not is_roll(layout)
        and {"invoice", "credit_note", "delivery_note"} & set(layout.kinds)
    ]
    for number in range(count):
        country = random.choice(sorted({code for layout in papers for code in layout.countries}))
        local = [layout for layout in papers if country in layout.countries and "vet" not in layout.trades]
        if len(local) < 2:
            local = [layout for layout in papers if country in layout.countries]
        one_supplier = random.random() < 0.3
        chosen = random.choices(local, k=1) * 6 if one_supplier else random.choices(local, k=6)
        size = random.randint(2, 6)
        parts, files, page, supplier, customer = [], [], 1, None, None
        variant = random.choice(variants)
        for index, layout in enumerate(chosen[:size]):
            kind = random.choice([k for k in layout.kinds if k in ("invoice", "credit_note", "delivery_note")])
            wish = Wish(seed, 10_000 + 10 * number + index, layout, kind, variant)
            paper, printed, row = make(wish, printer, supplier if one_supplier else None, customer, country)
            supplier, customer = paper.supplier, paper.customer
            pages = list(range(page, page + row["pages"]))
            page += row["pages"]
            parts.append(part_of(row) | {"pages": pages})
            files.append(printed.pdf)
        wish = Wish(seed, 10_000 + 10 * number, chosen[0], "invoice", variant)
        tags = ["one-supplier"] * one_supplier
        row = several(f"made-{half}-{seed}-batch-{number:03}", BATCH_SET, parts, page - 1, variant, tags, half)
        yield store(wish, joined(files), row, folder)


def write_pairs(half: str, count: int, seed: int, printer: Printer, folder: Path) -> Iterator[Row]:
    """Pictures of two receipts side by side on a scanner's glass or a table: both on page 1, the left one first."""
    random = Random(f"pairs/{half}/{seed}")
    rolls = [layout for layout in layouts().values() if layout.half == half and is_roll(layout)]
    for number in range(count):
        variant = random.choice(("clean", "degraded", "phone"))
        wishes = [
            Wish(seed, 20_000 + 2 * number + side, layout, random.choice(layout.kinds), variant)
            for side, layout in enumerate(random.choices(rolls, k=2))
        ]
        made = [make(wish, printer) for wish in wishes]
        sheets = [rasterise(printed.pdf, PAIR_DPI)[0] for _, printed, _ in made]
        parts = [part_of(row) | {"pages": [1]} for _, _, row in made]
        look = np.random.default_rng(hash_of(f"{seed}/{half}/pair/{number}"))
        result = damage.degrade([damage.side_by_side(sheets, look)], variant, look, dpi=PAIR_DPI, is_thermal=False)
        name = f"made-{half}-{seed}-pair-{number:03}"
        path = save(result, folder / name, look)
        yield several(name, PAIR_SET, parts, 1, variant, [*result.tags, "thermal"], half) | {"file": path.name}


def part_of(row: Row) -> Row:
    """A document's row as a part of a file."""
    return {k: v for k, v in row.items() if k not in ("id", "file", "set", "variant", "complete", "half")}


def several(
    name: str, set_name: str, parts: Sequence[Row], pages: int, variant: str, tags: Sequence[str], half: str
) -> Row:
    """The row of a file with several documents."""
    languages = sorted({part["language"] for part in parts})
    return {
        "id": name,
        "file": "",
        "set": set_name,
        "kind": "batch",
        "fields": {},
        "invoices": list(parts),
        "pages": pages,
        "layout": "batch",
        "language": "+".join(languages),
        "variant": variant,
        "tags": sorted(set(tags)),
        "complete": True,
        "half": half,
    }


def joined(files: Sequence[bytes]) -> bytes:
    whole = pdfium.PdfDocument.new()
    for content in files:
        whole.import_pages(pdfium.PdfDocument(content))
    buffer = io.BytesIO()
    whole.save(buffer)
    return buffer.getvalue()


def write_rows(rows: Sequence[Row], path: Path) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
