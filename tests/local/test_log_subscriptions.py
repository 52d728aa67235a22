"""Lines reach the functions that subscribe to them: those that a pattern wants, in batches, again after a failure."""

from __future__ import annotations

import base64
import gzip
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.asynchronous import RETRY_SECONDS, Settings
from local.connection import Connection
from local.filter_pattern import parse
from local.launcher import EmbeddedAws
from tests.embedded import free_port, make_role, unique, wait_for
from tests.local.functions import Functions

# Notes what it was invoked with; fails while there is a file that says so.
CONSUMER = """
import base64, gzip, json, os, pathlib, time
FOLDER = pathlib.Path({folder!r})

def handler(event, context):
    batch = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    with open(FOLDER / "attempts", "a") as attempts:
        attempts.write(json.dumps(batch) + "\\n")
    while (FOLDER / "sleeping").exists():
        time.sleep(0.05)
    if (FOLDER / "failing").exists():
        raise RuntimeError("its table is throttled")
    with open(FOLDER / "batches", "a") as batches:
        batches.write(json.dumps(batch) + "\\n")
"""
PRODUCER = """
def handler(event, context):
    for line in event["lines"]:
        print(line)
"""


@dataclass(frozen=True)
class Subscribed:
    """A log group, the function that subscribes to it, and what that got."""

    aws: Connection
    group: str
    consumer: str
    folder: Path

    @classmethod
    def new(cls, aws: Connection, folder: Path, pattern: str = "", **changes: Any) -> Subscribed:
        consumer = Functions.on(aws).make(CONSUMER.format(folder=str(folder)))
        made = cls(aws, unique("t"), consumer, folder)
        aws.client("lambda").update_function_configuration(FunctionName=consumer, Timeout=30)
        made.logs.create_log_group(logGroupName=made.group)
        made.logs.create_log_stream(logGroupName=made.group, logStreamName="s")
        made.allow()
        made.put_filter("f", pattern)
        return made

    @property
    def logs(self) -> Any:
        return self.aws.client("logs")

    def allow(self, group: str | None = None) -> None:
        source = f"arn:aws:logs:us-east-1:111122223333:log-group:{group or self.group}:*"
        self.aws.client("lambda").add_permission(
            FunctionName=self.consumer,
            StatementId=unique("s"),
            Action="lambda:InvokeFunction",
            Principal="logs.amazonaws.com",
            SourceArn=source,
        )

    def put_filter(self, name: str, pattern: str) -> None:
        self.logs.put_subscription_filter(
            logGroupName=self.group, filterName=name, filterPattern=pattern, destinationArn=self.consumer
        )

    def put(self, *lines: str) -> None:
        now = int(time.time() * 1000)
        events: Any = [{"timestamp": now, "message": line} for line in lines]
        self.logs.put_log_events(logGroupName=self.group, logStreamName="s", logEvents=events)

    def noted(self, what: str = "batches") -> list[dict[str, Any]]:
        path = self.folder / what
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def delivered(self) -> list[str]:
        return [event["message"] for batch in self.noted() for event in batch["logEvents"]]


def test_lines_that_the_pattern_wants_come_in_one_batch(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path, '{ $.capture.part >= 0 && $.model = "wine" }')
    wanted = [json.dumps({"model": "wine", "capture": {"part": part}}) for part in (0, 3)]
    others = [
        "capture part 0",
        "{",
        "[]",
        '{"model": "wine"}',
        '{"model": "beer", "capture": {"part": 0}}',
        '{"model": "wine", "capture": {"part": null}}',
        '{"model": "wine", "capture": {"part": "0"}}',
        '{"model": "wine", "capture": {"part": -1}}',
        '{"model": "wine", "capture": {"part": true}}',
    ]

    subscribed.put(wanted[0], *others)
    subscribed.put(wanted[1])

    wait_for(lambda: len(subscribed.delivered()) == 2)
    (batch,) = subscribed.noted()
    assert subscribed.delivered() == wanted
    assert (batch["messageType"], batch["owner"]) == ("DATA_MESSAGE", "111122223333")
    assert (batch["logGroup"], batch["logStream"], batch["subscriptionFilters"]) == (subscribed.group, "s", ["f"])
    assert len({event["id"] for event in batch["logEvents"]}) == 2


