"""What the tests of alarms share: datapoints in past periods, alarms on them, and inboxes for what alarms send."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.connection import Connection
from tests.embedded import policy, unique, wait_for


@pytest.fixture
def name() -> str:
    """A name that no other test uses: of alarms, metrics, namespaces, topics."""
    return unique("t")


@dataclass(frozen=True)
class CloudWatch:
    """Alarms on one metric of this test."""

    client: Any
    namespace: str

    def put(self, age: int, *values: float, metric: str = "m", unit: str = "None", **dimensions: str) -> None:
        """Put values into the minute that ended ``age`` minutes before the current one began; 0 is the last one."""
        named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        datum = {"MetricName": metric, "Values": values, "Unit": unit, "Dimensions": named}
        datum["Timestamp"] = self.minute() - 60 * age - 30
        self.client.put_metric_data(Namespace=self.namespace, MetricData=[datum])

    @staticmethod
    def minute() -> float:
        """The start of the current minute; waits for the next one if this one is all but over."""
        if time.time() % 60 > 57:
            time.sleep(60.3 - time.time() % 60)
        return math.floor(time.time() / 60) * 60.0

    def alarm(self, suffix: str = "", **settings: Any) -> str:
        """Put an alarm on ``m`` > 5, one minute of one, unless settings say otherwise; returns its name."""
        self.minute()
        alarm_name = f"{self.namespace}{suffix}"
        rule: dict[str, Any] = {
            "EvaluationPeriods": 1,
            "Threshold": 5.0,
            "ComparisonOperator": "GreaterThanThreshold",
        }
        if "Metrics" not in settings:
            rule |= {"Namespace": self.namespace, "MetricName": "m", "Period": 60}
            rule |= {} if "ExtendedStatistic" in settings else {"Statistic": "Average"}
        self.client.put_metric_alarm(AlarmName=alarm_name, **rule | settings)
        return alarm_name

    def query(self, metric: str, stat: str = "Sum") -> dict[str, Any]:
        """A MetricDataQuery for a metric of this test, whose id is its name."""
        of = {"Namespace": self.namespace, "MetricName": metric}
        return {"Id": metric, "MetricStat": {"Metric": of, "Period": 60, "Stat": stat}, "ReturnData": False}

    def described(self, alarm_name: str) -> dict[str, Any]:
        """The alarm as DescribeAlarms tells it."""
        answer = self.client.describe_alarms(AlarmNames=[alarm_name], AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        (found,) = answer["MetricAlarms"] + answer["CompositeAlarms"]
        return dict(found)

    def settled(self, alarm_name: str) -> str:
        """The state once the alarm has been evaluated."""
        wait_for(lambda: not self.described(alarm_name)["StateReason"].startswith("Unchecked"))
        return str(self.described(alarm_name)["StateValue"])

    def becomes(self, alarm_name: str, state: str, seconds: float = 10.0) -> dict[str, Any]:
        """The alarm, once it is in that state."""
        wait_for(lambda: self.described(alarm_name)["StateValue"] == state, seconds)
        return self.described(alarm_name)

    def history(self, alarm_name: str, item_type: str) -> list[str]:
        """The summaries of the alarm's history, newest first."""
        types = ["MetricAlarm", "CompositeAlarm"]
        answer = self.client.describe_alarm_history(AlarmName=alarm_name, HistoryItemType=item_type, AlarmTypes=types)
        return [item["HistorySummary"] for item in answer["AlarmHistoryItems"]]


@pytest.fixture
def cloudwatch(aws: Connection, name: str) -> CloudWatch:
    """Alarms in a namespace of this test's own."""
    return CloudWatch(aws.client("cloudwatch"), name)


@dataclass(frozen=True)
class Inbox:
    """A queue that may be written to by SNS and EventBridge."""

    client: Any
    url: str
    arn: str

    def receive(self, seconds: int = 5) -> list[dict[str, Any]]:
        """The bodies of the next messages, [] when none came in time."""
        answer = self.client.receive_message(QueueUrl=self.url, WaitTimeSeconds=seconds, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def inbox(aws: Connection, name: str) -> Iterator[Inbox]:
    """A new queue."""
    client = aws.client("sqs")
    url = client.create_queue(QueueName=name)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    principal = {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": arn}
    client.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})
    yield Inbox(client, url, arn)
    client.delete_queue(QueueUrl=url)


@pytest.fixture
def topic(aws: Connection, name: str, inbox: Inbox) -> Iterator[str]:
    """A topic whose messages arrive in the inbox."""
    client = aws.client("sns")
    arn = client.create_topic(Name=name)["TopicArn"]
    client.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=inbox.arn, Attributes={"RawMessageDelivery": "true"})
    yield str(arn)
    client.delete_topic(TopicArn=arn)
