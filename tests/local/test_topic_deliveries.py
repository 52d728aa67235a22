"""A topic's messages reach functions as asynchronous invocations do: tried three times, then dead letters.

AWS pages: "Invoking Lambda functions with Amazon SNS notifications"; "Fanout Amazon SNS notifications to Lambda
functions for automated processing".
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.embedded import free_port, make_role, unique, wait_for
from tests.local.functions import Functions

# Notes what it was invoked with; fails while there is a file that says so.
CONSUMER = """
import json, pathlib
FOLDER = pathlib.Path({folder!r})

def handler(event, context):
    with open(FOLDER / "attempts", "a") as attempts:
        attempts.write(json.dumps(event) + "\\n")
    if (FOLDER / "failing").exists():
        raise RuntimeError("PagerDuty is out of order")
"""


@dataclass(frozen=True)
class Subscribed:
    """A topic, the function that subscribes to it, and what that was invoked with."""

    aws: Connection
    topic: str
    function: str
    folder: Path

    @classmethod
    def new(cls, aws: Connection, folder: Path, *, allowed: bool = True) -> Subscribed:
        function = Functions.on(aws).make(CONSUMER.format(folder=str(folder)))
        topic = aws.client("sns").create_topic(Name=unique("t"))["TopicArn"]
        if allowed:
            aws.client("lambda").add_permission(
                FunctionName=function,
                StatementId="s",
                Action="lambda:InvokeFunction",
                Principal="sns.amazonaws.com",
                SourceArn=topic,
            )
        aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=function)
        return cls(aws, topic, function, folder)

    def publish(self, message: str) -> None:
        self.aws.client("sns").publish(TopicArn=self.topic, Message=message)

    def attempts(self) -> list[dict[str, Any]]:
        path = self.folder / "attempts"
        events = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [event["Records"][0] for event in events]


def test_a_function_gets_a_message_as_sns_tells_it(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)

    before = time.time()
    subscribed.publish("hello")

    wait_for(subscribed.attempts)
    (record,) = subscribed.attempts()
    told = record["Sns"]
    assert (record["EventSource"], told["Type"], told["Message"]) == ("aws:sns", "Notification", "hello")
    assert (told["TopicArn"], told["Subject"], told["MessageAttributes"]) == (subscribed.topic, None, {})
    assert {"SigningCertUrl", "UnsubscribeUrl", "MessageId"} <= told.keys()
    assert told["Timestamp"][19] == "."
    assert len(told["Timestamp"]) == len("2026-11-23T15:10:09.123Z")
    assert abs(datetime.fromisoformat(told["Timestamp"]).timestamp() - before) < 5


def test_a_function_that_fails_is_invoked_again_with_the_same_message(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    (tmp_path / "failing").touch()

    subscribed.publish("hello")
    wait_for(subscribed.attempts)
    (tmp_path / "failing").unlink()

    wait_for(lambda: len(subscribed.attempts()) == 2)
    first, second = subscribed.attempts()
    assert first == second
    time.sleep(3)  # longer than until a third attempt
    assert len(subscribed.attempts()) == 2


def test_a_message_that_fails_three_times_is_a_dead_letter_as_it_came(aws: Connection, tmp_path: Path) -> None:
    subscribed, sqs = Subscribed.new(aws, tmp_path), aws.client("sqs")
    url = sqs.create_queue(QueueName=unique("dead"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    grant = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    aws.client("lambda").update_function_configuration(
        FunctionName=subscribed.function,
        DeadLetterConfig={"TargetArn": arn},
        Role=make_role(aws, unique("dead"), ["lambda"], grant),
    )
    (tmp_path / "failing").touch()

    subscribed.publish("hello")

    (letter,) = wait_for(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"))
    assert json.loads(letter["Body"])["Records"] == subscribed.attempts()[:1]
    assert len(subscribed.attempts()) == 3


def test_a_function_that_does_not_let_sns_in_is_not_invoked(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path, allowed=False)

    subscribed.publish("hello")
    time.sleep(1)

    assert subscribed.attempts() == []


def test_what_waits_for_an_attempt_at_a_stop_has_it_then(tmp_path: Path) -> None:
    embedded = EmbeddedAws(tmp_path / "state", free_port())
    subscribed = Subscribed.new(embedded.start(die_with_parent=True), tmp_path)
    (tmp_path / "failing").touch()
    subscribed.publish("hello")
    wait_for(lambda: len(subscribed.attempts()) == 2)
    (tmp_path / "failing").unlink()

    embedded.stop()

    assert len(subscribed.attempts()) == 3
