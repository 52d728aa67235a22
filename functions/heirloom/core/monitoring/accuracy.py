"""The promise of rolling accuracy of one version: what its labels say of it, by the rule that model.yaml declares.

A version is held to its own test accuracy. The naive rule takes that as it was measured, the confident rule takes the
lower bound that it has with ``confidence``. A version whose accuracy is at least that raises at most one alarm in
``labels_between_false_alarms``, whenever and however often one looks. docs/accuracy.md has what that costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.interval import lower_bound
from heirloom.core.monitoring.observation import Outcome
from heirloom.core.monitoring.promise import NAIVE, Limit, Promise, Terms
from heirloom.core.monitoring.window import Window
from heirloom.core.project.definition import RollingAccuracy


@dataclass(frozen=True)
class Reference:
    """The version's own ``accuracy`` on a test set of so many ``rows``."""

    accuracy: float
    rows: int


@dataclass(frozen=True)
class Gauge:
    """The rolling accuracy as the contract words it, with its 95% interval, and over ``reference``, the test accuracy.
    None where nothing is labelled, or nobody has scored the version, or, ``rmse``, for a classification."""

    labelled: int
    accuracy: float | None
    low: float
    high: float
    reference: float | None
    ratio: float | None
    rmse: float | None


class Accuracy:
    """Mutable. Without a reference there is nothing to hold it to: a gauge, and always healthy."""

    def __init__(self, reference: Reference | None, slo: RollingAccuracy) -> None:
        self.window = Window(slo.window)
        self._reference = reference
        self._slo = slo
        self._promise = Promise(terms(reference or Reference(0.0, 0), slo))

    def take(self, outcome: Outcome) -> None:
        """Add a label or a correction; the caller sees to it that each comes once.

        The confident rule takes labels in the order they come, and no corrections: what has been believed is not taken
        back, as that could go on for ever.
        """
        self.window.put(outcome)
        if self._reference is None:
            return
        if self._slo.rule == NAIVE:
            if self.window.full:
                self._promise.look(self.window.correct / self.window.labelled)
        elif outcome.corrected is None:
            self._promise.observe(outcome.correct)

    @property
    def severity(self) -> Severity:
        """How bad it is; it only rises until the version is as good as promised again."""
        return self._promise.severity

    def gauge(self) -> Gauge:
        """What is published."""
        window, reference = self.window, self._reference.accuracy if self._reference else None
        ratio = window.accuracy / reference if window.accuracy is not None and reference else None
        return Gauge(window.labelled, window.accuracy, *window.interval, reference, ratio, window.rmse)

    def evidence(self) -> dict[str, Any]:
        """What people are shown: breach.Breach says what is in it."""
        low, high = self.window.interval
        return {
            "value": self.window.accuracy,
            "threshold": self._reference.accuracy * self._share if self._reference else None,
            "reference": self._reference.accuracy if self._reference else None,
            "samples": self.window.labelled,
            "low": low,
            "high": high,
            "rule": self._slo.rule,
            "reason": self._reason(),
        }

    @property
    def _share(self) -> float:
        """Of the test accuracy: the limit that is in question."""
        return self._slo.rollback_below if self.severity == Severity.ROLLBACK else self._slo.alert_below

    def _reason(self) -> str:
        if self._reference is None:
            return f"{self._counted(0.0)}; the version has no test accuracy to compare with"
        limit = f"{100 * self._share:.4g}% of the test accuracy, which was {self._reference.accuracy:.1%}"
        facts = self._counted(self._share * self._reference.accuracy)
        return f"{facts}: {self._promise.said(self._slo.rule)} below {limit} of {self._reference.rows:,} rows"

    def _counted(self, limit: float) -> str:
        """The naive rule goes by the whole window; the confident one notices what has begun in it."""
        total, correct = self.window.labelled, self.window.correct
        if self.severity and self._slo.rule != NAIVE:
            total, correct = self.window.worst(limit)
        return f"{correct:,} of the newest {total:,} labelled predictions were right" if total else "no labels yet"

    def to_document(self) -> dict[str, Any]:
        """Plain JSON: the window's, and some 2 KB of numbers."""
        return {"window": self.window.to_document(), "promise": self._promise.to_document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], reference: Reference | None, slo: RollingAccuracy) -> Accuracy:
        """What ``to_document`` wrote. What is promised may have changed since: what was seen still counts."""
        accuracy = cls(reference, slo)
        accuracy.window = Window.from_document(document["window"], slo.window)
        accuracy._promise = Promise(accuracy._promise.terms, document["promise"])
        return accuracy


def terms(reference: Reference, slo: RollingAccuracy) -> Terms:
    """What is promised of a version with this test accuracy."""
    healthy = lower_bound(reference.accuracy, reference.rows, slo.confidence)
    shares = ((Severity.PAGE, slo.alert_below), (Severity.ROLLBACK, slo.rollback_below))
    limits = tuple(Limit(severity, share * reference.accuracy, share * healthy) for severity, share in shares)
    return Terms(limits, healthy, slo.labels_between_false_alarms, kept(slo) * reference.accuracy, slo.window)


def kept(slo: RollingAccuracy) -> float:
    """The share of the test accuracy at which a promise is kept again: halfway from what pages back to all of it, or
    who is paged for a version that is just at the limit is paged again and again."""
    return (1 + slo.alert_below) / 2
