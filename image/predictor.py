"""What answers: a trained model, or the project's baseline where the folder holds no model (version 0).

Called by the server for each request and by training, which scores both on the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from heirloom.adapters.project_folder import read_packed_project
from heirloom.core.dataset.cells import Label
from heirloom.core.dataset.schema import Schema
from image.container import MODEL_FILE, SCHEMA_FILE
from image.frames import frame_of
from image.project_code import ProjectCode, ProjectCodeError

# Estimators of scikit-learn whose predict is the most probable class of predict_proba, so that one call gives both.
_MOST_PROBABLE = frozenset(
    (
        *("DecisionTreeClassifier", "ExtraTreesClassifier", "GaussianNB", "GradientBoostingClassifier"),
        *("HistGradientBoostingClassifier", "LogisticRegression", "MLPClassifier", "MultinomialNB"),
        "RandomForestClassifier",
    )
)


@dataclass(frozen=True)
class Answers:
    """One value a row. ``probabilities`` has a column for each of ``classes``; None where nothing gives them."""

    values: Sequence[Any]
    probabilities: npt.NDArray[np.float64] | None = None
    classes: Sequence[Label] = ()

    def chances(self) -> list[float | None]:
        """The probability of each value."""
        if self.probabilities is None:
            return [None] * len(self.values)
        places = {label: place for place, label in enumerate(self.classes)}
        columns = [places[value] for value in self.values]
        return [float(chance) for chance in self.probabilities[np.arange(len(columns)), columns]]


class Answerer(Protocol):
    """Answers rows whose columns are the schema's features."""

    def answer(self, frame: pd.DataFrame) -> Answers:
        """Raises ProjectCodeError where the project's code fails."""


class TrainedModel:
    """A fitted estimator, between the hooks that model.py may define."""

    def __init__(self, estimator: Any, code: ProjectCode, schema: Schema) -> None:
        self._estimator = estimator
        self._schema = schema
        self._preprocess = code.hook("model", "preprocess")
        self._predict = code.hook("model", "predict")
        self._call = code.blaming("model.py: the estimator failed")

    def answer(self, frame: pd.DataFrame) -> Answers:
        ready = frame if self._preprocess is None else self._preprocess(frame)
        if self._predict is not None:
            return Answers(_checked(self._predict(self._estimator, ready), len(frame), self._schema, "model.py"))
        if self._schema.task == "regression" or not hasattr(self._estimator, "predict_proba"):
            return Answers(_checked(self._call(self._estimator.predict, ready), len(frame), self._schema, "model.py"))
        return self._with_probabilities(ready)

    def _with_probabilities(self, frame: pd.DataFrame) -> Answers:
        probabilities = self._call(self._estimator.predict_proba, frame)
        classes = _checked(self._estimator.classes_, len(self._estimator.classes_), self._schema, "model.py")
        if type(_last_step(self._estimator)).__name__ in _MOST_PROBABLE:
            values = [classes[place] for place in probabilities.argmax(axis=1)]
        else:
            values = _checked(self._call(self._estimator.predict, frame), len(frame), self._schema, "model.py")
        return Answers(values, probabilities, classes)


class Baseline:
    """The business's rule of thumb: labels or values, no probabilities; None for each row while there is no rule."""

    def __init__(self, code: ProjectCode, schema: Schema | None) -> None:
        self._predict = code.function("baseline", "predict")
        self._schema = schema

    def answer(self, frame: pd.DataFrame) -> Answers:
        answers = self._predict(frame)
        if all(answer is None for answer in answers):
            return Answers([None] * len(frame))
        return Answers(_checked(answers, len(frame), self._schema, "baseline.py"))


class Predictor:
    """What an endpoint holds. ``schema`` is None where nothing says which columns a baseline needs: it takes any."""

    def __init__(self, schema: Schema | None, task: str, answerer: Answerer) -> None:
        self.schema = schema
        self._task = task
        self._answerer = answerer

    def predict(self, columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
        """A prediction for each row of checked columns, in the words of the API."""
        answers = self._answerer.answer(frame_of(columns, self.schema))
        if self._task == "regression":
            return [{"value": value} for value in answers.values]
        pairs = zip(answers.values, answers.chances(), strict=True)
        return [{"label": label, "probability": chance} for label, chance in pairs]


def load_predictor(folder: Path) -> Predictor:
    """The predictor of an unpacked model.tar.gz, or of an unpacked project.tar.gz: its baseline."""
    code = ProjectCode(folder)
    project = read_packed_project(folder)
    file = folder / SCHEMA_FILE
    schema = Schema.from_document(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None
    if schema is not None and (folder / MODEL_FILE).exists():
        from image.model_store import load  # noqa: PLC0415 - scikit-learn takes seconds, and a baseline needs none of it

        return Predictor(schema, schema.task, TrainedModel(load(folder / MODEL_FILE, code), code, schema))
    if schema is None and project.data.features is not None:
        schema = Schema(project.data.label, project.data.time, project.data.task, project.data.features)
    return Predictor(schema, project.data.task, Baseline(code, schema))


def _last_step(estimator: Any) -> Any:
    """The estimator itself, or the one at a pipeline's end."""
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if steps else estimator


def _checked(answers: Any, rows: int, schema: Schema | None, file: str) -> list[Any]:
    """What a project's code answered, as plain values of the schema's labels."""
    values = np.asarray(answers)
    if values.shape != (rows,):
        raise ProjectCodeError(f"{file}: expected an answer for each of {rows} rows, got the shape {values.shape}")
    plain: list[Any] = values.tolist()
    if schema is None or not schema.classes:
        return _numbers(plain, file) if schema is not None and schema.task == "regression" else plain
    known: dict[Any, Label] = {label: label for label in schema.classes}
    try:
        return [known[value] for value in plain]
    except (KeyError, TypeError) as unknown:
        expected = ", ".join(map(repr, schema.classes[:10]))
        raise ProjectCodeError(f"{file}: expected answers among {expected}, got {unknown}") from unknown


def _numbers(values: list[Any], file: str) -> list[float]:
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError) as wrong:
        raise ProjectCodeError(f"{file}: expected a number for each row, got {wrong}") from wrong
