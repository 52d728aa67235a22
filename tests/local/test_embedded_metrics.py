"""Log lines in CloudWatch's embedded metric format become metrics; all others stay lines."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from local.connection import Connection, direct
from tests.embedded import unique
from tests.local.functions import Functions

PRINTS_METRICS = """
import json, time
def handler(event, context):
    print("working")
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [event]},
                      "model": "churn", "stage": "test", "Latency": [10, 20.5, 30], "Errors": 0}))
"""


@dataclass(frozen=True)
class Logs:
    """A log stream and a namespace for metrics of the same name, in one region."""

    name: str
    logs: Any
    cloudwatch: Any

    @classmethod
    def new(cls, aws: Connection, region: str = "us-east-1") -> Logs:
        name = unique("t")
        session = boto3.Session(aws.access_key_id, aws.secret_access_key, region_name=region)
        made = cls(
            name,
            *(session.client(each, endpoint_url=aws.endpoint_url, config=direct()) for each in ("logs", "cloudwatch")),
        )
        made.logs.create_log_group(logGroupName=name)
        made.logs.create_log_stream(logGroupName=name, logStreamName=name)
        return made

    def put(self, *lines: str) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in lines]
        self.logs.put_log_events(logGroupName=self.name, logStreamName=self.name, logEvents=events)

    def lines(self) -> list[str]:
        answer = self.logs.get_log_events(logGroupName=self.name, logStreamName=self.name, startFromHead=True)
        return [event["message"] for event in answer["events"]]

    def metrics(self) -> set[tuple[str, frozenset[tuple[str, str]]]]:
        """Names and dimensions of what the namespace holds."""
        return {
            (metric["MetricName"], frozenset((each["Name"], each["Value"]) for each in metric["Dimensions"]))
            for metric in self.cloudwatch.list_metrics(Namespace=self.name)["Metrics"]
        }

    def statistics(self, metric: str, **dimensions: str) -> dict[str, Any]:
        """SampleCount, Sum, Minimum, Maximum and unit of the last hour."""
        answer = self.cloudwatch.get_metric_statistics(
            Namespace=self.name,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=time.time() - 3600,
            EndTime=time.time() + 1,
            Period=7200,
            Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
        )
        (point,) = answer["Datapoints"] or [{}]
        return {name: value for name, value in point.items() if name != "Timestamp"}


def document(namespace: str, directive: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A document with one metric and one dimension; ``changes`` are members of the root or, by their case, of _aws."""
    metadata = {
        "Timestamp": int(time.time() * 1000),
        "CloudWatchMetrics": [
            {"Namespace": namespace, "Dimensions": [["model"]], "Metrics": [{"Name": "Rows", "Unit": "Count"}]}
            | (directive or {})
        ],
    }
    metadata |= {name: changes.pop(name) for name in list(changes) if name in metadata}
    return {"_aws": metadata, "model": "churn", "Rows": 7} | changes


@pytest.fixture
def logs(aws: Connection) -> Logs:
    return Logs.new(aws)


def test_what_a_function_prints_becomes_metrics_with_every_set_of_dimensions(functions: Functions, logs: Logs) -> None:
    directive = {
        "Namespace": logs.name,
        "Dimensions": [["model", "stage"], ["model"], []],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 1}, {"Name": "Errors"}],
    }

    functions.invoke(functions.make(PRINTS_METRICS), directive)

    latency = {"SampleCount": 3, "Sum": 60.5, "Minimum": 10, "Maximum": 30, "Unit": "Milliseconds"}
    assert logs.statistics("Latency", model="churn", stage="test") == latency
    assert logs.statistics("Latency", model="churn") == latency
    assert logs.statistics("Latency") == latency
    assert logs.statistics("Errors", model="churn")["SampleCount"] == 1
    assert logs.statistics("Errors", model="churn")["Unit"] == "None"
    assert len(logs.metrics()) == 6


def test_what_a_function_prints_before_it_fails_counts(functions: Functions, logs: Logs) -> None:
    directive = {"Namespace": logs.name, "Dimensions": [["model"]], "Metrics": [{"Name": "Errors", "Unit": "Count"}]}
    function = functions.make(f"{PRINTS_METRICS}    raise ValueError\n")

    errors = [functions.invoke(function, directive)[0] for _ in range(3)]

    assert errors == ["Unhandled"] * 3
    assert logs.statistics("Errors", model="churn")["SampleCount"] == 3


