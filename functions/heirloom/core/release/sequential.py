"""Which of two rates is larger, from counts alone, valid whenever one looks: the test behind a canary's verdict.

For one pair of true rates (p of the champion, q of the canary) each term below is a test martingale: it starts at 1 and
its expectation stays 1, whatever decides which arm is asked next, as long as that is decided before the outcome.

- Beta-binomial mixtures, one an arm, multiplied: B(a+x, b+n-x) / B(a, b) / (p^x (1-p)^(n-x)) (Robbins 1970; Howard,
  Ramdas, McAuliffe & Sekhon 2021). Sure to grow wherever the pair is wrong, slow in doing so.
- Likelihood ratios of a pair whose odds are those of p and q times a constant, one above 1 and one below. Where they
  average to 1 over the arms, with ``share`` of the requests in the canary, it is the growth-optimal alternative of
  Turner, Ly & Gruenwald ("Generic E-variables for exact sequential k-sample tests") for rare events. A share that is
  not the true one costs speed and not validity, so a few are mixed.

A weighted mean of martingales is one. A hypothesis is a set of pairs; its evidence is the least over them, so whichever
pair is the true one, P(the evidence ever reaches 1/alpha) <= alpha (Ville's inequality). Where the counts point away
from the hypothesis the least is on its boundary q = p + margin. The log of the mean is convex there: terms of the first
kind are 1 over a likelihood, those of the second are 1 over (1 - p + p c)^n, and a sum of log-convex functions is
log-convex. So the search is exact. docs/canary.md has the proof in full and the measurements.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

SHARES = (0.02, 0.1, 0.5)
RATIOS = (1.05, 1.2, 2.0, 5.0, 20.0)
"""Odds of one arm over the other's that the alternatives stand for."""
SPREAD = 0.1
"""The weight of the beta-binomial mixtures; the alternatives share the rest."""
PRIOR = 0.5
"""Both parameters of the mixtures' beta: Jeffreys' prior, which costs least for the worst rate."""

_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 60  # the golden section, 60 times: the least p is found to 3e-13
_TINY = 5e-324


@dataclass(frozen=True)
class Counts:
    """``events`` of ``total`` outcomes."""

    events: int
    total: int


@dataclass(frozen=True)
class Alternative:
    """The odds of each arm, times the exponential of its shift."""

    champion: float
    canary: float


def _alternative(share: float, ratio: float) -> Alternative:
    """The arms' odds are ``ratio`` apart, canary over champion, and on average over the arms what they were."""
    part = share * ratio / (share * ratio + 1 - share)
    return Alternative(math.log((1 - part) / (1 - share)), math.log(part / share))


ABOVE = tuple(_alternative(share, ratio) for share in SHARES for ratio in RATIOS)
BELOW = tuple(_alternative(share, 1 / ratio) for share in SHARES for ratio in RATIOS)


def evidence_above(champion: Counts, canary: Counts) -> float:
    """The log of the evidence against "the canary's rate is at most the champion's"; 0 where there is none."""
    if canary.events * champion.total <= champion.events * canary.total:
        return 0.0
    return _evidence(champion, canary, 0.0, ABOVE)


def evidence_below(champion: Counts, canary: Counts, margin: float) -> float:
    """The log of the evidence against "the canary's rate is at least the champion's plus ``margin``", in [0, 1).

    0 where there is none.
    """
    if not (champion.total and canary.total):
        return 0.0
    if canary.events / canary.total >= champion.events / champion.total + margin:
        return 0.0
    return _evidence(champion, canary, margin, BELOW)


def _evidence(champion: Counts, canary: Counts, margin: float, alternatives: tuple[Alternative, ...]) -> float:
    spread = math.log(SPREAD) + _mixture(champion) + _mixture(canary)
    each = math.log((1 - SPREAD) / len(alternatives))
    shifted = [
        (
            each + champion.events * alternative.champion + canary.events * alternative.canary,
            math.expm1(alternative.champion),
            math.expm1(alternative.canary),
        )
        for alternative in alternatives
    ]

    def martingale(p: float) -> float:
        q = p + margin
        terms = [spread - _likelihood(champion, p) - _likelihood(canary, q)]
        terms += [
            constant - champion.total * math.log1p(p * up) - canary.total * math.log1p(q * down)
            for constant, up, down in shifted
        ]
        largest = max(terms)
        return largest + math.log(math.fsum(math.exp(term - largest) for term in terms))

    return max(0.0, _least(martingale, 1 - margin))


def _mixture(counts: Counts) -> float:
    """The log of the counts' probability, in one order, when the rate is drawn from the prior."""
    return _beta(PRIOR + counts.events, PRIOR + counts.total - counts.events) - _beta(PRIOR, PRIOR)


def _beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _likelihood(counts: Counts, rate: float) -> float:
    """The log of the counts' probability, in one order, at this rate."""
    return _times_log(counts.events, rate) + _times_log(counts.total - counts.events, 1 - rate)


def _times_log(count: int, rate: float) -> float:
    return count * math.log(max(rate, _TINY)) if count else 0.0


def _least(convex: Callable[[float], float], end: float) -> float:
    """The least value of a convex function between 0 and ``end`` (golden section)."""
    low, high = 0.0, end
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = convex(left), convex(right)
    for _ in range(_STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = convex(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = convex(right)
    return min(at_left, at_right)
