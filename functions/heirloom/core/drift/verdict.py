"""Which columns have drifted, from the counts of a day beside the training profile, and how much each matters.

A column has drifted when both hold: that it has changed is sure, and how much is worth a word.

- Sure: its p-value, adjusted by Holm's method ("A simple sequentially rejective multiple test procedure", Scandinavian
  Journal of Statistics 6, 1979) over all columns, is at most the level of this look. Holm's and not Benjamini &
  Hochberg's: columns depend on each other in ways that nobody knows (a distance, its miles, its price), under which the
  latter only holds at a level log(columns) times smaller; and what is promised is that on a day without a change *no*
  alert comes, not that few of many are false. Look k of the day has level / (k (k + 1)), which sum to the level: so
  the chance of any alert, at any look, in any column, is at most the level.
- Worth a word: the population stability index without its noise is at least ``drift.psi`` of model.yaml, on top of what
  the farthest day of the training had (weekdays, storms, holidays). This only makes alerts rarer.

Pure: counts and a profile in, a report out. docs/drift.md has the proof and what was measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heirloom.core.drift.comparison import Compared, compared
from heirloom.core.drift.divergence import Distance, Divergence
from heirloom.core.drift.histogram import ABOVE, BELOW, MISSING, UNSEEN, Counts, Profile
from heirloom.core.project.definition import Drift

FEWEST_ROWS = 100
"""Rows of a day at its first look; each further look comes when there are twice as many."""
MARKS = (MISSING, UNSEEN, BELOW, ABOVE)


@dataclass(frozen=True)
class Finding:
    """What one column shows. ``adjusted`` is its p-value after Holm's adjustment, ``threshold`` the stability index
    from which it has drifted, ``weight`` how much it matters to the model, from 0 to 1."""

    compared: Compared
    divergence: Divergence
    adjusted: float
    threshold: float
    weight: float
    drifted: bool

    @property
    def name(self) -> str:
        return self.compared.name

    @property
    def rank(self) -> tuple[bool, float, float]:
        """Larger first: what has drifted, then what the model heeds most and what has changed most for its kind."""
        excess = self.divergence.psi.excess
        return self.drifted, self.weight * excess / self.threshold, excess

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        column = self.compared.column
        shares = {mark: self.compared.share(mark) for mark in MARKS}
        return {
            "name": self.name,
            "type": column.kind,
            "prediction": self.compared.prediction,
            "drifted": self.drifted,
            "psi": _distance(self.divergence.psi),
            "js": _distance(self.divergence.js),
            "p": self.divergence.p,
            "adjusted_p": self.adjusted,
            "threshold": self.threshold,
            "usual": column.usual,
            "importance": column.importance,
            "shares": {mark: {"training": before, "now": now} for mark, (before, now) in shares.items()},
        }


@dataclass(frozen=True)
class DriftReport:
    """``findings`` are ranked. ``look`` is the number of this look at the day and ``level`` what it may spend; before
    the first look both are 0, and nothing has drifted."""

    rows: int
    training_rows: int
    look: int
    level: float
    findings: tuple[Finding, ...]

    @property
    def drifted(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.drifted)

    @property
    def psi(self) -> float:
        """The largest stability index of any column, without its noise."""
        return max((finding.divergence.psi.excess for finding in self.findings), default=0.0)

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "rows": self.rows,
            "training_rows": self.training_rows,
            "look": self.look,
            "level": self.level,
            "psi": self.psi,
            "drifted": [finding.name for finding in self.drifted],
            "columns": [finding.to_document() for finding in self.findings],
        }


def judge(counts: Counts, profile: Profile, drift: Drift, look: int) -> DriftReport:
    """What the counts of a day show at its look number ``look``, from 1; 0 for a report that alerts nobody."""
    level = drift.level / (look * (look + 1)) if look else 0.0
    columns = compared(profile, counts)
    measured = [each.divergence() for each in columns]
    adjusted = holm([each.p for each in measured])
    findings = [
        _finding(each, distance, p, level, drift.psi, 1 / max(1, len(profile.features)))
        for each, distance, p in zip(columns, measured, adjusted, strict=True)
    ]
    ranked = tuple(sorted(findings, key=lambda finding: finding.rank, reverse=True))
    return DriftReport(counts.get("rows", 0), profile.rows, look, level, ranked)


def looks_by(rows: int) -> int:
    """How many looks a day of so many rows has had, if it was looked at whenever one was due."""
    return (rows // FEWEST_ROWS).bit_length()


def holm(ps: Sequence[float]) -> list[float]:
    """Each p-value as it would have to be if it were the only one: at most a level where Holm's method rejects."""
    adjusted = [1.0] * len(ps)
    largest = 0.0
    for done, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, ps[place] * (len(ps) - done)))
        adjusted[place] = largest
    return adjusted


def _finding(
    column: Compared, distance: Divergence, adjusted: float, level: float, psi: float, share: float
) -> Finding:
    threshold = psi + (column.column.usual or 0.0)
    importance = column.column.importance
    weight = 1.0 if column.prediction else share if importance is None else importance
    drifted = adjusted <= level and level > 0 and distance.psi.excess >= threshold
    return Finding(column, distance, adjusted, threshold, weight, drifted)


def _distance(distance: Distance) -> Mapping[str, float]:
    return {"measured": distance.measured, "floor": distance.floor, "low": distance.low}
