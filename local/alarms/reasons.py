"""The words of an alarm's state: StateReason and StateReasonData, as CloudWatch words them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local.alarms.evaluation import Datapoint, Rule, Verdict

CREATED = "Unchecked: Initial alarm creation"
_RELATIONS = {
    "GreaterThanThreshold": "greater than",
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


def timestamp(seconds: float) -> str:
    """Milliseconds and a zone without a colon, as CloudWatch writes times in its messages."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def state_reason(verdict: Verdict, rule: Rule, *, m_out_of_n: bool) -> str:
    """One sentence. ``m_out_of_n``: whether the alarm names its DatapointsToAlarm; CloudWatch words those otherwise."""
    if verdict.state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_count(verdict.filled, 'datapoint')} {_was(verdict.filled)} unknown."
    missing = _missing(verdict.filled, rule)
    if not verdict.evaluated:
        return f"Threshold Crossed: no datapoints were received for {_count(rule.periods, 'period')}{missing}."
    alarm = verdict.state == "ALARM"
    named = [point for point in reversed(verdict.evaluated) if rule.breaches(point) == alarm]
    amount = (
        f"{len(named)} out of the last {rule.periods} datapoints" if m_out_of_n else _count(len(named), "datapoint")
    )
    relation = f"{_was(len(named))} {'' if alarm else 'not '}{_RELATIONS[rule.comparison]} the threshold"
    minimum = f" ({_minimum(alarm, rule)})" if m_out_of_n else ""
    return f"Threshold Crossed: {amount} [{_listed(named)}] {relation} ({rule.threshold}){missing}{minimum}."


def state_reason_data(
    verdict: Verdict, rule: Rule, now: float, metric: Mapping[str, Any], missing: Sequence[float] = ()
) -> str:
    """The JSON document beside the reason. ``metric``: unit, statistic and period of it, as far as they are known;
    ``missing``: the starts of the latest periods without a datapoint.
    """
    points = verdict.evaluated
    document: dict[str, Any] = {"version": "1.0", "queryDate": timestamp(now)}
    if points:
        document["startDate"] = timestamp(points[0].start)
    document |= {**metric} | {
        "recentDatapoints": [point.value for point in points],
        "threshold": rule.threshold,
        "evaluatedDatapoints": [_evaluated(point) for point in reversed(points)]
        + [{"timestamp": timestamp(start)} for start in missing[: verdict.filled]],
    }
    return json.dumps(document, separators=(",", ":"))


def _evaluated(point: Datapoint) -> dict[str, Any]:
    counted = {"sampleCount": point.samples} if point.samples else {}
    return {"timestamp": timestamp(point.start), **counted, "value": point.value}


def _listed(points: Sequence[Datapoint]) -> str:
    return ", ".join(
        f"{point.value} ({datetime.fromtimestamp(point.start, UTC):%d/%m/%y %H:%M:%S})" for point in points
    )


def _missing(filled: int, rule: Rule) -> str:
    if not filled or rule.missing not in _TREATED:
        return ""
    return f" and {_count(filled, 'missing datapoint')} {_was(filled)} treated as [{_TREATED[rule.missing]}]"


def _minimum(alarm: bool, rule: Rule) -> str:
    needed = rule.to_alarm if alarm else rule.periods - rule.to_alarm + 1
    transition = "OK -> ALARM" if alarm else "ALARM -> OK"
    return f"minimum {_count(needed, 'datapoint')} for {transition} transition"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
