"""Trains the weights that ocr.scorer weighs evidence with, and measures them on layouts never seen.

    python -m bench.train_fields --words DIR --truth FILE... [--folds 7] [--save] [--predictions FILE]

DIR holds the words of every document (ID.json, a JSON list of ocr.types.Page); a truth file has a row per document as
described in docs/reading.md. The model is a softmax over a document's candidates and "none", fitted by maximum
likelihood with the hand-set weights as the prior's mean, so that a label that training never showed keeps what the
lexicon says of it. Cross-validation holds out whole layouts (or, where there are none, suppliers). Calibration is
fitted on the held-out predictions. Everything is deterministic.
"""

import argparse
import dataclasses
import json
import re
import sys
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from ocr import fields as decide
from ocr.evaluation import Comparison, accepted_share, calibration_error
from ocr.evaluation import is_right as is_like
from ocr.evidence import Sheet
from ocr.parties.election import PARTY_FIELDS as PARTIES
from ocr.scorer import MODEL_FOLDER, NONE_SCORE, FieldModel, Weights, initial_weight, load_models
from ocr.types import DocumentKind, Field, Page
from tests.ocr.sheets import make_page

TYPED = Path(__file__).parent / "typed"

SPREAD = 1.0  # standard deviation of the weights around their prior mean, in logits
NONE_SPREAD = 0.7
LABEL_SPREAD = 0.8
KNOWN_ABSENT = 0.5  # weight of a document that is said not to print a field
HARDLY_PRINTED = 0.15  # weight of one that nobody looked through for it
FOUND = 3.0  # weight of a document that our generator did not make: there are few, and they are what is to be read
MOST_ROUNDS = 150  # of the optimiser; later ones move no weight by a hundredth
PLATT_PRIOR = 4.0  # strength of the pull of a calibration to slope 1 and offset 0, in documents

FIELDS = {
    "invoiceNumber": "invoice_number",
    "invoiceDate": "issue_date",
    "dueDate": "due_date",
    "deliveryDate": "delivery_date",
    "totalAmount": "gross_total",
    "subtotal": "net_total",
    "taxAmount": "tax_total",
    "amountPaid": "amount_paid",
    "previousBalance": "previous_balance",
    "balanceDue": "amount_due",
    "orderNumber": "order_number",
    "deliveryNoteNumber": "delivery_note_number",
    "supplier": "supplier_name",
    "customer": "customer_name",
    "venue": "venue",
}
NAMES = {ours: theirs for theirs, ours in FIELDS.items()}
SCORED = (*decide.AMOUNT_FIELDS, *decide.DATE_FIELDS, *decide.NUMBER_FIELDS, *PARTIES)
HEADER = ("invoice_number", "issue_date", "gross_total", "supplier_name")  # what an invoice is paid by
# What a left-out value means: in made documents that it is not printed; in found ones only that nobody wrote it down.
COMPLETE_SETS = ("vet", "hospitality", "delivery-note", "batch", "generated")


@dataclass(slots=True)
class Document:
    """A document to learn from: its options, what is true of it, and what may not be seen together with it."""

    id: str
    source: str
    group: str
    kind: DocumentKind
    truth: dict[str, str]
    complete: bool
    evidence: decide.Evidence
    unknown: frozenset[str] = frozenset()
    is_found: bool = False
    absent: frozenset[str] = frozenset()  # said not to be printed
    fields: dict[str, Field] = dataclasses.field(default_factory=dict)

    def options(self, name: str) -> Sequence[Any]:
        return self.evidence.names if name in PARTIES else self.evidence.options(name)


def read_documents(words: Path, truths: Iterable[Path]) -> Iterator[Document]:
    """All documents of the truth files whose words are there; a batch gives one for each of its parts."""
    decoder = msgspec.json.Decoder(list[Page])
    for file in truths:
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            source = words / f"{row['id']}.json"
            if not source.exists():
                continue
            pages = decoder.decode(source.read_bytes())
            for part, number in (
                [(p, f"#{i}") for i, p in enumerate(row["invoices"])] if "invoices" in row else [(row, "")]
            ):
                own = [p for p in pages if p.number in part["pages"]] if number else pages
                yield make_document(row | part | {"id": row["id"] + number, "set": row["set"]}, own)


