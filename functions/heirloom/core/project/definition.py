"""The model project: what a model.yaml may say, its defaults, and what is wrong with one that can't be used.

Read by the CLI (`project check`), by infra at synth, by the pipeline's functions and by the image at training. Nothing
is read from disk here: adapters/project_folder.py does that. A key that nothing acts on is refused, so that nobody
believes in a setting that does nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.project.keys import (
    Key,
    Locate,
    Reader,
    UnexpectedError,
    duration,
    mapping,
    matching,
    one_of,
    real,
    seconds,
    shown,
    text,
    whole,
    yes_or_no,
)
from heirloom.core.project.metrics import METRICS
from heirloom.core.spelling import did_you_mean

Scalar = str | int | float | bool

NAME = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
# Folders of the data bucket that hold no model's uploads.
RESERVED = ("labels", "quarantine")
TASKS = ("classification", "regression")
FEATURE_TYPES = ("number", "category", "text")
UNSEEN = ("refuse", "accept")
FORMS = ("serverless", "realtime")
ON_TIMEOUT = ("rollback", "promote")


@dataclass(frozen=True)
class Data:
    """The columns of the uploads. ``features`` None: every column but the label and the time, types inferred.

    ``unseen`` is what a served model does with a category that its training has not seen.
    """

    label: str
    task: str
    time: str | None = None
    test_fraction: float = 0.2
    features: Mapping[str, str] | None = None
    unseen: str = "refuse"


@dataclass(frozen=True)
class Objective:
    """What the business wants: ``metric`` of the held-out test set, larger is better, reaches ``at_least``."""

    statement: str
    metric: str
    at_least: float


@dataclass(frozen=True)
class Training:
    """How one training job runs; ``max_minutes`` becomes SageMaker's MaxRuntimeInSeconds."""

    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    instance: str = "ml.m5.large"
    max_minutes: int = 60
    seed: int = 0


@dataclass(frozen=True)
class CanaryPolicy:
    """How a new version is tried before it answers everybody: on ``traffic``, a share of the callers in (0, 1).

    Undecided after ``max_duration``, it ends as ``on_timeout`` says. ``confidence``, ``tolerance`` and ``min_labels``
    are the rules of the verdict: core/release/verdict.py.
    """

    traffic: float = 0.10
    max_duration: str = "24 hours"
    on_timeout: str = "rollback"
    confidence: float = 0.95
    tolerance: float = 0.01
    min_labels: int = 0

    @property
    def max_seconds(self) -> int:
        """``max_duration`` in seconds."""
        return seconds(self.max_duration)


@dataclass(frozen=True)
class Serving:
    """A version's endpoint: ``memory_mb`` and ``max_concurrency`` size a serverless one, the next five the other.

    Between ``min_instances`` and ``max_instances`` there is one for each ``invocations_per_instance`` a minute;
    ``scale_in`` lets instances go again. ``keep`` earlier versions' endpoints stay besides those that a route names.
    """

    form: str = "serverless"
    memory_mb: int = 2048
    max_concurrency: int = 5
    instance: str = "ml.m5.large"
    min_instances: int = 1
    max_instances: int = 1
    invocations_per_instance: int = 1000
    scale_in: bool = True
    keep: int = 2
    canary: CanaryPolicy | None = None

    @property
    def scales(self) -> bool:
        """Whether the number of instances changes with the traffic; serverless endpoints see to that themselves."""
        return self.form == "realtime" and self.max_instances > self.min_instances


@dataclass(frozen=True)
class Slo:
    """What callers are promised: a canary's answer that takes longer than ``latency_p95_ms`` counts as slow."""

    latency_p95_ms: int = 2000


@dataclass(frozen=True)
class Project:
    """A checked model.yaml."""

    name: str
    description: str
    owner: str
    data: Data
    objective: Objective
    training: Training = field(default_factory=Training)
    serving: Serving = field(default_factory=Serving)
    slo: Slo = field(default_factory=Slo)

    def to_document(self) -> dict[str, Any]:
        """Plain JSON with every default written out; ``parse_project`` gives the same project back."""
        document = asdict(self)
        for section in ("data", "serving"):
            document[section] = {key: value for key, value in document[section].items() if value is not None}
        return document


