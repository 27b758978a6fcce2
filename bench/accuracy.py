"""`make accuracy`: how right the reader is, on the documents of tests/data, on made ones (where Chromium is installed,
see bench.generator) and, when they are there, on those of ../shared/data.

Runs `manage.py extract`, holds its rows against the truth, prints a table by set and field beside the previous run, and
writes an HTML report of the misses with the page and the boxes. `--smoke` reads only tests/data and fails when a value
that used to be right is wrong; CI runs that.
"""

import argparse
import html
import json
import shutil
import subprocess
import sys
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from PIL import Image, ImageDraw, ImageOps, ImageSequence
from tqdm import tqdm

from ocr.evaluation import (
    Comparison,
    Tally,
    accepted_share,
    calibration_error,
    compare_fields,
    match_line_items,
    reliability,
)

ROOT = Path(__file__).resolve().parent.parent
OWN_SET = ROOT / "tests" / "data"
SHARED_SET = ROOT.parent / "shared" / "data"
OUTPUT = ROOT / "build" / "accuracy"
MADE_SET = ROOT / "build" / "made"
MADE_COUNT = 50  # documents of each half: about one of each layout
REPORT_PAGE_WIDTH = 900  # pixels
HEADER_FIELDS = ("invoiceNumber", "invoiceDate", "totalAmount", "currency", "supplier")
GROUP_COLUMNS: Mapping[str, Sequence[str]] = {
    "number": ("invoiceNumber", "deliveryNoteNumber"),
    "date": ("invoiceDate", "deliveryDate"),
    "total": ("totalAmount",),
    "net": ("subtotal",),
    "tax": ("taxAmount",),
    "due": ("balanceDue",),
    "due date": ("dueDate",),
    "order": ("orderNumber",),
    "currency": ("currency",),
    "supplier": ("supplier",),
    "customer": ("customer", "venue"),
    "lines F1": (),
    "kind": (),
    "all": (),
}


@dataclass(slots=True)
class SetResult:
    """What came of one set of documents."""

    fields: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    lines: Tally = field(default_factory=Tally)
    kinds: Tally = field(default_factory=Tally)
    comparisons: list[Comparison] = field(default_factory=list)
    documents: int = 0
    whole: int = 0
    seconds: list[float] = field(default_factory=list)
    pages: int = 0
    stages: dict[str, float] = field(default_factory=lambda: defaultdict(float))


@dataclass(frozen=True, slots=True)
class Miss:
    file: Path
    comparison: Comparison
    reading: Mapping[str, Any]


def load_truth(folder: Path) -> list[dict[str, Any]]:
    """The truth rows of a folder: truth*.jsonl, or one NAME.expected.json beside each document."""
    rows = [json.loads(line) for path in sorted(folder.glob("truth*.jsonl")) for line in path.read_text().splitlines()]
    rows += [json.loads(path.read_text()) for path in sorted(folder.glob("*.expected.json"))]
    for row in rows:
        row["path"] = (folder / row["file"]).resolve()
    return rows


def made_folders() -> list[Path]:
    """The folders of a small set of made documents, made now if that was not done since the generator was changed."""
    from bench.generator.browser import CHROMIUM

    sources = [path for path in (ROOT / "bench" / "generator").rglob("*.*") if path.suffix in (".py", ".html", ".toml")]
    newest = max(path.stat().st_mtime for path in sources)
    folders = [MADE_SET / "dev", MADE_SET / "blind"]
    if all((f / "truth.jsonl").exists() and (f / "truth.jsonl").stat().st_mtime > newest for f in folders):
        return folders
    if CHROMIUM is None:
        print("No made documents: they need Chromium (scripts/setup.sh --browser).", file=sys.stderr)
        return []
    print("Making documents to measure with …", file=sys.stderr)
    shutil.rmtree(MADE_SET, ignore_errors=True)
    counts = ["--dev", str(MADE_COUNT), "--blind", str(MADE_COUNT), "--batches", "3", "--pairs", "2"]
    subprocess.run([sys.executable, "-m", "bench.generator", str(MADE_SET), *counts], cwd=ROOT, check=True)
    return folders


def extract(paths: Sequence[Path], command: Sequence[str]) -> dict[Path, dict[str, Any]]:
    """The report rows that `command` prints for `paths`, by file."""
    command = [sys.executable, *command, *map(str, paths)]
    found = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in tqdm(process.stdout, total=len(paths), unit="file", disable=not sys.stderr.isatty()):
            row = json.loads(line)
            found[Path(row["file"])] = row
    return found


