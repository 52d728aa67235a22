"""What is watched of a deployed model: its metrics, its alarms, the panels of its dashboards. Data, and nothing else.

infra/slo.py makes the alarms of it, infra/dashboard.py CloudWatch's dashboard, cli/grafana.py Grafana's, and
`heirloom slo show` asks for the alarms by these names: so none of them can disagree with another. docs/slo.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from heirloom.core.project.definition import Project, RollingAccuracy

OF_A_MODEL, OF_A_VERSION = ("model",), ("model", "version")
PAGES, ROLLBACKS = "pages", "rollbacks"
"""The topics that alarms tell: that of people, and that of the function that rolls back, of which people hear too."""
IGNORE, NOT_BREACHING = "ignore", "notBreaching"
"""What an alarm makes of a period without data: nothing, so that it stays as it is; or that all is well."""
PAGE, ROLLBACK = 1, 2
"""The values of the metrics AccuracyBreach and LatencyBreach: core/monitoring/breach.py's severities."""
SLOW_SECONDS = 300
"""The period of the alarms on what changes by the hour: drift, labels that stop, probes."""
ACCURACY_PAGE, ACCURACY_ROLLBACK, LATENCY_ROLLBACK = "accuracy-page", "accuracy-rollback", "latency-rollback"
CRITICAL = "critical"
DRIFTED = "drift"


@dataclass(frozen=True)
class Metric:
    """A metric of the namespace Heirloom, and the names of what it is told apart by."""

    name: str
    dimensions: tuple[str, ...] = OF_A_MODEL


@dataclass(frozen=True)
class Alarm:
    """One period of ``metric`` of ``threshold`` or more. ``topic`` hears of its begin and of its end; None: nobody."""

    name: str
    metric: Metric
    statistic: str
    threshold: float
    seconds: int
    missing: str
    topic: str | None
    says: str


@dataclass(frozen=True)
class Composite:
    """An alarm that is on while one of ``any_of`` is, which are names of alarms."""

    name: str
    any_of: tuple[str, ...]
    topic: str
    says: str


@dataclass(frozen=True)
class Line:
    """A metric as a panel draws it. ``label`` is what it is called; a version's lines are called by its number."""

    metric: Metric
    statistic: str
    label: str


@dataclass(frozen=True)
class Limit:
    """A level line; ``severity`` is PAGE or ROLLBACK, for its colour."""

    value: float
    label: str
    severity: int


@dataclass(frozen=True)
class Panel:
    """A picture. ``unit`` is share, count, milliseconds, seconds, index, level or label: that of the model's label."""

    title: str
    says: str
    unit: str
    lines: tuple[Line, ...]
    limits: tuple[Limit, ...] = ()


ACCURACY_BREACH = Metric("AccuracyBreach")
LATENCY_BREACH = Metric("LatencyBreach")
DRIFT = Metric("Drift")
LABELS_OVERDUE = Metric("LabelsOverdue")
PROBE_FAILURES = Metric("ProbeFailures")
LATENCY = Metric("Latency")
ACCURACY = Metric("Accuracy", OF_A_VERSION)
ACCURACY_RATIO = Metric("AccuracyRatio", OF_A_VERSION)
RMSE = Metric("Rmse", OF_A_VERSION)
LABELLED = Metric("Labelled", OF_A_VERSION)
LABEL_COVERAGE = Metric("LabelCoverage", OF_A_VERSION)
LABEL_DELAY = Metric("LabelDelay", OF_A_VERSION)
DRIFT_PSI = Metric("DriftPsi", OF_A_VERSION)
ERRORS = Metric("Errors", OF_A_VERSION)


def alarm_name(prefix: str, model: str, alarm: str) -> str:
    """The name of a model's alarm in CloudWatch."""
    return f"{prefix}-{model}-{alarm}"


def alarms(project: Project) -> tuple[Alarm, ...]:
    """The alarms on metrics; none on the accuracy of a regression that does not say how far off is right."""
    accuracy = _accuracy_alarms(project) if project.watches_accuracy else ()
    return (*accuracy, *_other_alarms(project))


def critical(project: Project) -> Composite:
    """The alarm on which a version is rolled back."""
    made = {alarm.name for alarm in alarms(project)}
    causes = tuple(name for name in (ACCURACY_ROLLBACK, LATENCY_ROLLBACK) if name in made)
    return Composite(CRITICAL, causes, ROLLBACKS, f"{project.name}: a version breaks its promise: it is rolled back.")


def panels(project: Project) -> tuple[Panel, ...]:
    """The panels, in the order in which they are looked at."""
    accuracy = _accuracy_panels(project.slo.rolling_accuracy) if project.watches_accuracy else ()
    error = (_ERROR,) if project.data.task == "regression" else ()
    return (*accuracy, *error, *_LABELS, *_request_panels(project), _BREACHES)


