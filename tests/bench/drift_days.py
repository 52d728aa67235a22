"""Days that are drawn, not served: counts of a day beside a training profile, both samples of one known truth.

Each day has a training sample of its own, so that what is measured holds for the next project, not for one profile.
Nothing here decides: what is looked at are the product's own Day and judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, kstwobign, norm

from heirloom.core.drift.comparison import compared
from heirloom.core.drift.day import Day
from heirloom.core.drift.histogram import MISSING, OTHER, UNSEEN, Cells, Column, Counts, Profile
from heirloom.core.drift.verdict import FEWEST_ROWS
from heirloom.core.project.definition import Drift

Floats = NDArray[np.float64]
Shift = Callable[[Mapping[str, float]], Mapping[str, float]]
"""What becomes of the shares of a column's cells."""

BINS, NAMED, FEWEST = 20, 100, 20
NUMBERS = tuple(f"number-{place}" for place in range(12))
# Of the categories: how many there are, and how steeply they fall (Zipf).
CATEGORIES = {"two": (2, 0.5), "three": (3, 0.5), "five": (5, 1.0), "twelve": (12, 1.0)}
CATEGORIES |= {"forty": (40, 1.2), "ninety": (90, 1.5), "steep": (90, 2.5), "many": (300, 1.0)}


@dataclass(frozen=True)
class Drawn:
    """A training sample's profile, and of each column the true shares of the cells that it made."""

    profile: Profile
    truth: Mapping[str, Mapping[str, float]]
    answer: Mapping[str, float]

    def shifted(self, column: str, shift: Shift) -> Drawn:
        return Drawn(self.profile, {**self.truth, column: shift(self.truth[column])}, self.answer)


