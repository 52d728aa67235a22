"""Which alarms can be put, and what a refusal says."""

from __future__ import annotations

from typing import Any

import pytest

from local.alarms.request import RefusedError, metric_alarm

ARN = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:a"
RULE = {"AlarmName": "a", "EvaluationPeriods": 3, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold"}
SIMPLE: dict[str, Any] = {**RULE, "MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60}
STAT = {"Metric": {"Namespace": "n", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}


def of_metrics(*queries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**RULE, "Metrics": list(queries), **more}


def metric(identifier: str = "m1", **stat: Any) -> dict[str, Any]:
    return {"Id": identifier, "MetricStat": {**STAT, **stat}, "ReturnData": False}


def expression(text: str) -> dict[str, Any]:
    return {"Id": "e1", "Expression": text}


@pytest.mark.parametrize(
    ("request_", "complaint"),
    [
        ({"AlarmName": "a"}, "EvaluationPeriods is required"),
        ({**SIMPLE, "MetricName": ""}, "MetricName is required"),
        ({**SIMPLE, "ExtendedStatistic": "p95"}, "Exactly one of Statistic and ExtendedStatistic"),
        ({**SIMPLE, "Statistic": None, "ExtendedStatistic": "tm90"}, "'tm90' is not supported"),
        ({**SIMPLE, "Period": 15}, "Period must be 10, 20, 30 or a multiple of 60, got 15"),
        ({**SIMPLE, "EvaluationPeriods": 1441}, "at most 86400 seconds, got 86460"),
        ({**SIMPLE, "EvaluationPeriods": 0}, "EvaluationPeriods must be at least 1"),
        ({**SIMPLE, "DatapointsToAlarm": 4}, r"DatapointsToAlarm must be 1 to EvaluationPeriods \(3\), got 4"),
        ({**SIMPLE, "TreatMissingData": "ok"}, "TreatMissingData must be one of"),
        ({**SIMPLE, "ComparisonOperator": "GreaterThanUpperThreshold"}, "ComparisonOperator must be one of"),
        ({**SIMPLE, "ThresholdMetricId": "ad1"}, "ThresholdMetricId is not supported"),
        ({**SIMPLE, "EvaluationWindow": {"WallClockWindow": {}}}, "WallClockWindow is not supported"),
        ({**SIMPLE, "EvaluateLowSampleCountPercentile": "ignore"}, "is for alarms with a percentile"),
        ({**SIMPLE, "AlarmActions": ["x"] * 6}, "at most 5 actions, got 6"),
        (of_metrics(metric(), expression("m1"), Period=60), "can't be combined with Period"),
        (of_metrics(metric()), "exactly one of Metrics must have ReturnData true, got 0"),
        (of_metrics(metric("M1"), expression("1")), "The Id 'M1' must be"),
        (of_metrics(metric(), metric(), expression("m1")), "The Id 'm1' must be unique"),
        (of_metrics({"Id": "m1"}, expression("m1")), "exactly one of MetricStat and Expression"),
        (of_metrics({**metric(), "AccountId": "1"}, expression("m1")), "AccountId is not supported"),
        (of_metrics(metric(Stat="tm99"), expression("m1")), "'tm99' is not supported"),
        (of_metrics(metric(), metric("m2", Period=300), expression("m1+m2")), "one and the same Period"),
        (of_metrics(metric(), expression("SERVICE_QUOTA(m1)")), "SERVICE_QUOTA is not supported"),
    ],
)
def test_refuses_an_alarm_that_could_not_be_evaluated(request_: dict[str, Any], complaint: str) -> None:
    with pytest.raises(RefusedError, match=complaint):
        metric_alarm(request_, None, ARN, 0.0)


def test_starts_with_insufficient_data() -> None:
    record = metric_alarm(SIMPLE, None, ARN, 7.0)

    assert (record["StateValue"], record["StateReason"]) == ("INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
    assert record["TreatMissingData"] == "missing"
    assert record["AlarmArn"] == ARN


def test_leaves_the_state_alone_when_the_alarm_is_put_again() -> None:
    existing = {**metric_alarm(SIMPLE, None, ARN, 7.0), "StateValue": "ALARM", "StateReason": "because"}

    record = metric_alarm({**SIMPLE, "Threshold": 2.0}, existing, ARN, 9.0)

    assert (record["StateValue"], record["StateReason"], record["StateUpdatedTimestamp"]) == ("ALARM", "because", 7.0)
    assert (record["Threshold"], record["AlarmConfigurationUpdatedTimestamp"]) == (2.0, 9.0)


def test_keeps_the_queries_of_an_alarm_on_an_expression() -> None:
    queries = [metric(), metric("m2"), expression("m1 / m2")]

    assert metric_alarm(of_metrics(*queries), None, ARN, 0.0)["Metrics"] == queries