def read_typed(folder: Path) -> Iterator[Document]:
    """Documents typed as text, NAME.txt beside NAME.json with their kind and (our) fields; null: not printed."""
    for file in sorted(folder.glob("*.txt")):
        row = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        kind = DocumentKind(row["kind"])
        pages = [make_page(file.read_text(encoding="utf-8"))]
        truth = {name: value for name, value in row["fields"].items() if name in SCORED and value is not None}
        absent = frozenset(name for name, value in row["fields"].items() if value is None)
        group = f"typed {file.stem}"
        evidence = decide.gather_evidence(Sheet(pages), kind)
        yield Document(group, "typed", group, kind, truth, False, evidence, absent=absent, is_found=True)


def make_document(row: Mapping[str, Any], pages: Sequence[Page]) -> Document:
    truth = {FIELDS[k]: str(v) for k, v in row["fields"].items() if k in FIELDS}
    if "previousBalance" in row.get("extra", {}):
        truth["previous_balance"] = str(row["extra"]["previousBalance"])
    kind = kind_of(row)
    evidence = decide.gather_evidence(Sheet(pages), kind)
    complete = row["set"] in COMPLETE_SETS or bool(row.get("complete"))
    several = len(row.get("extra", {}).get("deliveryNoteNumbers", [])) > 1  # none of them is the one
    unknown = frozenset({"delivery_note_number"}) if several else frozenset()
    is_found = not row.get("complete")
    return Document(row["id"], row["set"], group_of(row), kind, truth, complete, evidence, unknown, is_found)


def kind_of(row: Mapping[str, Any]) -> DocumentKind:
    if "credit-note" in row.get("tags", []):
        return DocumentKind.CREDIT_NOTE
    return DocumentKind(row.get("kind", "invoice"))


def group_of(row: Mapping[str, Any]) -> str:
    """What is held out together: the layout; without one, the supplier."""
    return row.get("layout") or plain(row["fields"].get("supplier") or row["fields"].get("supplierBrand") or row["id"])


def plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", str(text)).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def is_right(name: str, value: Any, truth: str) -> bool:
    """Whether a value is the true one, as the scorers compare."""
    if isinstance(value, Decimal):
        wanted = Decimal(truth)
        return abs(value) == abs(wanted) if name == "amount_paid" else value == wanted
    if isinstance(value, date):
        return value.isoformat() == truth
    if name in decide.NUMBER_FIELDS:
        return plain(value).replace(" ", "") == plain(truth).replace(" ", "")
    return plain(value) == plain(truth)


def fold_of(group: str, folds: int) -> int:
    return zlib.crc32(group.encode()) % folds


# --- Fitting -------------------------------------------------------------------------------------------------------


def fit(name: str, documents: Sequence[Document]) -> FieldModel:
    """The likeliest weights of a field, pulled towards what its labels say."""
    rows: list[Mapping[str, float]] = []
    spans: list[tuple[int, int, float]] = []
    good: list[bool] = []
    for document in documents:
        options = document.options(name)
        truth = document.truth.get(name)
        if truth is None and not _is_absent(document, name):
            continue
        right = [truth is not None and is_right(name, option.value, truth) for option in options]
        if truth is not None and not any(right):
            continue
        is_told = document.complete or name in document.absent
        weight = 1.0 if truth is not None else KNOWN_ABSENT if is_told else HARDLY_PRINTED
        weight *= FOUND if document.is_found else 1.0
        spans.append((len(rows), len(rows) + len(options), weight))
        rows += [option.features for option in options]
        good += right
    names = sorted({n for row in rows for n in row})
    if not spans or not names:
        return FieldModel(Weights("", {}), NONE_SCORE)
    return _maximise(name, names, rows, spans, np.array(good))


def _maximise(
    name: str, names: list[str], rows: list[Mapping[str, float]], spans: list[tuple[int, int, float]], good: np.ndarray
) -> FieldModel:
    index = {n: i for i, n in enumerate(names)}
    matrix = csr_matrix(
        (
            [v for row in rows for v in row.values()],
            [index[n] for row in rows for n in row],
            np.cumsum([0] + [len(row) for row in rows]),
        ),
        shape=(len(rows), len(names)),
    )
    start = np.array([initial_weight(name, n) for n in names])
    spread = np.array([LABEL_SPREAD if ":" in n else SPREAD for n in names])
    spans = [span for span in spans if span[0] < span[1]]  # without a candidate there is nothing to learn
    begins = np.array([a for a, _, _ in spans])
    owner = np.repeat(np.arange(len(spans)), [b - a for a, b, _ in spans])
    importance = np.array([weight for _, _, weight in spans])
    present = np.logical_or.reduceat(good, begins)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = matrix @ weights[:-1]
        none = weights[-1]
        pull = (weights[:-1] - start) / spread
        none_pull = (none - NONE_SCORE) / NONE_SPREAD
        top = np.maximum(np.maximum.reduceat(scores, begins), none)
        shares = np.exp(scores - top[owner])
        absent = np.exp(none - top)
        everything = np.add.reduceat(shares, begins) + absent
        hits = np.maximum(np.add.reduceat(np.where(good, shares, 0.0), begins), 1e-300)
        right = np.where(present, hits, absent)
        total = 0.5 * float(pull @ pull + none_pull**2) - float(importance @ np.log(right / everything))
        slope = shares / everything[owner] - np.where(good & present[owner], shares / hits[owner], 0.0)
        none_slope = none_pull / NONE_SPREAD + float(importance @ (absent / everything - ~present))
        return total, np.append(matrix.T @ (importance[owner] * slope) + pull / spread, none_slope)

    result = minimize(loss, np.append(start, NONE_SCORE), jac=True, method="L-BFGS-B", options={"maxiter": MOST_ROUNDS})
    learned = zip(names, result.x[:-1], start, strict=True)
    weights = {n: round(float(w), 4) for n, w, before in learned if abs(w) > 5e-4 or before}
    return FieldModel(Weights(name, weights), float(result.x[-1]))