def judge(
    truth: Sequence[dict[str, Any]], rows: Mapping[Path, dict[str, Any]]
) -> tuple[dict[str, SetResult], list[Miss]]:
    results: dict[str, SetResult] = defaultdict(SetResult)
    misses: list[Miss] = []
    for expected in truth:
        row = rows.get(expected["path"], {})
        result = results[expected["set"]]
        if "seconds" in row:
            result.seconds.append(row["seconds"])
            result.pages += row.get("pages", 0)
            for stage, seconds in row.get("stages", {}).items():
                result.stages[stage] += seconds
        for part, document in pair_parts(expected, row.get("documents", [])):
            misses += judge_document(result, part, document, expected["path"])
    return dict(results), misses


def pair_parts(
    expected: Mapping[str, Any], documents: Sequence[dict[str, Any]]
) -> Iterable[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Each true document with the read one on the same pages (a file of one document: with the first). Several on the
    same page are told in reading order."""
    if "invoices" not in expected:
        yield expected, documents[0] if documents else {}
        return
    by_pages: dict[tuple[int, ...], list[dict[str, Any]]] = defaultdict(list)
    for document in documents:
        by_pages[tuple(document["pages"])].append(document)
    for part in expected["invoices"]:
        alike = by_pages[tuple(part["pages"])]
        yield part, alike.pop(0) if alike else {}


def judge_document(
    result: SetResult, expected: Mapping[str, Any], document: dict[str, Any], path: Path
) -> Iterable[Miss]:
    result.documents += 1
    comparisons = compare_fields(expected, document)
    result.comparisons += comparisons
    result.kinds.add(predicted="kind" in document, right=document.get("kind") in kinds_of(expected))
    right = True
    for comparison in comparisons:
        result.fields[comparison.field].add(predicted=comparison.got is not None, right=comparison.right)
        right &= comparison.right or comparison.field == "paymentTerms"
        if not comparison.right:
            yield Miss(path, comparison, document.get("fields", {}))
    wanted = expected.get("lineItems", expected.get("deliveredItems"))
    if wanted is not None:
        got = document.get("data", {}).get("lineItems", [])
        matched = match_line_items(wanted, got)
        result.lines.add(expected=len(wanted), predicted=len(got), right=len(matched))
        if not len(matched) == len(wanted) == len(got):
            right = False
            yield Miss(path, Comparison("lineItems", wanted, got, False), document.get("fields", {}))
    result.whole += right


def kinds_of(expected: Mapping[str, Any]) -> Sequence[str]:
    """What a document may be taken for: a receipt that is an invoice as well may be either."""
    if "credit-note" in expected.get("tags", ()):
        return ("credit_note",)
    kind = expected.get("kind", "invoice")
    return ("invoice", "receipt") if kind in ("invoice", "receipt") else (kind,)


def print_groups(truth: Sequence[dict[str, Any]], rows: Mapping[Path, dict[str, Any]], key: str) -> None:
    """A line for each value that `key` has in the truth rows, e.g. each layout, language or variant."""
    results, _ = judge([row | {"set": str(row.get(key, "-"))} for row in truth], rows)
    print(f"\n{key:<26}{'files':>6}" + "".join(f"{name:>9}" for name in GROUP_COLUMNS))
    for name, result in sorted(results.items()):
        cells = []
        for fields in GROUP_COLUMNS.values():
            tallies = [result.fields[field] for field in fields if field in result.fields]
            count, right = sum(t.expected for t in tallies), sum(t.right for t in tallies)
            cells.append(f"{100 * right / count:9.1f}" if count else f"{'':9}")
        cells[-3] = f"{100 * result.lines.f1:9.1f}" if result.lines.expected else f"{'':9}"
        cells[-2] = f"{100 * result.kinds.accuracy:9.1f}"
        cells[-1] = f"{100 * result.whole / max(1, result.documents):9.1f}"
        print(f"{name[:26]:<26}{result.documents:>6}{''.join(cells)}")


def print_table(results: Mapping[str, SetResult], previous: Mapping[str, Any]) -> None:
    for name, result in results.items():
        seconds = sorted(result.seconds)
        median = f", {seconds[len(seconds) // 2]:.2f} s a document at the median" if seconds else ""
        print(f"\n{name}: {result.documents} documents{median}")
        if result.stages:
            shares = ", ".join(f"{stage} {s / max(result.pages, 1):.3f}" for stage, s in sorted(result.stages.items()))
            print(f"  seconds a page: {shares}")
        rows = list(summary(result).items())
        for label, (value, count) in rows:
            before = previous.get(name, {}).get(label)
            change = f"{100 * (value - before):+6.1f}" if before is not None and abs(value - before) >= 0.0005 else ""
            print(f"  {label:<26}{count:>6}{100 * value:>8.1f} {change}")


def summary(result: SetResult) -> dict[str, tuple[float, int]]:
    """Label → (share 0..1, number of values)."""
    rows = {name: (tally.accuracy, tally.expected) for name, tally in sorted(result.fields.items())}
    if result.lines.expected:
        rows["line items (F1)"] = (result.lines.f1, result.lines.expected)
    header = [c for c in result.comparisons if c.field in HEADER_FIELDS]
    if result.kinds.expected:
        rows["kind"] = (result.kinds.accuracy, result.kinds.expected)
    rows["everything right"] = (result.whole / result.documents if result.documents else 0.0, result.documents)
    rows["calibration error"] = (calibration_error(result.comparisons), len(result.comparisons))
    rows["header accepted at 99 %"] = (accepted_share(header), len(header))
    return rows


def write_report(results: Mapping[str, SetResult], misses: Sequence[Miss], path: Path) -> None:
    """One HTML page: the reliability diagram, then each document with misses, its first page with the boxes of what was
    read, expected beside got."""
    by_file: dict[Path, list[Miss]] = defaultdict(list)
    for miss in misses:
        by_file[miss.file].append(miss)
    comparisons = [comparison for result in results.values() for comparison in result.comparisons]
    parts = [_HEAD.format(documents=len(by_file), values=len(misses)), reliability_diagram(comparisons)]
    for file, found in tqdm(by_file.items(), desc="report", unit="file", disable=not sys.stderr.isatty()):
        rows = "".join(
            f"<tr><th>{html.escape(m.comparison.field)}<td>{html.escape(_short(m.comparison.expected))}"
            f"<td>{html.escape(_short(m.comparison.got))}<td>{_percent(m.comparison.confidence)}"
            for m in found
        )
        parts.append(
            f"<section><h2>{html.escape(file.name)}</h2><table><tr><th>field<th>expected<th>read<th>confidence{rows}</table>"
            f'<img loading="lazy" alt="first page" src="{picture(file, found[0].reading)}"></section>'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")


def reliability_diagram(comparisons: Sequence[Comparison]) -> str:
    """SVG: the share of right values over their confidence, a dot a bin, its area by the number of values. On the
    diagonal confidence means probability."""
    size, bins = 320, reliability(comparisons)
    most = max((b.count for b in bins), default=1)
    dots = "".join(
        f'<circle cx="{size * b.confidence:.1f}" cy="{size * (1 - b.accuracy):.1f}"'
        f' r="{3 + 13 * (b.count / most) ** 0.5:.1f}">'
        f"<title>{b.count} values: confidence {b.confidence:.3f}, right {b.accuracy:.3f}</title></circle>"
        for b in bins
    )
    rows = "".join(f"<tr><td>{b.count}<td>{b.confidence:.3f}<td>{b.accuracy:.3f}" for b in bins)
    return (
        f"<section><h2>Confidence: expected calibration error {calibration_error(comparisons):.3f}</h2>"
        f'<svg viewBox="-30 -20 {size + 60} {size + 60}" role="img" aria-label="reliability diagram">'
        f'<rect width="{size}" height="{size}"/><line x1="0" y1="{size}" x2="{size}" y2="0"/>{dots}'
        f'<text x="{size / 2}" y="{size + 30}">confidence</text>'
        f'<text x="{-size / 2}" y="-10" transform="rotate(-90)">share right</text></svg>'
        f"<table><tr><th>values<th>mean confidence<th>share right{rows}</table></section>"
    )


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(f"{i.get('description', '')} {i.get('totalPrice', i.get('quantity', ''))}" for i in value)
    return "–" if value is None else str(value)  # noqa: RUF001


def _percent(confidence: float | None) -> str:
    return "" if confidence is None else f"{100 * confidence:.0f} %"


def picture(file: Path, reading: Mapping[str, Any]) -> str:
    """The first page as a data URL, with a frame and the name of every field read on it."""
    image = first_page(file)
    draw = ImageDraw.Draw(image)
    for name, found in reading.items():
        if found.get("page") not in (None, 1) or not found.get("box"):
            continue
        left, top, right, bottom = found["box"]
        frame = (left * image.width, top * image.height, right * image.width, bottom * image.height)
        draw.rectangle(frame, outline=(208, 32, 64), width=2)
        draw.text((frame[0], frame[1] - 11), name, fill=(208, 32, 64))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=60)
    return "data:image/jpeg;base64," + b64encode(buffer.getvalue()).decode()


def first_page(file: Path) -> Image.Image:
    if file.suffix.lower() == ".pdf":
        image = pdfium.PdfDocument(file)[0].render(scale=1.5).to_pil()
    else:
        image = ImageOps.exif_transpose(next(iter(ImageSequence.Iterator(Image.open(file)))))
    image = image.convert("RGB")
    return image.resize((REPORT_PAGE_WIDTH, round(image.height * REPORT_PAGE_WIDTH / image.width)))


_HEAD = """<!doctype html><meta charset="utf-8"><title>Misses</title><style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1400px; color: #1c2430 }}
section {{ display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; padding: 1rem 0 }}
section {{ border-top: 1px solid #ccd }}
h2 {{ grid-column: 1 / -1; margin: 0; font-size: 1rem }}
img {{ width: 100%; border: 1px solid #ccd }}
table {{ border-collapse: collapse; align-self: start; font-size: 13px }}
svg {{ max-width: 420px }} rect {{ fill: none; stroke: #ccd }} line {{ stroke: #99a; stroke-dasharray: 4 }}
circle {{ fill: #2563b0; fill-opacity: .7 }} text {{ text-anchor: middle; font-size: 12px; fill: #556 }}
td, th {{ text-align: left; padding: .2rem .6rem; vertical-align: top }}
</style><h1>{values} values missed in {documents} documents</h1>"""


def check_smoke(truth: Sequence[dict[str, Any]], misses: Sequence[Miss]) -> int:
    """1 when a value is wrong that its expected file does not list under `knownMisses`, else 0."""
    known = {(row["path"], name) for row in truth for name in row.get("knownMisses", [])}
    new = [miss for miss in misses if (miss.file, miss.comparison.field) not in known]
    for miss in new:
        c = miss.comparison
        print(f"{miss.file.name}: {c.field}: expected {_short(c.expected)!r}, read {_short(c.got)!r}", file=sys.stderr)
    return int(bool(new))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "folders", nargs="*", type=Path, help="folders with truth (default: tests/data, build/made and ../shared/data)"
    )
    parser.add_argument("--set", action="append", help="only this set (may be repeated)")
    parser.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="KEY",
        help="a table by layout, language, country or variant as well",
    )
    parser.add_argument("--workers", type=int, help="readers at a time (default: the cores)")
    parser.add_argument(
        "--baseline", action="store_true", help="free tools and regular expressions instead of the reader"
    )
    parser.add_argument("--smoke", action="store_true", help="tests/data only; exit status 1 on a new miss; no report")
    options = parser.parse_args()
    folders = options.folders or [OWN_SET]
    if not options.folders and not options.smoke:
        folders += made_folders()
        if SHARED_SET.is_dir():
            folders.append(SHARED_SET)
        else:
            print(f"{SHARED_SET} is not there: only the project's own documents are read.", file=sys.stderr)
    truth = [row for folder in folders for row in load_truth(folder)]
    truth = [row for row in truth if not options.set or row["set"] in options.set]
    workers = ["--workers", str(options.workers)] if options.workers else []
    reader = ["-m", "bench.baseline"] if options.baseline else ["manage.py", "extract", "--jsonl", *workers]
    rows = extract([row["path"] for row in truth], reader)
    results, misses = judge(truth, rows)
    last_run = OUTPUT / "last.json"
    previous = json.loads(last_run.read_text()) if last_run.exists() else {}
    print_table(results, previous)
    for key in options.by:
        print_groups(truth, rows, key)
    if options.baseline:
        return 0
    if options.smoke:
        return check_smoke(truth, misses)
    unseen = {row["path"] for row in truth if row.get("half") == "blind"}
    write_report(results, [miss for miss in misses if miss.file not in unseen], OUTPUT / "misses.html")
    if unseen:
        print(f"\nMisses of {len(unseen)} documents in layouts kept for measuring are not listed.")
    values = {name: {label: value for label, (value, _) in summary(r).items()} for name, r in results.items()}
    last_run.write_text(json.dumps(previous | values, indent=1))
    print(f"\nMisses with pictures: {OUTPUT / 'misses.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
