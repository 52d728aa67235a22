"""How long the e-detector runs at its boundary until it raises an alarm, which is false there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heirloom.core.monitoring.detector import DROPS, ratios


def run_lengths(rng: np.random.Generator, rate: float, threshold: float, streams: int) -> NDArray[np.int64]:
    """The outcomes of each stream until the evidence is at the threshold, at the lowest rate that is good enough.

    All streams are followed to their ends, so that the mean is of what it says.
    """
    good_ratio, bad_ratio = (np.array(each) for each in ratios(rate))
    lengths = np.zeros(streams, dtype=np.int64)
    alive, sums, outcome = np.arange(streams), np.zeros((streams, len(DROPS))), 0
    while alive.size:
        outcome += 1
        good = rng.random(alive.size) < rate
        sums += 1
        sums *= np.where(good[:, None], good_ratio, bad_ratio)
        over = sums.mean(axis=1) >= threshold
        if over.any():
            lengths[alive[over]] = outcome
            alive, sums = alive[~over], sums[~over]
    return lengths
