"""GetMetricStatistics and GetMetricData: exact dimensions, units, percentiles and metric math, as alarms see them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from local.alarms import store
from local.alarms.definition import Metric, Record, bucket, watch_of_queries
from local.alarms.request import RefusedError, check_queries
from local.alarms.statistics import BASIC, Sample, is_supported, percentile_of, statistic

_MAX_DATAPOINTS = 100_800


def get_metric_statistics(request: dict[str, Any]) -> dict[str, Any]:
    """GetMetricStatistics. Samples of all units count together, unless the request names one."""
    names = [*(request.get("Statistics") or ()), *(request.get("ExtendedStatistics") or ())]
    if not names:
        raise RefusedError("At least one of Statistics and ExtendedStatistics must be given")
    if unknown := [name for name in names if not is_supported(name)]:
        raise RefusedError(f"the statistics {', '.join(unknown)} are not supported by the embedded AWS")
    metric = Metric.of(request, "", request.get("Unit"))
    start, period, periods = _grid(request, request["Period"])
    samples = store.samples_in(*store.scope())(metric, request["StartTime"], request["EndTime"])
    buckets = bucket(samples, start, period, periods)
    points = [_datapoint(start + index * period, names, each) for index, each in enumerate(buckets) if each]
    return {"Label": request["MetricName"], "Datapoints": points}


def get_metric_data(request: dict[str, Any]) -> dict[str, Any]:
    """GetMetricData, in one page. Newest first, unless ScanBy is TimestampAscending."""
    queries = request["MetricDataQueries"]
    check_queries(queries)
    asked = [query for query in queries if query.get("ReturnData", True)]
    return {"MetricDataResults": [_result(query, queries, request) for query in asked]}


def _result(query: Record, queries: Sequence[Record], request: Mapping[str, Any]) -> dict[str, Any]:
    try:
        watch = watch_of_queries(queries, query["Id"])
        start, period, periods = _grid(request, watch.period)
        window = watch.window(start + period * periods, periods, store.samples_in(*store.scope()))
    except ValueError as exc:
        raise RefusedError(f"MetricDataQueries: {exc}") from exc
    points = [point for point in window if point is not None]
    if request.get("ScanBy") != "TimestampAscending":
        points.reverse()
    metric = (query.get("MetricStat") or {}).get("Metric") or {}
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or metric.get("MetricName") or query["Id"],
        "Timestamps": [point.start for point in points],
        "Values": [point.value for point in points],
        "StatusCode": "Complete",
    }


def _grid(request: Mapping[str, Any], period: int) -> tuple[float, int, int]:
    """The start of the first period, the period in seconds, and the number of periods up to EndTime."""
    if period < 1 or (period not in (1, 5, 10, 20, 30) and period % 60):
        raise RefusedError(f"Period must be 1, 5, 10, 20, 30 or a multiple of 60, got {period}")
    start = math.floor(request["StartTime"] / period) * period
    periods = math.ceil((request["EndTime"] - start) / period)
    if periods < 1 or request["EndTime"] <= request["StartTime"]:
        raise RefusedError(
            "The parameter StartTime must be less than the parameter EndTime.", "InvalidParameterCombination"
        )
    if periods > _MAX_DATAPOINTS:
        raise RefusedError(f"{periods} periods are more than the {_MAX_DATAPOINTS} datapoints of one answer")
    return start, period, periods


def _datapoint(start: float, names: Sequence[str], samples: Sequence[Sample]) -> dict[str, Any]:
    values = {name: value for name in names if (value := statistic(name, samples)) is not None}
    extended = {name: value for name, value in values.items() if percentile_of(name) is not None}
    basic = {name: value for name, value in values.items() if name in BASIC}
    return {
        "Timestamp": start,
        "Unit": samples[0].unit,
        **basic,
        **({"ExtendedStatistics": extended} if extended else {}),
    }
