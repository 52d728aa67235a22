"""How far two samples of one column are apart, from their counts alone: effect sizes, their bounds, and a p-value.

Two samples of one population are apart, too: of k cells and of n and m rows, a population stability index of about
(k - 1)(1/n + 1/m) is noise (Yurdakul & Naranjo, "Statistical properties of the population stability index", Journal of
Risk Model Validation 14(4), 2020). That floor is named, and a lower bound given. docs/drift.md has all formulas, and
how well they were found to hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from heirloom.core.drift.chi_square import survival

SMOOTHING = 0.5
"""Rows added to each cell for the population stability index, which an empty one would make infinite: Jeffreys' prior.
A cell that is empty in both samples is left out."""
FEWEST_EXPECTED = 5.0
"""Rows that a cell must be expected to have in the smaller sample to be tested by itself: Cochran's rule."""
SURE = 1.6449
"""Standard errors from an estimate down to its lower bound: 95%, one-sided."""

_EIGHTH = 1 / 8  # of samples that are close, the Jensen-Shannon divergence in nats is an eighth of the stability index

Pair = tuple[int, int]
"""The rows of one cell, in either sample."""


@dataclass(frozen=True)
class Distance:
    """An effect size: as measured, what of that is noise on average, and what it is at least (with 95% confidence)."""

    measured: float
    floor: float
    low: float

    @property
    def excess(self) -> float:
        """What is left without the noise."""
        return max(0.0, self.measured - self.floor)


@dataclass(frozen=True)
class Divergence:
    """``psi`` is the population stability index, from 0 to infinity; ``js`` the Jensen-Shannon divergence in bits, from
    0 to 1. ``p``: in what share of all cases two samples of one population are as far apart as these, or farther."""

    psi: Distance
    js: Distance
    p: float


_NOTHING = Distance(0.0, 0.0, 0.0)
_UNKNOWN = Divergence(_NOTHING, _NOTHING, 1.0)


def divergence(pairs: Iterable[Pair], *, by_first: bool = False) -> Divergence:
    """Of two samples by cell, in whatever order the cells are. Where a sample is empty, nothing is known.

    ``by_first``: the cells were made so that the first sample has given numbers of rows in them, as between its own
    quantiles. Else those are as random as the second sample's.
    """
    filled = [pair for pair in pairs if any(pair)]
    first, second = sum(r for r, _ in filled), sum(s for _, s in filled)
    if not (first and second):
        return _UNKNOWN
    distances = _stability(filled, first, second), _jensen_shannon(filled, first, second)
    return Divergence(*distances, _p(filled, first, second, by_first))


def _stability(pairs: Sequence[Pair], first: int, second: int) -> Distance:
    """The sum of (q - p) ln(q/p), smoothed."""
    extra = SMOOTHING * len(pairs)
    shares = [((r + SMOOTHING) / (first + extra), (s + SMOOTHING) / (second + extra)) for r, s in pairs]
    measured = math.fsum((q - p) * math.log(q / p) for p, q in shares)
    error = _variance([(p, math.log(p / q) + 1 - q / p) for p, q in shares]) / first
    error += _variance([(q, math.log(q / p) + 1 - p / q) for p, q in shares]) / second
    return _bounded(measured, error, len(pairs) - 1, 1 / first + 1 / second)


def _jensen_shannon(pairs: Sequence[Pair], first: int, second: int) -> Distance:
    """The sum of p log(p/m) and q log(q/m), halved, where m is the mean of p and q."""
    shares = [(r / first, s / second) for r, s in pairs]
    slopes = [(p, _half_log(p, q), q, _half_log(q, p)) for p, q in shares]
    measured = math.fsum(p * of_p + q * of_q for p, of_p, q, of_q in slopes)
    error = _variance([(p, of_p) for p, of_p, _, _ in slopes]) / first
    error += _variance([(q, of_q) for _, _, q, of_q in slopes]) / second
    noise = _EIGHTH / math.log(2) * (1 / first + 1 / second)
    return _bounded(measured, error, len(pairs) - 1, noise)


