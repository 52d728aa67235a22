"""The model project: what a model.yaml may say, its defaults, and what is wrong with one that can't be used.

Read by the CLI (`project check`), by infra at synth, by the pipeline's functions and by the image at training. Nothing
is read from disk here: adapters/project_folder.py does that. A key that nothing acts on is refused, so that nobody
believes in a setting that does nothing.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from heirloom.core.errors import Invalid, Problem

Where = tuple[str | int, ...]
Locate = Callable[[Where], int]
Scalar = str | int | float | bool

NAME = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
PLACEHOLDER = "FILL IN"
TASKS = ("classification", "regression")
FEATURE_TYPES = ("number", "category", "text")
FORMS = ("serverless", "realtime")

# The scorer names of scikit-learn 1.9 (sklearn.metrics.get_scorer_names) by task, less the clustering ones.
_AVERAGES = ("", "_macro", "_micro", "_samples", "_weighted")
METRICS: Mapping[str, frozenset[str]] = {
    "classification": frozenset(
        [f"{name}{average}" for name in ("f1", "jaccard", "precision", "recall") for average in _AVERAGES]
        + ["accuracy", "average_precision", "balanced_accuracy", "d2_brier_score", "d2_log_loss_score"]
        + ["matthews_corrcoef", "neg_brier_score", "neg_log_loss", "neg_negative_likelihood_ratio"]
        + ["positive_likelihood_ratio", "roc_auc", "roc_auc_ovo", "roc_auc_ovo_weighted", "roc_auc_ovr"]
        + ["roc_auc_ovr_weighted", "top_k_accuracy"]
    ),
    "regression": frozenset(
        f"neg_{error}"
        for error in (
            *("max_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_gamma_deviance"),
            *("mean_poisson_deviance", "mean_squared_error", "mean_squared_log_error", "median_absolute_error"),
            *("root_mean_squared_error", "root_mean_squared_log_error"),
        )
    )
    | {"d2_absolute_error_score", "explained_variance", "r2"},
}


@dataclass(frozen=True)
class Data:
    """The columns of the uploads. ``features`` None: every column but the label and the time, types inferred."""

    label: str
    task: str
    time: str | None = None
    test_fraction: float = 0.2
    features: Mapping[str, str] | None = None


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
class Serving:
    """A version's endpoint: ``memory_mb`` and ``max_concurrency`` size a serverless one, ``instance`` the other."""

    form: str = "serverless"
    memory_mb: int = 2048
    max_concurrency: int = 5
    instance: str = "ml.m5.large"


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

    def to_document(self) -> dict[str, Any]:
        """Plain JSON with every default written out; ``parse_project`` gives the same project back."""
        document = asdict(self)
        document["data"] = {key: value for key, value in document["data"].items() if value is not None}
        return document


def parse_project(document: object, locate: Locate | None = None) -> Project:
    """Check a parsed model.yaml and build the project.

    ``locate`` gives the line of a key's path, such as ``("data", "label")``. Raises Invalid with every problem found.
    """
    reader = _Reader(locate or (lambda _: 0))
    root = reader.section(document, (), _ROOT)
    sections = {
        name: reader.section(root.get(name, {}), (name,), keys) for name, keys in _SECTIONS.items() if name in root
    }
    data, objective = sections.get("data", {}), sections.get("objective", {})
    _check_columns(reader, data)
    _choose_task(reader, data, objective.get("metric"))
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
        Serving(**sections.get("serving", {})),
    )


class _UnexpectedError(Exception):
    """A value is not what its key allows; the argument says what is expected."""


@dataclass(frozen=True)
class _Key:
    what: str
    read: Callable[[Any], Any]
    required: bool = False


