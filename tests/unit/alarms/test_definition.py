"""Reading an alarm's record: what it watches, and how its periods lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from local.alarms.definition import Metric, bucket, interval, rule_of, watch_of, watch_of_queries
from local.alarms.evaluation import Datapoint
from local.alarms.statistics import Sample

ALARM: dict[str, Any] = {
    "Namespace": "Heirloom",
    "MetricName": "Latency",
    "Dimensions": [{"Name": "Model", "Value": "wine"}],
    "ExtendedStatistic": "p95",
    "Period": 10,
    "EvaluationPeriods": 3,
    "Threshold": 5,
    "ComparisonOperator": "GreaterThanThreshold",
}


def sample(time: float, value: float) -> Sample:
    return Sample(time, 1.0, value, value, value)


def query(identifier: str, period: int = 60, **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "Heirloom", "MetricName": identifier}
    return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}, **more}


def test_watches_the_metric_with_exactly_its_dimensions() -> None:
    asked: list[Metric] = []

    def lookup(metric: Metric, start: float, end: float) -> Sequence[Sample]:
        asked.append(metric)
        assert (start, end) == (100.0, 130.0)
        return [sample(105.0, 1.0), sample(129.9, 3.0)]

    window = watch_of(ALARM).window(130.0, 3, lookup)

    assert window == [Datapoint(100.0, 1.0, 1.0), None, Datapoint(120.0, 3.0, 1.0)]
    assert asked == [Metric("Heirloom", "Latency", (("Model", "wine"),), "p95")]


def test_puts_each_sample_into_the_period_in_which_it_lies() -> None:
    edges = [sample(99.99, 0.0), sample(100.0, 1.0), sample(109.99, 2.0), sample(110.0, 3.0), sample(120.0, 4.0)]

    assert [[each.low for each in period] for period in bucket(edges, 100.0, 10, 2)] == [[1.0, 2.0], [3.0]]


def test_watches_the_expression_that_returns_data() -> None:
    queries = [
        query("errors", ReturnData=False),
        query("calls", ReturnData=False),
        {"Id": "rate", "Expression": "errors / calls"},
    ]
    samples = {"errors": [sample(70.0, 1.0)], "calls": [sample(70.0, 4.0), sample(10.0, 2.0)]}

    window = watch_of({"Metrics": queries}).window(120.0, 2, lambda metric, *_: samples[metric.name])

    assert window == [Datapoint(0.0, 0.0), Datapoint(60.0, 0.25)]


def test_refuses_an_expression_over_different_periods() -> None:
    queries = [query("a", 60), query("b", 300), {"Id": "e", "Expression": "a + b"}]

    with pytest.raises(ValueError, match=r"one and the same Period, got \[60, 300\]"):
        watch_of_queries(queries, "e")


def test_reads_one_metric_beside_others_of_different_periods() -> None:
    assert watch_of_queries([query("a", 60), query("b", 300)], "b").period == 300


def test_counts_all_evaluation_periods_where_datapoints_to_alarm_is_not_given() -> None:
    assert rule_of(ALARM).to_alarm == 3
    assert rule_of({**ALARM, "DatapointsToAlarm": 2}).to_alarm == 2


def test_always_ignores_missing_data_of_dynamodb() -> None:
    assert rule_of({**ALARM, "Namespace": "AWS/DynamoDB", "TreatMissingData": "breaching"}).missing == "ignore"


def test_wants_enough_samples_only_where_the_alarm_says_so() -> None:
    assert rule_of(ALARM).low_samples_below == 0
    assert rule_of({**ALARM, "EvaluateLowSampleCountPercentile": "ignore"}).low_samples_below == pytest.approx(200)


@pytest.mark.parametrize(("period", "seconds"), [(10, 10), (20, 10), (30, 10), (60, 60), (300, 60)])
def test_is_evaluated_each_ten_seconds_or_each_minute(period: int, seconds: int) -> None:
    assert interval(period) == seconds
