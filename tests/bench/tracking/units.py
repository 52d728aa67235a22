"""What a call of the protocol asks of DynamoDB: requests and units, as AWS bills them, and what 1,000 runs cost.

The function's own code runs here over the embedded DynamoDB, and each request and answer is measured: a write unit a KB
of an item, twice that in a transaction; a read unit for 4 KB that are read consistently, by item in GetItem and
BatchGetItem, of all that is read in Query.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import base64
import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers import track_experiments
from tests.bench.tracking.runs import SEARCHES
from tests.bench.watch import API_REQUEST, LAMBDA_GB_SECOND, LAMBDA_REQUEST, WRITE_UNIT
from tests.unit.tracking.server import event_of

READ_UNIT = 0.125 / 1_000_000
GB = 1769 / 1024
"""What infra/tracking.py gives the function."""
RUNS, POINTS, BATCH = 1_000, 10_000, 100


@dataclass
class Spent:
    """Mutable: what was asked since it was made."""

    requests: int = 0
    reads: float = 0.0
    writes: float = 0.0
    seconds: float = 0.0

    @property
    def dollars(self) -> float:
        """Of a call, with its function and its API."""
        served = self.seconds * GB * LAMBDA_GB_SECOND + LAMBDA_REQUEST + API_REQUEST
        return self.reads * READ_UNIT + self.writes * WRITE_UNIT + served


class Meter:
    """Counts what goes through a DynamoDB client."""

    def __init__(self, client: Any) -> None:
        self.spent = Spent()
        client.meta.events.register("before-parameter-build.dynamodb", self._asked)
        client.meta.events.register("after-call.dynamodb", self._answered)

    @contextmanager
    def counting(self) -> Iterator[Spent]:
        """What is asked meanwhile, and the processor's seconds of this process."""
        self.spent, began = Spent(), time.process_time()
        spent = self.spent
        yield spent
        spent.seconds = time.process_time() - began

    def _asked(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        self.spent.requests += 1
        items = [change["Put"]["Item"] for change in params.get("TransactItems", []) if "Put" in change]
        self.spent.writes += 2 * sum(map(_write_units, items))
        if model.name == "PutItem":
            self.spent.writes += _write_units(params["Item"])
        if model.name == "BatchWriteItem":
            puts = [each["PutRequest"]["Item"] for some in params["RequestItems"].values() for each in some]
            self.spent.writes += sum(map(_write_units, puts))

    def _answered(self, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        if model.name == "GetItem":
            self.spent.reads += _read_units(_size(parsed.get("Item", {})))
        if model.name == "BatchGetItem":
            items = [item for some in parsed.get("Responses", {}).values() for item in some]
            self.spent.reads += sum(_read_units(_size(item)) for item in items)
        if model.name == "Query":
            self.spent.reads += _read_units(sum(map(_size, parsed.get("Items", []))))


def table(meter: Meter, tracking: Tracking, experiments: Mapping[int, str]) -> list[str]:
    """A row a call; ``experiments`` are by how many runs they have."""
    rows = [
        "| call | DynamoDB requests | read units | write units | processor ms | $ a million |",
        "|---|---|---|---|---|---|",
    ]
    experiment = str(_ask(tracking, "experiments/create", {"name": "units"})["experiment_id"])
    begun, run = _metered(meter, tracking, "runs/create", {"experiment_id": experiment, "start_time": 1})
    rows.append(_row("create a run", begun))
    identity = run["run"]["info"]["run_id"]
    one = {"run_id": identity, "key": "loss", "value": 0.5, "timestamp": 1}
    rows.append(_row("log a metric", _metered(meter, tracking, "runs/log-metric", one)[0]))
    batches = [_metered(meter, tracking, "runs/log-batch", batch(identity, step))[0] for step in range(1, 6)]
    rows.append(_row(f"log-batch of {BATCH} metrics", batches[-1]))
    ended, _ = _metered(meter, tracking, "runs/update", {"run_id": identity, "status": "FINISHED"})
    rows.append(_row("end a run", ended))
    for count, experiment in experiments.items():
        for search in SEARCHES:
            asked = {"experiment_ids": [experiment], "filter": search.filter, "order_by": search.order_by}
            spent, _ = _metered(meter, tracking, "runs/search", {**asked, "max_results": 100})
            rows.append(_row(f"{search.name}, {count:,} runs", spent))
    calls = POINTS // BATCH
    bill = RUNS * (begun.dollars + ended.dollars + calls * batches[-1].dollars)
    return [*rows, "", f"{RUNS:,} runs of {POINTS:,} points each, {BATCH} a request: ${bill:.2f}, once."]


def batch(run: str, step: int) -> dict[str, Any]:
    """A hundred metrics of a step."""
    points = [
        {"key": f"metric_{key}", "value": step / 7 + key, "timestamp": 1_764_000_000_000 + step, "step": step}
        for key in range(BATCH)
    ]
    return {"run_id": run, "metrics": points}


def _metered(meter: Meter, tracking: Tracking, path: str, body: Mapping[str, Any]) -> tuple[Spent, Any]:
    with meter.counting() as spent:
        answer = _ask(tracking, path, body)
    return spent, answer


def _ask(tracking: Tracking, path: str, body: Mapping[str, Any]) -> Any:
    event = event_of("POST", f"/api/2.0/mlflow/{path}", body=json.dumps(body))
    return json.loads(track_experiments.handle(event, tracking, MemoryArtifacts(tracking.artifact_root))["body"])


def _row(name: str, spent: Spent) -> str:
    units = f"{spent.requests} | {spent.reads:,.0f} | {spent.writes:,.0f} | {1000 * spent.seconds:.0f}"
    return f"| {name} | {units} | {1e6 * spent.dollars:.2f} |"


def _size(item: Mapping[str, Any]) -> int:
    return sum(len(name.encode()) + _length(value) for name, value in item.items())


def _length(value: Mapping[str, Any]) -> int:
    ((kind, told),) = value.items()
    if kind == "B":
        return len(told if isinstance(told, bytes) else base64.b64decode(told))
    return len(str(told).encode())


def _write_units(item: Mapping[str, Any]) -> int:
    return math.ceil(_size(item) / 1024)


def _read_units(size: int) -> int:
    return max(1, math.ceil(size / 4096))
