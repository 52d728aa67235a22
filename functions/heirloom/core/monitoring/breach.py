"""Breaches: a version that does not keep its promise, from the label or request that showed it to its end.

The monitor begins and ends them (watch.py); an alarm on the metric of the same severity calls those who act: the
pager (core/incident/) and the rollback (core/rollback/), who read here which version it is and what shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Protocol

ACCURACY, LATENCY = "accuracy", "latency"
SLOS = (ACCURACY, LATENCY)


class Severity(IntEnum):
    """What a promise that is not kept asks for; also the value of the metrics AccuracyBreach and LatencyBreach."""

    HEALTHY = 0
    PAGE = 1
    ROLLBACK = 2


@dataclass(frozen=True)
class Breach:
    """One broken promise of one version. Of a model and a promise there is one breach at a time.

    ``slo`` is accuracy or latency, ``began_at`` a stamp, ``severity`` the worst so far. ``evidence`` is what people
    are shown: plain JSON with ``value`` (what is measured), ``threshold`` (what was promised), ``reference`` (the test
    accuracy, or None), ``samples``, ``low`` and ``high`` (the 95% interval of the value), ``rule`` and ``reason``, a
    sentence. ``ended_at`` is the stamp of its end, None while it lasts. ``drill``: a rehearsal.
    """

    model: str
    version: int
    slo: str
    severity: Severity
    began_at: str
    evidence: Mapping[str, Any]
    ended_at: str | None = None
    drill: bool = False

    @property
    def id(self) -> str:
        """The same for every look at this breach: PagerDuty's dedup_key, and the incident's name."""
        kind = f"drill-{self.slo}" if self.drill else self.slo
        return f"{self.model}/{kind}/v{self.version}/{self.began_at}"

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "severity": int(self.severity)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Breach:
        """What ``to_document`` wrote."""
        return cls(**{**document, "severity": Severity(document["severity"])})


class Breaches(Protocol):
    """Knows the newest breach of each model and promise. Raises Denied or Unavailable."""

    def of(self, model: str) -> tuple[Breach, ...]:
        """The newest breach of each promise of the model, ended ones too; drills apart."""
