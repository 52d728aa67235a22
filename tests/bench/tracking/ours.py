"""Ours: the deployed stack on the embedded AWS, and the runs that its table is filled with."""

from __future__ import annotations

import itertools
import time
import uuid
from datetime import UTC, datetime

from heirloom.adapters.dynamodb.documents import DynamoDocuments
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.ids import partition_of_run, run_id
from heirloom.core.tracking.index.open_runs import mark, partition_of_marks
from heirloom.core.tracking.index.pack import USUAL, pack
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
    """An experiment with so many runs, as the function leaves them once they have ended and are packed; its id.

    Written past the API, a hundred times as fast: runs first, since a mark of none is taken away.
    """
    experiment = str(there.connect()("experiments/create", {"name": f"bench-{count}"})["experiment_id"])
    tracking = Tracking(kept, "s3://bench", lambda: datetime.now(UTC), lambda: uuid.uuid4().hex)
    made = runs(count)
    while some := [_document(experiment, run) for run in itertools.islice(made, AT_ONCE)]:
        kept.put(*some)
        kept.put(*map(mark, some))
        pack(experiment, tracking)
    while sum(1 for _ in kept.of(partition_of_marks(experiment))) >= USUAL.least:
        pack(experiment, tracking)  # nothing, where the stack's own function is at it
        time.sleep(1)
    return experiment


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
