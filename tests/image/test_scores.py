"""The accuracy of a regression: a version is held to it by its labels, so both must count alike."""

from __future__ import annotations

import pandas as pd
import pytest

from heirloom.core.dataset.schema import Schema
from heirloom.core.prediction.truth import correct
from image.answers import Answers
from image.scores import score

SCHEMA = Schema("price", None, "regression", {"age": "number"})
VALUES = [1.0, 2.5, 2.51, -1.0, 0.3, 1.1, 1e100, 7.0]
LABELS = [1.5, 2.0, 2.0, 1.0, 0.1, 1.0, -1e100, 7.0]


@pytest.mark.parametrize("tolerance", [0.0, 0.1, 0.2, 0.5, 2.0, 1e9])
def test_a_regression_is_right_in_training_where_it_is_right_by_its_labels(tolerance: float) -> None:
    scores = score(Answers(VALUES), pd.Series(LABELS), SCHEMA, "r2", None, tolerance)

    right = [correct({"value": value}, label, tolerance) for value, label in zip(VALUES, LABELS, strict=True)]
    assert scores["accuracy"] == sum(map(bool, right)) / len(right)


def test_without_a_tolerance_there_is_no_accuracy() -> None:
    assert "accuracy" not in score(Answers(VALUES[:3]), pd.Series(LABELS[:3]), SCHEMA, "r2", None)
