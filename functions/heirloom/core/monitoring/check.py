"""Whether a promise of accuracy can be both quick and sure, said before it is deployed: `heirloom slo check`."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

from heirloom.core.monitoring.accuracy import Reference, terms
from heirloom.core.monitoring.breach import Severity
from heirloom.core.monitoring.promise import NAIVE, Promise
from heirloom.core.project.definition import RollingAccuracy

DROPS = (0.05, 0.1, 0.2, 0.4)
"""Of the accuracy, relative."""
SURE = 5.0
"""Standard errors between the test accuracy and a limit: then a window is seldom below it, though always looked at."""
MOST = 10_000
"""Labels, for which a drop is followed."""
_LEAST = 0.001  # of a version that is never right nothing can be asked
_RUNS = 31
_BEFORE = 300  # labels that a version was healthy for: after as many, more change nothing


@dataclass(frozen=True)
class Needed:
    """Labels after a drop of the accuracy, in the median, until people are paged and until the version is rolled back;
    None for more than MOST, and for never, which is right where the drop is not surely below the limit."""

    drop: float
    page: int | None
    rollback: int | None


@dataclass(frozen=True)
class Check:
    """``page`` and ``rollback``: the windows with which the naive rule would seldom be broken by chance.

    ``rows``: the test rows from which the test accuracy is known better than what pages. ``warnings`` are sentences.
    """

    page: int
    rollback: int
    rows: int
    needed: tuple[Needed, ...]
    warnings: tuple[str, ...]


def check(slo: RollingAccuracy, reference: Reference) -> Check:
    """What the promise means for a version with this test accuracy. A second or two; the same each time."""
    reference = Reference(max(reference.accuracy, _LEAST), reference.rows)
    naive = slo.rule == NAIVE
    spread = NormalDist().inv_cdf(slo.confidence)
    page, rollback, rows = (
        _enough(reference.accuracy, *each)
        for each in ((slo.alert_below, SURE), (slo.rollback_below, SURE), (slo.alert_below, spread))
    )
    needed = tuple(_by_window(slo, drop) if naive else _by_evidence(slo, reference, drop) for drop in DROPS)
    warnings = _of_windows(slo, reference, page, rollback) if naive else _of_rows(slo, reference, rows)
    return Check(page, rollback, rows, needed, tuple(warnings))


def _enough(accuracy: float, share: float, spread: float) -> int:
    """Outcomes with which ``spread`` standard errors of the accuracy are less than it is above ``share`` of it."""
    return math.ceil(round(spread**2 * (1 - accuracy) / accuracy / max(1 - share, 1e-4) ** 2, 6))


def _of_windows(slo: RollingAccuracy, reference: Reference, page: int, rollback: int) -> Iterator[str]:
    for share, window in ((slo.alert_below, page), (slo.rollback_below, rollback)):
        if window > slo.window:
            yield (
                f"at accuracy {reference.accuracy:.2f} a {100 * share:.4g}% rule on {slo.window:,} labels cannot be "
                f"both quick and sure under the naive rule: {window:,} would be"
            )


def _of_rows(slo: RollingAccuracy, reference: Reference, rows: int) -> Iterator[str]:
    if rows > reference.rows:
        healthy = terms(reference, slo).healthy
        yield (
            f"{reference.rows:,} test rows say of an accuracy of {reference.accuracy:.2f} no more than that it is at "
            f"least {healthy:.3f}: people are paged when it is surely below {slo.alert_below * healthy:.3f}, which is "
            f"{slo.alert_below * healthy / reference.accuracy:.0%} of it; with {rows:,} rows it would be closer"
        )


def _by_window(slo: RollingAccuracy, drop: float) -> Needed:
    """The labels after which a full window, in which nothing happens by chance, is at the limit."""

    def until(share: float) -> int | None:
        labels = math.floor(slo.window * (1 - share) / drop) + 1
        return labels if labels <= min(slo.window, MOST) else None

    return Needed(drop, until(slo.alert_below), until(slo.rollback_below))


def _by_evidence(slo: RollingAccuracy, reference: Reference, drop: float) -> Needed:
    """What the rule itself does, on labels that are drawn, the same ones each time; not where it would be by chance."""
    promised, accuracy = terms(reference, slo), reference.accuracy * (1 - drop)
    wanted = {limit.severity for limit in promised.limits if accuracy < limit.surely}
    drawn = random.Random(1)  # noqa: S311 - a simulation
    runs = [Promise(promised) for _ in range(_RUNS)]
    worst = [Severity.HEALTHY] * _RUNS
    found: dict[Severity, int] = {}
    for label in range(1 - _BEFORE, MOST + 1):
        if wanted <= found.keys():
            break
        for place, run in enumerate(runs):
            run.observe(drawn.random() < (accuracy if label > 0 else reference.accuracy))
            if run.severity > worst[place]:
                worst[place] = run.severity
                median = sorted(worst)[_RUNS // 2]
                found |= {severity: label for severity in wanted if severity <= median and severity not in found}
    return Needed(drop, found.get(Severity.PAGE), found.get(Severity.ROLLBACK))