def _accuracy_alarms(project: Project) -> tuple[Alarm, ...]:
    rule, seconds = project.slo.rolling_accuracy, project.slo.alarm_seconds
    where = f"of its test accuracy on its last {rule.window} labelled predictions: docs/slo.md"
    page = f"{project.name}: the version that answers is less right than {rule.alert_below:.4g} {where}"
    rollback = f"{project.name}: the version that answers is less right than {rule.rollback_below:.4g} {where}"
    return (
        Alarm(ACCURACY_PAGE, ACCURACY_BREACH, "Maximum", PAGE, seconds, IGNORE, PAGES, page),
        Alarm(ACCURACY_ROLLBACK, ACCURACY_BREACH, "Maximum", ROLLBACK, seconds, IGNORE, None, rollback),
    )


def _other_alarms(project: Project) -> tuple[Alarm, ...]:
    seconds = project.slo.alarm_seconds
    slow = f"{project.name}: more than 5% of the answers take longer than {project.slo.latency_p95_ms} ms: docs/slo.md"
    overdue = f"{project.name}: labels no longer come, so nobody knows how right it is: docs/slo.md"
    drift = f"{project.name}: what it is asked, or answers, has changed since its training: docs/drift.md"
    changed = ROLLBACKS if project.drift.retrain else PAGES  # there is a function there that can start a training
    probe = f"{project.name}: a prediction with a known answer failed: docs/slo.md"
    return (
        Alarm(LATENCY_ROLLBACK, LATENCY_BREACH, "Maximum", ROLLBACK, seconds, IGNORE, None, slow),
        Alarm("labels-overdue", LABELS_OVERDUE, "Maximum", 1, SLOW_SECONDS, IGNORE, PAGES, overdue),
        Alarm(DRIFTED, DRIFT, "Maximum", 1, SLOW_SECONDS, IGNORE, changed, drift),
        Alarm("probe", PROBE_FAILURES, "Sum", 1, SLOW_SECONDS, NOT_BREACHING, PAGES, probe),
    )


def _of_versions(metric: Metric, statistic: str) -> tuple[Line, ...]:
    return (Line(metric, statistic, "version"),)


def _accuracy_panels(rule: RollingAccuracy) -> tuple[Panel, ...]:
    limits = (
        Limit(rule.alert_below, "people are paged", PAGE),
        Limit(rule.rollback_below, "rolled back", ROLLBACK),
    )
    window = f"on its last {rule.window} labelled predictions"
    return (
        Panel(
            "Accuracy, of the test accuracy",
            f"How right a version was {window}, over how right it was on its test rows.",
            "share",
            _of_versions(ACCURACY_RATIO, "Average"),
            limits,
        ),
        Panel(
            "Accuracy",
            f"The share of right answers {window}.",
            "share",
            _of_versions(ACCURACY, "Average"),
        ),
    )


_ERROR = Panel(
    "Error",
    "The root of the mean squared difference between answer and label, in the label's own unit.",
    "label",
    _of_versions(RMSE, "Average"),
)
_LABELS = (
    Panel(
        "Labels in the window",
        "How many labelled predictions the accuracy is of.",
        "count",
        _of_versions(LABELLED, "Maximum"),
    ),
    Panel(
        "Label coverage",
        "The share of a version's predictions that have a label.",
        "share",
        _of_versions(LABEL_COVERAGE, "Average"),
    ),
    Panel(
        "Label delay",
        "How long after its prediction a label comes, on average.",
        "seconds",
        _of_versions(LABEL_DELAY, "Average"),
    ),
)
_BREACHES = Panel(
    "Breaches",
    "0: the version that answers keeps its promises. 1: people are paged. 2: it is rolled back.",
    "level",
    (Line(ACCURACY_BREACH, "Maximum", "accuracy"), Line(LATENCY_BREACH, "Maximum", "latency")),
    (Limit(PAGE, "people are paged", PAGE), Limit(ROLLBACK, "rolled back", ROLLBACK)),
)


def _request_panels(project: Project) -> tuple[Panel, ...]:
    promised, index = project.slo.latency_p95_ms, project.drift.psi
    return (
        Panel(
            "Latency",
            f"95% of the answers are to come within {promised} ms.",
            "milliseconds",
            (Line(LATENCY, "p50", "p50"), Line(LATENCY, "p95", "p95")),
            (Limit(promised, "promised to 95%", ROLLBACK),),
        ),
        Panel("Errors", "Requests to which a version gave no answer.", "count", _of_versions(ERRORS, "Sum")),
        Panel(
            "Drift",
            "How much the most changed feature differs from training: its population stability index.",
            "index",
            _of_versions(DRIFT_PSI, "Maximum"),
            (Limit(index, "drift, where it is sure", PAGE),),
        ),
    )
