"""Each function reads a table's stream by itself: a slow or failing one keeps no other waiting.

AWS page: "How Lambda processes records from stream and queue-based event sources".
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from local.connection import Connection
from tests.embedded import unique, wait_for
from tests.local.functions import Functions

FOLLOWER = """
import json, pathlib, time
FOLDER = pathlib.Path({folder!r})

def handler(event, context):
    if {slow}:
        while (FOLDER / "slow").exists():
            time.sleep(0.05)
    ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    with open(FOLDER / {name!r}, "a") as noted:
        noted.write(json.dumps(ids) + "\\n")
    if {slow} and (FOLDER / "failing").exists():
        raise RuntimeError("PagerDuty is out of order")
"""


class Followed:
    """A table with two followers, one of which is slow or fails while there is a file that says so."""

    def __init__(self, aws: Connection, folder: Path) -> None:
        self.aws, self.folder, self.table = aws, folder, unique("followed")
        made = aws.client("dynamodb").create_table(
            TableName=self.table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        functions = Functions.on(aws)
        for name, slow in (("slowly", True), ("quickly", False)):
            function = functions.make(FOLLOWER.format(folder=str(folder), name=name, slow=slow))
            aws.client("lambda").update_function_configuration(FunctionName=function, Timeout=60)
            pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["wanted"]}}}}
            aws.client("lambda").create_event_source_mapping(
                FunctionName=function,
                EventSourceArn=made["TableDescription"]["LatestStreamArn"],
                StartingPosition="TRIM_HORIZON",
                FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]},
            )

    def put(self, identity: str, kind: str = "wanted") -> None:
        self.aws.client("dynamodb").put_item(
            TableName=self.table, Item={"id": {"S": identity}, "kind": {"S": kind}, "at": {"S": str(time.time())}}
        )

    def got(self, name: str) -> list[list[str]]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def ids(self, name: str) -> list[Any]:
        return [each for batch in self.got(name) for each in batch]


def test_a_slow_function_keeps_no_other_waiting(aws: Connection, tmp_path: Path) -> None:
    (tmp_path / "slow").touch()
    followed = Followed(aws, tmp_path)

    for identity in "abc":
        followed.put(identity)
        wait_for(lambda identity=identity: identity in followed.ids("quickly"), 20)  # type: ignore[misc]
    assert followed.ids("slowly") == []
    (tmp_path / "slow").unlink()

    wait_for(lambda: len(followed.ids("slowly")) == 3, 20)
    assert followed.ids("slowly") == followed.ids("quickly") == ["a", "b", "c"]


def test_what_fails_is_tried_again_and_in_order(aws: Connection, tmp_path: Path) -> None:
    (tmp_path / "failing").touch()
    followed = Followed(aws, tmp_path)
    followed.put("a")
    wait_for(lambda: len(followed.got("slowly")) >= 2, 20)
    followed.put("b")
    wait_for(lambda: "b" in followed.ids("quickly"), 20)
    (tmp_path / "failing").unlink()

    wait_for(lambda: "b" in followed.ids("slowly"), 20)
    assert followed.ids("slowly").index("a") < followed.ids("slowly").index("b")
    assert followed.ids("quickly") == ["a", "b"]


def test_what_nobody_wants_invokes_nobody(aws: Connection, tmp_path: Path) -> None:
    followed = Followed(aws, tmp_path)

    followed.put("a", "unwanted")
    followed.put("b")
    wait_for(lambda: followed.ids("quickly"), 20)
    followed.put("b")  # a MODIFY

    time.sleep(2)
    assert followed.ids("quickly") == ["b"]
