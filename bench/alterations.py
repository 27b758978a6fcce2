"""Whether altered invoices show, and honest ones do not: the whole service over HTTP, scans and PDFs, a real server.

    python -m bench.alterations [--altered 100] [--honest 200] [--seed 1] [--only pdf] [--keep FOLDER]

Each document is the rendering of an invoice whose record is in the practice system. A fifth of the altered ones changes
the total, the date, the number, the lines or the customer: in the PDF's text, or by pasting other figures into the
picture. Flagged = a failed check of the right field. A false alarm = any failed check of an honest document.
"""

import argparse
import io
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import requests
from tqdm import tqdm

from bench import machines
from bench.samples import DPI, photograph, render, scan
from bench.vet_invoices import FIRST, LAST, Paper, Row, Sheet, make_paper, make_record, with_texts

FIELDS = {
    "total": ("totalAmount",),
    "date": ("invoiceDate",),
    "number": ("invoiceNumber",),
    "line": ("lineItems",),
    "customer": ("customer", "customer.customerId"),
}
RIGHT_SHARE, MOST_ALARMS = 0.97, 0.005  # what is asked for
MANNERS = ("pdf", "scan", "scan", "scan", "photo")
WAIT_SECONDS = 600.0
AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A document to send. altered: what a forger changed; blank for an honest one. how: in words, for the misses."""

    name: str
    altered: str
    how: str
    customer_id: str
    content: bytes
    media_type: str


# --- Forging --------------------------------------------------------------------------------------------------------


def forge_total(paper: Paper, chance: random.Random) -> tuple[Paper, set[str], str]:
    more = paper.total + chance.choice((Decimal(100), Decimal(300), Decimal(60), Decimal("9.00")))
    texts = {"total": paper.money(more)}
    if not paper.paid or chance.random() < 0.5:
        rest = paper.money(more - paper.paid)
        texts |= {"balance": rest, "head_balance": rest}
    return with_texts(paper, **texts), set(texts), f"total {paper.total} -> {more}"


def forge_date(paper: Paper, chance: random.Random) -> tuple[Paper, set[str], str]:
    day = paper.issued + timedelta(days=chance.choice((-40, -9, 3, 11, 30, 64)))
    return with_texts(paper, issued=paper.day(day)), {"issued"}, f"date {paper.issued} -> {day}"


def forge_number(paper: Paper, chance: random.Random) -> tuple[Paper, set[str], str]:
    figures = [place for place, letter in enumerate(paper.number) if letter.isdigit() and place > 4] or [0]
    letters = list(paper.number)
    for place in chance.sample(figures, min(len(figures), chance.choice((1, 2)))):
        letters[place] = str((int(letters[place]) + chance.randint(1, 9)) % 10)
    number = "".join(letters)
    return with_texts(paper, number=number), {"number"}, f"number {paper.number} -> {number}"


def forge_customer(paper: Paper, chance: random.Random) -> tuple[Paper, set[str], str]:
    first, last = paper.customer.split()
    name = f"{chance.choice([n for n in FIRST if n != first])} {chance.choice([n for n in LAST if n != last])}"
    return with_texts(paper, customer=name), {"customer"}, f"customer {paper.customer} -> {name}"


def forge_line(paper: Paper, chance: random.Random) -> tuple[Paper, set[str], str]:
    """A line's amount alone, or with the sums made to fit; a line more or less, the sums made to fit."""
    way = chance.choice(("amount", "amount and sums", "added", "dropped"))
    rate = paper.region.rate / 100
    rows = list(paper.rows)
    place = chance.randrange(len(rows))
    old = rows[place]
    if way == "added":
        price = Decimal("85.00")
        tax = (price * rate).quantize(Decimal("0.01"))
        shown = price + tax if paper.shows_tax_inside else price
        rows.insert(place, Row("Laser therapy session", "", 1, shown, price, tax))
    elif way == "dropped":
        rows.pop(place)
    else:
        net = old.amount + 100 * old.quantity
        tax = (net * rate).quantize(Decimal("0.01"))
        if way == "amount":
            shown = net + tax if paper.shows_tax_inside else net
            key = f"amount{place}"
            return with_texts(paper, **{key: f"{shown:,.2f}"}), {key}, f"{old.name}: amount only"
        rows[place] = replace(old, amount=net, tax=tax)
    total, tax = sum((r.gross for r in rows), Decimal(0)), sum((r.tax for r in rows), Decimal(0))
    changed = replace(paper, rows=tuple(rows), total=total, tax=tax, paid=min(paper.paid, total))
    return changed, set(), f"{old.name}: {way}"


