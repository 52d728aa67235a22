"""The monitor: how many labels a second go through it, and what a million predictions with their labels cost.

`python -m tests.bench.watch` measures the first on an embedded AWS of its own; the second is part of `make bench`.
"""

from __future__ import annotations

import json
import math
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from botocore.httpsession import URLLib3Session

from cli.api import AT_ONCE
from heirloom.adapters.dynamodb.predictions import _item, record_of
from heirloom.adapters.dynamodb.watches import DynamoWatches
from heirloom.core.clock import stamp
from heirloom.core.monitoring.monitor import Monitor
from heirloom.core.monitoring.observation import Outcome, Outcomes
from heirloom.core.monitoring.stream import observations_of
from heirloom.core.prediction.answer import new_ids
from heirloom.core.project.definition import RollingAccuracy, Slo
from local.connection import Connection
from local.launcher import EmbeddedAws
from tests.contract.test_trials import make_table
from tests.embedded import free_port
from tests.local.stack.client import Stack
from tests.unit.monitoring.test_monitor import PROJECT, STANDARD, WINE, World

LABELS = 48_000
IN_A_CALL = 60
"""Observations that the stream delivers at once."""
IN_A_REQUEST = 100
"""Labels that a caller tells at once."""
MILLION = 1_000_000
# List prices of us-east-1, $: https://aws.amazon.com/lambda/pricing/ and the pages of the other services.
LAMBDA_GB_SECOND, LAMBDA_REQUEST = 0.0000133334, 0.20 / MILLION  # on arm64
API_REQUEST, LOG_GB = 1.00 / MILLION, 0.50
WRITE_UNIT = 0.625 / MILLION
FUNCTIONS = ("predict", "record_predictions", "take_labels", "watch_predictions")
CONFIDENT = replace(STANDARD, project=replace(PROJECT, slo=Slo(rolling_accuracy=RollingAccuracy())))


def labels_table(aws: Connection) -> list[str]:
    """Labels a second of the function's own processor: reading the event, judging, writing to DynamoDB."""
    lines = ["| labels in an observation | labels a second of one core | us a label |", "|---|---|---|"]
    for size in (100, 10, 1):
        count = LABELS // (1 if size == 100 else 4 if size == 10 else 20)
        spent = _spent(aws, size, count)
        lines.append(f"| {size} | {count / spent:,.0f} | {1e6 * spent / count:.1f} |")
    return lines


def _spent(aws: Connection, size: int, count: int) -> float:
    """Processor seconds of this process for so many labels."""
    world, now, client, table = World(standard=CONFIDENT), datetime.now(UTC), aws.client("dynamodb"), make_table(aws)
    events = [{"Records": list(each)} for each in _calls(size, count, now)]
    began = time.process_time()
    for event in events:
        observations, _ = observations_of(event, record_of)
        Monitor(DynamoWatches(client, table), world, world, lambda line: None, now).observe(observations)
    spent = time.process_time() - began
    kept = DynamoWatches(client, table).get(WINE)["labels"].document or {}
    assert kept["labelled"] == count
    return spent


def _calls(size: int, count: int, now: datetime) -> Iterator[Iterator[dict[str, Any]]]:
    """What the stream delivers, call by call; of every tenth label the answer was wrong."""
    ids = [new_ids(1, now + timedelta(milliseconds=place))[0] for place in range(count)]
    batches = [ids[start : start + size] for start in range(0, count, size)]
    for start in range(0, len(batches), IN_A_CALL):
        yield (
            {"eventID": batch[0], "dynamodb": {"NewImage": _item(_outcomes(batch, now).to_record())}}
            for batch in batches[start : start + IN_A_CALL]
        )


def _outcomes(ids: Sequence[str], now: datetime) -> Outcomes:
    found = tuple(
        Outcome(each, int(each[-1], 16) != 0, seconds=60.0, slices={"grape": "nero", "place": each[-1]}) for each in ids
    )
    return Outcomes(f"batch-{ids[0]}", "wine", 1, stamp(now), found)


@dataclass(frozen=True)
class Billed:
    """What the functions did, by function: calls, and GB-seconds; and the bytes of predict's log."""

    calls: Counter[str]
    gb_seconds: Counter[str]
    logged: int


