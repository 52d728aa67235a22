"""The monitor on the embedded DynamoDB: the table throttles, the clock is wrong, it is killed; and all counts once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from heirloom.adapters.dynamodb.predictions import _item
from heirloom.adapters.dynamodb.watches import DynamoWatches
from heirloom.core.errors import Unavailable
from heirloom.core.monitoring.observation import Outcomes
from heirloom.core.monitoring.watch import LABELS
from local.connection import Connection
from tests.contract.test_trials import make_table
from tests.local.watching_process import monitor
from tests.unit.monitoring.test_monitor import WINE, World, outcomes

BATCHES = [[outcomes(f"{batch}-{place}", 7, 1) for place in range(5)] for batch in range(24)]
LABELLED = 8 * 5 * 24


def labels_on(aws: Connection, table: str) -> dict[str, Any]:
    return dict(DynamoWatches(aws.client("dynamodb"), table).get(WINE)[LABELS].document or {})


def expected() -> dict[str, Any]:
    world = World()
    for batch in BATCHES:
        world.observe(*batch)
    return world.labels()


def counted_alike(found: dict[str, Any]) -> None:
    """All labels, each once, and the same window as if nothing had happened."""
    wanted = expected()
    assert found["labelled"] == LABELLED
    assert found["slices"] == wanted["slices"]
    assert found["accuracy"]["window"] == wanted["accuracy"]["window"]


class Throttled:
    """Answers some requests as a table that is throttled does; of others the answer is lost on its way."""

    def __init__(self, client: Any, seed: int) -> None:
        self._random = random.Random(seed)
        self.refused = self.lost = 0
        client.meta.events.register("before-send.dynamodb", self.refuse)
        client.meta.events.register("response-received.dynamodb", self.lose)

    def refuse(self, request: Any, **_: Any) -> AWSResponse | None:
        if self._random.random() > 0.3:
            return None
        self.refused += 1
        body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow down"})
        raw = type("Raw", (), {"stream": lambda self, **_: [body.encode()]})()
        return AWSResponse(request.url, 400, {"content-type": "application/x-amz-json-1.0"}, raw)

    def lose(self, **_: Any) -> None:
        """The write is done, and who asked for it is not told."""
        if self._random.random() < 0.05:
            self.lost += 1
            raise Unavailable("the answer was lost")


def test_a_throttled_table_and_lost_answers_lose_and_double_nothing(aws: Connection) -> None:
    table = make_table(aws)
    client = aws.client("dynamodb")
    throttled = Throttled(client, seed=5)

    for batch in BATCHES:
        again(lambda batch=batch: monitor(client, table).observe(batch))  # type: ignore[misc]

    assert throttled.refused > 15
    assert throttled.lost > 1
    counted_alike(labels_on(aws, table))


def again(call: Any) -> None:
    """As Lambda does with a batch of a stream that has failed."""
    for _ in range(200):
        try:
            call()
        except Unavailable:
            continue
        return
    raise AssertionError("it never succeeded")


@pytest.mark.parametrize("skew", [-60.0, 60.0])
def test_a_clock_that_is_a_minute_wrong_changes_no_count(aws: Connection, skew: float) -> None:
    table, right = make_table(aws), random.Random(1)
    client = aws.client("dynamodb")

    for batch in BATCHES[:12]:
        monitor(client, table, skew if right.random() < 0.5 else 0.0).observe(batch)

    assert labels_on(aws, table)["labelled"] == LABELLED // 2


def test_killed_in_the_midst_again_and_again_it_loses_and_doubles_nothing(aws: Connection, tmp_path: Path) -> None:
    table, file, source = make_table(aws), tmp_path / "batches.json", random.Random(9)
    client = {
        "endpoint_url": aws.endpoint_url,
        "region_name": aws.region,
        "aws_access_key_id": aws.access_key_id,
        "aws_secret_access_key": aws.secret_access_key,
    }
    file.write_text(json.dumps({"client": client, "table": table, "batches": [events(batch) for batch in BATCHES]}))
    killed = 0
    while True:
        process = subprocess.Popen([sys.executable, "-m", "tests.local.watching_process", str(file)])
        began = at(file)
        deadline = time.monotonic() + 30
        while process.poll() is None and at(file) < began + source.randint(3, 9) and time.monotonic() < deadline:
            time.sleep(source.random() * 0.02)
        if process.poll() is not None:
            assert process.returncode == 0
            break
        process.kill()
        process.wait()
        killed += 1

    assert killed >= 3
    counted_alike(labels_on(aws, table))


def at(file: Path) -> int:
    """How many batches are done."""
    done = file.with_suffix(".done")
    return int(done.read_text()) if done.exists() else 0


def events(batch: list[Outcomes]) -> list[dict[str, Any]]:
    return [{"eventID": each.name, "dynamodb": {"NewImage": _item(each.to_record())}} for each in batch]
