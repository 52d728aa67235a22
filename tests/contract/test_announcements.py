"""The port Announcements."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from heirloom.adapters.memory import MemoryAnnouncements
from heirloom.adapters.sns import SnsAnnouncements
from heirloom.core.errors import NotFound
from heirloom.core.rollback.announcement import Announcement, Announcements
from local.connection import Connection
from tests.embedded import policy, unique, wait_for

Heard = Callable[[], list[Any]]
TOLD = Announcement(
    "resolved",
    "wine/accuracy/v3/2026-11-23T15:55:00.000Z",
    "wine",
    "version 3 of wine was rolled back to version 2, which answers: größer",
    {"value": 0.8, "threshold": 0.85, "checks": [{"name": "steady", "passed": True}], "retraining": None},
)


def on_sns(aws: Connection) -> tuple[Announcements, Heard]:
    """A topic, and what a queue that subscribes to it gets."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name=unique("pages"))["TopicArn"]
    url = sqs.create_queue(QueueName=unique("heard"))["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(allow)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)

    def heard() -> list[Any]:
        found: list[Any] = wait_for(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
        return [json.loads(json.loads(each["Body"])["Message"]) for each in found]

    return SnsAnnouncements(sns, topic), heard


def in_memory() -> tuple[Announcements, Heard]:
    announcements = MemoryAnnouncements()
    return announcements, lambda: announcements.published


@pytest.mark.parametrize("place", ["memory", "aws"])
def test_what_is_told_is_heard_as_it_was_told(place: str, request: pytest.FixtureRequest) -> None:
    announcements, heard = in_memory() if place == "memory" else on_sns(request.getfixturevalue("aws"))

    announcements.publish(TOLD.to_document())

    assert heard() == [TOLD.to_document()]


def test_says_so_when_there_is_no_topic(aws: Connection) -> None:
    nowhere = f"arn:aws:sns:us-east-1:{aws.account_id}:nowhere"

    with pytest.raises(NotFound, match="telling the pager"):
        SnsAnnouncements(aws.client("sns"), nowhere).publish(TOLD.to_document())
