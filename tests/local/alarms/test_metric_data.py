"""Reading metrics back from the embedded AWS: GetMetricStatistics and GetMetricData."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError


def span() -> dict[str, float]:
    return {"StartTime": time.time() - 3600, "EndTime": time.time()}


def test_reads_percentiles_of_exactly_the_dimensions_asked_for(cloudwatch: Any) -> None:
    cloudwatch.put(0, *[float(value) for value in range(101)], model="a")
    cloudwatch.put(0, 5000.0, model="b")
    cloudwatch.put(0, 5000.0)

    answer = cloudwatch.client.get_metric_statistics(
        Namespace=cloudwatch.namespace,
        MetricName="m",
        Dimensions=[{"Name": "model", "Value": "a"}],
        Period=60,
        Statistics=["SampleCount", "Maximum"],
        ExtendedStatistics=["p50", "p95", "p99.9"],
        **span(),
    )

    (point,) = answer["Datapoints"]
    assert point["Timestamp"] == datetime.fromtimestamp(cloudwatch.minute() - 60, UTC)
    assert (point["SampleCount"], point["Maximum"], point["Unit"]) == (101.0, 100.0, "None")
    assert point["ExtendedStatistics"] == pytest.approx({"p50": 50.0, "p95": 95.0, "p99.9": 99.9})


def test_reads_no_dimensions_as_the_metric_without_any(cloudwatch: Any) -> None:
    cloudwatch.put(0, 1.0, model="a")
    cloudwatch.put(0, 2.0)

    answer = cloudwatch.client.get_metric_data(
        MetricDataQueries=[{**cloudwatch.query("m"), "ReturnData": True}], **span()
    )

    assert answer["MetricDataResults"][0]["Values"] == [2.0]


def test_evaluates_expressions_newest_datapoint_first(cloudwatch: Any) -> None:
    for age, (errors, calls) in enumerate([(1.0, 4.0), (3.0, 4.0)]):
        cloudwatch.put(age, errors, metric="errors")
        cloudwatch.put(age, calls, metric="calls")
    rate = {"Id": "rate", "Expression": "errors / calls", "Label": "Error rate"}
    queries = [cloudwatch.query("errors"), cloudwatch.query("calls"), rate]
    read = cloudwatch.client.get_metric_data

    (newest_first,) = read(MetricDataQueries=queries, **span())["MetricDataResults"]
    (oldest_first,) = read(MetricDataQueries=queries, ScanBy="TimestampAscending", **span())["MetricDataResults"]

    assert (newest_first["Label"], newest_first["StatusCode"]) == ("Error rate", "Complete")
    assert newest_first["Values"] == [0.25, 0.75]
    assert oldest_first["Values"] == [0.75, 0.25]
    assert newest_first["Timestamps"][0] > newest_first["Timestamps"][1]


def test_refuses_what_it_can_not_compute(cloudwatch: Any) -> None:
    trimmed = {**cloudwatch.query("m", stat="tm90"), "ReturnData": True}

    with pytest.raises(ClientError, match="'tm90' is not supported"):
        cloudwatch.client.get_metric_data(MetricDataQueries=[trimmed], **span())


def test_refuses_a_time_that_ends_before_it_starts(cloudwatch: Any) -> None:
    now = time.time()

    with pytest.raises(ClientError, match="StartTime must be less than"):
        cloudwatch.client.get_metric_statistics(
            Namespace="n", MetricName="m", StartTime=now, EndTime=now - 60, Period=60, Statistics=["Sum"]
        )