def test_lines_are_found_by_the_same_patterns(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    subscribed.put('{"a": 1}', '{"a": 2}', "a 1")

    def found(pattern: str) -> list[str]:
        answer = subscribed.logs.filter_log_events(logGroupName=subscribed.group, filterPattern=pattern)
        assert all(event["eventId"] for event in answer["events"])
        return [event["message"] for event in answer["events"]]

    assert found("{ $.a >= 2 }") == ['{"a": 2}']
    assert found("a") == ['{"a": 1}', '{"a": 2}', "a 1"]
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        found("{ $.a }")


def test_a_pattern_of_words_and_none_at_all_work_as_before(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path, "ERROR main")

    subscribed.put("ERROR in main", "ERROR elsewhere")

    wait_for(subscribed.delivered)
    assert subscribed.delivered() == ["ERROR in main"]


def test_what_a_function_prints_is_delivered_too(aws: Connection, tmp_path: Path) -> None:
    functions = Functions.on(aws)
    producer = functions.make(PRODUCER)
    group = f"/aws/lambda/{producer.rpartition(':')[2]}"
    subscribed = Subscribed.new(aws, tmp_path)
    functions.invoke(producer, {"lines": []})  # makes its log group
    subscribed.allow(group)
    aws.client("logs").put_subscription_filter(
        logGroupName=group, filterName="f", filterPattern="{ $.n >= 0 }", destinationArn=subscribed.consumer
    )
    lines = [json.dumps({"n": n, "text": "x" * 100_000}) for n in range(5)]

    functions.invoke(producer, {"lines": lines})

    wait_for(lambda: len(subscribed.delivered()) == 5)
    assert sorted(subscribed.delivered()) == lines


def test_a_batch_never_outgrows_an_asynchronous_event(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    lines = [f"{n}" + "x" * 80_000 for n in range(5)]

    subscribed.put(*lines)

    wait_for(lambda: len(subscribed.delivered()) == 5)
    assert sorted(subscribed.delivered()) == lines
    assert len(subscribed.noted()) == 3


def test_a_function_that_fails_is_invoked_again_with_the_same_batch(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    (tmp_path / "failing").touch()

    subscribed.put("one", "two")

    wait_for(lambda: subscribed.noted("attempts"))
    (tmp_path / "failing").unlink()
    wait_for(subscribed.delivered)
    attempts = subscribed.noted("attempts")
    assert len(attempts) >= 2
    assert attempts[0] == attempts[-1]
    assert subscribed.delivered() == ["one", "two"]


def dead_letter_queue(aws: Connection, function: str) -> tuple[Any, str]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=unique("dead"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    grant = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    aws.client("lambda").update_function_configuration(
        FunctionName=function,
        DeadLetterConfig={"TargetArn": arn},
        Role=make_role(aws, unique("dead"), ["lambda"], grant),
    )
    return sqs, url


def test_a_batch_that_fails_three_times_is_a_dead_letter_as_it_came(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    sqs, url = dead_letter_queue(aws, subscribed.consumer)
    (tmp_path / "failing").touch()

    subscribed.put("one")

    (letter,) = wait_for(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1).get("Messages")
    )
    event = json.loads(letter["Body"])
    batch = json.loads(gzip.decompress(base64.b64decode(event["awslogs"]["data"])))
    assert [each["message"] for each in batch["logEvents"]] == ["one"]
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "its table is throttled"
    assert len(subscribed.noted("attempts")) == 3


def test_a_throttle_is_no_failure(aws: Connection, tmp_path: Path) -> None:
    subscribed, client = Subscribed.new(aws, tmp_path), aws.client("lambda")
    client.put_function_concurrency(FunctionName=subscribed.consumer, ReservedConcurrentExecutions=1)
    (tmp_path / "sleeping").touch()
    subscribed.put("one")
    wait_for(lambda: subscribed.noted("attempts"))

    subscribed.put("two")
    time.sleep(5)  # more than the pauses of three attempts
    (tmp_path / "sleeping").unlink()

    wait_for(lambda: len(subscribed.delivered()) == 2)
    assert len(subscribed.noted("attempts")) == 2


def test_a_function_without_any_concurrency_gets_nothing_and_its_events_are_dead_letters(
    aws: Connection, tmp_path: Path
) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    sqs, url = dead_letter_queue(aws, subscribed.consumer)
    aws.client("lambda").put_function_concurrency(FunctionName=subscribed.consumer, ReservedConcurrentExecutions=0)

    subscribed.put("one")

    (letter,) = wait_for(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1).get("Messages")
    )
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"
    assert subscribed.noted("attempts") == []


@pytest.mark.parametrize(
    ("failures", "throttles", "age", "pause"),
    [(1, 0, 0, 1), (2, 0, 0, 2), (3, 0, 0, None), (0, 3, 0, 4), (0, 30, 0, 30), (1, 0, 59.5, None), (0, 1, 59.5, None)],
)
def test_an_event_has_three_attempts_and_an_age(failures: int, throttles: int, age: float, pause: float | None) -> None:
    found = Settings(greatest_age=60).pause(failures, throttles, age)

    assert found == (pause and pause * RETRY_SECONDS)


def test_a_filter_needs_the_function_s_permission(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    subscribed.logs.create_log_group(logGroupName="another")

    with pytest.raises(ClientError, match="given CloudWatch Logs permission"):
        subscribed.logs.put_subscription_filter(
            logGroupName="another", filterName="f", filterPattern="", destinationArn=subscribed.consumer
        )


def test_a_log_group_has_two_filters_at_most(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    subscribed.put_filter("g", "")
    subscribed.put_filter("g", "{ $.a = 1 }")

    with pytest.raises(ClientError, match="LimitExceededException"):
        subscribed.put_filter("h", "")


def test_a_function_does_not_get_its_own_lines(aws: Connection, tmp_path: Path) -> None:
    subscribed = Subscribed.new(aws, tmp_path)
    group = f"/aws/lambda/{subscribed.consumer.rpartition(':')[2]}"
    subscribed.put("one")
    wait_for(subscribed.delivered)
    subscribed.allow(group)
    subscribed.logs.put_subscription_filter(
        logGroupName=group, filterName="f", filterPattern="", destinationArn=subscribed.consumer
    )

    subscribed.put("two")

    wait_for(lambda: len(subscribed.delivered()) == 2)
    time.sleep(1.5)  # longer than a batch is kept
    assert subscribed.delivered() == ["one", "two"]


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a }",
        "{ $.a IS NULL }",
        "{ $.a = 1 || $.b = 2 }",
        "{ $.a[0] = 1 }",
        '{ $.a > "x" }',
        "{ a = 1 }",
        "{ }",
        "{",
    ],
)
def test_a_pattern_that_the_embedded_aws_does_not_know_is_refused(
    aws: Connection, tmp_path: Path, pattern: str
) -> None:
    with pytest.raises(ValueError, match="not"):
        parse(pattern)
    subscribed = Subscribed.new(aws, tmp_path)

    with pytest.raises(ClientError, match="Invalid filter pattern"):
        subscribed.put_filter("g", pattern)


@pytest.mark.parametrize(
    ("pattern", "document", "wanted"),
    [
        ("{ $.a = 1 }", {"a": 1.0}, True),
        ("{ $.a != 1 }", {"a": 1}, False),
        ("{ $.a < -1.5 }", {"a": -2}, True),
        ("{ $.a <= 1e3 }", {"a": 1000}, True),
        ("{ $.a > 1 }", {"a": 1}, False),
        ('{ $.a = "x*z" }', {"a": "xyz"}, True),
        ('{ $.a = "x*z" }', {"a": "xy"}, False),
        ('{ $.a != "x" }', {"a": "y"}, True),
        ('{ $.a != "x" }', {}, False),
        ('{ $.a = "1" }', {"a": 1}, False),
        ("{ $.a.b-c = 1 && $.d = 2 }", {"a": {"b-c": 1}, "d": 2}, True),
        ("{ $.a.b = 1 }", {"a": 1}, False),
    ],
)
def test_compares_what_is_at_a_path(pattern: str, document: object, wanted: bool) -> None:
    assert parse(pattern).matches(json.dumps(document)) is wanted


def test_what_is_held_at_a_shutdown_is_delivered_first(tmp_path: Path) -> None:
    embedded = EmbeddedAws(tmp_path / "state", free_port())
    aws = embedded.start(die_with_parent=True)
    try:
        subscribed = Subscribed.new(aws, tmp_path)
        subscribed.put("warm")
        wait_for(subscribed.delivered)
        (tmp_path / "failing").touch()
        subscribed.put("retried")
        wait_for(lambda: len(subscribed.noted("attempts")) == 2)
        (tmp_path / "failing").unlink()
        subscribed.put("just now")
    finally:
        embedded.stop()

    assert sorted(subscribed.delivered()) == ["just now", "retried", "warm"]