def test_put_log_events_makes_metrics_too_and_keeps_the_line(logs: Logs) -> None:
    lines = ["plain", json.dumps(document(logs.name)), json.dumps(document(logs.name, Rows=[1, 2]))]

    logs.put(*lines)

    assert logs.statistics("Rows", model="churn")["Sum"] == 10
    assert logs.statistics("Rows", model="churn")["SampleCount"] == 3
    assert logs.lines() == lines


def test_a_metric_has_the_time_that_the_document_says(logs: Logs) -> None:
    an_hour_ago = int(time.time() - 3700) * 1000

    logs.put(json.dumps(document(logs.name, Timestamp=an_hour_ago)))

    assert logs.metrics() == {("Rows", frozenset({("model", "churn")}))}
    assert logs.statistics("Rows", model="churn") == {}


def test_metrics_are_of_the_region_of_the_log(aws: Connection, logs: Logs) -> None:
    elsewhere = Logs.new(aws, "eu-west-1")

    elsewhere.put(json.dumps(document(elsewhere.name)))

    assert elsewhere.statistics("Rows", model="churn")["Sum"] == 7
    assert logs.cloudwatch.list_metrics(Namespace=elsewhere.name)["Metrics"] == []


BROKEN: dict[str, Any] = {
    "no dimension sets": {"directive": {"Dimensions": []}},
    "dimensions not in sets": {"directive": {"Dimensions": ["model"]}},
    "a dimension that is not there": {"directive": {"Dimensions": [["absent"]]}},
    "a dimension that is a number": {"model": 7},
    "an empty dimension": {"model": ""},
    "too long a dimension": {"model": "x" * 1025},
    "31 dimensions": {"directive": {"Dimensions": [[f"d{n}" for n in range(31)]]}, **{f"d{n}": "x" for n in range(31)}},
    "no namespace": {"directive": {"Namespace": None}},
    "metrics that are an object": {"directive": {"Metrics": {"Name": "Rows"}}},
    "101 metrics": {"directive": {"Metrics": [{"Name": "Rows"}] * 101}},
    "one metric of two not there": {"directive": {"Metrics": [{"Name": "Rows"}, {"Name": "Absent"}]}},
    "an unknown unit": {"directive": {"Metrics": [{"Name": "Rows", "Unit": "Parsecs"}]}},
    "a unit that is a list": {"directive": {"Metrics": [{"Name": "Rows", "Unit": []}]}},
    "another resolution": {"directive": {"Metrics": [{"Name": "Rows", "StorageResolution": 5}]}},
    "a value that is text": {"Rows": "7"},
    "a value that is true": {"Rows": True},
    "a nested value": {"Rows": {"value": 7}},
    "a value that is text among numbers": {"Rows": [1, "2"]},
    "101 values": {"Rows": [1] * 101},
    "too large a value": {"Rows": 1e300},
    "a value that is no number": {"Rows": float("nan")},
    "NaN in another member": {"note": float("nan")},
    "no directives": {"CloudWatchMetrics": None},
    "directives that are an object": {"CloudWatchMetrics": {}},
    "a timestamp that is text": {"Timestamp": "2026-01-01T00:00:00Z"},
    "a timestamp in seconds": {"Timestamp": 1_790_000_000},
    "a timestamp three hours ahead": {"Timestamp": (time.time() + 3 * 3600) * 1000},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_document_changes_nothing(logs: Logs, changes: dict[str, Any]) -> None:
    line = json.dumps(document(logs.name, **changes))

    logs.put(line)

    assert logs.lines() == [line]
    assert logs.metrics() == set()


def test_lines_that_are_no_document_stay_lines(logs: Logs) -> None:
    good = json.dumps(document(logs.name))
    lines = [f"INFO {good}", good[:-1], json.dumps([good]), '{"_aws": []}', '{"a": {"_aws": {}}}', '{"_aws":' * 9999]

    logs.put(*lines)

    assert logs.lines() == lines
    assert logs.metrics() == set()


def test_a_broken_line_costs_only_its_own_metrics(logs: Logs) -> None:
    logs.put('{"_aws": {}}', json.dumps(document(logs.name)))

    assert logs.statistics("Rows", model="churn")["Sum"] == 7
