"""The metrics of queues, by which an alarm tells of dead letters.

AWS page: "Available CloudWatch metrics for Amazon SQS".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from local.connection import Connection
from tests.embedded import unique, wait_for


def newest(aws: Connection, queue: str, which: str = "Visible") -> float | None:
    now = datetime.now(UTC)
    found: Any = aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName=f"ApproximateNumberOfMessages{which}",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - timedelta(minutes=3),
        EndTime=now + timedelta(minutes=1),
        Period=10,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max(found, key=lambda point: point["Timestamp"])["Maximum"] if found else None


def test_what_waits_in_a_queue_is_counted_until_it_is_empty(aws: Connection) -> None:
    sqs, name, other = aws.client("sqs"), unique("dead"), unique("empty")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.create_queue(QueueName=other)
    for text in ("one", "two"):
        sqs.send_message(QueueUrl=url, MessageBody=text)

    wait_for(lambda: newest(aws, name) == 2, 25)

    (message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1, VisibilityTimeout=600)["Messages"]
    wait_for(lambda: (newest(aws, name), newest(aws, name, "NotVisible")) == (1, 1), 25)

    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.purge_queue(QueueUrl=url)
    wait_for(lambda: newest(aws, name) == 0, 25)
    assert newest(aws, other) is None
