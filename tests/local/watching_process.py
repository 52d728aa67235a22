"""Watches observations as Lambda would have a function do it: batch after batch, each again until it has succeeded.

A program of its own, so that it can be killed: ``python -m tests.local.watching_process FILE``. FILE has the endpoint,
the table and the batches; beside it, FILE.done counts the batches that are done, as the stream's checkpoint does.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3

from heirloom.adapters.dynamodb.predictions import record_of
from heirloom.adapters.dynamodb.watches import DynamoWatches
from heirloom.core.monitoring.monitor import Monitor
from heirloom.core.monitoring.stream import observations_of
from tests.unit.monitoring.test_monitor import World


def monitor(client: Any, table: str, skew: float = 0.0) -> Monitor:
    """The monitor on this table, with a clock that is wrong by so many seconds."""
    world = World()
    now = datetime.now(UTC) + timedelta(seconds=skew)
    return Monitor(DynamoWatches(client, table), world, world, lambda line: None, now)


def main(file: Path) -> None:
    """Go on where the last one was killed."""
    told = json.loads(file.read_text())
    done = file.with_suffix(".done")
    client = boto3.client("dynamodb", **told["client"])
    for place in range(int(done.read_text()) if done.exists() else 0, len(told["batches"])):
        observations, unreadable = observations_of({"Records": told["batches"][place]}, record_of)
        assert not unreadable
        monitor(client, told["table"]).observe(observations)
        scratch = file.with_suffix(".new")
        scratch.write_text(str(place + 1))
        scratch.replace(done)  # at once: it may be killed here, too


if __name__ == "__main__":
    main(Path(sys.argv[1]))
