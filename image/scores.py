"""The held-out test set, and how well answers do on it: the objective's metric, and the usual ones beside it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils.metaestimators import available_if

from heirloom.core.dataset.schema import Schema
from heirloom.core.errors import Invalid
from image.answers import Answers
from image.frames import Rows

Metric = Callable[[Any, Any], Any]


def split(rows: Rows, fraction: float, seed: int) -> tuple[Rows, Rows]:
    """The rows to train on and the test rows.

    With times: the last ``fraction`` of the rows are the test, as a model is asked about what comes after what it
    learnt from. Else drawn by ``seed``, each class in its share where every class has rows enough for that.
    """
    if rows.times is not None:
        ordered = np.argsort(np.asarray(rows.times), kind="stable")
        cut = len(ordered) - max(1, round(len(ordered) * fraction))
        return rows.at(ordered[:cut]), rows.at(ordered[cut:])
    shares = rows.labels.value_counts()
    stratified = rows.labels.dtype != float and shares.min() >= 2 and len(shares) <= len(rows.labels) * fraction
    strata = rows.labels if stratified else None
    places = np.arange(len(rows.labels))
    learnt, held_out = train_test_split(places, test_size=fraction, random_state=seed, stratify=strata)
    return rows.at(np.sort(learnt)), rows.at(np.sort(held_out))


def score(
    answers: Answers,
    labels: pd.Series[Any],
    schema: Schema,
    metric: str,
    own: Metric | None,
    tolerance: float | None = None,
) -> dict[str, Any]:
    """Metrics by name, ``metric`` first; None where a metric is undefined, as one of probabilities without any is.

    ``own`` is the metric's function where model.py defines it; ``tolerance`` is how far off a regression's answer may
    be and still count as right. Raises Invalid where the metric can't score such labels.
    """
    wanted = _finite(own(labels, answers.values)) if own else _scorer(answers, labels, schema, metric)
    regression = schema.task == "regression"
    usual = _regression(answers, labels, tolerance) if regression else _classification(answers, labels, schema)
    return {metric: wanted, **{name: _finite(value) for name, value in usual.items() if name != metric}}


def _scorer(answers: Answers, labels: pd.Series[Any], schema: Schema, metric: str) -> float | None:
    try:
        scorer = metrics.get_scorer(metric)
        return _finite(scorer(_Answered(answers, schema), np.zeros((len(labels), 1)), labels.to_numpy()))
    except AttributeError:  # the metric scores probabilities, and these answers have none
        return None
    except ValueError as unfit:
        hint = "a metric of one class takes true, or 1, for it; for other labels choose one such as precision_macro"
        raise Invalid(f"objective.metric {metric} can't score these labels: {unfit} ({hint})") from unfit


class _Answered(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Answers already given, in the form of a fitted estimator, which is what scikit-learn's scorers ask."""

    def __init__(self, answers: Answers, schema: Schema) -> None:
        self.answers = answers
        self.schema = schema

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = {"classification": "classifier", "regression": "regressor"}[self.schema.task]
        return tags

    @property
    def classes_(self) -> np.ndarray[Any, Any]:
        return np.asarray(self.schema.classes)

    def predict(self, _rows: Any) -> np.ndarray[Any, Any]:
        return np.asarray(self.answers.values)

    @available_if(lambda self: self.answers.probabilities is not None)  # type: ignore[untyped-decorator]
    def predict_proba(self, _rows: Any) -> np.ndarray[Any, Any]:
        return _by_class(self.answers, self.schema)


def _by_class(answers: Answers, schema: Schema) -> np.ndarray[Any, Any]:
    """Probabilities with a column for each class of the schema: zeros for one that training never saw."""
    assert answers.probabilities is not None  # noqa: S101
    places = {label: place for place, label in enumerate(answers.classes)}
    columns = [
        answers.probabilities[:, places[label]] if label in places else np.zeros(len(answers.values))
        for label in schema.classes
    ]
    return np.column_stack(columns)


def _classification(answers: Answers, labels: pd.Series[Any], schema: Schema) -> dict[str, float]:
    truth = labels.to_numpy()
    found = {"accuracy": metrics.accuracy_score(truth, np.asarray(answers.values))}
    if answers.probabilities is None:
        return found
    chances, classes = _by_class(answers, schema), np.asarray(schema.classes)
    found["log_loss"] = metrics.log_loss(truth, chances, labels=classes)
    if len(np.unique(truth)) == len(classes):
        positive = chances[:, 1] if len(classes) == 2 else chances
        found["roc_auc"] = metrics.roc_auc_score(truth, positive, multi_class="ovr", labels=classes)
    return found


def _regression(answers: Answers, labels: pd.Series[Any], tolerance: float | None) -> dict[str, float]:
    """The accuracy is what the rolling accuracy of the version is held to, so it counts as core/prediction does."""
    truth, values = labels.to_numpy(), np.asarray(answers.values)
    found = {
        "mae": metrics.mean_absolute_error(truth, values),
        "rmse": metrics.root_mean_squared_error(truth, values),
        "r2": metrics.r2_score(truth, values),
    }
    return found if tolerance is None else {**found, "accuracy": float(np.mean(np.abs(values - truth) <= tolerance))}


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None
