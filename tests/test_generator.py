"""The documents that are made for measuring: what their truth says is printed, and the same seed says the same."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image, ImageSequence
from pypdfium2 import PdfDocument

from bench.generator.browser import CHROMIUM, Print, Printer, printer
from bench.generator.catalogue import HALVES, KINDS, Layout, layouts, read_layout
from bench.generator.damage import VARIANTS, Degraded, degrade
from bench.generator.draw import Draw
from bench.generator.printing import Writer
from bench.generator.sets import Wish, make, plan, save, write
from bench.generator.truth import TruthError, check_printed

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: scripts/setup.sh --browser")
ALL = sorted(layouts())


@pytest.fixture(scope="module")
def browser() -> Iterator[Printer]:
    with printer() as page:
        yield page


def html_of(layout: Layout, seed: str) -> str:
    random = Random(seed)
    return Writer(Draw(layout, random).paper(), layout, random).html()


def test_same_seed_same_page_and_another_seed_another() -> None:
    layout = layouts()[ALL[0]]

    assert html_of(layout, "1") == html_of(layout, "1")
    assert html_of(layout, "1") != html_of(layout, "2")


def test_halves_share_no_layout_and_both_have_every_kind() -> None:
    kinds = {
        half: Counter(k for layout in layouts().values() if layout.half == half for k in layout.kinds)
        for half in HALVES
    }

    assert all(kinds[half][kind] for half in HALVES for kind in KINDS)
    dev, blind = ({wish.layout.name for wish in plan(half, 200, seed=1)} for half in HALVES)
    assert dev and blind and not dev & blind


@needs_chromium
@pytest.mark.parametrize("name", ALL)
def test_truth_of_every_layout_is_printed_and_adds_up(name: str, browser: Printer) -> None:
    layout = layouts()[name]
    kind = layout.kinds[-1]
    paper, _, row = make(Wish(3, 1, layout, kind, "digital"), browser)  # raises where a mark is not printed

    assert {"lineItems", "deliveredItems"} & set(row) or kind in ("statement", "other")
    fields, items = row["fields"], row.get("lineItems", [])
    is_plain = paper.basis == "net" and not paper.allowance and "gross" not in layout.template
    if items and is_plain and "subtotal" in fields:
        assert sum(Decimal(item["totalPrice"]) for item in items) == Decimal(fields["subtotal"])
    if {"subtotal", "taxAmount", "totalAmount"} <= set(fields):
        assert Decimal(fields["subtotal"]) + Decimal(fields["taxAmount"]) == Decimal(fields["totalAmount"])


@pytest.mark.parametrize("has", [frozenset(), frozenset({"free"})])
def test_lines_without_charge_are_drawn_only_where_a_layout_has_them(has: frozenset[str]) -> None:
    layout = replace(next(known for known in layouts().values() if known.trades == ["vet"]), has=has)

    papers = [Draw(layout, Random(seed), kind="invoice").paper() for seed in range(40)]

    free = [line for paper in papers for line in paper.lines if not line.total]
    assert bool(free) is bool(has) and not any(line.price for line in free)


@needs_chromium
def test_a_value_that_is_not_on_the_page_is_refused(browser: Printer) -> None:
    layout = layouts()[ALL[0]]
    printed = browser.print("<!doctype html><p>Total <span data-f='totalAmount' data-v='12.00'>12.00</span>")
    check_printed(layout, printed)

    with pytest.raises(TruthError, match="not printed"):
        check_printed(layout, Print(printed.pdf, [{"f": "totalAmount", "v": "21.00", "text": "21.00"}], printed.text))


@needs_chromium
def test_a_set_is_written_with_its_truth(browser: Printer, tmp_path: Path) -> None:
    wishes = plan("dev", 2, seed=5, shares={"digital": 0.5, "phone": 0.5})

    rows = list(write(wishes, browser, tmp_path))

    assert len({row["id"] for row in rows}) == 2
    assert all((tmp_path / row["file"]).stat().st_size > 10_000 for row in rows)


@pytest.mark.parametrize("variant", [v for v in VARIANTS if v != "digital"])
def test_degrading_is_the_same_for_the_same_seed_and_leaves_ink(variant: str) -> None:
    page = np.full((660, 510, 3), 255, np.uint8)
    page[300:330, 100:400] = 0

    first, again = (
        degrade([page], variant, np.random.default_rng(4), dpi=60, is_thermal=False).pages[0].convert("L")
        for _ in range(2)
    )

    assert np.array_equal(np.asarray(first), np.asarray(again))
    assert np.asarray(first).min() + 60 < np.asarray(first).max()


@pytest.mark.parametrize("seed", range(6))
def test_pages_are_stored_as_scanners_store_them(seed: int, tmp_path: Path) -> None:
    page = Image.new("1" if seed % 2 else "RGB", (300, 400), 1 if seed % 2 else "white")
    scan = Degraded([page, page], 200, 70, ["scan"], is_bilevel=bool(seed % 2))

    path = save(scan, tmp_path / "made", np.random.default_rng(seed))

    pages = PdfDocument(path) if path.suffix == ".pdf" else list(ImageSequence.Iterator(Image.open(path)))
    assert len(pages) == 2


def test_a_layout_without_a_heading_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.html"
    path.write_text("<p>Invoice")
    with pytest.raises(ValueError, match="begins with its heading"):
        read_layout(path)
    path.write_text('{# half = "dev"\nkinds = ["bill"]\ntrades = ["food"]\ncountries = ["GB"] #}<p>')
    with pytest.raises(ValueError, match="kinds are of"):
        read_layout(path)
