"""The Shiryaev-Roberts e-detector: whether a stream of good and bad outcomes has become surely worse than a rate.

J. Shin, A. Ramdas, A. Rinaldo: E-detectors: a nonparametric framework for sequential change detection. New England
Journal of Statistics in Data Science 2, 2024 (arXiv 2203.03532). The hypothesis is "the rate of good ones is at least
p0". For a drop q the ratio of one outcome, how much likelier it is at the rate p0 (1 - q) than at p0, is (1 - q) for a
good one and (1 - p0 (1 - q)) / (1 - p0) for a bad one. Under the hypothesis its expectation is at most 1, whatever came
before. The statistic R <- (1 + R) * ratio adds up the evidence for a drop that began at the first outcome, at the
second, and so on; the mean of it over several drops is the detector's evidence.

What a threshold A on the evidence means, for EVERY rate of at least p0 and however often one looks: R less the number
of outcomes is a supermartingale, so

- there are at least A outcomes between false alarms on average, whatever rule looks at them (optional stopping);
- P(an alarm within T outcomes) <= T / A: evidence + (T - n) starts at T and is a nonnegative supermartingale (Doob,
  Ville).

It needs no window and no warm-up, and outcomes need not be independent: p0 has to be at most the chance of a good one
given all that came before. docs/accuracy.md has the measurements.
"""

from __future__ import annotations

from collections.abc import Sequence

DROPS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8)
"""The relative drops of the rate that are mixed over."""
MOST = 1e30
"""Evidence is not counted beyond, so that it never overflows."""
_HIGHEST = 1 - 1e-9  # at a rate of 1 one bad outcome would be infinite evidence


class Detector:
    """Takes one outcome after the other, at about 1 us each; mutable. Its state is a list of floats."""

    def __init__(self, rate: float, state: Sequence[float] = ()) -> None:
        """``rate`` is p0; ``state`` what ``to_list`` gave, if the detector is not to start anew."""
        self._good, self._bad = ratios(rate)
        self._state = list(state) if len(state) == len(DROPS) else [0.0] * len(DROPS)

    def observe(self, good: bool) -> None:
        """Add an outcome."""
        by = self._good if good else self._bad
        self._state = [(1.0 + each) * ratio for each, ratio in zip(self._state, by, strict=True)]
        if not good and max(self._state) > MOST:
            self._state = [min(each, MOST) for each in self._state]

    @property
    def evidence(self) -> float:
        """Against "the rate is at least p0"; the mean outcomes between false alarms at this threshold, at least."""
        return sum(self._state) / len(self._state)

    def to_list(self) -> list[float]:
        """The state."""
        return self._state[:]


def ratios(rate: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """By drop: what a good outcome multiplies the evidence by, and what a bad one does."""
    p0 = min(max(rate, 0.0), _HIGHEST)
    good = tuple(1 - drop for drop in DROPS)
    return good, tuple((1 - p0 * kept) / (1 - p0) for kept in good)
