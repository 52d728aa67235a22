"""What the model makes of its columns: beside their histograms, the reference by which drift is judged (core/drift/).

Called by training once, after the fit. It adds to profile.json what can be found of
``answers``     how the model answered the held-out rows: counts over the label's cells
``importance``  of each feature: how far the answers move when it is shuffled
``usual``       of each feature and the label: how far one day was from the others, at most (usual.py)
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from heirloom.core.drift.comparison import compared
from heirloom.core.drift.histogram import ZERO, Profile, count
from heirloom.core.errors import HeirloomError
from image.answers import Answers
from image.container import say
from image.frames import Rows
from image.predictor import Answerer
from image.usual import days, usual

_SHUFFLED_ROWS = 1000
_MOST_SECONDS = 30.0


@dataclass(frozen=True)
class Answered:
    """The rows that were held out, and what the model answered to them."""

    rows: Rows
    answers: Answers
    task: str


def with_reference(
    document: Mapping[str, Any], learnt: Rows, held_out: Answered, model: Answerer, seed: int
) -> dict[str, Any]:
    """profile.json, whole."""
    predictions = held_out.answers.predictions(held_out.task)
    answers = count(Profile.from_document(document), [({}, answer) for answer in predictions])["answer"]
    document = {**document, "answers": dict(answers)}
    prediction, *features = compared(Profile.from_document(document), ZERO)
    weights = importance(model, held_out, seed)
    in_training, in_test = days(learnt.times, len(features)), days(held_out.rows.times, 1)
    columns = {}
    for feature in features:
        found = usual(feature, _values(learnt.features[feature.name]), in_training)
        known = _known(importance=weights.get(feature.name), usual=found)
        columns[feature.name] = {**document["features"][feature.name], **known}
    found = usual(prediction, held_out.answers.values, in_test)
    return {**document, "features": columns, "label": {**document["label"], **_known(usual=found)}}


def _values(column: pd.Series[Any]) -> list[Any]:
    """As JSON has them."""
    return column.astype(object).where(column.notna(), None).tolist()


def _known(**found: float | None) -> dict[str, float]:
    return {name: value for name, value in found.items() if value is not None}


def importance(model: Answerer, held_out: Answered, seed: int) -> dict[str, float]:
    """How far the answers move when a column is shuffled, as a share of what all columns move them.

    Permutation importance (Breiman, "Random forests", Machine Learning 45, 2001) by the answers instead of the score:
    it needs no labels, and so varies less. {} where the model never moves, takes too long or fails on shuffled rows.
    """
    frame = held_out.rows.features.iloc[:: max(1, len(held_out.rows.features) // _SHUFFLED_ROWS)].iloc[:_SHUFFLED_ROWS]
    frame = frame.reset_index(drop=True)
    random = np.random.default_rng(seed)
    try:
        started = time.monotonic()
        before = model.answer(frame)
        if (time.monotonic() - started) * len(frame.columns) > _MOST_SECONDS:
            say("the model is too slow to find out how much each feature matters")
            return {}
        moved = {name: _moved(before, model.answer(_shuffled(frame, name, random))) for name in frame.columns}
    except HeirloomError as error:
        say(f"how much each feature matters is unknown: {error}")
        return {}
    total = math.fsum(moved.values())
    return {name: move / total for name, move in moved.items()} if 0 < total < math.inf else {}


def _shuffled(frame: pd.DataFrame, name: str, random: np.random.Generator) -> pd.DataFrame:
    return frame.assign(**{name: frame[name].take(random.permutation(len(frame))).array})


def _moved(before: Answers, after: Answers) -> float:
    """The mean distance of two answers: of probabilities (total variation), of numbers, else whether they differ."""
    probabilities = before.spread(), after.spread()
    if probabilities[0] is not None and probabilities[1] is not None:
        return float(np.abs(probabilities[0] - probabilities[1]).sum(axis=1).mean() / 2)
    if all(isinstance(value, float) for value in (*before.values, *after.values)):
        return float(np.abs(np.asarray(before.values) - np.asarray(after.values)).mean())
    return float(np.mean([one != other for one, other in zip(before.values, after.values, strict=True)]))
