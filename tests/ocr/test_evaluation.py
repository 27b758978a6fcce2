import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from ocr.evaluation import (
    Comparison,
    accepted_share,
    calibration_error,
    compare_fields,
    is_right,
    match_line_items,
    reliability,
    similarity,
)

SCORER = Path(__file__).resolve().parents[3] / "shared" / "data" / "score.py"


def load_scorer() -> ModuleType:
    specification = importlib.util.spec_from_file_location("score", SCORER)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_amounts_are_compared_as_numbers() -> None:
    assert is_right("totalAmount", "12.50", 12.5)
    assert not is_right("totalAmount", "12.50", 12.51)


def test_a_value_not_read_is_never_right() -> None:
    assert not is_right("supplier", "Blue Cross Vets", None)
    assert not is_right("supplier", "Blue Cross Vets", "")


def test_numbers_may_be_spaced_otherwise_but_not_differ() -> None:
    assert is_right("invoiceNumber", "INV 0042", "inv-0042")
    assert not is_right("invoiceNumber", "INV 0042", "INV 0043")


def test_names_may_differ_by_a_slip_but_dates_may_not() -> None:
    assert is_right("supplier", "Harbour Veterinary Clinic", "Harbour Veterlnary Clinic")
    assert not is_right("invoiceDate", "2025-03-04", "2025-03-05")


def test_line_items_need_the_amount_and_a_like_description_and_are_used_once() -> None:
    expected = [
        {"description": "Consultation", "totalPrice": "45.00"},
        {"description": "Consultation", "totalPrice": "45.00"},
        {"description": "Nail clip", "totalPrice": "12.00"},
    ]
    got = [{"description": "Consultation", "totalPrice": 45}, {"description": "Suture", "totalPrice": 12}]
    assert match_line_items(expected, got) == [(expected[0], got[0])]


def test_a_delivery_notes_own_number_is_its_number() -> None:
    truth = {"fields": {"deliveryNoteNumber": "DN 7"}}
    document = {"data": {"number": "DN 7"}, "fields": {"number": {"confidence": 0.9}}}
    assert compare_fields(truth, document) == [Comparison("deliveryNoteNumber", "DN 7", "DN 7", True, 0.9)]


def test_confidence_that_means_probability_has_no_calibration_error() -> None:
    honest = [Comparison("x", 1, 1, right, 0.75) for right in (True, True, True, False)]
    boastful = [Comparison("x", 1, 1, right, 1.0) for right in (True, False)]
    assert calibration_error(honest) == 0
    assert calibration_error(boastful) == 0.5


def test_reliability_tells_confidence_and_share_right_of_each_bin() -> None:
    values = [Comparison("x", 1, 1, right, p) for p, right in ((0.15, False), (0.95, True), (0.97, True), (1.0, False))]
    low, high = reliability([*values, Comparison("x", 1, None, False)])
    assert (low.count, low.accuracy) == (1, 0)
    assert (high.count, high.accuracy) == (3, pytest.approx(2 / 3))
    assert high.confidence == pytest.approx(2.92 / 3)


def test_accepted_share_stops_before_precision_falls() -> None:
    values = [Comparison("x", 1, 1, p > 0.5, p) for p in (0.9, 0.8, 0.4, 0.3)]
    assert accepted_share(values, precision=0.99) == 0.5


@pytest.mark.skipif(not SCORER.exists(), reason="the shared scorer is not beside this checkout")
def test_agrees_with_the_shared_scorer_on_pairs_of_names() -> None:
    score = load_scorer()
    rows = [json.loads(line) for line in (SCORER.parent / "truth.jsonl").read_text().splitlines()][:60]
    names = [row["fields"]["supplier"] for row in rows if "supplier" in row["fields"]]
    for left, right in zip(names, [*names[1:], names[0].replace("E", "F", 1)], strict=True):
        assert similarity(left, right) == pytest.approx(score.token_set(left, right))