def cost_table(stack: Stack, model: str, labelled: Sequence[tuple[dict[str, Any], Any]]) -> list[str]:
    """The bill for a million one-row predictions with labels, from what these rows and labels took here."""
    since = int(time.time() * 1000)
    before = _items(stack)
    ids = _predict(stack, model, [row for row, _ in labelled])
    labels = [{"id": each, "label": label} for each, (_, label) in zip(ids, labelled, strict=True)]
    for start in range(0, len(labels), IN_A_REQUEST):
        stack.label(model, labels[start : start + IN_A_REQUEST])
    time.sleep(10)  # the stream is read to its end
    billed, count = _billed(stack, since), len(labelled)
    units = _write_units(before, _items(stack))
    requests = count + billed.calls["take_labels"]
    costs = {f"API Gateway, {requests / count:.2f} requests a prediction": requests * API_REQUEST}
    for name in FUNCTIONS:
        calls, gb_seconds = billed.calls[name], billed.gb_seconds[name]
        said = f"{name}, {1000 * gb_seconds / calls:.1f} MB-s a call, {count / calls:.1f} predictions a call"
        costs[said] = gb_seconds * LAMBDA_GB_SECOND + calls * LAMBDA_REQUEST
    costs[f"DynamoDB, {units / count:.2f} write units a prediction"] = units * WRITE_UNIT
    costs[f"predict's log, {billed.logged / count / 1000:.2f} KB a prediction"] = billed.logged / 1e9 * LOG_GB
    share = MILLION / count
    lines = ["| a million predictions with labels | $ |", "|---|---|"]
    lines += [f"| {what} | {share * cost:.2f} |" for what, cost in costs.items()]
    return [*lines, f"| together | {share * sum(costs.values()):.2f} |"]


def _predict(stack: Stack, model: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Predictions of one row each, by four callers; their ids."""

    def ask(row: dict[str, Any]) -> str:
        own = replace(stack, http=URLLib3Session(timeout=60, socket_options=AT_ONCE))  # type: ignore[arg-type]
        status, answer = own.predict(model, [row])
        assert status == 200, answer
        return str(answer["predictions"][0]["id"])

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(ask, rows))


def _billed(stack: Stack, since: int) -> Billed:
    """From the REPORT lines that Lambda logs, and the bytes of predict's log."""
    functions, logs = stack.aws.client("lambda"), stack.aws.client("logs")
    calls: Counter[str] = Counter()
    gb_seconds: Counter[str] = Counter()
    logged = 0
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["Handler"].split(".")[2] if function["Handler"].count(".") > 2 else ""
            if name not in FUNCTIONS:
                continue
            group = function["LoggingConfig"]["LogGroup"]
            for events in logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
                for event in events["events"]:
                    logged += len(event["message"]) if name == "predict" else 0
                    if found := re.search(r"Billed Duration: (\d+) ms", event["message"]):
                        calls[name] += 1
                        gb_seconds[name] += int(found[1]) / 1000 * function["MemorySize"] / 1024  # type: ignore[assignment]
    return Billed(calls, gb_seconds, logged)


def _items(stack: Stack) -> dict[tuple[str, str], dict[str, Any]]:
    """All items of the predictions' table; a bench may scan."""
    pages = stack.aws.client("dynamodb").get_paginator("scan").paginate(TableName=stack.outputs["PredictionsTable"])
    return {(item["id"]["S"], item["part"]["S"]): item for page in pages for item in page["Items"]}


def _write_units(before: dict[Any, dict[str, Any]], after: dict[Any, dict[str, Any]]) -> float:
    """A unit is a KB; what a transaction writes counts twice: "DynamoDB read and write operations" in its guide."""
    units = 0.0
    for key, item in after.items():
        size = math.ceil(sum(len(name) + len(json.dumps(value)) for name, value in item.items()) / 1024)
        transacted = 2 if key[1].startswith(("half#", "counted#", "hour#", "batch#")) else 1
        writes = _revision(item) - _revision(before[key]) if key in before else _revision(item)
        units += size * transacted * writes
    return units


def _revision(item: dict[str, Any]) -> int:
    """How often an item was written: those that are written over count it."""
    return int(item["revision"]["N"]) if "revision" in item else 1


def main() -> None:
    """The labels a second."""
    with tempfile.TemporaryDirectory() as folder:
        embedded = EmbeddedAws(Path(folder) / "state", free_port())
        click.echo("\n".join(labels_table(embedded.start(die_with_parent=True))))
        embedded.stop()


if __name__ == "__main__":
    main()
