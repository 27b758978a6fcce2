"""Weighs features: a linear score a candidate, a softmax over a document's candidates and "none", a calibration.

Weights start from what a field's labels say (model/fields.toml, `initial_weight`) and are moved by training
(bench/train_fields.py) where documents speak against them; the result is model/weights.json.
"""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul
from pathlib import Path
from typing import Any

import numpy as np

MODEL_FOLDER = Path(__file__).parent / "model"

# How much a label says by its relation to the value, and by its standing with the field; set by hand, in logits.
RELATIONS = {
    "left": 1.0,
    "wrap": 0.8,
    "words": 0.6,
    "values": 0.4,
    "up": 0.9,
    "col": 0.35,
    "col2": 0.1,
    "up_noleft": 0.1,
    "col_noleft": 0.15,
    "total_row_col": 0.8,
    "only": 0.6,
    "section": 0.5,
    "section_beside": 0.5,
    "section_0": 0.4,
    "section_1": 0.1,
}
STRONG, WEAK, OTHER, AGAINST = 5.0, 2.2, -1.0, -3.0
NONE_SCORE = 2.0  # logit of "not on this document": an unlabelled candidate loses against it


@dataclass(frozen=True, slots=True)
class FieldModel:
    """weights: by feature name. none: logit of absence. slope, offset: Platt calibration of the winner's log odds."""

    weights: "Weights"
    none: float
    slope: float = 1.0
    offset: float = 0.0

    def score(self, features: Mapping[str, float]) -> float:
        return sum(map(mul, map(self.weights.__getitem__, features), features.values()))

    def calibrate(self, probability: float) -> float:
        """The probability that a value which won with this share of the softmax is right."""
        clipped = min(max(probability, 1e-6), 1 - 1e-6)
        odds = math.log(clipped / (1 - clipped))
        return 1 / (1 + math.exp(-(self.slope * odds + self.offset)))


def initial_weight(field: str, feature: str) -> float:
    """What a label feature says before training; 0 for all other features and unknown fields."""
    relation, _, label_class = feature.rpartition(":")
    kind, _, relation = relation.rpartition("|")
    share = RELATIONS.get(relation)
    table = _label_table().get(field)
    if table is None:
        return 0.0
    by_hand = table.get("weights", {}).get(feature)
    if by_hand is not None or share is None:
        return by_hand or 0.0
    if kind:  # the twin that only one kind of document has, on top of the plain feature
        return share * (STRONG - AGAINST) if label_class in table.get(kind, []) else 0.0
    for names, weight in ((table["strong"], STRONG), (table["weak"], WEAK), (table["against"], AGAINST)):
        if label_class in names:
            return share * weight
    return share * OTHER


@cache
def _label_table() -> dict[str, dict[str, Any]]:
    with (MODEL_FOLDER / "fields.toml").open("rb") as file:
        return tomllib.load(file)


class Weights(dict[str, float]):
    """Weights by feature; one that training never showed has what the lexicon says of it."""

    def __init__(self, field: str, learned: Mapping[str, float]) -> None:
        super().__init__(learned)
        self.field = field

    def __missing__(self, name: str) -> float:
        self[name] = initial_weight(self.field, name)
        return self[name]


@cache
def load_models(path: Path = MODEL_FOLDER / "weights.json") -> dict[str, FieldModel]:
    """The models by field name."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: FieldModel(Weights(name, model["weights"]), model["none"], model["slope"], model["offset"])
        for name, model in stored.items()
    }


def field_model(field: str) -> FieldModel:
    return load_models().get(field) or FieldModel(Weights(field, {}), NONE_SCORE)


def sum_of_logits(scores: Sequence[float]) -> float:
    """The logit of either of several, which is that of the only one mostly."""
    return scores[0] if len(scores) == 1 else float(np.logaddexp.reduce(scores))


def softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores, default=0.0)
    shares = [math.exp(score - top) for score in scores]
    total = sum(shares) or 1.0
    return [share / total for share in shares]
