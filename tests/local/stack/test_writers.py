"""Eight writers at once on the deployed stack, who send some of their batches twice; and the packing that follows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from heirloom.adapters.dynamodb.documents import DynamoDocuments
from tests.embedded import wait_for
from tests.local.stack.client import Stack

pytestmark = pytest.mark.xdist_group("stack")
WRITERS, RUNS, ENOUGH = 8, 100, 256
ROOT = "/api/2.0/mlflow"


def post(stack: Stack, path: str, **body: Any) -> Any:
    status, answer = stack.call("POST", f"{ROOT}/{path}", body)
    assert status == 200, answer
    return answer


def get(stack: Stack, path: str) -> Any:
    status, answer = stack.call("GET", f"{ROOT}/{path}")
    assert status == 200, answer
    return answer


def begin(stack: Stack, experiment: str) -> str:
    return str(post(stack, "runs/create", experiment_id=experiment, start_time=1)["run"]["info"]["run_id"])


def write(stack: Stack, writer: int, runs: Sequence[str]) -> None:
    """A point of its own and one of a common metric in each, at a step that is the writer's; some twice."""
    for place, run in enumerate(runs):
        points = [
            {"key": key, "value": writer + place / 1000, "timestamp": 1000 + writer, "step": writer}
            for key in (f"own-{writer}", "common")
        ]
        batch = {"metrics": points, "params": [{"key": f"writer-{writer}", "value": str(place)}]}
        for _ in range(1 + (place % 5 == writer % 5)):
            post(stack, "runs/log-batch", run_id=run, **batch)


def together(act: Callable[[int], object]) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(act, range(WRITERS)))


def check(stack: Stack, run: str, place: int) -> None:
    """Every writer's points and parameters are there, once; the newest is of the greatest step."""
    data = get(stack, f"runs/get?run_id={run}")["run"]["data"]
    newest = {each["key"]: each["value"] for each in data["metrics"]}
    assert newest == {f"own-{n}": n + place / 1000 for n in range(WRITERS)} | {"common": WRITERS - 1 + place / 1000}
    assert {each["key"]: each["value"] for each in data["params"]} == {
        f"writer-{n}": str(place) for n in range(WRITERS)
    }
    history = get(stack, f"metrics/get-history?run_id={run}&metric_key=common")["metrics"]
    assert [each["step"] for each in history] == list(range(WRITERS))


def test_eight_writers_lose_nothing_double_nothing_and_what_ended_is_packed(stack: Stack) -> None:
    experiment = str(post(stack, "experiments/create", name="eight writers")["experiment_id"])
    one = begin(stack, experiment)
    together(lambda writer: write(stack, writer, [one]))
    check(stack, one, 0)

    runs = [begin(stack, experiment) for _ in range(RUNS)]
    together(lambda writer: write(stack, writer, runs))
    for place in (0, 1, 50, RUNS - 1):
        check(stack, runs[place], place)

    more = ENOUGH - RUNS
    together(lambda writer: runs.extend(begin(stack, experiment) for _ in range(more // WRITERS + 1)))
    together(lambda writer: [end(stack, run) for run in itertools.islice(runs, writer, None, WRITERS)])
    blocks = wait_for(lambda: packed(stack, experiment))

    assert sum(block["rows"] for block in blocks) >= ENOUGH
    found = search(stack, experiment, "metrics.common >= 7.05 AND params.`writer-3` != '60'", "metrics.common DESC")
    assert found == [run for place, run in reversed(list(enumerate(runs[:RUNS]))) if place >= 50 and place != 60]
    post(stack, "runs/set-tag", run_id=runs[70], key="kept", value="yes")
    assert search(stack, experiment, "tags.kept = 'yes'") == [runs[70]]


def end(stack: Stack, run: str) -> None:
    post(stack, "runs/update", run_id=run, status="FINISHED", end_time=2000)


def search(stack: Stack, experiment: str, text: str, *order_by: str) -> list[str]:
    answer = post(stack, "runs/search", experiment_ids=[experiment], filter=text, order_by=order_by)
    return [run["info"]["run_id"] for run in answer.get("runs", [])]


def packed(stack: Stack, experiment: str) -> list[dict[str, Any]]:
    """The blocks that the function made of what ended."""
    dynamodb = stack.aws.client("dynamodb")
    table = next(name for name in dynamodb.list_tables()["TableNames"] if "TrackingTable" in name)
    manifest = DynamoDocuments(dynamodb, table).get("blocks", experiment)
    return list(manifest.data["blocks"]) if manifest else []
