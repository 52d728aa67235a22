"""A promise about the share of good outcomes: whether it is kept, by either rule, and how long it counts as broken.

The accuracy (accuracy.py) and the latency (latency.py) are such promises. Two rules say when one is broken:

- naive: the share of a full window is below the limit. One looks at every outcome, so it is often so by chance.
- confident: two questions are both answered with yes, by e-detectors (detector.py), at the same outcome. Is the share
  surely no longer what it was when all was well? That is asked so that a healthy version raises at most one alarm in as
  many outcomes as were declared, whatever the other question says. And is it, with evidence of ENOUGH, below the limit?

A severity only rises until the promise was kept for a while; then all starts anew. Under the naive rule that is when
the share of the full window is back at ``kept``. Under the confident rule it is when the share of the newest outcomes
is, of those since the alarm, at most a window of them and at least a quarter of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.detector import Detector
from heirloom.core.monitoring.ring import Ring

NAIVE = "naive"
ENOUGH = 1000.0
"""Evidence that a share is below a limit, where it is sure already that it is not what it was."""
LEAST = 100
"""Outcomes since the alarm that a promise needs to count as kept again."""


@dataclass(frozen=True)
class Limit:
    """``severity`` where the share is below ``share``. ``surely``: below what the confident rule asks whether it is."""

    severity: Severity
    share: float
    surely: float


@dataclass(frozen=True)
class Terms:
    """``healthy`` is the least share when all is well, ``between`` how many outcomes are between false alarms, ``kept``
    the share at which the promise is kept again, ``window`` of how many outcomes that is."""

    limits: tuple[Limit, ...]
    healthy: float
    between: float
    kept: float
    window: int


class Promise:
    """Mutable: takes every outcome (``observe``), or looks at every window (``look``)."""

    def __init__(self, terms: Terms, document: Mapping[str, Any] | None = None) -> None:
        """``document`` is what ``to_document`` gave; None for a promise that begins."""
        known = document or {"severity": Severity.HEALTHY, "since": "", "detectors": []}
        self.severity = Severity(known["severity"])
        self.terms = terms
        self._worst = _worst(terms.limits)
        self._since = self._ring(known["since"])
        self._ask(known["detectors"])

    def observe(self, good: bool) -> None:
        """The confident rule: one more outcome."""
        if self.severity:
            self._since.put(good)
            if self._since.total >= self._enough_since and self._since.share >= self.terms.kept:
                self._begin_anew()
                return
        if self.severity < self._worst:
            for detector in self._detectors:
                detector.observe(good)
            if self._healthy.evidence >= self.terms.between:
                self._rise(_worst(limit for limit, below in self._limits if below.evidence >= ENOUGH))

    def look(self, share: float) -> None:
        """The naive rule: the share of a full window."""
        if self.severity and share >= self.terms.kept:
            self._begin_anew()
        self._rise(_worst(limit for limit in self.terms.limits if share < limit.share))

    def said(self, rule: str) -> str:
        """How the share stands to the limit, in words."""
        if not self.severity:
            return "not proven to be"
        return "is" if rule == NAIVE else "surely"

    def _rise(self, severity: Severity) -> None:
        if severity > self.severity:
            self.severity = severity
            self._since = self._ring()

    @property
    def _enough_since(self) -> int:
        return max(LEAST, self.terms.window // 4)

    def _begin_anew(self) -> None:
        self.severity = Severity.HEALTHY
        self._since = self._ring()
        self._ask(())

    def _ask(self, states: Sequence[Sequence[float]]) -> None:
        """A detector for each rate that is asked about, each once; of the states those that there are."""
        rates = dict.fromkeys((self.terms.healthy, *(limit.surely for limit in self.terms.limits)))
        given = [*states, *[()] * len(rates)]
        by_rate = {rate: Detector(rate, state) for rate, state in zip(rates, given, strict=False)}
        self._detectors = tuple(by_rate.values())
        self._healthy = by_rate[self.terms.healthy]
        self._limits = tuple((limit, by_rate[limit.surely]) for limit in self.terms.limits)

    def _ring(self, document: str = "") -> Ring:
        return Ring(max(LEAST, self.terms.window), document)

    def to_document(self) -> dict[str, Any]:
        """Plain JSON, of at most 700 characters and one a label since the alarm."""
        detectors = [detector.to_list() for detector in self._detectors]
        return {"severity": int(self.severity), "since": self._since.to_document(), "detectors": detectors}


def _worst(limits: Iterable[Limit]) -> Severity:
    return max((limit.severity for limit in limits), default=Severity.HEALTHY)