def parse_project(document: object, locate: Locate | None = None) -> Project:
    """Check a parsed model.yaml and build the project.

    ``locate`` gives the line of a key's path, such as ``("data", "label")``. Raises Invalid with every problem found.
    """
    reader = Reader(locate or (lambda _: 0))
    root = reader.section(document, (), _ROOT)
    sections = {name: reader.section(root[name], (name,), keys) for name, keys in _SECTIONS.items() if name in root}
    data, objective, serving = (sections.get(name, {}) for name in ("data", "objective", "serving"))
    _check_columns(reader, data)
    _choose_task(reader, data, objective.get("metric"))
    _check_instances(reader, serving)
    if "canary" in serving:
        serving["canary"] = CanaryPolicy(**reader.section(serving["canary"], ("serving", "canary"), _CANARY))
    if reader.problems:
        problems = tuple(sorted(reader.problems, key=lambda problem: problem.line))
        raise Invalid("\n".join(map(str, problems)), problems)
    return Project(
        root["name"],
        root["description"],
        root["owner"],
        Data(**data),
        Objective(**objective),
        Training(**sections.get("training", {})),
        Serving(**serving),
        Slo(**sections.get("slo", {})),
    )


def _check_columns(reader: Reader, data: Mapping[str, Any]) -> None:
    label = data.get("label")
    if label is not None and label == data.get("time"):
        reader.refuse(("data", "time"), "another column than the label", repr(label))
    if label in data.get("features", {}):
        reader.refuse(("data", "features", str(label)), "features other than the label", repr(label))


def _choose_task(reader: Reader, data: dict[str, Any], metric: str | None) -> None:
    """Set ``data["task"]`` from the metric where the file does not say it; a metric of model.py's needs the word."""
    task = next((name for name, metrics in METRICS.items() if metric in metrics), None)
    if task is None and metric is not None and "task" not in data:
        hint = did_you_mean(metric, METRICS["classification"] | METRICS["regression"])
        expected = f"a scorer name of scikit-learn{hint}, or data.task beside a metric that model.py defines"
        reader.refuse(("objective", "metric"), expected, repr(metric))
    elif task is not None and data.setdefault("task", task) != task:
        reader.refuse(("data", "task"), f"{task}, which objective.metric {metric} scores", repr(data["task"]))


def _check_instances(reader: Reader, serving: Mapping[str, Any]) -> None:
    least = serving.get("min_instances", Serving.min_instances)
    most = serving.get("max_instances", Serving.max_instances)
    if most < least:
        where = "max_instances" if "max_instances" in serving else "min_instances"
        expected = "serving.max_instances to be at least serving.min_instances"
        reader.refuse(("serving", where), expected, f"{least} to {most} instances")


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


_INSTANCE = matching(re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+"), "a SageMaker instance type such as ml.m5.large")
_SPELLED = matching(NAME, "3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last")


def _name(value: object) -> str:
    name = _SPELLED(value)
    if name in RESERVED:
        raise UnexpectedError(f"another name than {' and '.join(RESERVED)}, which are folders of the data bucket")
    if re.search(r"-v\d", name):
        raise UnexpectedError("a name without -v and a digit, which is how the endpoints of a model's versions end")
    return name


_ROOT: Mapping[str, Key] = {
    "name": Key("the model's name", _name, required=True),
    "description": Key("what the model is for, in a sentence", text, required=True),
    "owner": Key("the team that answers for the model", text, required=True),
    "data": Key("what the uploaded data is", mapping, required=True),
    "objective": Key("what the business wants", mapping, required=True),
    "training": Key("how the model trains", mapping),
    "serving": Key("how the model is served", mapping),
    "slo": Key("what callers are promised", mapping),
}
_SECTIONS: Mapping[str, Mapping[str, Key]] = {
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
    },
}
_CANARY: Mapping[str, Key] = {
    "traffic": Key("the share of the callers that the new version answers", real(0.001, 0.9)),
    "max_duration": Key("the time after which an undecided trial ends", duration("1 minute", "30 days")),
    "on_timeout": Key("how an undecided trial ends", one_of(ON_TIMEOUT)),
    "confidence": Key("how sure a verdict must be", real(0.5, 0.9999)),
    "tolerance": Key("the share of the requests by which it may be worse and still good enough", real(0.0, 0.5)),
    "min_labels": Key("the labels that the new version needs before it is promoted", whole(0, 1_000_000)),
}