class _Reader:
    """Walks a document and remembers every problem instead of stopping at the first."""

    def __init__(self, locate: Locate) -> None:
        self.problems: list[Problem] = []
        self._locate = locate

    def refuse(self, where: Where, expected: str, got: str = "") -> None:
        name = ".".join(map(str, where)) or "model.yaml"
        self.problems.append(Problem(name, expected, got, self._locate(where)))

    def section(self, document: object, path: Where, keys: Mapping[str, _Key]) -> dict[str, Any]:
        """The keys of one mapping that are there and right."""
        if not isinstance(document, Mapping):
            self.refuse(path, f"the keys {_listed(keys)}", _shown(document))
            return {}
        for key in document:
            if key not in keys:
                self._refuse_key(path, key, keys)
        for name, key in keys.items():
            if key.required and name not in document:
                self.refuse((*path, name), f"{key.what}; the key is missing")
        found = {
            name: self._value(document[name], (*path, name), key) for name, key in keys.items() if name in document
        }
        return {name: value for name, value in found.items() if value is not None}

    def _refuse_key(self, path: Where, key: object, keys: Mapping[str, _Key]) -> None:
        near = difflib.get_close_matches(str(key), keys, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        self.refuse((*path, str(key)), f"one of the known keys {_listed(keys)}{hint}", f"the unknown key {key!r}")

    def _value(self, value: object, path: Where, key: _Key) -> object:
        if isinstance(value, str) and PLACEHOLDER in value:
            self.refuse(path, f"you to fill in {key.what}", repr(value))
            return None
        try:
            return key.read(value)
        except _UnexpectedError as problem:
            self.refuse(path, f"{key.what}: {problem}", _shown(value))
            return None


def _check_columns(reader: _Reader, data: Mapping[str, Any]) -> None:
    label = data.get("label")
    if label is not None and label == data.get("time"):
        reader.refuse(("data", "time"), "another column than the label", repr(label))
    if label in data.get("features", {}):
        reader.refuse(("data", "features", str(label)), "features other than the label", repr(label))


def _choose_task(reader: _Reader, data: dict[str, Any], metric: str | None) -> None:
    """Set ``data["task"]`` from the metric where the file does not say it; a metric of model.py's needs the word."""
    task = next((name for name, metrics in METRICS.items() if metric in metrics), None)
    if task is None and metric is not None and "task" not in data:
        near = difflib.get_close_matches(metric, METRICS["classification"] | METRICS["regression"], n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        expected = f"a scorer name of scikit-learn{hint}, or data.task beside a metric that model.py defines"
        reader.refuse(("objective", "metric"), expected, repr(metric))
    elif task is not None and data.setdefault("task", task) != task:
        reader.refuse(("data", "task"), f"{task}, which objective.metric {metric} scores", repr(data["task"]))


def _mapping(value: object) -> object:
    """Left as it is: the section's own keys are checked when it is walked."""
    return {} if value is None else value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _UnexpectedError("a text (put it in quotes where it looks like a number, a date or yes/no)")
    return value.strip()


def _matching(pattern: re.Pattern[str], meaning: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _UnexpectedError(meaning)
        return value

    return read


def _one_of(allowed: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise _UnexpectedError(f"one of {', '.join(allowed)}")
        return value

    return read


def _whole(least: int, most: int, step: int = 1) -> Callable[[object], int]:
    def read(value: object) -> int:
        if type(value) is not int or not least <= value <= most or value % step:
            multiple = f", a multiple of {step}" if step > 1 else ""
            raise _UnexpectedError(f"a whole number from {least} to {most}{multiple}")
        return value

    return read


def _real(least: float = -math.inf, most: float = math.inf) -> Callable[[object], float]:
    limits = f" from {least} to {most}" if math.isfinite(least) else ""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _UnexpectedError(f"a number{limits}")
        if not math.isfinite(value) or not least <= value <= most:
            raise _UnexpectedError(f"a number{limits}")
        return float(value)

    return read


def _features(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not value:
        raise _UnexpectedError(f"column: type, where type is one of {', '.join(FEATURE_TYPES)}")
    for column, kind in value.items():
        if not isinstance(column, str) or not column.strip():
            raise _UnexpectedError(f"column names as text, but {column!r} is not (put it in quotes)")
        if kind not in FEATURE_TYPES:
            raise _UnexpectedError(f"one of {', '.join(FEATURE_TYPES)} for {column}, not {kind!r}")
    return dict(value)


def _parameters(value: object) -> dict[str, Scalar]:
    """Parameters travel as SageMaker hyperparameters, which are texts: so scalars, whose type this file declares."""
    if not isinstance(value, Mapping):
        raise _UnexpectedError("parameter: value")
    for name, setting in value.items():
        if not isinstance(name, str) or not isinstance(setting, str | int | float | bool):
            raise _UnexpectedError(f"a text, a number or true/false for each, but {name} is {_shown(setting)}")
        if isinstance(setting, float) and not math.isfinite(setting):
            raise _UnexpectedError(f"finite numbers, but {name} is {setting}")
    return dict(value)


def _listed(keys: Mapping[str, _Key]) -> str:
    return ", ".join(keys)


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_INSTANCE = _matching(re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+"), "a SageMaker instance type such as ml.m5.large")
_NAME = _matching(NAME, "3 to 40 lower-case letters, digits and hyphens, a letter first, no hyphen last")
_ROOT: Mapping[str, _Key] = {
    "name": _Key("the model's name", _NAME, required=True),
    "description": _Key("what the model is for, in a sentence", _text, required=True),
    "owner": _Key("the team that answers for the model", _text, required=True),
    "data": _Key("what the uploaded data is", _mapping, required=True),
    "objective": _Key("what the business wants", _mapping, required=True),
    "training": _Key("how the model trains", _mapping),
    "serving": _Key("how the model is served", _mapping),
}
_SECTIONS: Mapping[str, Mapping[str, _Key]] = {
    "data": {
        "label": _Key("the column to predict", _text, required=True),
        "time": _Key("the column to split by", _text),
        "test_fraction": _Key("the share of the rows held out for the test", _real(0.05, 0.5)),
        "features": _Key("the columns to predict from", _features),
        "task": _Key("the kind of prediction", _one_of(TASKS)),
    },
    "objective": {
        "statement": _Key("the objective in the words of the business", _text, required=True),
        "metric": _Key("a scorer name of scikit-learn or a function of model.py", _text, required=True),
        "at_least": _Key("the value that the metric must reach", _real(), required=True),
    },
    "training": {
        "parameters": _Key("what train(frame, params) gets", _parameters),
        "instance": _Key("the machine to train on", _INSTANCE),
        # SageMaker's own limit is 28 days: StoppingCondition in its API reference.
        "max_minutes": _Key("the time after which training is stopped", _whole(1, 40_320)),
        "seed": _Key("the seed of every random choice", _whole(0, 2**32 - 1)),
    },
    "serving": {
        "form": _Key("the form of the endpoint", _one_of(FORMS)),
        # The sizes that a serverless endpoint can have: ProductionVariantServerlessConfig in SageMaker's API reference.
        "memory_mb": _Key("the memory of a serverless endpoint", _whole(1024, 6144, 1024)),
        "max_concurrency": _Key("how many requests a serverless endpoint takes at once", _whole(1, 200)),
        "instance": _Key("the machine of a realtime endpoint", _INSTANCE),
    },
}
