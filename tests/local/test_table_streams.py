"""Who follows a table's stream misses nothing of it when the embedded AWS is stopped and started.

AWS page: "Change data capture for DynamoDB Streams".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.embedded import free_port, unique, wait_for
from tests.local.functions import Functions

SOURCE = """
def handler(event, context):
    for record in event["Records"]:
        print("GOT", record["dynamodb"]["Keys"]["id"]["S"])
"""


def followed_table(aws: Connection) -> tuple[str, str]:
    """A table whose new items a function logs; its name, and the function's."""
    table, function = unique("followed"), Functions.on(aws).make(SOURCE).rpartition(":")[2]
    made = aws.client("dynamodb").create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    aws.client("lambda").create_event_source_mapping(
        FunctionName=function,
        EventSourceArn=made["TableDescription"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
    )
    return table, function


def put(aws: Connection, table: str, *ids: str) -> None:
    for each in ids:
        aws.client("dynamodb").put_item(TableName=table, Item={"id": {"S": each}})


def got(aws: Connection, function: str) -> list[str]:
    logs, group = aws.client("logs"), f"/aws/lambda/{function}"
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    pages: Any = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    lines = [event["message"] for page in pages for event in page["events"]]
    return [line.split()[1] for line in lines if line.startswith("GOT")]


def test_what_is_written_before_a_stop_and_after_a_start_is_delivered(tmp_path: Path) -> None:
    embedded = EmbeddedAws(tmp_path / "state", free_port())
    aws = embedded.start(die_with_parent=True)
    table, function = followed_table(aws)
    put(aws, table, *"abcde")
    embedded.stop()

    again = embedded.start(die_with_parent=True)
    put(again, table, "f", "g")

    wait_for(lambda: set(got(again, function)) == set("abcdefg"), 30)
    assert sorted(got(again, function)) == sorted("abcdefg")
    embedded.stop()