FORGERS: dict[str, Callable[[Paper, random.Random], tuple[Paper, set[str], str]]] = {
    "total": forge_total,
    "date": forge_date,
    "number": forge_number,
    "line": forge_line,
    "customer": forge_customer,
}


def paste(honest: Paper, forged: Paper, keys: set[str], chance: random.Random) -> np.ndarray:
    """The honest page's picture with the forged texts pasted over it: a little off, a little softer or darker."""
    before, after = Sheet(honest), Sheet(forged)
    picture, source = render(before.draw()).copy(), render(after.draw())
    scale = DPI / 25.4
    for key in keys & before.boxes.keys():
        left, top, right, bottom = (
            pick(a, b) for pick, a, b in zip((min, min, max, max), before.boxes[key], after.boxes[key], strict=True)
        )
        x0, y0, x1, y1 = (round(side * scale) for side in (left - 0.6, top - 0.5, right + 0.6, bottom + 0.5))
        patch = cv2.GaussianBlur(source[y0:y1, x0:x1], (0, 0), chance.uniform(0.3, 0.8))
        shift = chance.choice((-2, -1, 1, 2))
        picture[y0:y1, x0:x1] = 255 if honest.style != "shaded" else picture[y0 - 3 : y0 - 2, x0:x1]
        picture[y0 + shift : y1 + shift, x0:x1] = np.minimum(picture[y0 + shift : y1 + shift, x0:x1], patch)
    return picture


# --- Documents ------------------------------------------------------------------------------------------------------


def make_cases(
    count: int, is_altered: bool, seed: int, manners: Sequence[str] = MANNERS
) -> Iterator[tuple[Case, dict[str, Any]]]:
    """(the document, its record), one after the other."""
    chance = random.Random(f"{seed} {is_altered}")
    for index in range(count):
        start = 10_000 if is_altered else 0
        paper = make_paper(chance, start + index)
        record = make_record(paper, chance)
        altered, how, forged, keys = "", "", paper, set[str]()
        customer_id = paper.customer_id
        if is_altered:
            altered = list(FORGERS)[index % len(FORGERS)]
            forged, keys, how = FORGERS[altered](paper, chance)
            if altered == "customer" and chance.random() < 0.3:
                customer_id, how = f"X-{index}", f"{how}, sent as their own"
        content, media_type, manner = print_paper(paper, forged, keys, chance, chance.choice(manners))
        name = f"{'altered' if is_altered else 'honest'}-{index:03}"
        yield Case(name, altered, f"{how} [{paper.style}, {manner}]".strip(), customer_id, content, media_type), record


def print_paper(
    honest: Paper, forged: Paper, keys: set[str], chance: random.Random, manner: str
) -> tuple[bytes, str, str]:
    """(file, its media type, how it was made)."""
    pdf = Sheet(forged).draw()
    if manner == "pdf":
        return pdf, "application/pdf", "pdf"
    pasted = bool(keys) and chance.random() < 0.6
    pixels = paste(honest, forged, keys, chance) if pasted else render(pdf)
    seed = chance.randrange(10**6)
    picture = photograph(pixels, seed) if manner == "photo" else scan(pixels, seed, chance.uniform(-0.8, 0.8))
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=chance.choice((70, 80, 88)), dpi=(DPI, DPI))
    return buffer.getvalue(), "image/jpeg", f"{manner}{', pasted' if pasted else ''}"


# --- Running --------------------------------------------------------------------------------------------------------


