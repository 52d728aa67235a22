"""Ours: the deployed stack on the embedded AWS, and the runs that its table is filled with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from heirloom.adapters.dynamodb.documents import DynamoDocuments
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.ids import partition_of_run, run_id
from heirloom.core.tracking.index.open_runs import mark
from heirloom.core.tracking.index.pack import pack
from heirloom.core.tracking.tracking import Tracking
from local.connection import session
from tests.bench.tracking.client import Server
from tests.bench.tracking.runs import Run, runs
from tests.local.stack.client import Stack

AT_ONCE = 2_000


def server(stack: Stack) -> Server:
    """Where it answers."""
    url, credentials = stack.aws.api_url(stack.outputs["ApiId"]), session(stack.aws).get_credentials()
    return Server("heirloom", url, credentials, stack.aws.region)


def fill(there: Server, kept: DynamoDocuments, count: int) -> str:
    """An experiment with so many runs, as the function leaves them once they have ended; its id.

    Written past the API, a hundred times as fast, and packed by the function's own code.
    """
    experiment = str(there.connect()("experiments/create", {"name": f"bench-{count}"})["experiment_id"])
    waiting: list[Document] = []
    for run in runs(count):
        waiting.append(_document(experiment, run))
        if len(waiting) == AT_ONCE:
            _write(kept, waiting)
            waiting = []
    _write(kept, waiting)
    pack(experiment, Tracking(kept, "s3://bench", lambda: datetime.now(UTC), lambda: uuid.uuid4().hex))
    return experiment


def _write(kept: DynamoDocuments, written: Sequence[Document]) -> None:
    kept.put(*(mark(each) for each in written))
    kept.put(*written)


def _document(experiment: str, run: Run) -> Document:
    identity = run_id(experiment, run.drawn)
    info = {
        "run_id": identity,
        "run_uuid": identity,
        "run_name": run.tags["mlflow.runName"],
        "experiment_id": experiment,
        "user_id": "bench",
        "status": run.status,
        "start_time": run.start,
        "end_time": run.end,
        "artifact_uri": f"s3://bench/{experiment}/{identity}/artifacts",
        "lifecycle_stage": "active",
    }
    points = {key: {"key": key, "value": value, "timestamp": run.end, "step": 0} for key, value in run.metrics.items()}
    data = {"info": info, "tags": run.tags, "params": run.params, "metrics": points, "inputs": {}, "outputs": []}
    return Document(partition_of_run(identity), identity, data)
