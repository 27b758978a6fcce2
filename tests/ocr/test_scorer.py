import pytest

from ocr.fields import AMOUNT_FIELDS, DATE_FIELDS, NUMBER_FIELDS
from ocr.parties.election import PARTY_FIELDS
from ocr.scorer import FieldModel, Weights, field_model, initial_weight, load_models, softmax


def test_a_fields_own_label_speaks_for_it_and_others_against() -> None:
    assert (
        initial_weight("invoice_number", "left:invoice_number")
        > initial_weight("invoice_number", "col:invoice_number")
        > 0
    )
    assert initial_weight("invoice_number", "left:account_number") < 0


def test_a_delivery_notes_plain_date_is_its_delivery_date() -> None:
    plain = initial_weight("delivery_date", "left:date")
    assert plain < 0 < plain + initial_weight("delivery_date", "dn|left:date")


def test_unknown_features_and_fields_weigh_nothing() -> None:
    assert initial_weight("invoice_number", "no such feature") == 0
    assert initial_weight("no such field", "left:invoice_number") == 0


def test_a_score_is_the_weighted_sum() -> None:
    assert FieldModel(Weights("", {"a": 2.0, "b": -1.0}), 0.0).score({"a": 1.0, "b": 0.5, "c": 9.0}) == 1.5


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999, 1.0])
def test_calibration_stays_a_probability(share: float) -> None:
    assert 0 <= FieldModel(Weights("", {}), 0.0, 0.8, -0.2).calibrate(share) <= 1


def test_shares_sum_to_one_whatever_the_scores() -> None:
    assert sum(softmax([1000.0, 999.0, -1000.0])) == pytest.approx(1.0)


@pytest.mark.parametrize("name", [*AMOUNT_FIELDS, *DATE_FIELDS, *NUMBER_FIELDS, *PARTY_FIELDS])
def test_every_field_has_a_trained_model(name: str) -> None:
    assert name in load_models()
    assert field_model(name).slope > 0


def test_what_training_never_showed_keeps_its_weight_by_hand() -> None:
    model = field_model("customer_name")
    assert model.score({"bare:customer of no document": 1.0}) == 0
    assert Weights("tax_total", {"left:tax": 9.0})["left:tax"] == 9.0
    assert Weights("tax_total", {"left:tax": 9.0})["wrap:tax_included"] == initial_weight(
        "tax_total", "wrap:tax_included"
    )