def _half_log(share: float, other: float) -> float:
    """In bits; of an empty cell it does not matter, as it is weighed by its share."""
    return math.log2(2 * share / (share + other)) / 2 if share else 0.0


def _variance(weighed: Sequence[tuple[float, float]]) -> float:
    """Of the second numbers, which are weighed by the first."""
    mean = math.fsum(weight * value for weight, value in weighed)
    return math.fsum(weight * (value - mean) ** 2 for weight, value in weighed)


def _bounded(measured: float, error: float, freedom: int, noise: float) -> Distance:
    """``error`` is the variance where the samples differ (delta method), ``freedom`` times ``noise`` the mean where
    they do not: there it is noise times a chi-square, whose variance is added."""
    deviation = math.sqrt(error + 2 * freedom * noise**2)
    floor = freedom * noise
    return Distance(max(0.0, measured), floor, max(0.0, measured - floor - SURE * deviation))


def _p(pairs: Sequence[Pair], first: int, second: int, by_first: bool) -> float:
    """The chi-square test of homogeneity, over cells that are pooled where few rows are expected.

    Far out, where an alert is decided, Pearson's statistic is too large where cells of few rows gain some, and the
    likelihood ratio's, even with Williams' correction ("Improved likelihood ratio tests for complete contingency
    tables", Biometrika 63, 1976), where they lose some. The smaller of both is neither: docs/drift.md has it measured.
    """
    both = first + second
    pooled = _pooled(pairs, both / first if by_first else 0.0, FEWEST_EXPECTED * both / min(first, second))
    if len(pooled) < 2:
        return 1.0
    return survival(min(_pearson(pooled, first, second), _likelihood_ratio(pooled, first, second)), len(pooled) - 1)


def _pearson(pairs: Sequence[Pair], first: int, second: int) -> float:
    up, down = math.sqrt(second / first), math.sqrt(first / second)
    return math.fsum((r * up - s * down) ** 2 / (r + s) for r, s in pairs)


def _likelihood_ratio(pairs: Sequence[Pair], first: int, second: int) -> float:
    both = first + second
    statistic = 2 * log_likelihood_ratio(pairs)
    inverses = (both / first + both / second - 1) * (math.fsum(both / (r + s) for r, s in pairs) - 1)
    return statistic / (1 + inverses / (6 * both * (len(pairs) - 1)))


def log_likelihood_ratio(pairs: Sequence[Pair]) -> float:
    """How much likelier the rows are from two distributions than from one, whatever these are: the log of the ratio."""
    first, second = sum(r for r, _ in pairs), sum(s for _, s in pairs)
    both = first + second
    return math.fsum(
        _times_log(r, r * both, first * (r + s)) + _times_log(s, s * both, second * (r + s)) for r, s in pairs
    )


def _times_log(rows: int, seen: int, expected: int) -> float:
    return rows * math.log(seen / expected) if rows else 0.0


def _pooled(pairs: Sequence[Pair], times_first: float, fewest: float) -> list[Pair]:
    """The smallest cells are put together until both samples together are expected to have ``fewest`` rows in them.

    That may only depend on what says nothing of the difference: the totals of two random samples or, where the first
    sample's rows are given, those, times what both samples have of them. Totals would tell the second sample's rows.
    """

    def expected(pair: Pair) -> float:
        return pair[0] * times_first if times_first else float(sum(pair))

    pooled: list[Pair] = []
    size, r, s = 0.0, 0, 0
    for pair in sorted(pairs, key=expected):
        size, r, s = size + expected(pair), r + pair[0], s + pair[1]
        if size >= fewest:
            pooled.append((r, s))
            size, r, s = 0.0, 0, 0
    if pooled and (r or s):
        pooled[-1] = (pooled[-1][0] + r, pooled[-1][1] + s)
    return pooled