# --- Predicting and measuring --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prediction:
    document: Document
    name: str
    value: Any
    share: float  # of the softmax, before calibration


def predict(document: Document, models: Mapping[str, FieldModel]) -> list[Prediction]:
    """The decided values; a field that is not found gets the value None."""
    fields = decide.decide_fields(document.evidence, models)
    found = []
    for name in SCORED:
        field = fields.get(name)
        found.append(Prediction(document, name, field.value if field else None, field.confidence if field else 1.0))
    document.fields = fields
    return found


def cross_validate(documents: Sequence[Document], folds: int) -> list[Prediction]:
    predictions = []
    for fold in range(folds):
        held = [d for d in documents if fold_of(d.group, folds) == fold]
        rest = [d for d in documents if fold_of(d.group, folds) != fold]
        models = {name: fit(name, rest) for name in SCORED}
        for document in held:
            predictions += predict(document, models)
        print(f"fold {fold}: {len(rest)} documents to learn from, {len(held)} held out", file=sys.stderr)
    return predictions


def calibrate(predictions: Sequence[Prediction]) -> tuple[float, float]:
    """Slope and offset of a logistic curve from the winner's log odds to the probability that it is right."""
    judged = [
        (p.share, is_right(p.name, p.value, p.document.truth[p.name]))
        for p in predictions
        if p.value is not None and p.name in p.document.truth
    ]
    judged += [(p.share, False) for p in predictions if p.value is not None and _known_absent(p)]
    if not judged:
        return 1.0, 0.0
    share = np.clip(np.array([s for s, _ in judged]), 1e-6, 1 - 1e-6)
    odds = np.log(share / (1 - share))
    right = np.array([r for _, r in judged], dtype=float)

    def loss(curve: np.ndarray) -> float:
        logit = curve[0] * odds + curve[1]
        fit_loss = float(np.sum(np.logaddexp(0, logit) - right * logit))
        return fit_loss + PLATT_PRIOR * float((curve[0] - 1) ** 2 + 0.25 * curve[1] ** 2)

    result = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead")
    return round(float(result.x[0]), 4), round(float(result.x[1]), 4)


def _known_absent(prediction: Prediction) -> bool:
    if prediction.name == "amount_due":  # what is said nowhere is derived from the total, and no invention
        return False
    return prediction.name not in prediction.document.truth and _is_absent(prediction.document, prediction.name)


def _is_absent(document: Document, name: str) -> bool:
    """Whether a left-out value means that the document does not print it."""
    if name in document.absent:
        return True
    if name in document.unknown:
        return False
    if name in ("customer_name", "venue") and document.kind == DocumentKind.RECEIPT:
        return True  # receipts name a customer too seldom for anybody to have looked
    if name in ("supplier_name", "customer_name") or (
        name == "issue_date" and document.kind == DocumentKind.DELIVERY_NOTE
    ):
        return False
    return document.complete


def report(predictions: Sequence[Prediction]) -> None:
    """A table: share right of the documents that print the field, by set; and false values where it is not printed."""
    sets = sorted({p.document.source for p in predictions})
    cells: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for p in predictions:
        cell = cells[p.name, p.document.source]
        if p.name in p.document.truth:
            cell["n"] += 1
            cell["right"] += p.value is not None and is_right(p.name, p.value, p.document.truth[p.name])
        elif _known_absent(p):
            cell["absent"] += 1
            cell["invented"] += p.value is not None
    print(f"{'field':<22}" + "".join(f"{s[:13]:>14}" for s in [*sets, "ALL", "invented"]))
    for name in SCORED:
        row = ""
        for s in sets:
            c = cells[name, s]
            row += f"{c['right']:>8}/{c['n']:<5}" if c["n"] else f"{'':>14}"
        everything = sum((cells[name, s] for s in sets), Counter())
        share = 100 * everything["right"] / max(1, everything["n"])
        print(f"{name:<22}{row}{share:>13.1f}%{everything['invented']:>8}/{everything['absent']:<5}")


