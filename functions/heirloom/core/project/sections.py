"""The keys of model.yaml, a table a section: what each means, for a refusal, and which values it takes.

Read by core/project/reading.py. A key that nothing acts on is not here and so refused, that nobody believes in a
setting that does nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from heirloom.core.project.definition import NAME, Scalar
from heirloom.core.project.keys import (
    Key,
    UnexpectedError,
    duration,
    mapping,
    matching,
    one_of,
    real,
    shown,
    text,
    whole,
    yes_or_no,
)

# Folders of the data bucket that hold no model's uploads.
RESERVED = ("labels", "quarantine")
TASKS = ("classification", "regression")
FEATURE_TYPES = ("number", "category", "text")
UNSEEN = ("refuse", "accept")
FORMS = ("serverless", "realtime")
ON_TIMEOUT = ("rollback", "promote")
RULES = ("confident", "naive")
ALARM_SECONDS = (10, 60)
MOST_SLICES = 10


def _features(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise UnexpectedError(f"column: type, where type is one of {', '.join(FEATURE_TYPES)}")
    for column, kind in value.items():
        if not isinstance(column, str) or not column.strip():
            raise UnexpectedError(f"column names as text, but {column!r} is not (put it in quotes)")
        if kind not in FEATURE_TYPES:
            raise UnexpectedError(f"one of {', '.join(FEATURE_TYPES)} for {column}, not {kind!r}")
    return dict(value)


def _parameters(value: object) -> dict[str, Scalar]:
    """Parameters travel as SageMaker hyperparameters, which are texts: so scalars, whose type this file declares."""
    if not isinstance(value, Mapping):
        raise UnexpectedError("parameter: value")
    for name, setting in value.items():
        if not isinstance(name, str) or not isinstance(setting, str | int | float | bool):
            raise UnexpectedError(f"a text, a number or true/false for each, but {name} is {shown(setting)}")
        if isinstance(setting, float) and not math.isfinite(setting):
            raise UnexpectedError(f"finite numbers, but {name} is {setting}")
    return dict(value)


def _slices(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(column, str) and column.strip() for column in value):
        raise UnexpectedError("a list of column names")
    if len(value) > MOST_SLICES or len(set(value)) < len(value):
        raise UnexpectedError(f"at most {MOST_SLICES} columns, each once")
    return tuple(value)


def _alarm_seconds(value: object) -> int:
    if type(value) is not int or value not in ALARM_SECONDS:
        raise UnexpectedError(f"one of {', '.join(map(str, ALARM_SECONDS))}")
    return value


_INSTANCE = matching(re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+"), "a SageMaker instance type such as ml.m5.large")
_SPELLED = matching(NAME, "3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last")


def _name(value: object) -> str:
    name = _SPELLED(value)
    if name in RESERVED:
        raise UnexpectedError(f"another name than {' and '.join(RESERVED)}, which are folders of the data bucket")
    if re.search(r"-v\d", name):
        raise UnexpectedError("a name without -v and a digit, which is how the endpoints of a model's versions end")
    return name


ROOT: Mapping[str, Key] = {
    "name": Key("the model's name", _name, required=True),
    "description": Key("what the model is for, in a sentence", text, required=True),
    "owner": Key("the team that answers for the model", text, required=True),
    "data": Key("what the uploaded data is", mapping, required=True),
    "objective": Key("what the business wants", mapping, required=True),
    "training": Key("how the model trains", mapping),
    "serving": Key("how the model is served", mapping),
    "slo": Key("what callers are promised", mapping),
    "slices": Key("the columns by whose values the answers are watched", _slices),
    "drift": Key("when inputs or answers count as changed", mapping),
}
SECTIONS: Mapping[str, Mapping[str, Key]] = {
    "data": {
        "label": Key("the column to predict", text, required=True),
        "time": Key("the column to split by", text),
        "test_fraction": Key("the share of the rows held out for the test", real(0.05, 0.5)),
        "features": Key("the columns to predict from", _features),
        "task": Key("the kind of prediction", one_of(TASKS)),
        "unseen": Key("what to do with a category that training has not seen", one_of(UNSEEN)),
    },
    "objective": {
        "statement": Key("the objective in the words of the business", text, required=True),
        "metric": Key("a scorer name of scikit-learn or a function of model.py", text, required=True),
        "at_least": Key("the value that the metric must reach", real(), required=True),
    },
    "training": {
        "parameters": Key("what train(frame, params) gets", _parameters),
        "instance": Key("the machine to train on", _INSTANCE),
        # SageMaker's own limit is 28 days: StoppingCondition in its API reference.
        "max_minutes": Key("the time after which training is stopped", whole(1, 40_320)),
        "seed": Key("the seed of every random choice", whole(0, 2**32 - 1)),
    },
    "serving": {
        "form": Key("the form of the endpoint", one_of(FORMS)),
        # The sizes that a serverless endpoint can have: ProductionVariantServerlessConfig in SageMaker's API reference.
        "memory_mb": Key("the memory of a serverless endpoint", whole(1024, 6144, 1024)),
        "max_concurrency": Key("how many requests a serverless endpoint takes at once", whole(1, 200)),
        "instance": Key("the machine of a realtime endpoint", _INSTANCE),
        "min_instances": Key("the fewest instances of a realtime endpoint", whole(1, 100)),
        "max_instances": Key("the most instances of a realtime endpoint", whole(1, 100)),
        "invocations_per_instance": Key("the calls a minute for which one instance is enough", whole(1, 1_000_000)),
        "scale_in": Key("whether instances go again when there are fewer calls", yes_or_no),
        "keep": Key("how many earlier versions' endpoints stay", whole(0, 20)),
        "canary": Key("how a new version is tried on a share of the traffic", mapping),
    },
    "slo": {
        # What one call of the API may take: API Gateway ends it after 30 seconds.
        "latency_p95_ms": Key("the milliseconds in which 95% of the answers come", whole(1, 29_000)),
        "rolling_accuracy": Key("the accuracy of the last labelled predictions", mapping),
        "alarm_seconds": Key("the period of the alarms, in seconds", _alarm_seconds),
    },
    "drift": {
        "psi": Key("the population stability index from which a feature has drifted", real(0.01, 10.0)),
        "level": Key("the share of the days without a change that may raise an alert", real(0.0001, 0.5)),
        "retrain": Key("whether drift starts a training on the newest data", yes_or_no),
    },
}
ROLLING_ACCURACY: Mapping[str, Key] = {
    "window": Key("how many labelled predictions count", whole(50, 20_000)),
    "alert_below": Key("the share of the test accuracy below which people are paged", real(0.01, 1.0)),
    "rollback_below": Key("the share of the test accuracy below which a version is rolled back", real(0.01, 1.0)),
    "rule": Key("how a breach is decided", one_of(RULES)),
    "confidence": Key("how sure the lower bound of the test accuracy is", real(0.5, 0.9999)),
    "labels_between_false_alarms": Key("the labels of a healthy version for one false alarm", whole(1000, 10**12)),
    "tolerance": Key("how far off a regression's answer may be and still count as right", real(0.0)),
}
CANARY: Mapping[str, Key] = {
    "traffic": Key("the share of the callers that the new version answers", real(0.001, 0.9)),
    "max_duration": Key("the time after which an undecided trial ends", duration("1 minute", "30 days")),
    "on_timeout": Key("how an undecided trial ends", one_of(ON_TIMEOUT)),
    "confidence": Key("how sure a verdict must be", real(0.5, 0.9999)),
    "tolerance": Key("the share of the requests by which it may be worse and still good enough", real(0.0, 0.5)),
    "min_labels": Key("the labels that the new version needs before it is promoted", whole(0, 1_000_000)),
}
