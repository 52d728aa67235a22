"""Whether a compiled model may serve: made from the fitted estimator, asked for the whole test set, compared.

Equal means: each label the same, each probability and each value within ``TOLERANCE``, relative to values above 1. The
rows compared are the test set's, and some of them again with each field missing and each category unknown.
"""

from __future__ import annotations

import copy
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from heirloom.core.dataset.schema import Schema
from heirloom.core.errors import HeirloomError
from image.answers import Answers
from image.compiled.estimators import parts_of
from image.compiled.lookups import UncompilableError, encoding_of
from image.compiled.model import FOLDER, CompiledModel, Parts, read, write
from image.frames import frame_of
from image.predictor import TrainedModel, without_names

TOLERANCE = 1e-6
_AT_ONCE = 4096
_PROBED_ROWS = 5
_NEVER_SEEN = "a value that nobody has seen"

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Trained:
    """A fitted estimator and its answers to the test set's ``features``. ``own_types``: it holds the project's own."""

    estimator: Any
    model: TrainedModel
    schema: Schema
    features: pd.DataFrame
    answers: Answers
    own_types: bool


def compiled(trained: Trained, folder: Path) -> dict[str, Any]:
    """The verdict, compiled.json; the compiled model is in ``folder`` where it may serve."""
    rows = rows_of(trained.features)
    try:
        parts = _parts(trained)
        write(parts, folder)
        model = CompiledModel(read(folder), trained.schema)
        largest = _compared(trained, model, rows)
        probes = _probed(trained, model, rows)
    except UncompilableError as reason:
        shutil.rmtree(folder / FOLDER, ignore_errors=True)
        return _verdict(trained, rows, "scikit-learn", str(reason), None)
    same = f"the same answers as scikit-learn to all {len(rows)} test rows"
    why = f"{same}, and to {probes} with a field missing or unknown"
    return _verdict(trained, rows, parts.path, why, largest, compiled=_microseconds(model.answer, rows))


def rows_of(features: pd.DataFrame) -> list[Row]:
    """A frame's rows as a request has them: numbers or None, texts or None."""
    columns = [[None if pd.isna(cell) else cell for cell in features[name].tolist()] for name in features.columns]
    return list(zip(*columns, strict=True))


def _verdict(
    trained: Trained, rows: Sequence[Row], path: str, why: str, largest: float | None, **took: float
) -> dict[str, Any]:
    """``took`` and what the estimator takes, its frame included: microseconds for one row."""
    estimator = _microseconds(lambda some: trained.model.answer(_frame(some, trained.schema)), rows, times=20)
    return {
        "path": path,
        "why": why,
        "rows": len(rows),
        "largest_difference": largest,
        "tolerance": TOLERANCE,
        "arrays": _arrays(trained),
        "microseconds": {**took, "scikit-learn": estimator},
    }


def _parts(trained: Trained) -> Parts:
    if not trained.model.of_library:
        raise UncompilableError("model.py has a preprocess or predict hook, which is Python")
    estimator = trained.estimator
    *steps, last = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    if trained.schema.task == "classification" and not hasattr(last, "predict_proba"):
        raise UncompilableError(f"{type(last).__name__} gives no probabilities")
    names = list(getattr(estimator, "feature_names_in_", trained.schema.features))
    encoding = encoding_of(["passthrough" if step is None else step for step in steps], names, trained.schema)
    classes = trained.model.classes() if trained.schema.task == "classification" else []
    return parts_of(last, encoding, classes)


def _compared(trained: Trained, model: CompiledModel, rows: Sequence[Row]) -> float:
    """The largest difference. Raises UncompilableError with the first row that is answered otherwise."""
    largest = 0.0
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        try:
            answers = model.answer(some)
        except HeirloomError as refused:
            raise UncompilableError(f"the compiled model refuses a test row: {refused}") from refused
        largest = max(largest, _difference(answers, trained.answers.part(start, start + len(some)), start))
    return largest


def _difference(ours: Answers, theirs: Answers, start: int) -> float:
    found, expected = ours.spread(), theirs.probabilities
    if found is None:
        found, expected = (np.asarray(answers.values, dtype=np.float64)[:, None] for answers in (ours, theirs))
    else:
        for place, (mine, other) in enumerate(zip(ours.values, theirs.values, strict=True)):
            if mine != other:
                raise UncompilableError(f"the compiled model answers {mine} to test row {start + place}, not {other}")
    if expected is None:
        raise UncompilableError("the estimator gives no probabilities")
    differences = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
    worst = float(differences.max(initial=0.0))
    if not worst <= TOLERANCE:
        row = start + int(np.nan_to_num(differences, nan=np.inf).max(axis=1).argmax())
        raise UncompilableError(f"the compiled model's answer to test row {row} differs by {worst:.2g}")
    return worst


def _probed(trained: Trained, model: CompiledModel, rows: Sequence[Row]) -> int:
    """How many rows with a missing or unknown cell are answered alike; where the estimator fails, anything goes."""
    count = 0
    kinds = list(trained.schema.features.values())
    for place, kind in enumerate(kinds):
        for cell in (None, _NEVER_SEEN) if kind == "category" else (None,):
            probes = [(*row[:place], cell, *row[place + 1 :]) for row in rows[:_PROBED_ROWS]]
            try:
                expected = trained.model.answer(_frame(probes, trained.schema))
            except HeirloomError:
                continue
            try:
                _difference(model.answer(probes), expected, 0)
            except (HeirloomError, UncompilableError) as differs:
                name = list(trained.schema.features)[place]
                raise UncompilableError(
                    f"with {name} {'missing' if cell is None else 'unknown'}, {differs}"
                ) from differs
            count += len(probes)
    return count


def _arrays(trained: Trained) -> bool:
    """Whether plain arrays of numbers get the same answers as frames, to the last bit and without a warning."""
    schema = trained.schema
    if trained.own_types or not trained.model.of_library or set(schema.features.values()) != {"number"}:
        return False
    if list(getattr(trained.estimator, "feature_names_in_", ())) != list(schema.features):
        return False
    estimator = without_names(copy.deepcopy(trained.estimator))
    ask = estimator.predict_proba if trained.answers.probabilities is not None else estimator.predict
    expected = trained.answers.probabilities if trained.answers.probabilities is not None else trained.answers.values
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return bool(np.array_equal(ask(trained.features.to_numpy(np.float64)), expected))
    except Exception:  # noqa: BLE001 - whatever it is that the estimator can't do with arrays, it is asked with frames
        return False


def _frame(rows: Sequence[Row], schema: Schema) -> pd.DataFrame:
    return frame_of(dict(zip(schema.features, zip(*rows, strict=True), strict=True)), schema)


def _microseconds(ask: Callable[[Sequence[Row]], object], rows: Sequence[Row], times: int = 200) -> float:
    """One row's median time on one thread, as `serve` has it."""
    took = []
    with threadpool_limits(1):
        for place in range(times):
            row = [rows[place % len(rows)]]
            started = time.perf_counter()
            ask(row)
            took.append(time.perf_counter() - started)
    return round(float(np.median(took)) * 1e6, 1)
