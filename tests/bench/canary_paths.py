"""Many canaries at once: how their counts grow, and the test of core/release/sequential.py over arrays of them.

A unit test holds `evidence` to the functions of sequential.py, and `highest` to looking after every single request.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, xlogy

from heirloom.core.release.sequential import ABOVE, BELOW, PRIOR, SPREAD, Alternative

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rates = tuple[float | Floats, float | Floats]
"""The champion's and the canary's: one for all, or one a canary."""
BLOCK = 50
NEVER = np.iinfo(np.int64).max
_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 60


@dataclass(frozen=True)
class Counts:
    """Events and totals of both arms: four arrays of one shape."""

    champion_events: Floats
    champion_total: Floats
    canary_events: Floats
    canary_total: Floats

    def __getitem__(self, index: object) -> Counts:
        return Counts(*(array[index] for array in vars(self).values()))


@dataclass(frozen=True)
class Test:
    """`evidence_above` of sequential.py (no margin) or `evidence_below`; ``spread`` is the mixtures' weight."""

    __test__ = False
    margin: float = 0.0
    alternatives: tuple[Alternative, ...] = ABOVE
    spread: float = SPREAD

    def points(self, counts: Counts) -> Flags:
        """Where the canary's rate lies on the side that the test is for."""
        difference = (
            counts.canary_events * counts.champion_total
            - counts.champion_events * counts.canary_total
            - self.margin * counts.canary_total * counts.champion_total
        )
        asked = (counts.champion_total > 0) & (counts.canary_total > 0)
        return asked & ((difference < 0) if self.margin else (difference > 0))

    def martingale(self, p: Floats, counts: Counts) -> Floats:
        """The log of the mean martingale of the pair (p, p + margin)."""
        q, champion, canary = p + self.margin, counts.champion_total, counts.canary_total
        total = math.log(self.spread) + _mixture(counts) - _likelihood(counts, p, q)
        each = math.log((1 - self.spread) / len(self.alternatives)) if self.alternatives else 0
        for one in self.alternatives:
            shifted = counts.champion_events * one.champion + counts.canary_events * one.canary
            shifted -= champion * np.log1p(p * math.expm1(one.champion)) + canary * np.log1p(q * math.expm1(one.canary))
            total = np.logaddexp(total, each + shifted)
        return total


WORSE = Test()
MIXTURES_ONLY = Test(alternatives=(), spread=1.0)
"""The product of the beta-binomial mixtures, and nothing else."""


def better(tolerance: float) -> Test:
    """Not worse by the tolerance."""
    return Test(tolerance, BELOW)


def evidence(test: Test, counts: Counts, floor: float = 0.0) -> Floats:
    """The log of the evidence; 0 where it is below ``floor``, which saves the search."""
    found = np.zeros(counts.canary_total.shape)
    near = np.nonzero(_most(test, counts, floor) >= floor)
    likely = counts[near]
    least = _least(lambda p: test.martingale(p, likely), likely.canary_total.shape, 1 - test.margin)
    found[near] = np.where(least >= floor, np.maximum(least, 0), 0)
    return found


def counted(rng: np.random.Generator, canaries: int, looks: int, every: int, share: float, rates: Rates) -> Counts:
    """The counts at each look, (canaries, looks), with ``every`` requests between two of them.

    ``share`` of the requests are the canary's.
    """
    return _summed(_drawn(rng, (canaries, looks), every, share, rates))


def first_reached(tests: list[tuple[Test, Counts]], threshold: float) -> NDArray[np.int64]:
    """The first look at which all of the tests are at the threshold, by canary; the number of looks where none is.

    In parts of growing length, so that a canary is done with when it has got there.
    """
    canaries, looks = tests[0][1].canary_total.shape
    first = np.full(canaries, looks)
    start, length = 0, 64
    while start < looks and (first == looks).any():
        running = np.nonzero(first == looks)[0]
        part = [(test, counts[running, start : start + length]) for test, counts in tests]
        found = _first_within(part, threshold)
        first[running[found < NEVER]] = start + found[found < NEVER]
        start, length = start + length, 2 * length
    return first


def _first_within(tests: list[tuple[Test, Counts]], threshold: float) -> NDArray[np.int64]:
    """The first column where all of the tests are at the threshold, or NEVER: a few of each row at a time."""
    candidates = np.logical_and.reduce([_most(test, counts, threshold) >= threshold for test, counts in tests])
    found = np.full(len(candidates), NEVER)
    rows = np.nonzero(candidates.any(axis=1))[0]
    while rows.size:
        left = candidates[rows]
        line, columns = np.nonzero(left & (left.cumsum(axis=1) <= 16))
        cells = rows[line], columns
        reached = np.logical_and.reduce(
            [evidence(test, counts[cells], threshold) >= threshold for test, counts in tests]
        )
        np.minimum.at(found, rows[line][reached], columns[reached])
        candidates[cells] = False
        rows = rows[(found[rows] == NEVER) & candidates[rows].any(axis=1)]
    return found


def highest(
    rng: np.random.Generator, canaries: int, blocks: int, share: float, rate: float, floor: float
) -> tuple[Floats, Counts]:
    """The highest evidence of being worse that healthy canaries ever reach, looked at after every request.

    0 where it stays below ``floor``. Besides, the counts at each end of a block of BLOCK requests. The order of the
    requests in a block is drawn where it can matter: where the block could reach the floor in its most telling order.
    """
    drawn = _drawn(rng, (canaries, blocks), BLOCK, share, (rate, rate))
    after = _summed(drawn)
    before = Counts(*(array - part for array, part in zip(vars(after).values(), drawn, strict=True)))
    rows, columns = np.nonzero(most_within(before, after) >= floor)
    ordered = in_order(rng, tuple(part[rows, columns] for part in drawn))
    each = Counts(
        *(start[rows, columns, None] + order for start, order in zip(vars(before).values(), ordered, strict=True))
    )
    found = np.zeros(canaries)
    np.maximum.at(found, rows, evidence(WORSE, each, floor).max(axis=1, initial=0))
    return found, after


