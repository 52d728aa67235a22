"""The canary's test written out from its definition with scipy, to hold core/release/sequential.py to.

Every pair of rates is tried, inside the hypothesis and on its boundary, and nothing is rearranged: densities of
binomials and of beta-binomials stand where the product has log-odds and a search along one line.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import betabinom, binom

Arm = tuple[int, int]
Floats = NDArray[np.float64]
SHARES, RATIOS = (0.02, 0.1, 0.5), (1.05, 1.2, 2, 5, 20)


def log_evidence(champion: Arm, canary: Arm, margin: float | None = None) -> float:
    """Against "the canary's rate is at most the champion's" or, with a margin, "at least the champion's plus that".

    Arms are (events, total). The least over a grid of pairs, which is drawn ever closer around the least so far.
    """
    low = np.geomspace(1e-7, 0.5, 40)
    p = q = np.concatenate((low, 1 - low[-2::-1]))
    best = np.inf
    for _ in range(14):
        pairs = np.array(np.meshgrid(p, q)).reshape(2, -1)
        edge = np.array([p, p + (margin or 0)])
        pairs = np.concatenate((pairs, edge[:, edge[1] < 1]), axis=1)
        inside = pairs[1] <= pairs[0] if margin is None else pairs[1] >= pairs[0] + margin
        values = log_martingale(champion, canary, pairs[0, inside], pairs[1, inside], margin)
        least = pairs[:, inside][:, values.argmin()]
        best = min(best, float(values.min()))
        p, q = (_closer(axis, rate) for axis, rate in zip((p, q), least, strict=True))
    return best


def log_martingale(champion: Arm, canary: Arm, p: Floats, q: Floats, margin: float | None = None) -> Floats:
    """The log of the mean of likelihood ratios against each pair (champion's rate, canary's rate)."""
    null = _log_density(champion, p) + _log_density(canary, q)
    mixed = [betabinom(total, 0.5, 0.5).logpmf(events) for events, total in (champion, canary)]
    terms = [np.log(0.1) + sum(mixed) - null]
    for share in SHARES:
        for ratio in RATIOS:
            # The odds of the two arms are `times` apart, and on average over the arms what they were.
            times = ratio if margin is None else 1 / ratio
            down = 1 / (share * times + 1 - share)
            density = _log_density(champion, _rate(p, down)) + _log_density(canary, _rate(q, times * down))
            terms.append(np.log(0.9 / 15) + density - null)
    return np.asarray(logsumexp(terms, axis=0))


def _rate(rate: Floats, times: float) -> Floats:
    """The rate whose odds are so many times those of this one."""
    odds = times * rate / (1 - rate)
    return odds / (1 + odds)


def _log_density(arm: Arm, rate: Floats) -> Floats:
    return np.asarray(binom.logpmf(arm[0], arm[1], rate))


def _closer(axis: Floats, rate: float) -> Floats:
    """A grid around the rate, between what were its neighbours but one."""
    at = int(np.abs(axis - rate).argmin())
    low, high = axis[max(at - 2, 0)], axis[min(at + 2, len(axis) - 1)]
    return np.unique(np.append(np.linspace(min(low, rate), max(high, rate), 15), rate))
