"""PutMetricAlarm: is the request one that can be evaluated, and the record that it makes. Pure.

Rules: the CloudWatch API reference of PutMetricAlarm and MetricDataQuery. What the embedded AWS can't evaluate is
refused by name, never stored and then ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.alarms import metric_math, statistics
from local.alarms.definition import Record, returned, watch_of_queries
from local.alarms.evaluation import COMPARISONS
from local.alarms.reasons import CREATED

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
_MISSING = ("missing", "ignore", "breaching", "notBreaching")
_OF_ONE_METRIC = ("Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
_COPIED = (
    *("AlarmName", "AlarmDescription", "MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit"),
    *("EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator", "EvaluateLowSampleCountPercentile"),
    "Metrics",
)
_UNSUPPORTED = ("ThresholdMetricId", "EvaluationCriteria", "WarmUpConfiguration", "EvaluationInterval")
_STATE = ("StateValue", "StateReason", "StateReasonData", "StateUpdatedTimestamp", "StateTransitionedTimestamp")
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_QUERY_ID = re.compile(r"[a-z][A-Za-z0-9_]*")
_HOUR, _DAY = 3600, 86400


class RefusedError(Exception):
    """A request that is answered with an error of AWS: its code, the message, and the HTTP status."""

    def __init__(self, message: str, code: str = "ValidationError", status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def metric_alarm(request: Mapping[str, Any], existing: Record | None, arn: str, now: float) -> Record:
    """The record that the request makes. An update keeps the state of ``existing``; raises RefusedError."""
    _check_alarm(request)
    if request.get("Metrics"):
        _check_queries(request)
    else:
        _check_metric(request)
    return (
        {name: request[name] for name in _COPIED if request.get(name) is not None}
        | {"Dimensions": list(request.get("Dimensions") or ())}
        | {"TreatMissingData": request.get("TreatMissingData") or "missing"}
        | common(request, existing, arn, now)
    )


def common(request: Mapping[str, Any], existing: Record | None, arn: str, now: float) -> Record:
    """What metric and composite alarms share: ARN, actions, and the state, which an update leaves alone."""
    for name in _ACTIONS:
        if len(request.get(name) or ()) > 5:
            raise RefusedError(f"{name} can have at most 5 actions, got {len(request[name])}")
    fresh = {
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": CREATED,
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }
    return (
        {"AlarmArn": arn, "AlarmConfigurationUpdatedTimestamp": now}
        | {"ActionsEnabled": request.get("ActionsEnabled", True)}
        | {name: list(request.get(name) or ()) for name in _ACTIONS}
        | (fresh if existing is None else {name: existing[name] for name in _STATE if name in existing})
    )


def _check_alarm(request: Mapping[str, Any]) -> None:
    for name in _UNSUPPORTED:
        if request.get(name) is not None:
            raise RefusedError(f"{name} is not supported by the embedded AWS")
    if "WallClockWindow" in (request.get("EvaluationWindow") or {}):
        raise RefusedError("EvaluationWindow.WallClockWindow is not supported by the embedded AWS")
    for name in ("AlarmName", "EvaluationPeriods", "ComparisonOperator", "Threshold"):
        if request.get(name) is None:
            raise RefusedError(f"The parameter {name} is required.", "MissingParameter")
    _check_choice(request, "ComparisonOperator", tuple(COMPARISONS))
    _check_choice(request, "TreatMissingData", _MISSING)
    _check_choice(request, "EvaluateLowSampleCountPercentile", ("evaluate", "ignore"))
    periods, to_alarm = request["EvaluationPeriods"], request.get("DatapointsToAlarm")
    if periods < 1:
        raise RefusedError(f"EvaluationPeriods must be at least 1, got {periods}")
    if to_alarm is not None and not 1 <= to_alarm <= periods:
        raise RefusedError(f"DatapointsToAlarm must be 1 to EvaluationPeriods ({periods}), got {to_alarm}")


def _check_metric(request: Mapping[str, Any]) -> None:
    for name in ("MetricName", "Namespace", "Period"):
        if not request.get(name):
            raise RefusedError(f"Without Metrics, the parameter {name} is required.", "MissingParameter")
    if bool(request.get("Statistic")) == bool(request.get("ExtendedStatistic")):
        raise RefusedError("Exactly one of Statistic and ExtendedStatistic must be given")
    _check_choice(request, "Statistic", statistics.BASIC)
    extended = request.get("ExtendedStatistic")
    if extended and statistics.percentile_of(extended) is None:
        raise RefusedError(f"ExtendedStatistic {extended!r} is not supported by the embedded AWS: use a percentile")
    if request.get("EvaluateLowSampleCountPercentile") and not extended:
        raise RefusedError("EvaluateLowSampleCountPercentile is for alarms with a percentile as ExtendedStatistic")
    _check_period(request["Period"], request["EvaluationPeriods"])


def _check_queries(request: Mapping[str, Any]) -> None:
    given = [name for name in _OF_ONE_METRIC if request.get(name)]
    if given:
        raise RefusedError(f"Metrics can't be combined with {', '.join(given)}")
    queries = request["Metrics"]
    check_queries(queries)
    try:
        result = returned(queries)["Id"]
        watch = watch_of_queries(queries, result)
        metric_math.check(result, tuple(watch.metrics), watch.expressions, watch.period)
    except ValueError as exc:
        raise RefusedError(f"Metrics: {exc}") from exc
    _check_period(watch.period, request["EvaluationPeriods"])


def check_queries(queries: list[Record]) -> None:
    """The rules for each MetricDataQuery, of alarms and of GetMetricData."""
    ids = [query.get("Id") or "" for query in queries]
    for number, query in enumerate(queries):
        if not _QUERY_ID.fullmatch(ids[number]) or ids.index(ids[number]) != number:
            raise RefusedError(
                f"The Id {ids[number]!r} must be unique, and a lower-case letter, then letters, digits, _"
            )
        if bool(query.get("MetricStat")) == bool(query.get("Expression")):
            raise RefusedError(f"{ids[number]}: exactly one of MetricStat and Expression must be given")
        if query.get("AccountId"):
            raise RefusedError(f"{ids[number]}: AccountId is not supported by the embedded AWS")
        stat = (query.get("MetricStat") or {}).get("Stat", "Average")
        if not statistics.is_supported(stat):
            raise RefusedError(f"{ids[number]}: the statistic {stat!r} is not supported by the embedded AWS")


def _check_period(period: int, periods: int) -> None:
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        raise RefusedError(f"Period must be 10, 20, 30 or a multiple of 60, got {period}")
    longest = _DAY if period < _HOUR else 7 * _DAY
    if period * periods > longest:
        raise RefusedError(f"Period x EvaluationPeriods must be at most {longest} seconds, got {period * periods}")


def _check_choice(request: Mapping[str, Any], name: str, known: tuple[str, ...]) -> None:
    if request.get(name) is not None and request[name] not in known:
        raise RefusedError(f"{name} must be one of {', '.join(known)}, got {request[name]!r}")
