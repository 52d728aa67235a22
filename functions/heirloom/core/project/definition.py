"""The model project: what a model.yaml says, and its defaults.

Built by core/project/reading.py for the CLI, for infra at synth, for the pipeline's functions and for the image at
training. Nothing is read from disk here: adapters/project_folder.py does that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from heirloom.core.project.keys import seconds

Scalar = str | int | float | bool

NAME = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")


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
class RollingAccuracy:
    """The promise of accuracy: of the last ``window`` labelled predictions, against the version's own test accuracy.

    Below ``alert_below`` of it people are paged, below ``rollback_below`` the version is rolled back: shares in (0, 1).
    ``rule`` naive compares just so. The confident rule asks how sure that is, and is right however often one looks: a
    healthy version raises at most one alarm in ``labels_between_false_alarms``, and the test accuracy counts as its
    lower bound of ``confidence``. A regression's answer is right when it is at most ``tolerance`` off; without a
    tolerance its accuracy is not watched. core/monitoring/accuracy.py.
    """

    window: int = 1000
    alert_below: float = 0.97
    rollback_below: float = 0.95
    rule: str = "confident"
    confidence: float = 0.99
    labels_between_false_alarms: int = 3_000_000
    tolerance: float | None = None


@dataclass(frozen=True)
class Slo:
    """What callers are promised: 95% of the answers within ``latency_p95_ms``, and an accuracy.

    A canary's answer that takes longer than ``latency_p95_ms`` counts as slow. ``alarm_seconds`` is the period of the
    alarms: 10 costs three times as much as 60.
    """

    latency_p95_ms: int = 2000
    rolling_accuracy: RollingAccuracy = field(default_factory=RollingAccuracy)
    alarm_seconds: int = 60


@dataclass(frozen=True)
class Drift:
    """When the inputs or answers have changed since training: a population stability index of ``psi`` or more, and
    surely so: at most a share of ``level`` of the days without a change raise any alert. ``retrain``: whether drift
    starts a training on the newest data. core/drift/.
    """

    psi: float = 0.2
    level: float = 0.01
    retrain: bool = False


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
    slices: tuple[str, ...] = ()
    drift: Drift = field(default_factory=Drift)

    @property
    def watches_accuracy(self) -> bool:
        """Whether an answer is right or wrong: a regression must say how far off is right."""
        return self.data.task == "classification" or self.slo.rolling_accuracy.tolerance is not None

    def to_document(self) -> dict[str, Any]:
        """Plain JSON with every default written out; ``parse_project`` gives the same project back."""
        document = asdict(self)
        for section in ("data", "serving"):
            document[section] = _given(document[section])
        document["slo"]["rolling_accuracy"] = _given(document["slo"]["rolling_accuracy"])
        return {**document, "slices": list(self.slices)}


def _given(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if value is not None}
