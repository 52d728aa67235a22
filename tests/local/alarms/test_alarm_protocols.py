"""CBOR, JSON and Query all reach the same alarms (boto3 here speaks JSON; newer and older SDKs speak the others)."""

from __future__ import annotations

import urllib.request
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import cbor2
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SPACE = "{http://monitoring.amazonaws.com/doc/2010-08-01/}"
CBOR = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def send(aws: Any, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    request = AWSRequest("POST", aws.endpoint_url + path, headers=headers, data=body)
    SigV4Auth(Credentials(aws.access_key_id, aws.secret_access_key), "monitoring", aws.region).add_auth(request)
    ready = urllib.request.Request(request.url, data=body, headers=dict(request.headers), method="POST")
    with urllib.request.urlopen(ready, timeout=10) as response:
        return bytes(response.read())


def query(aws: Any, **params: object) -> ET.Element:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return ET.fromstring(send(aws, "/", urlencode(params).encode(), headers))


def cbor(aws: Any, operation: str, request: dict[str, Any]) -> Any:
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    return cbor2.loads(send(aws, path, cbor2.dumps(request), CBOR))


@pytest.fixture
def alarm(cloudwatch: Any) -> str:
    """An alarm put by boto3 (JSON), on a datapoint that breaches."""
    cloudwatch.put(0, 9.0, model="a&b")
    name = cloudwatch.alarm(Dimensions=[{"Name": "model", "Value": "a&b"}], DatapointsToAlarm=1)
    cloudwatch.settled(name)
    return str(name)


def test_describes_an_alarm_over_cbor(aws: Any, alarm: str) -> None:
    (found,) = cbor(aws, "DescribeAlarms", {"AlarmNames": [alarm]})["MetricAlarms"]

    assert (found["StateValue"], found["Threshold"]) == ("ALARM", 5.0)
    assert found["Dimensions"] == [{"Name": "model", "Value": "a&b"}]
    assert found["StateUpdatedTimestamp"].year > 2000


def test_describes_an_alarm_over_query(aws: Any, alarm: str) -> None:
    answer = query(aws, Action="DescribeAlarms", Version="2010-08-01", **{"AlarmNames.member.1": alarm})

    (found,) = answer.iter(f"{SPACE}MetricAlarms")
    texts = {element.tag.removeprefix(SPACE): element.text for element in found.iter()}
    assert (texts["StateValue"], texts["Threshold"], texts["Value"]) == ("ALARM", "5.0", "a&b")
    assert texts["ActionsEnabled"] == "true"


def test_puts_alarms_over_cbor_and_query_into_one_store(aws: Any, cloudwatch: Any) -> None:
    rule = {"Namespace": "n", "MetricName": "m", "Period": 60, "EvaluationPeriods": 2, "Threshold": 1.5}
    rule |= {"ComparisonOperator": "LessThanThreshold"}
    names = [f"{cloudwatch.namespace}-{protocol}" for protocol in ("cbor", "query")]

    cbor(aws, "PutMetricAlarm", {**rule, "AlarmName": names[0], "ExtendedStatistic": "p95"})
    members = {"Dimensions.member.1.Name": "model", "Dimensions.member.1.Value": "a", "ActionsEnabled": "false"}
    query(aws, Action="PutMetricAlarm", Version="2010-08-01", AlarmName=names[1], Statistic="Sum", **rule, **members)

    by_cbor, by_query = (cloudwatch.described(name) for name in names)
    assert (by_cbor["ExtendedStatistic"], by_cbor["Threshold"]) == ("p95", 1.5)
    assert (by_query["Statistic"], by_query["EvaluationPeriods"], by_query["Threshold"]) == ("Sum", 2, 1.5)
    assert by_query["Dimensions"] == [{"Name": "model", "Value": "a"}]
    assert by_query["ActionsEnabled"] is False


def test_reads_metrics_over_cbor_and_query(aws: Any, cloudwatch: Any) -> None:
    cloudwatch.put(0, 9.0)
    end = cloudwatch.minute()
    asked = {"Namespace": cloudwatch.namespace, "MetricName": "m", "Period": 60}

    times = {"StartTime": cbor2.CBORTag(1, end - 600), "EndTime": cbor2.CBORTag(1, end)}
    by_cbor = cbor(aws, "GetMetricStatistics", {**asked, **times, "ExtendedStatistics": ["p95"]})
    times = {"StartTime": "2020-01-01T00:00:00Z", "EndTime": f"{end}"}
    by_query = query(
        aws,
        Action="GetMetricStatistics",
        **{**asked, "Period": 86400},
        **times,
        **{"ExtendedStatistics.member.1": "p95"},
    )

    assert by_cbor["Datapoints"][0]["ExtendedStatistics"] == {"p95": 9.0}
    assert [value.text for value in by_query.iter(f"{SPACE}value")] == ["9.0"]
