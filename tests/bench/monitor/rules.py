"""Many versions' labels at once: core/monitoring/accuracy.py over arrays, a label of each version a step.

A unit test holds both rules to the product's, label by label.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heirloom.core.monitoring.accuracy import Reference, terms
from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.detector import DROPS, MOST, ratios
from heirloom.core.monitoring.promise import ENOUGH, LEAST
from heirloom.core.project.definition import RollingAccuracy

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
Severities = NDArray[np.int8]
_MEAN = np.kron(np.eye(3), np.ones((len(DROPS), 1))) / len(DROPS)
"""Of the drops, for each of three questions: healthy no more; below what pages; below what rolls back."""


class Rolling:
    """How many of the newest ``window`` labels of each version were right."""

    def __init__(self, versions: int, window: int) -> None:
        self.window = window
        self.seen = 0
        self.right = np.zeros(versions, dtype=np.int64)
        self._ring = np.zeros((window, versions), dtype=np.int8)

    def put(self, good: Flags) -> None:
        """One more label of each."""
        place = self._ring[self.seen % self.window]
        self.right += good
        self.right -= place
        place[:] = good
        self.seen += 1

    def keep(self, which: Ints) -> None:
        """Go on with these versions alone."""
        self.right, self._ring = self.right[which], self._ring[:, which]


class Naive:
    """The naive rule; ``severity`` is each version's."""

    def __init__(self, references: Sequence[Reference], slo: RollingAccuracy) -> None:
        each = [terms(reference, slo) for reference in references]
        self._page, self._rollback = (np.array([one.limits[place].share for one in each]) for place in (0, 1))
        self._kept = np.array([one.kept for one in each])
        self.severity = np.zeros(len(each), dtype=np.int8)

    def step(self, good: Flags, rolling: Rolling) -> None:
        """One more label of each, which ``rolling`` has already."""
        if rolling.seen < rolling.window:
            return
        share = rolling.right / rolling.window
        self.severity[share >= self._kept] = Severity.HEALTHY
        asked = np.where(share < self._rollback, Severity.ROLLBACK, np.int8(share < self._page))
        np.maximum(self.severity, asked.astype(np.int8), out=self.severity)

    def keep(self, which: Ints) -> None:
        """Go on with these versions alone."""
        for name, array in vars(self).items():
            setattr(self, name, array[which])


class Confident:
    """The confident rule; ``severity`` is each version's."""

    def __init__(self, references: Sequence[Reference], slo: RollingAccuracy) -> None:
        each = [terms(reference, slo) for reference in references]
        rates = [(one.healthy, *(limit.surely for limit in one.limits)) for one in each]
        by = [[np.concatenate([ratios(rate)[kind] for rate in row]) for row in rates] for kind in (1, 0)]
        self._between, self._least = slo.labels_between_false_alarms, max(LEAST, slo.window // 4)
        self._kept = np.array([one.kept for one in each])
        self._ratios = np.array(by)  # of a bad label and of a good one, by version, by question and drop
        self._sums = np.zeros(self._ratios.shape[1:])
        self._since, self._good = np.zeros(len(each), dtype=np.int64), np.zeros(len(each), dtype=np.int64)
        self.severity = np.zeros(len(each), dtype=np.int8)

    def step(self, good: Flags, rolling: Rolling) -> None:
        """One more label of each, which ``rolling`` has already."""
        recovered = self._recovered(good, rolling) if self.severity.any() else None
        self._sums += 1
        self._sums *= self._ratios.reshape(-1, self._sums.shape[1]).take(
            np.arange(len(good)) + len(good) * good, axis=0
        )
        if recovered is not None:
            np.minimum(self._sums, MOST, out=self._sums)
            self._sums[recovered] = 0
        evidence = self._sums @ _MEAN
        sure = evidence[:, 0] >= self._between
        if sure.any():
            self._rise(sure, evidence)

    def _recovered(self, good: Flags, rolling: Rolling) -> Flags:
        """Which of them are healthy again as of this label."""
        broken = self.severity > Severity.HEALTHY
        self._since += broken
        self._good += broken & good
        right = np.where(self._since >= rolling.window, rolling.right, self._good)
        share = right / np.maximum(np.minimum(self._since, rolling.window), 1)
        recovered: Flags = broken & (self._since >= self._least) & (share >= self._kept)
        self.severity[recovered] = Severity.HEALTHY
        return recovered

    def _rise(self, sure: Flags, evidence: Floats) -> None:
        asked = np.where(evidence[:, 2] >= ENOUGH, Severity.ROLLBACK, np.int8(evidence[:, 1] >= ENOUGH))
        worse = sure & (asked > self.severity)
        self.severity[worse] = asked[worse]
        self._since[worse] = self._good[worse] = 0

    def keep(self, which: Ints) -> None:
        """Go on with these versions alone."""
        self._ratios, self._sums = self._ratios[:, which], self._sums[which]
        for name in ("_kept", "_since", "_good", "severity"):
            setattr(self, name, getattr(self, name)[which])


Rule = Confident | Naive
RULES: tuple[type[Rule], ...] = (Confident, Naive)


def scored(rng: np.random.Generator, accuracy: float, rows: int, versions: int) -> list[Reference]:
    """What a test of so many rows says of versions that are right with this probability."""
    return [Reference(right / rows, rows) for right in rng.binomial(rows, accuracy, versions).tolist()]


@dataclass(frozen=True)
class Followed:
    """What both rules, ours and the naive one, did: by rule, by "pages (or worse)" and "rolls back", by version.

    ``begun`` is how often before the change, ``first`` how many labels after it: infinite for never, not a number where
    the version was not healthy at the change.
    """

    begun: Ints
    first: Floats


Draw = Callable[[int, Ints], Flags]
"""Which of these versions are right at the n-th label after the change; n is up to 0 before it."""


def drawn(rng: np.random.Generator, rate: Callable[[int], Floats]) -> Draw:
    """Each version is right with its probability then."""
    return lambda label, versions: rng.random(len(versions)) < rate(label)[versions]


def follow(draw: Draw, references: Sequence[Reference], before: int, after: int, slo: RollingAccuracy) -> Followed:
    """So many labels of each version before a change, and at most so many after it."""
    rolling, rules = Rolling(len(references), slo.window), [rule(references, slo) for rule in RULES]
    shape = (len(rules), 2, len(references))
    begun, first, alive = np.zeros(shape, dtype=np.int64), np.full(shape, np.inf), np.arange(len(references))
    for label in range(1 - before, after + 1):
        good = draw(label, alive)
        rolling.put(good)
        for place, rule in enumerate(rules):
            known = rule.severity.copy()
            rule.step(good, rolling)
            if rule.severity.any():
                _note(label, alive, known, rule.severity, begun[place], first[place])
        if label > 0 and label % 250 == 0:
            undecided = np.nonzero(np.isinf(first[:, 1, alive]).any(axis=0))[0]
            alive = alive[undecided]
            for each in (rolling, *rules):
                each.keep(undecided)
    return Followed(begun, first)


def _note(label: int, alive: Ints, known: Severities, now: Severities, begun: Ints, first: Floats) -> None:
    """What has become of one rule's severities at this label."""
    for place, least in enumerate((Severity.PAGE, Severity.ROLLBACK)):
        if label <= 0:
            begun[place] += (known < least) & (now >= least)
        else:
            bad = alive[now >= least]
            first[place, bad] = np.minimum(first[place, bad], label)
    if label == 0:
        first[:, now > Severity.HEALTHY] = np.nan
