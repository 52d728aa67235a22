"""What an alarm watches and when it fires, read from its record: the dictionary that DescribeAlarms answers. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from local.alarms import metric_math, statistics
from local.alarms.evaluation import Datapoint, Missing, Rule, low_sample_limit
from local.alarms.statistics import Sample

Record = dict[str, Any]


@dataclass(frozen=True)
class Metric:
    """One metric with its statistic. Dimensions match exactly: no more, no fewer, as on AWS."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    unit: str | None = None

    @staticmethod
    def of(metric: Mapping[str, Any], statistic: str, unit: str | None) -> Metric:
        """From a record's Namespace, MetricName and Dimensions."""
        dimensions = tuple(sorted((each["Name"], each["Value"]) for each in metric.get("Dimensions") or ()))
        return Metric(metric["Namespace"], metric["MetricName"], dimensions, statistic, unit)


# The samples of a metric with start <= time < end, epoch seconds.
Lookup = Callable[[Metric, float, float], Sequence[Sample]]


@dataclass(frozen=True)
class Watch:
    """The metrics and expressions of an alarm or a query by id, and the id whose series is the result."""

    metrics: Mapping[str, Metric]
    expressions: Mapping[str, str]
    result: str
    period: int

    def window(self, end: float, periods: int, lookup: Lookup) -> list[Datapoint | None]:
        """The latest ``periods`` periods up to ``end``, oldest first; None where there is no datapoint."""
        start = end - periods * self.period
        buckets = {
            name: bucket(lookup(metric, start, end), start, self.period, periods)
            for name, metric in self.metrics.items()
        }
        series = {
            name: tuple(statistics.statistic(self.metrics[name].statistic, samples) for samples in buckets[name])
            for name in buckets
        }
        values = metric_math.evaluate(self.result, metric_math.Metrics(series, self.expressions, self.period, periods))
        counts = [statistics.sample_count(samples) for samples in buckets.get(self.result, [[]] * periods)]
        return [
            None if value is None else Datapoint(start + index * self.period, value, counts[index])
            for index, value in enumerate(values)
        ]


def bucket(samples: Sequence[Sample], start: float, period: int, periods: int) -> list[list[Sample]]:
    """The samples of each period from ``start`` on."""
    buckets: list[list[Sample]] = [[] for _ in range(periods)]
    for sample in samples:
        index = math.floor((sample.time - start) / period)
        if 0 <= index < periods:
            buckets[index].append(sample)
    return buckets


def watch_of(alarm: Mapping[str, Any]) -> Watch:
    """What the alarm watches: one metric, or the query of its Metrics that returns data."""
    if alarm.get("Metrics"):
        return watch_of_queries(alarm["Metrics"], returned(alarm["Metrics"])["Id"])
    metric = Metric.of(alarm, statistic_of(alarm), alarm.get("Unit"))
    return Watch({"m1": metric}, {}, "m1", int(alarm["Period"]))


def watch_of_queries(queries: Sequence[Mapping[str, Any]], result: str) -> Watch:
    """What the query ``result`` among MetricDataQuery records gives. Raises ValueError when their periods differ."""
    metrics = {query["Id"]: query["MetricStat"] for query in queries if query.get("MetricStat")}
    expressions = {query["Id"]: query["Expression"] for query in queries if query.get("Expression")}
    used = {result: metrics[result]} if result in metrics else metrics
    periods = {int(stat["Period"]) for stat in used.values()}
    periods |= {int(query["Period"]) for query in queries if query.get("Period") and query["Id"] == result}
    if len(periods) != 1:
        raise ValueError(
            f"all metrics of the expression {result!r} need one and the same Period, got {sorted(periods)}"
        )
    named = {name: Metric.of(stat["Metric"], stat["Stat"], stat.get("Unit")) for name, stat in used.items()}
    return Watch(named, expressions, result, periods.pop())


def returned(queries: Sequence[Record]) -> Record:
    """The one query that the alarm watches: ReturnData is true, its default."""
    watched = [query for query in queries if query.get("ReturnData", True)]
    if len(watched) != 1:
        raise ValueError(f"exactly one of Metrics must have ReturnData true, got {len(watched)}")
    return watched[0]


def statistic_of(alarm: Mapping[str, Any]) -> str:
    """Statistic or ExtendedStatistic, whichever the alarm of one metric has."""
    return str(alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average")


def rule_of(alarm: Mapping[str, Any]) -> Rule:
    """When the alarm fires. AWS/DynamoDB alarms always ignore missing data (API reference of PutMetricAlarm)."""
    periods = int(alarm["EvaluationPeriods"])
    missing = "ignore" if alarm.get("Namespace") == "AWS/DynamoDB" else alarm.get("TreatMissingData") or "missing"
    percentile = None if alarm.get("Metrics") else statistics.percentile_of(statistic_of(alarm))
    ignored = alarm.get("EvaluateLowSampleCountPercentile") == "ignore" and percentile is not None
    return Rule(
        comparison=alarm["ComparisonOperator"],
        threshold=float(alarm["Threshold"]),
        periods=periods,
        to_alarm=int(alarm.get("DatapointsToAlarm") or periods),
        missing=cast(Missing, missing),
        low_samples_below=low_sample_limit(percentile) if ignored and percentile is not None else 0.0,
    )


def interval(period: int) -> int:
    """Seconds between two evaluations: 10 for a high-resolution alarm, else a minute, whatever the period.

    The window slides: each evaluation looks at the periods that end at its own 10-second or minute boundary.
    """
    return 10 if period < 60 else 60
