"""What answers by the project's own means: a trained estimator, or the baseline where there is no model (version 0).

Called by the server where no compiled model answers, and by training, which scores both on the same rows. Imports no
pandas for an estimator that takes plain arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from heirloom.core.dataset.cells import Label
from heirloom.core.dataset.schema import Schema
from image.answers import Answers
from image.container import MODEL_FILE
from image.project_code import ProjectCode, ProjectCodeError

if TYPE_CHECKING:
    import pandas as pd

# Estimators of scikit-learn whose predict is the most probable class of predict_proba, so that one call gives both.
_MOST_PROBABLE = frozenset(
    (
        *("DecisionTreeClassifier", "ExtraTreesClassifier", "GaussianNB", "GradientBoostingClassifier"),
        *("HistGradientBoostingClassifier", "LogisticRegression", "MLPClassifier", "MultinomialNB"),
        "RandomForestClassifier",
    )
)


class Answerer(Protocol):
    """Answers rows whose columns are the schema's features."""

    def answer(self, frame: pd.DataFrame) -> Answers:
        """Raises ProjectCodeError where the project's code fails."""


class TrainedModel:
    """A fitted estimator, between the hooks that model.py may define."""

    def __init__(self, estimator: Any, code: ProjectCode, schema: Schema, *, hooks: bool = True) -> None:
        """``hooks`` False: it is known that model.py has none, so that it need not be imported."""
        self._estimator = estimator
        self._schema = schema
        self._preprocess = code.hook("model", "preprocess") if hooks else None
        self._predict = code.hook("model", "predict") if hooks else None
        self._call = code.blaming("model.py: the estimator failed")
        self._classes: list[Any] = []

    @property
    def of_library(self) -> bool:
        """Whether no code of the project's runs but what its estimator may hold."""
        return self._preprocess is None and self._predict is None

    def answer(self, frame: pd.DataFrame | npt.NDArray[np.float64]) -> Answers:
        """As frames have it, or as plain numbers where ``takes_arrays`` found that to be the same."""
        ready = frame if self._preprocess is None else self._preprocess(frame)
        if self._predict is not None:
            return Answers(_checked(self._predict(self._estimator, ready), len(frame), self._schema, "model.py"))
        if self._schema.task == "regression" or not hasattr(self._estimator, "predict_proba"):
            return Answers(_checked(self._call(self._estimator.predict, ready), len(frame), self._schema, "model.py"))
        return self._with_probabilities(ready)

    def classes(self) -> list[Any]:
        """The estimator's, as the schema's labels."""
        return _checked(self._estimator.classes_, len(self._estimator.classes_), self._schema, "model.py")

    def _with_probabilities(self, frame: pd.DataFrame | npt.NDArray[np.float64]) -> Answers:
        probabilities = self._call(self._estimator.predict_proba, frame)
        classes = self._classes = self._classes or self.classes()
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


class OnFrames:
    """Asks with a frame, as the project's code expects."""

    def __init__(self, answerer: Answerer, schema: Schema | None) -> None:
        from image.frames import frame_of  # noqa: PLC0415 - pandas

        self._frame_of = frame_of
        self._answerer = answerer
        self._schema = schema

    def answer(self, rows: Any) -> Answers:
        if self._schema is None:
            names = dict.fromkeys(name for record in rows for name in record)
            return self._ask({name: [record.get(name) for record in rows] for name in names})
        columns = rows.T if isinstance(rows, np.ndarray) else zip(*rows, strict=True)
        return self._ask(dict(zip(self._schema.features, columns, strict=True)))

    def _ask(self, columns: Mapping[str, Sequence[Any]]) -> Answers:
        return self._answerer.answer(self._frame_of(columns, self._schema))


class OnArrays:
    """Asks an estimator with plain numbers: a frame takes longer to make than most take to answer."""

    def __init__(self, estimator: Any, code: ProjectCode, schema: Schema) -> None:
        self._model = TrainedModel(estimator, code, schema, hooks=False)

    def answer(self, rows: Any) -> Answers:
        return self._model.answer(np.array(rows, dtype=np.float64))


@dataclass(frozen=True)
class ProjectModel:
    """What a folder's own code answers with; ``of_library`` as TrainedModel has it."""

    schema: Schema | None
    task: str
    model: OnFrames | OnArrays
    of_library: bool


def project_model(folder: Path, schema: Schema | None, trained: bool, arrays: bool) -> ProjectModel:
    """The estimator in a folder, or its baseline. Raises HeirloomError where neither can be used."""
    code = ProjectCode(folder)
    if schema is not None and trained:
        with _no_pandas() if arrays else nullcontext():
            from image.model_store import load  # noqa: PLC0415 - scikit-learn takes seconds, a baseline needs none of it

            estimator = load(folder / MODEL_FILE, code)
        if arrays:
            return ProjectModel(schema, schema.task, OnArrays(without_names(estimator), code, schema), of_library=True)
        model = TrainedModel(estimator, code, schema)
        return ProjectModel(schema, schema.task, OnFrames(model, schema), model.of_library)
    from heirloom.adapters.project_folder import read_packed_project  # noqa: PLC0415 - YAML, for a baseline only

    data = read_packed_project(folder).data
    if schema is None and data.features is not None:
        schema = Schema(data.label, data.time, data.task, data.features)
    return ProjectModel(schema, data.task, OnFrames(Baseline(code, schema), schema), of_library=False)


@contextmanager
def _no_pandas() -> Iterator[None]:
    """scikit-learn imported without pandas, which it takes along where it finds it: 25 MB and half a second."""
    absent = "pandas" not in sys.modules
    if absent:
        sys.modules["pandas"] = None  # type: ignore[assignment] # how Python says that an import is to fail
    try:
        yield
    finally:
        if absent:
            del sys.modules["pandas"]


def without_names(estimator: Any) -> Any:
    """The estimator without the names of the columns that it was fitted on: with them it warns of a plain array."""
    steps = getattr(estimator, "steps", None)
    vars(steps[0][1] if steps else estimator).pop("feature_names_in_", None)
    return estimator


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
