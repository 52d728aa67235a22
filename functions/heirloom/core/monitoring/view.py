"""How a version stands to its promises, for people: `heirloom slo show`, and whoever shows it on a page.

A budget is how many more bad outcomes the last window may hold before its share falls below a limit. The naive rule
breaks a promise exactly then; the confident rule when it is sure, which may be sooner or later: docs/slo.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from heirloom.core.errors import NotFound
from heirloom.core.monitoring.accuracy import Accuracy, Reference
from heirloom.core.monitoring.breach import ACCURACY, LATENCY
from heirloom.core.monitoring.interval import interval
from heirloom.core.monitoring.latency import IN_TIME, NEWEST, Latency
from heirloom.core.monitoring.standard import Standard
from heirloom.core.monitoring.watch import LABELS, REQUESTS, LabelWatch, RequestWatch, Subject, Watch, Watches
from heirloom.core.project.definition import Project, RollingAccuracy
from heirloom.core.project.watching import ACCURACY_PAGE, ACCURACY_ROLLBACK, LATENCY_ROLLBACK, alarms, critical
from heirloom.core.release.route import Routes

_EXACT = 1e-9  # so that 0.95 of 1000 allows 50, whatever the arithmetic makes of it


class Standards(Protocol):
    """Knows what versions are held to: core/monitoring/standard.py."""

    def of(self, model: str, version: int) -> Standard | None:
        """None for a model that is not deployed. Raises Denied, Unavailable."""


def show_slo(model: str, version: int | None, routes: Routes, standards: Standards, watches: Watches) -> dict[str, Any]:
    """How a version stands, the champion by default: ``model``, ``version``, and what ``slo_view`` says.

    Raises NotFound.
    """
    route = routes.get(model)
    if route is None:
        raise NotFound(f"there is no model {model!r}: GET /models or `heirloom model list` shows them")
    number = route.champion if version is None else version
    standard = standards.of(model, number)
    if standard is None:
        raise NotFound(f"model {model!r} is not deployed any more: nothing is promised of it")
    slo = standard.project.slo
    kept = watches.get(Subject(model, number))
    watch = Watch(
        LabelWatch.from_document(kept[LABELS].document, standard.reference, slo.rolling_accuracy),
        RequestWatch.from_document(kept[REQUESTS].document, slo),
        watches.of(model),
    )
    document = slo_view(watch, standard.project, standard.reference)
    mine = [breach for breach in document["breaches"] if breach["version"] == number]
    return {"model": model, "version": number, **document, "breaches": mine}


def slo_view(watch: Watch, project: Project, reference: Reference | None) -> dict[str, Any]:
    """Plain JSON: ``promises`` with target, value and budget; ``labels``; ``slices``, the worst first; ``breaches``
    that last; the names of the model's ``alarms``. What is not known is None: a version without a test accuracy has no
    target.
    """
    rule = project.slo.rolling_accuracy
    accuracy = watch.labels.accuracy
    promises = [*_accuracy(accuracy, rule, reference)] if project.watches_accuracy else []
    lasting = (breach for breach in watch.breaches if breach.ended_at is None)
    return {
        "rule": rule.rule,
        "reference": {"accuracy": reference.accuracy, "rows": reference.rows} if reference else None,
        "promises": [*promises, _latency(watch.requests.latency, project.slo.latency_p95_ms)],
        "labels": _labels(watch),
        "rmse": accuracy.gauge().rmse,
        "slices": _slices(watch.labels.slices),
        "breaches": [{"id": breach.id, **breach.to_document()} for breach in lasting],
        "alarms": [*(alarm.name for alarm in alarms(project)), critical(project).name],
    }


def _accuracy(accuracy: Accuracy, rule: RollingAccuracy, reference: Reference | None) -> Iterable[dict[str, Any]]:
    """One promise with two limits: where people are paged, and where the version is rolled back."""
    gauge = accuracy.gauge()
    right = accuracy.window.correct
    for alarm, share in ((ACCURACY_PAGE, rule.alert_below), (ACCURACY_ROLLBACK, rule.rollback_below)):
        target = share * reference.accuracy if reference else None
        yield {
            "alarm": alarm,
            "promise": ACCURACY,
            "target": target,
            "share": share,
            "value": gauge.accuracy,
            "low": gauge.low,
            "high": gauge.high,
            "samples": gauge.labelled,
            "window": rule.window,
            "severity": int(accuracy.severity),
            **_budget(rule.window, target, gauge.labelled - right),
        }


def _latency(latency: Latency, limit_ms: int) -> dict[str, Any]:
    evidence = latency.evidence()
    slow = evidence["value"]
    return {
        "alarm": LATENCY_ROLLBACK,
        "promise": LATENCY,
        "target": IN_TIME,
        "limit_ms": limit_ms,
        "value": None if slow is None else 1 - slow,
        "low": 1 - evidence["high"],
        "high": 1 - evidence["low"],
        "samples": evidence["samples"],
        "window": NEWEST,
        "severity": int(latency.severity),
        **_budget(NEWEST, IN_TIME, round((slow or 0) * evidence["samples"])),
    }


def _budget(window: int, target: float | None, bad: int) -> dict[str, int | None]:
    """``allowed`` bad outcomes in a whole window, the ``bad`` ones in it, and how many are ``left``: below 0 when it is
    overdrawn."""
    allowed = None if target is None else math.floor(window * (1 - target) + _EXACT)
    return {"allowed": allowed, "bad": bad, "left": None if allowed is None else allowed - bad}


def _labels(watch: Watch) -> dict[str, Any]:
    """Labels can come before the requests have been counted: a coverage is never more than all."""
    predicted, labelled = watch.requests.predicted, watch.labels.labelled
    return {
        "predicted": predicted,
        "labelled": labelled,
        "coverage": min(1.0, labelled / predicted) if predicted else None,
        "delay_seconds": watch.labels.delay,
        "last_at": watch.labels.last_at,
        "last_request_at": watch.requests.last_at,
    }


def _slices(slices: Mapping[str, Mapping[str, list[int]]]) -> list[dict[str, Any]]:
    """The worst first: by what the error rate is at least, or one that was asked once, and was wrong, would lead."""
    found = [
        _slice(column, value, labelled, wrong)
        for column, values in slices.items()
        for value, (labelled, wrong) in values.items()
    ]
    return sorted(found, key=lambda each: (-each["low"], each["column"], each["value"]))


def _slice(column: str, value: str, labelled: int, wrong: int) -> dict[str, Any]:
    rate = wrong / labelled
    low, high = interval(rate, labelled)
    return {
        "column": column,
        "value": value,
        "labelled": labelled,
        "wrong": wrong,
        "error_rate": rate,
        "low": low,
        "high": high,
    }
