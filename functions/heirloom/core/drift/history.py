"""When a change began: the first hour of what was asked, or the first upload of what was trained on, that shows it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import accumulate

from heirloom.core.drift.comparison import compared
from heirloom.core.drift.divergence import Pair, divergence, log_likelihood_ratio
from heirloom.core.drift.histogram import ZERO, Column, Counts, Profile, merge

LEVEL = 0.01
"""How often at most a change is seen where there was none."""
_GAP_OF_PSI = 0.4  # a normal distribution moved by d deviations: its stability index is d^2, its largest gap 0.4 d


def first_change(hours: Mapping[str, Counts], profile: Profile, column: str) -> str | None:
    """The first hour, such as 2026-11-28T22, from which a column has changed; None where no change is sure.

    Of all hours the one from which on the rows are farthest from training's, taken together: the most likely beginning
    of a change that lasts (Hinkley, "Inference about the change-point in a sequence of random variables", Biometrika
    57, 1970), by the likelihood ratio of two multinomial samples.
    """
    found: list[tuple[float, str | None, float]] = []
    total = ZERO
    for hour in sorted(hours, reverse=True):
        total = merge(total, hours[hour])
        pairs = next((each.pairs() for each in compared(profile, total) if each.name == column), [])
        found.append((log_likelihood_ratio(pairs), hour, divergence(pairs).p))
    _, first, p = max(found, default=(0.0, None, 1.0))
    return first if p * len(found) <= LEVEL else None


def between_uploads(profiles: Mapping[str, Profile], column: str, psi: float) -> str | None:
    """The first upload whose rows differ in a column from those of the first of all; None where none does.

    ``profiles`` has the training profile of each upload (or version), the first being what the others are held against.
    Differ: surely, and by a stability index of ``psi`` or what that is for numbers. As every profile has bins of its
    own, numbers are compared by what is certain of their cumulative shares.
    """
    named = [(name, profile.features[column]) for name, profile in profiles.items() if column in profile.features]
    level = LEVEL / max(1, len(named) - 1)
    return next((name for name, later in named[1:] if _differ(named[0][1], later, psi, level)), None)


def _differ(one: Column, other: Column, psi: float, level: float) -> bool:
    if one.kind != other.kind:
        return True
    absent = divergence([(one.present, other.present), (one.missing, other.missing)])
    if absent.p <= level / 2 and absent.psi.excess >= psi:
        return True
    if one.kind == "category":
        found = divergence(_named(one, other))
        return found.p <= level / 2 and found.psi.excess >= psi
    gap, rows = _certain_gap(one, other), one.present * other.present / max(1, one.present + other.present)
    # Smirnov's bound for two samples; of numbers with ties it is on the safe side.
    return gap >= _GAP_OF_PSI * math.sqrt(psi) and 2 * math.exp(-2 * gap**2 * rows) <= level / 2


def _named(one: Column, other: Column) -> list[Pair]:
    """The rows of each category, and all others of each column as one.

    A category that only one of them names is among the others where it may be one of those that the other has.
    """
    first, second = (dict(zip(each.categories, each.cells, strict=True)) for each in (one, other))
    told = {name for name in first if name in second or other.rare == frozenset()}
    told |= {name for name in second if name in first or one.rare == frozenset()}
    pairs = [(first.get(name, 0), second.get(name, 0)) for name in told]
    rest = one.present - sum(r for r, _ in pairs), other.present - sum(s for _, s in pairs)
    return [*pairs, rest]


def _certain_gap(one: Column, other: Column) -> float:
    """The largest difference of the cumulative shares that is there wherever in their bins the numbers are."""
    first, second = _Cumulated(one), _Cumulated(other)
    gaps = [0.0]
    for number in {*first.knots, *second.knots}:
        (low, high), (other_low, other_high) = first.at(number), second.at(number)
        gaps += [low - other_high, other_low - high]
    return max(gaps)


class _Cumulated:
    """The share of a column's numbers that are at most so large, between bounds."""

    def __init__(self, column: Column) -> None:
        known = column.edges if column.most is None else (*column.edges, column.most)
        total = sum(column.cells) or 1
        self.knots = known
        self._shares = [0.0, *(rows / total for rows in accumulate(column.cells)), 1.0]
        self._least = column.least

    def at(self, number: float) -> tuple[float, float]:
        """What the share is at least and at most."""
        if self._least is not None and number < self._least:
            return 0.0, 0.0
        return self._shares[bisect_right(self.knots, number)], self._shares[bisect_left(self.knots, number) + 1]