def report_confidence(predictions: Sequence[Prediction], folds: int) -> None:
    """How well confidence tells right from wrong, by a calibration that has not seen the document's layout."""
    comparisons = []
    for fold in range(folds):
        for name in SCORED:
            own = [p for p in predictions if p.name == name and p.value is not None and _is_judged(p)]
            curve = calibrate([p for p in own if fold_of(p.document.group, folds) != fold])
            model = FieldModel(Weights("", {}), 0.0, *curve)
            held = [p for p in own if fold_of(p.document.group, folds) == fold]
            comparisons += [_compare(p, model.calibrate(p.share)) for p in held]
    print_confidence(comparisons)


def _compare(prediction: Prediction, confidence: float) -> Comparison:
    """Judged as `make accuracy` judges: names may differ by a slip of recognition."""
    name, value, truth = prediction.name, prediction.value, prediction.document.truth.get(prediction.name)
    right = _is_right(prediction) or (name in PARTIES and truth is not None and is_like(NAMES[name], truth, str(value)))
    return Comparison(name, truth, value, right, confidence)


def print_confidence(comparisons: Sequence[Comparison]) -> None:
    header = [c for c in comparisons if c.field in HEADER]
    print(f"\nexpected calibration error {calibration_error(comparisons):.3f} ({len(comparisons)} values)")
    print(f"accepted at 99 %: {accepted_share(header):.3f} of {len(header)} header values")


def _is_right(prediction: Prediction) -> bool:
    truth = prediction.document.truth.get(prediction.name)
    return truth is not None and is_right(prediction.name, prediction.value, truth)


def _is_judged(prediction: Prediction) -> bool:
    return prediction.name in prediction.document.truth or _known_absent(prediction)


def print_misses(predictions: Sequence[Prediction]) -> None:
    for p in sorted(predictions, key=lambda p: (p.name, p.document.id)):
        if (p.value is not None or p.name in p.document.truth) and _is_judged(p) and not _is_right(p):
            wanted = p.document.truth.get(p.name, "(absent)")
            print(f"{p.name:<21}{p.document.id:<42} {wanted!s:<38} {p.value!s:<38} {p.share:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--truth", type=Path, nargs="+", required=True)
    parser.add_argument("--typed", type=Path, nargs="*", default=[TYPED], help="default: %(default)s")
    parser.add_argument("--folds", type=int, default=7)
    parser.add_argument(
        "--test", type=Path, nargs="+", default=[], help="truth never learned from, read with the stored model"
    )
    parser.add_argument("--misses", action="store_true", help="list what was read wrongly on the held-out documents")
    parser.add_argument("--save", action="store_true", help="train on everything and write the model file")
    options = parser.parse_args()
    documents = list(read_documents(options.words, options.truth))
    documents += [document for folder in options.typed for document in read_typed(folder)]
    print(f"{len(documents)} documents in {len({d.group for d in documents})} groups", file=sys.stderr)
    predictions = cross_validate(documents, options.folds)
    report(predictions)
    report_confidence(predictions, options.folds)
    if options.misses:
        print_misses(predictions)
    if options.save:
        save(documents, predictions)
    if options.test:
        load_models.cache_clear()
        unseen = [p for d in read_documents(options.words, options.test) for p in predict(d, {})]
        print("\nnever learned from, read with the stored model:")
        report(unseen)
        print_confidence([_compare(p, p.share) for p in unseen if p.value is not None and _is_judged(p)])
        if options.misses:
            print_misses(unseen)


def save(documents: Sequence[Document], predictions: Sequence[Prediction]) -> None:
    stored = {}
    for name in SCORED:
        model = fit(name, documents)
        slope, offset = calibrate([p for p in predictions if p.name == name])
        stored[name] = {
            "none": round(model.none, 4),
            "slope": slope,
            "offset": offset,
            "weights": dict(sorted(model.weights.items())),
        }
    path = MODEL_FOLDER / "weights.json"
    path.write_text(json.dumps(stored, indent=0, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"wrote {path} ({path.stat().st_size / 1000:.0f} kB)", file=sys.stderr)


if __name__ == "__main__":
    main()
