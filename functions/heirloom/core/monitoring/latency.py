"""The promise of latency of one version: 95% of its answers come within slo.latency_p95_ms.

Each request is good or slow, so it is a promise about a share, like that of the accuracy, but one without a test: what
is promised is the limit. By the confident rule a version that keeps it to the letter, slow in 5% of its answers, raises
at most one alarm in a million requests; one that is slow in 2% hardly ever raises one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.promise import NAIVE, Limit, Promise, Terms
from heirloom.core.monitoring.ring import Ring

IN_TIME = 0.95
"""The share of the answers that is promised to come in time."""
KEPT = 0.96
"""The share at which the promise is kept again: more than is promised, or it would be broken again at once."""
BETWEEN_FALSE_ALARMS = 1_000_000
"""Requests."""
NEWEST = 1000
_TERMS = Terms((Limit(Severity.ROLLBACK, IN_TIME, IN_TIME),), IN_TIME, BETWEEN_FALSE_ALARMS, KEPT, NEWEST)


class Latency:
    """Mutable; ``rule`` is the one that model.yaml declares for the accuracy."""

    def __init__(self, rule: str, document: Mapping[str, Any] | None = None) -> None:
        known = document or {"newest": "", "promise": None}
        self._rule = rule
        self._newest = Ring(NEWEST, known["newest"])
        self._promise = Promise(_TERMS, known["promise"])

    def take(self, slow: bool) -> None:
        """Add a request; the caller sees to it that each comes once."""
        self._newest.put(not slow)
        if self._rule != NAIVE:
            self._promise.observe(not slow)
        elif self._newest.full:
            self._promise.look(self._newest.share)

    @property
    def severity(self) -> Severity:
        """HEALTHY or ROLLBACK."""
        return self._promise.severity

    def evidence(self) -> dict[str, Any]:
        """What people are shown: breach.Breach says what is in it. The value is the share of the slow requests."""
        newest = self._newest
        fast_low, fast_high = newest.interval
        return {
            "value": 1 - newest.share if newest.total else None,
            "threshold": round(1 - IN_TIME, 9),
            "reference": None,
            "samples": newest.total,
            "low": 1 - fast_high,
            "high": 1 - fast_low,
            "rule": self._rule,
            "reason": self._reason(),
        }

    def _reason(self) -> str:
        newest = self._newest
        if not newest.total:
            return "no requests yet"
        facts = f"{newest.total - newest.good:,} of the newest {newest.total:,} requests were slow"
        return f"{facts}: {self._promise.said(self._rule)} above the {1 - IN_TIME:.0%} that are allowed"

    def to_document(self) -> dict[str, Any]:
        """Plain JSON, of at most 3 KB."""
        return {"newest": self._newest.to_document(), "promise": self._promise.to_document()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], rule: str) -> Latency:
        """What ``to_document`` wrote."""
        return cls(rule, document)
