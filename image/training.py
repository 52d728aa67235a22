"""The training itself: split, fit, score, store, compile, and prove that what serves answers as what was trained."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heirloom.core.dataset.schema import Schema
from heirloom.core.errors import HeirloomError, Invalid
from heirloom.core.project.definition import Objective, Project, Scalar
from heirloom.core.project.metrics import METRICS
from image.answers import Answers
from image.compiled.proof import TOLERANCE, Trained, compiled, rows_of
from image.container import MODEL_FILE, SCHEMA_FILE, VERDICT_FILE, Container, say, write_json
from image.evidence import environment, profile
from image.frames import Rows, read_rows
from image.model_store import holds_project_types, save
from image.predictor import Baseline, TrainedModel
from image.project_code import ProjectCode, ProjectCodeError
from image.reference import Answered, with_reference
from image.scores import score, split
from image.served import SCIKIT_LEARN, load

_SMOKE_ROWS = 20


class StoredModelDiffersError(HeirloomError):
    """The model read back from its file does not answer as it did in memory."""


@dataclass(frozen=True)
class Job:
    """One training job, its input checked."""

    container: Container
    project: Project
    parameters: Mapping[str, Scalar]
    file: Path
    schema: Schema


def train(job: Job) -> None:
    """Fit and store the model and its evidence. Raises HeirloomError where the project or its data can't be used."""
    rows = read_rows(job.file, job.schema)
    learnt, held_out = split(rows, job.project.data.test_fraction, job.project.training.seed)
    how = "the last in time" if rows.times else "drawn by the seed"
    say(f"{len(learnt.labels)} rows to train on, {len(held_out.labels)} held out as the test, {how}")
    code = ProjectCode(job.container.model)
    started = time.monotonic()
    estimator = _fit(job, code, learnt)
    fitted_in = time.monotonic() - started
    say(f"trained in {fitted_in:.1f} s")
    model = TrainedModel(estimator, code, job.schema)
    answers = model.answer(held_out.features)
    scores = _scores(job, code, answers, held_out)
    _leave(job, "metrics.json", {"train_rows": len(learnt.labels), **scores})
    _leave(job, SCHEMA_FILE, job.schema.to_document())
    _leave(job, "profile.json", _profile(job, model, learnt, Answered(held_out, answers, job.schema.task)))
    found = environment(job.project.training.seed, job.parameters, job.container.environment)
    _leave(job, "environment.json", {**found, "train_seconds": round(fitted_in, 3)})
    save(estimator, job.container.model / MODEL_FILE, code)
    own_types = holds_project_types(job.container.model / MODEL_FILE, code)
    trained = Trained(estimator, model, job.schema, held_out.features, answers, own_types)
    _leave(job, VERDICT_FILE, _compiled(job, trained))
    _leave(job, "smoke.json", _smoke(job, model, held_out.features))
    say("the stored model answers as the trained one")


def _fit(job: Job, code: ProjectCode, rows: Rows) -> Any:
    random.seed(job.project.training.seed)
    # What scikit-learn draws from wherever a project leaves random_state out.
    np.random.seed(job.project.training.seed)
    preprocess = code.hook("model", "preprocess")
    features = rows.features if preprocess is None else preprocess(rows.features)
    estimator = code.function("model", "train")(
        features.assign(**{job.schema.label: rows.labels}), dict(job.parameters)
    )
    if not hasattr(estimator, "predict") and code.hook("model", "predict") is None:
        got = type(estimator).__name__
        raise ProjectCodeError(f"model.py: expected train to return an estimator with predict, got {got}")
    return estimator


def _profile(job: Job, model: TrainedModel, learnt: Rows, held_out: Answered) -> dict[str, Any]:
    """profile.json: what later requests and answers are held against."""
    document = profile(learnt.features, learnt.labels, job.schema)
    return with_reference(document, learnt, held_out, model, job.project.training.seed)


def _compiled(job: Job, trained: Trained) -> dict[str, Any]:
    """compiled.json: what serves the model, and why."""
    verdict = compiled(trained, job.container.model)
    took = ", ".join(f"{name} {each:.0f} us" for name, each in verdict["microseconds"].items())
    say(f"served by {verdict['path']}: {verdict['why']}; one row: {took}")
    return verdict


def _scores(job: Job, code: ProjectCode, test_answers: Answers, held_out: Rows) -> dict[str, Any]:
    """metrics.json: the model and the baseline on the same rows, and whether the objective is met."""
    objective, tolerance = job.project.objective, job.project.slo.rolling_accuracy.tolerance
    own = (
        None
        if any(objective.metric in names for names in METRICS.values())
        else code.function("model", objective.metric)
    )

    def scored(answers: Answers) -> dict[str, float | None]:
        if all(value is None for value in answers.values):  # a baseline without a rule yet
            return {}
        return score(answers, held_out.labels, job.schema, objective.metric, own, tolerance)

    test = scored(test_answers)
    baseline = scored(Baseline(code, job.schema).answer(held_out.features)) if code.has("baseline") else {}
    for name, scores in (("test", test), ("baseline", baseline)):
        for metric, value in scores.items():
            say(f"metric {name}:{metric}={'undefined' if value is None else format(value, '.6g')}")
    met = _met(objective, test[objective.metric])
    rows = len(held_out.labels)
    return {"metric": objective.metric, "test_rows": rows, "test": test, "baseline": baseline, "objective": met}


def _met(objective: Objective, found: float | None) -> dict[str, Any]:
    if found is None:
        raise Invalid(
            f"objective.metric {objective.metric} is undefined on the test set: "
            "it may need probabilities that the model does not give, or a class that the test set does not hold"
        )
    met = found >= objective.at_least
    verdict = "met" if met else "missed"
    say(f"objective: {objective.metric} {found:.4g}, at least {objective.at_least:g} wanted: {verdict}")
    return {"metric": objective.metric, "at_least": objective.at_least, "score": found, "met": met}


def _leave(job: Job, name: str, document: Mapping[str, Any]) -> None:
    for folder in (job.container.model, job.container.evidence):
        write_json(folder / name, document)


def _smoke(job: Job, model: TrainedModel, features: pd.DataFrame) -> dict[str, Any]:
    """Some test rows and the stored model's predictions for them. Raises StoredModelDiffersError."""
    chosen = features.iloc[:: max(1, len(features) // _SMOKE_ROWS)].iloc[:_SMOKE_ROWS]
    inputs = [dict(zip(chosen.columns, row, strict=True)) for row in rows_of(chosen)]
    answers = model.answer(chosen)
    _check(load(job.container.model, only=SCIKIT_LEARN).predict(inputs), answers)
    predictions = load(job.container.model).predict(inputs)
    _check(predictions, answers)
    return {"inputs": inputs, "predictions": predictions}


def _check(predictions: Sequence[Mapping[str, Any]], answers: Answers) -> None:
    for prediction, value, chance in zip(predictions, answers.values, answers.chances(), strict=True):
        if not _same(prediction, value, chance):
            trained = f"{value} ({chance})" if chance is not None else f"{value}"
            raise StoredModelDiffersError(f"the stored model answers {prediction} where the trained one said {trained}")


def _same(prediction: Mapping[str, Any], value: Any, chance: float | None) -> bool:
    if "value" in prediction:
        return math.isclose(prediction["value"], value, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    same_chance = chance is None or math.isclose(prediction["probability"], chance, abs_tol=TOLERANCE)
    return bool(prediction["label"] == value) and same_chance