def ask(service: machines.Service, tenant: machines.Tenant, case: Case) -> dict[str, Any]:
    """The answer, waited for."""
    suffix = ".pdf" if case.media_type.endswith("pdf") else ".jpg"
    answer = requests.post(
        f"{service.url}/api/v1/invoice/{case.customer_id}/process",
        headers=tenant.headers,
        files={"invoice": (f"{case.name}{suffix}", case.content, case.media_type)},
        timeout=60,
    )
    end = time.monotonic() + WAIT_SECONDS
    body: dict[str, Any] = answer.json()
    if answer.status_code == 503:
        raise RuntimeError(f"The service does not work: {body}.")
    while body.get("status") == "accepted" and time.monotonic() < end:
        time.sleep(0.5)
        body = requests.get(body["statusUrl"], headers=tenant.headers, timeout=60).json()
    return body


def failed_fields(body: dict[str, Any]) -> dict[str, str]:
    """{field: message} of the checks that failed."""
    checks = body.get("validationResults", {}).get("checks", [])
    return {check["field"]: check["message"] for check in checks if check["status"] == "failed"}


def is_flagged(case: Case, body: dict[str, Any]) -> bool:
    return bool(set(FIELDS[case.altered]) & failed_fields(body).keys())


def run(service: machines.Service, tenant: machines.Tenant, cases: list[Case]) -> list[tuple[Case, dict[str, Any]]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda case: (case, ask(service, tenant, case)), cases)
        return list(tqdm(found, total=len(cases), desc="documents", disable=not sys.stderr.isatty()))


def report(results: list[tuple[Case, dict[str, Any]]]) -> bool:
    altered = [(case, body) for case, body in results if case.altered]
    honest = [(case, body) for case, body in results if not case.altered]
    totals, flagged = Counter(case.altered for case, _ in altered), Counter[str]()
    for case, body in altered:
        flagged[case.altered] += is_flagged(case, body)
        if not is_flagged(case, body):
            print(f"missed       {case.name}: {case.how}; failed: {failed_fields(body) or 'nothing'}")
    alarms = [(case, body) for case, body in honest if failed_fields(body)]
    for case, body in alarms:
        print(f"false alarm  {case.name}: {case.how}; {failed_fields(body)}")
    for case, body in honest:
        if body.get("source") != "PIMS":
            number = body.get("data", {}).get("invoiceNumber", "none")
            print(f"not found    {case.name}: {case.how}; number read: {number}")
    print("\naltered      flagged with the right field")
    for name, total in totals.items():
        print(f"{name:12} {flagged[name]:3} of {total}")
    print(f"{'all':12} {flagged.total():3} of {len(altered)}")
    print(f"\nhonest       {len(alarms)} of {len(honest)} with a failed check")
    is_good = flagged.total() >= RIGHT_SHARE * len(altered) and len(alarms) <= max(1, MOST_ALARMS * len(honest))
    return is_good


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.alterations", description=__doc__.partition("\n")[0])
    parser.add_argument("--altered", type=int, default=100)
    parser.add_argument("--honest", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=sorted(set(MANNERS)), help="documents of this kind alone")
    parser.add_argument("--keep", type=Path, help="write the documents and the answers to this folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alterations-") as name:
        folder = Path(name)
        environment = {"DATA_DIR": str(folder), "INVOICE_FILE_REQUIREMENTS": "advisory", "LOG_LEVEL": "ERROR"}
        machines.use(environment)
        from django.core.management import call_command

        tenant = machines.make_tenant("bench")
        manners = (asked.only,) if asked.only else MANNERS
        made = [
            *make_cases(asked.altered, True, asked.seed, manners),
            *make_cases(asked.honest, False, asked.seed, manners),
        ]
        records = folder / "records.jsonl"
        records.write_text("".join(json.dumps(record) + "\n" for _, record in made))
        call_command("import_pims", str(records), mga="bench", stdout=io.StringIO())
        service = machines.Service(folder, environment, folder / "log")
        service.start()
        try:
            results = run(service, tenant, [case for case, _ in made])
        finally:
            service.stop()
    if asked.keep:
        keep(asked.keep, results)
    sys.exit(0 if report(results) else 1)


def keep(folder: Path, results: list[tuple[Case, dict[str, Any]]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for case, body in results:
        suffix = ".pdf" if case.media_type.endswith("pdf") else ".jpg"
        (folder / f"{case.name}{suffix}").write_bytes(case.content)
        (folder / f"{case.name}.json").write_text(json.dumps({"how": case.how, "answer": body}, indent=1))


if __name__ == "__main__":
    main()