def draw(rng: np.random.Generator, rows: int) -> Drawn:
    """A profile of ``rows`` rows of 20 features, and of the answers to a quarter as many rows held out."""
    columns, truth = {}, {}
    for name in NUMBERS:
        columns[name], truth[name] = _number(rng, rows)
    for name, (size, steepness) in CATEGORIES.items():
        columns[name], truth[name] = _category(rng, rows, size, steepness)
    answer = {"0": 0.85, "1": 0.15}
    answers = dict(zip(answer, rng.multinomial(rows // 4, list(answer.values())).tolist(), strict=True))
    label = Column("category", (rows * 3 // 4, rows // 4), categories=("False", "True"))
    return Drawn(Profile(rows, columns, label, "late", answers), truth, answer)


def _number(rng: np.random.Generator, rows: int) -> tuple[Column, dict[str, float]]:
    """Bins end at quantiles of the sample: their rows are given, and what they truly hold is what varies.

    The shares between order statistics have a Dirichlet distribution, whatever the distribution of the numbers.
    """
    ends = np.linspace(0, rows, BINS + 1).round().astype(int)
    cells = np.diff(ends)
    shares = rng.dirichlet(cells + np.eye(BINS)[-1])
    edges = tuple(norm.ppf(ends[1:-1] / rows).tolist())
    return Column("number", tuple(cells.tolist()), edges=edges), _by_place(shares)


def _category(rng: np.random.Generator, rows: int, size: int, steepness: float) -> tuple[Column, dict[str, float]]:
    """As image/evidence.py does it: where some are rare, names are of one half of the rows, counts of the other."""
    shares = np.arange(1, size + 1) ** -steepness
    shares /= shares.sum()
    counts = rng.multinomial(rows, shares)
    seen = np.flatnonzero(counts)
    if size <= NAMED and counts[seen].min() >= FEWEST:
        column = Column("category", tuple(counts[seen].tolist()), categories=_names(seen))
        return column, {**_by_place(shares[seen]), UNSEEN: _rest(shares, seen)}
    known, counts = rng.multinomial(rows - rows // 2, shares), rng.multinomial(rows // 2, shares)
    named = np.flatnonzero(known >= FEWEST / 2)
    named = named[np.argsort(-known[named], kind="stable")][:NAMED]
    rare = np.setdiff1d(np.flatnonzero(known), named)
    cells = tuple(counts[named].tolist())
    other, unseen = int(counts[rare].sum()), int(counts[known == 0].sum())
    column = Column("category", cells, 0, other, (), _names(named), unseen=unseen, rare=frozenset(_names(rare)))
    return column, {
        **_by_place(shares[named]),
        OTHER: float(shares[rare].sum()),
        UNSEEN: float(shares[known == 0].sum()),
    }


def _names(places: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(f"name-{place}" for place in places)


def _rest(shares: Floats, seen: NDArray[np.intp]) -> float:
    return max(0.0, float(1 - shares[seen].sum()))


def _by_place(shares: Floats) -> dict[str, float]:
    return {str(place): float(share) for place, share in enumerate(shares)}


def looks(most: int) -> list[int]:
    """The sizes at which a day of so many rows is looked at."""
    found = [FEWEST_ROWS]
    while found[-1] * 2 <= most:
        found.append(found[-1] * 2)
    return found


@dataclass
class Sampled:
    """A day that goes on: its counts so far."""

    drawn: Drawn
    rows: int = 0
    features: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    answer: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, dtype=np.int64))

    def go_on(self, rng: np.random.Generator, rows: int) -> Counts:
        """The counts when there are ``rows`` rows."""
        more = rows - self.rows
        for name, truth in self.drawn.truth.items():
            new = rng.multinomial(more, _normed(truth.values()))
            self.features[name] = self.features.get(name, 0) + new
        self.answer = self.answer + rng.multinomial(more, list(self.drawn.answer.values()))
        self.rows = rows
        features = {name: _cells(truth, self.features[name]) for name, truth in self.drawn.truth.items()}
        return {"rows": rows, "features": features, "answer": _cells(self.drawn.answer, self.answer)}


def _normed(shares: object) -> Floats:
    found = np.array(list(shares))  # type: ignore[call-overload]
    return np.asarray(found / found.sum())


def _cells(truth: Mapping[str, float], counts: NDArray[np.int64]) -> Cells:
    return {cell: count for cell, count in zip(truth, counts.tolist(), strict=True) if count}


def first_alerts(
    rng: np.random.Generator, drawn: Drawn, most: int, drift: Drift
) -> Iterator[tuple[int, Counts, tuple[str, ...]]]:
    """At each look of a day of ``most`` rows: the rows, the counts, what was found to have drifted so far."""
    day, sampled = Day("2026-11-28"), Sampled(drawn)
    for rows in looks(most):
        counts = sampled.go_on(rng, rows)
        day, _ = day.take(counts, drawn.profile, drift)
        yield rows, counts, day.drifted


def plain_psi(profile: Profile, counts: Counts) -> list[str]:
    """As people do it: the population stability index is above 0.2."""
    return [each.name for each in compared(profile, counts) if each.divergence().psi.measured > 0.2]


def plain_p(profile: Profile, counts: Counts) -> list[str]:
    """As people do it: Kolmogorov-Smirnov or, of categories, chi-square says p < 0.05."""
    found = []
    for each in compared(profile, counts):
        pairs = np.array([(training, now) for _, training, now in each.cells()], dtype=float)
        p = _kolmogorov_smirnov(pairs) if each.column.kind == "number" else chi2_contingency(pairs).pvalue
        if p < 0.05:
            found.append(each.name)
    return found


def _kolmogorov_smirnov(pairs: Floats) -> float:
    first, second = pairs.sum(axis=0)
    gap = np.abs(np.diff(pairs.cumsum(axis=0) / (first, second), axis=1)).max()
    return float(kstwobign.sf(gap * np.sqrt(first * second / (first + second))))


def moved(deviations: float) -> Shift:
    """The mean of a normal distribution moved by so many standard deviations."""

    def shift(truth: Mapping[str, float]) -> dict[str, float]:
        below = norm.cdf(norm.ppf(np.cumsum(list(truth.values()))[:-1].clip(0, 1)) - deviations)
        return _by_place(np.diff(below, prepend=0, append=1))

    return shift


def marked(mark: str, share: float) -> Shift:
    """A share of the rows is missing, or of a category that nobody has seen."""

    def shift(truth: Mapping[str, float]) -> dict[str, float]:
        return {**{cell: part * (1 - share) for cell, part in truth.items()}, mark: truth.get(mark, 0) + share}

    return shift


SHIFTS: Mapping[str, tuple[str, Shift]] = {
    "mean + 0.25 deviations": (NUMBERS[0], moved(0.25)),
    "mean + 0.5 deviations": (NUMBERS[0], moved(0.5)),
    "mean + 1 deviation": (NUMBERS[0], moved(1)),
    "20% missing": (NUMBERS[0], marked(MISSING, 0.2)),
    "an unseen category, 10%": ("twelve", marked(UNSEEN, 0.1)),
}
