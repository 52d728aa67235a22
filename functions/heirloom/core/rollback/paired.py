"""Whether going back would help: two versions on the same inputs, compared input by input. Pure.

Only the inputs on which one of them did well and the other did not tell the two apart. Were both equally good, each of
these would fall to either side like a coin: McNemar's test in its exact form (Q. McNemar: Note on the sampling error of
the difference between correlated proportions or percentages. Psychometrika 12, 1947), which of times is the sign test.
It is asked one-sided: is the earlier version better? Both as wrong is a changed world, which no rollback mends.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

LEVEL = 0.01
"""At most this share of the earlier versions that are no better is taken to be."""


@dataclass(frozen=True)
class Comparison:
    """Of ``pairs`` inputs, on ``better`` only the earlier version did well, on ``worse`` only the one to be left.

    ``well`` says in a word what doing well is.
    """

    pairs: int
    better: int
    worse: int
    well: str = "right"

    @property
    def p(self) -> float:
        """How often chance alone would favour the earlier version as much, were it no better."""
        return tail(self.better, self.better + self.worse)

    @property
    def helps(self) -> bool:
        """Whether the earlier version is surely better."""
        return self.p < LEVEL

    def sentence(self, earlier: int, left: int) -> str:
        """What was seen, for people."""
        if not self.pairs:
            return f"versions {earlier} and {left} could be compared on no input"
        only = f"only version {earlier} is {self.well} on {self.better} of {self.pairs} inputs"
        return f"{only}, only version {left} on {self.worse} (p = {self.p:.2g})"


def compared(pairs: Iterable[tuple[bool, bool]], well: str = "right") -> Comparison:
    """The comparison of pairs: whether the version to be left did well, and whether the earlier one did."""
    seen = list(pairs)
    better = sum(earlier and not left for left, earlier in seen)
    worse = sum(left and not earlier for left, earlier in seen)
    return Comparison(len(seen), better, worse, well)


def hopeless(better: int, worse: int, open_pairs: int) -> bool:
    """Whether the earlier version can't turn out better any more, with ``open_pairs`` left that could speak for it.

    To stop then changes no answer, and so no level.
    """
    return tail(better + open_pairs, better + open_pairs + worse) >= LEVEL


def tail(heads: int, tosses: int) -> float:
    """The probability of at least so many heads of a fair coin; exact, by the logarithms of the binomials."""
    if heads <= 0:
        return 1.0
    whole = math.lgamma(tosses + 1) - tosses * math.log(2)
    logs = (whole - math.lgamma(k + 1) - math.lgamma(tosses - k + 1) for k in range(heads, tosses + 1))
    return min(1.0, math.fsum(map(math.exp, logs)))
