"""Metric alarms on the embedded AWS: which state they come to, and when."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded import wait_for


def test_looks_at_exactly_its_own_dimensions(cloudwatch: Any) -> None:
    cloudwatch.put(0, 9.0, model="a")
    cloudwatch.put(0, 1.0, model="b")
    cloudwatch.put(0, 1.0, model="a", version="1")
    dimensions = {name: [{"Name": "model", "Value": name}] for name in ("a", "b", "c")}

    alarms = {name: cloudwatch.alarm(name, Dimensions=each) for name, each in dimensions.items()}
    bare = cloudwatch.alarm("bare")

    assert cloudwatch.settled(alarms["a"]) == "ALARM"
    assert cloudwatch.settled(alarms["b"]) == "OK"
    assert cloudwatch.settled(alarms["c"]) == "INSUFFICIENT_DATA"
    assert cloudwatch.settled(bare) == "INSUFFICIENT_DATA"


def test_does_not_see_metrics_of_another_region(cloudwatch: Any, aws: Any) -> None:
    cloudwatch.put(0, 9.0)
    elsewhere = type(aws)(**{**vars(aws), "region": "eu-west-1"}).client("cloudwatch")
    alarm = cloudwatch.alarm()
    elsewhere.put_metric_alarm(
        AlarmName=alarm,
        Namespace=cloudwatch.namespace,
        MetricName="m",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )

    assert cloudwatch.settled(alarm) == "ALARM"
    wait_for(lambda: elsewhere.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"] == "OK")


def test_evaluates_percentiles(cloudwatch: Any) -> None:
    cloudwatch.put(0, *([1.0] * 90), *([10.0] * 10))

    states = {rank: cloudwatch.settled(cloudwatch.alarm(rank, ExtendedStatistic=rank)) for rank in ("p50", "p95")}

    assert states == {"p50": "OK", "p95": "ALARM"}


def test_waits_for_enough_samples_of_a_percentile_if_told_to(cloudwatch: Any) -> None:
    cloudwatch.put(0, *([9.0] * 199))
    few = cloudwatch.alarm(ExtendedStatistic="p95", EvaluateLowSampleCountPercentile="ignore")
    assert cloudwatch.settled(few) == "INSUFFICIENT_DATA"

    cloudwatch.put(0, 9.0)
    enough = cloudwatch.alarm("2", ExtendedStatistic="p95", EvaluateLowSampleCountPercentile="ignore")

    assert cloudwatch.settled(enough) == "ALARM"


def test_counts_m_out_of_n_datapoints(cloudwatch: Any) -> None:
    for age, value in enumerate([9.0, 1.0, 9.0]):
        cloudwatch.put(age, value)

    two = cloudwatch.alarm("two", EvaluationPeriods=3, DatapointsToAlarm=2)
    three = cloudwatch.alarm("three", EvaluationPeriods=3, DatapointsToAlarm=3)

    assert cloudwatch.settled(two) == "ALARM"
    assert cloudwatch.settled(three) == "OK"
    assert "2 out of the last 3 datapoints [9.0 (" in cloudwatch.described(two)["StateReason"]
    assert "(minimum 2 datapoints for OK -> ALARM transition)" in cloudwatch.described(two)["StateReason"]


@pytest.mark.parametrize(
    ("treatment", "state"),
    [("missing", "INSUFFICIENT_DATA"), ("ignore", "OK"), ("breaching", "ALARM"), ("notBreaching", "OK")],
)
def test_treats_missing_data_as_told(cloudwatch: Any, treatment: str, state: str) -> None:
    alarm = cloudwatch.alarm(TreatMissingData="notBreaching")
    assert cloudwatch.settled(alarm) == "OK"

    cloudwatch.alarm(TreatMissingData=treatment)

    assert cloudwatch.becomes(alarm, state)["TreatMissingData"] == treatment


def test_looks_at_one_unit_if_told_to(cloudwatch: Any) -> None:
    cloudwatch.put(0, 9.0, unit="Seconds")
    cloudwatch.put(0, 1.0, unit="Milliseconds")

    assert cloudwatch.settled(cloudwatch.alarm("s", Unit="Seconds")) == "ALARM"
    assert cloudwatch.settled(cloudwatch.alarm("ms", Unit="Milliseconds")) == "OK"


def test_evaluates_the_ratio_of_two_metrics(cloudwatch: Any) -> None:
    cloudwatch.put(0, *([1.0] * 3), metric="errors")
    cloudwatch.put(0, *([1.0] * 10), metric="calls")
    rate = {"Id": "rate", "Expression": "IF(calls >= 5, 100 * errors / calls)", "Label": "Errors in percent"}
    queries = [cloudwatch.query("errors"), cloudwatch.query("calls"), rate]

    above = cloudwatch.alarm("above", Metrics=queries, Threshold=29.0)
    below = cloudwatch.alarm("below", Metrics=queries, Threshold=31.0)

    assert cloudwatch.settled(above) == "ALARM"
    assert cloudwatch.settled(below) == "OK"
    assert cloudwatch.described(above)["Metrics"][2] == rate


def test_notices_that_labels_have_stopped(cloudwatch: Any) -> None:
    cloudwatch.put(1, 40.0, metric="labels")
    filled = {"Id": "e1", "Expression": "FILL(labels, 0)"}
    queries = [cloudwatch.query("labels"), filled]

    alarm = cloudwatch.alarm(Metrics=queries, Threshold=1.0, ComparisonOperator="LessThanThreshold")

    assert cloudwatch.settled(alarm) == "ALARM"


def test_refuses_an_expression_by_the_name_of_the_function(cloudwatch: Any) -> None:
    band = {"Id": "e1", "Expression": "ANOMALY_DETECTION_BAND(m)"}

    with pytest.raises(ClientError, match="ANOMALY_DETECTION_BAND is not supported") as caught:
        cloudwatch.alarm(Metrics=[cloudwatch.query("m"), band])

    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_fires_a_ten_second_alarm_though_nothing_more_is_put(cloudwatch: Any) -> None:
    datum = {"MetricName": "m", "Value": 9.0, "StorageResolution": 1}
    cloudwatch.client.put_metric_data(Namespace=cloudwatch.namespace, MetricData=[datum])
    end_of_period = (time.time() // 10 + 1) * 10
    alarm = cloudwatch.alarm(Period=10)

    cloudwatch.becomes(alarm, "ALARM", seconds=15)

    assert 0 <= time.time() - end_of_period < 2


def test_goes_back_to_its_real_state_after_it_was_set(cloudwatch: Any) -> None:
    alarm = cloudwatch.alarm(Period=10, TreatMissingData="notBreaching")
    assert cloudwatch.settled(alarm) == "OK"

    cloudwatch.client.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
    assert cloudwatch.described(alarm)["StateReason"] == "a test"

    cloudwatch.becomes(alarm, "OK", seconds=15)
    assert cloudwatch.history(alarm, "StateUpdate") == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from INSUFFICIENT_DATA to OK",
    ]
