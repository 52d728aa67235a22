"""Which state an alarm is in, given its datapoints. Pure: no clock, no store, no MiniStack.

Rules and tables: the CloudWatch user guide, "Evaluating an alarm", "Configuring how CloudWatch alarms treat missing
data", "Avoiding premature transitions to alarm state" and "Percentile-based alarms and low data samples".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Missing = Literal["missing", "ignore", "breaching", "notBreaching"]

# AWS does not say how many periods more than EvaluationPeriods it looks back; its documented examples are 3 -> 5.
EXTRA_PERIODS = 2

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True)
class Datapoint:
    """The statistic of one period. ``start`` in epoch seconds; ``samples`` 0 where the count has no meaning."""

    start: float
    value: float
    samples: float = 0.0


@dataclass(frozen=True)
class Rule:
    """When an alarm fires. ``low_samples_below``: below so many samples a percentile alarm keeps its state."""

    comparison: str
    threshold: float
    periods: int
    to_alarm: int
    missing: Missing = "missing"
    low_samples_below: float = 0.0

    def breaches(self, datapoint: Datapoint) -> bool:
        """Whether the datapoint is outside of the threshold."""
        return COMPARISONS[self.comparison](datapoint.value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """The state, the real datapoints it rests on (oldest first), and how many missing ones had to be filled in."""

    state: State
    evaluated: tuple[Datapoint, ...]
    filled: int


def evaluation_range(periods: int) -> int:
    """How many of the latest periods are looked at for an alarm of so many evaluation periods."""
    return periods + EXTRA_PERIODS


def low_sample_limit(percentile: float) -> float:
    """The number of samples below which a percentile says little: AWS's 10/(1-p) for p >= 0.5, else 10/p."""
    share = percentile / 100
    rare = min(share, 1 - share)
    return 10 / rare if rare > 0 else 0.0


def decide(window: Sequence[Datapoint | None], rule: Rule, current: State) -> Verdict:
    """The state after looking at ``window``: one entry a period of the evaluation range, oldest first.

    The latest ``rule.periods`` real datapoints count; missing ones are filled in only where there are fewer.
    """
    real = [datapoint for datapoint in window if datapoint is not None][-rule.periods :]
    filled = rule.periods - len(real)
    breaching = sum(rule.breaches(datapoint) for datapoint in real)

    def verdict(state: State) -> Verdict:
        return Verdict(state, tuple(real), filled)

    if real and sum(datapoint.samples for datapoint in real) < rule.low_samples_below:
        return verdict(current)
    if breaching + (filled if rule.missing == "breaching" else 0) >= rule.to_alarm:
        return verdict("ALARM")
    if not filled or rule.missing in ("breaching", "notBreaching") or breaching < len(real):
        return verdict("OK")
    # Only breaching datapoints, or none at all, and too few to say: how missing data is treated decides.
    if rule.missing == "ignore":
        return verdict(current)
    return verdict("ALARM" if _sustained(window, rule.to_alarm) else "INSUFFICIENT_DATA")


def _sustained(window: Sequence[Datapoint | None], to_alarm: int) -> bool:
    """Whether the oldest datapoint is as old as DatapointsToAlarm: a younger one may yet be followed by a good one."""
    ages = [age for age, datapoint in enumerate(reversed(window), start=1) if datapoint is not None]
    return bool(ages) and max(ages) >= to_alarm
