"""Reading a model.yaml: what is wrong with one that can't be used, and the project of one that can.

Called by adapters/project_folder.py for the file, and by whoever finds a project in a registration, written out as
JSON. Which keys there are: core/project/sections.py. Here is what no key tells of itself: where two don't go together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heirloom.core.errors import Invalid
from heirloom.core.project.definition import (
    CanaryPolicy,
    Data,
    Drift,
    Objective,
    Project,
    RollingAccuracy,
    Serving,
    Slo,
    Training,
)
from heirloom.core.project.keys import Locate, Reader
from heirloom.core.project.metrics import METRICS
from heirloom.core.project.sections import CANARY, ROLLING_ACCURACY, ROOT, SECTIONS
from heirloom.core.spelling import did_you_mean

ROLLING = ("slo", "rolling_accuracy")


def parse_project(document: object, locate: Locate | None = None) -> Project:
    """Check a parsed model.yaml and build the project.

    ``locate`` gives the line of a key's path, such as ``("data", "label")``. Raises Invalid with every problem found.
    """
    reader = Reader(locate or (lambda _: 0))
    root = reader.section(document, (), ROOT)
    sections = {name: reader.section(root[name], (name,), keys) for name, keys in SECTIONS.items() if name in root}
    data, objective, serving = (sections.get(name, {}) for name in ("data", "objective", "serving"))
    _check_columns(reader, data)
    _choose_task(reader, data, objective.get("metric"))
    _check_instances(reader, serving)
    if "canary" in serving:
        serving["canary"] = CanaryPolicy(**reader.section(serving["canary"], ("serving", "canary"), CANARY))
    slo = _slo(reader, sections.get("slo", {}), data.get("task"))
    _check_slices(reader, root.get("slices", ()), data)
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
        slo,
        root.get("slices", ()),
        Drift(**sections.get("drift", {})),
    )


def _slo(reader: Reader, slo: Mapping[str, Any], task: str | None) -> Slo:
    """``task``: without a right or wrong of its own, only a regression is asked how far off is right."""
    accuracy = RollingAccuracy(**reader.section(slo.get("rolling_accuracy", {}), ROLLING, ROLLING_ACCURACY))
    if accuracy.rollback_below > accuracy.alert_below:
        expected = f"at most alert_below, {accuracy.alert_below}"
        reader.refuse((*ROLLING, "rollback_below"), expected, str(accuracy.rollback_below))
    if accuracy.tolerance is not None and task == "classification":
        expected = "no tolerance, since the answers of a classification are right or wrong"
        reader.refuse((*ROLLING, "tolerance"), expected, str(accuracy.tolerance))
    return Slo(**{**slo, "rolling_accuracy": accuracy})


def _check_slices(reader: Reader, slices: tuple[str, ...], data: Mapping[str, Any]) -> None:
    """Where the file does not list the features, any column may be one, but for the label and the time."""
    features = data.get("features")
    for place, column in enumerate(slices):
        known = column in features if features else column not in (data.get("label"), data.get("time"))
        if not known:
            reader.refuse(("slices", place), "a feature, by whose values the answers are watched", repr(column))


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
