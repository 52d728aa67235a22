"""The statistics of CloudWatch over the samples of one period. Pure.

Definitions: "CloudWatch statistics definitions" in the CloudWatch user guide. Used by alarms and by GetMetricData.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

BASIC = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"[pP](\d{1,3}(?:\.\d{1,10})?)")


@dataclass(frozen=True)
class Sample:
    """What one PutMetricData entry says: a value seen ``count`` times, or a published statistic set."""

    time: float
    count: float
    total: float
    low: float
    high: float
    unit: str = "None"

    @property
    def is_one_value(self) -> bool:
        """Whether percentiles are defined on it: of a statistic set only when all of its values must be equal."""
        return self.low == self.high and self.total == self.low * self.count


def percentile_of(name: str) -> float | None:
    """95.0 for ``p95``; None for what is no percentile of 0 to 100."""
    found = _PERCENTILE.fullmatch(name)
    value = float(found[1]) if found else -1.0
    return value if 0 <= value <= 100 else None


def is_supported(name: str) -> bool:
    """Whether ``statistic`` can compute it: the five basic ones and percentiles, not tm, tc, ts, wm, IQM, PR."""
    return name in BASIC or percentile_of(name) is not None


def statistic(name: str, samples: Sequence[Sample]) -> float | None:
    """The statistic of the samples; None where CloudWatch has none (no samples; a percentile of negative values)."""
    counted = [sample for sample in samples if sample.count > 0]
    if not counted:
        return None
    rank = percentile_of(name)
    return _basic(name, counted) if rank is None else _percentile(rank, counted)


def sample_count(samples: Sequence[Sample]) -> float:
    """How many values the samples stand for."""
    return sum(sample.count for sample in samples)


def _basic(name: str, samples: Sequence[Sample]) -> float:
    match name:
        case "SampleCount":
            return sample_count(samples)
        case "Sum":
            return sum(sample.total for sample in samples)
        case "Average":
            return sum(sample.total for sample in samples) / sample_count(samples)
        case "Minimum":
            return min(sample.low for sample in samples)
        case "Maximum":
            return max(sample.high for sample in samples)
    raise ValueError(f"no statistic {name!r}: one of {', '.join(BASIC)} or a percentile such as p95")


def _percentile(rank: float, samples: Sequence[Sample]) -> float | None:
    """Interpolated linearly between the two nearest values; AWS does not publish its own interpolation."""
    if any(sample.low < 0 or not sample.is_one_value for sample in samples):
        return None
    ordered = sorted((sample.low, sample.count) for sample in samples)
    position = rank / 100 * max(sum(count for _, count in ordered) - 1, 0)
    below = _value_at(ordered, int(position))
    share = position - int(position)
    return below + share * (_value_at(ordered, int(position) + 1) - below) if share else below


def _value_at(ordered: Sequence[tuple[float, float]], index: int) -> float:
    """The value at ``index`` as if each value stood there as often as it was counted."""
    seen = 0.0
    for value, count in ordered:
        seen += count
        if index < seen:
            return value
    return ordered[-1][0]