def _drawn(
    rng: np.random.Generator, shape: tuple[int, int], every: int, share: float, rates: Rates
) -> tuple[NDArray[np.int64], ...]:
    """The champion's events and requests, and the canary's, among each ``every`` requests."""
    p, q = (np.asarray(rate, dtype=float).reshape(-1, 1) for rate in rates)
    kinds = np.stack(((1 - share) * p, (1 - share) * (1 - p), share * q, share * (1 - q)), axis=-1)
    drawn = rng.multinomial(every, kinds, shape)
    champion_events, champion_fine, canary_events, canary_fine = np.moveaxis(drawn, -1, 0)
    return champion_events, champion_events + champion_fine, canary_events, canary_events + canary_fine


def _summed(drawn: tuple[NDArray[np.int64], ...]) -> Counts:
    return Counts(*(part.cumsum(axis=1).astype(float) for part in drawn))


def in_order(rng: np.random.Generator, drawn: tuple[NDArray[np.int64], ...]) -> tuple[NDArray[np.int64], ...]:
    """Blocks in a random order, request by request: the counts since the block's start, (blocks, BLOCK)."""
    champion_events, champion_total, canary_events, _ = (part[:, None] for part in drawn)
    place = rng.permuted(np.tile(np.arange(BLOCK), (len(champion_events), 1)), axis=1)
    champion = place < champion_total
    flags = (place < champion_events, champion, ~champion & (place < champion_total + canary_events), ~champion)
    champion_event, champion_any, canary_event, canary_any = (flag.cumsum(axis=1) for flag in flags)
    return champion_event, champion_any, canary_event, canary_any


def _most(test: Test, counts: Counts, floor: float) -> Floats:
    """An upper bound of the evidence: the martingale of a pair near the one that has the least. -inf where none points.

    First the pair of the pooled rate; where that is at the floor, the bottoms of a few parabolas, one after the other.
    """
    most = np.full(counts.canary_total.shape, -np.inf)
    near = np.nonzero(test.points(counts))
    some, end = counts[near], 1 - test.margin
    events, total = some.champion_events + some.canary_events, some.champion_total + some.canary_total
    p = np.clip((events - test.margin * some.canary_total) / total, 1e-9, end - 1e-9)
    bound = test.martingale(p, some)
    for width in (0.2, 0.05, 0.02):
        high = np.nonzero(bound >= floor)
        step = width * np.minimum(p[high], end - p[high])
        low, at, up = (test.martingale(p[high] + sign * step, some[high]) for sign in (-1, 0, 1))
        bottom = p[high] - step * (up - low) / (2 * np.maximum(up - 2 * at + low, 1e-12))
        p[high] = np.clip(bottom, p[high] / 3, (2 * p[high] + end) / 3)
        bound[high] = np.minimum(bound[high], test.martingale(p[high], some[high]))
    most[near] = bound
    return most


def most_within(before: Counts, after: Counts) -> Floats:
    """An upper bound of the evidence of being worse at any request between two counts, in whatever order they come.

    The log of the likelihood ratio of the rates as counted over one rate for both, than which no mixture has more,
    where all that speaks against the canary has come and nothing that speaks for it.
    """
    canary_total = np.maximum(before.canary_total, after.canary_events)
    counts = Counts(before.champion_events, after.champion_total, after.canary_events, canary_total)
    events, total = counts.champion_events + counts.canary_events, counts.champion_total + counts.canary_total
    one = events / np.maximum(total, 1)
    champion = counts.champion_events / np.maximum(counts.champion_total, 1)
    canary = counts.canary_events / np.maximum(counts.canary_total, 1)
    ratio = _likelihood(counts, champion, canary) - _likelihood(counts, one, one)
    return np.where(WORSE.points(counts), ratio, 0)


def _mixture(counts: Counts) -> Floats:
    def arm(events: Floats, total: Floats) -> Floats:
        return np.asarray(betaln(PRIOR + events, PRIOR + total - events) - betaln(PRIOR, PRIOR))

    return arm(counts.champion_events, counts.champion_total) + arm(counts.canary_events, counts.canary_total)


def _likelihood(counts: Counts, p: Floats, q: Floats) -> Floats:
    def arm(events: Floats, total: Floats, rate: Floats) -> Floats:
        return np.asarray(xlogy(events, rate) + xlogy(total - events, 1 - rate))

    champion = arm(counts.champion_events, counts.champion_total, p)
    return champion + arm(counts.canary_events, counts.canary_total, q)


def _least(convex: Callable[[Floats], Floats], shape: tuple[int, ...], end: float) -> Floats:
    """The least values of convex functions between 0 and ``end``, all at once (golden section)."""
    low, high = np.zeros(shape), np.full(shape, end)
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = convex(left), convex(right)
    for _ in range(_STEPS):
        down = at_left < at_right
        low, high = np.where(down, low, left), np.where(down, right, high)
        probe = np.where(down, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low))
        at_probe = convex(probe)
        left, right = np.where(down, probe, right), np.where(down, left, probe)
        at_left, at_right = np.where(down, at_probe, at_right), np.where(down, at_left, at_probe)
    return np.minimum(at_left, at_right)
