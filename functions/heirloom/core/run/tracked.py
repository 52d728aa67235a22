"""A run of the pipeline as a run of its model's experiment: what core/run/record.py says of it, as a document. Pure.

Its id is made of the pipeline's, so it is the same however often a step is repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from heirloom.core.errors import Conflict, NotFound
from heirloom.core.run.record import FAILURE_TAG, Record
from heirloom.core.tracking import experiments, limits
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Data, Document
from heirloom.core.tracking.history import document_of
from heirloom.core.tracking.ids import partition_of_run, run_id
from heirloom.core.tracking.index.open_runs import changed
from heirloom.core.tracking.run import Point, unlogged
from heirloom.core.tracking.tracking import Tracking

SUPERSEDED_TAG = "heirloom.superseded"
"""Why the version of a run does not serve, though nothing failed."""


@dataclass(frozen=True)
class Ending:
    """``status`` in MLflow's words; ``tags`` say why."""

    status: str
    tags: Mapping[str, str] = field(default_factory=dict)


def milliseconds(at: str) -> int:
    """Since 1970, of a moment as core/clock.py stamps it."""
    return round(datetime.fromisoformat(at).timestamp() * 1000)


def experiment_of(model: str, tracking: Tracking) -> str:
    """The id of the experiment with the model's name, which is made when there is none; of a deleted one, too."""
    named = Asked({"name": model, "experiment_name": model})
    try:
        return str(experiments.get_by_name(named, tracking)["experiment"]["experiment_id"])
    except NotFound:
        pass
    try:
        return str(experiments.create(named, tracking)["experiment_id"])
    except Conflict:
        return str(experiments.get_by_name(named, tracking)["experiment"]["experiment_id"])


def begin(run: str, record: Record, experiment: str, artifact_root: str, at: int) -> Document:
    """A new run: its files are always below the stack's own root, wherever people have an experiment's kept."""
    identity = run_id(experiment, hashlib.sha256(run.encode()).hexdigest()[:32])
    where = f"{artifact_root}/{experiment}/{identity}/artifacts"
    data = unlogged(identity, experiment, record.name, record.tags.get("mlflow.user", ""), at, where)
    return Document(partition_of_run(identity), identity, _told(data, record))


def logged(run: Document, record: Record, at: int) -> tuple[Document, ...]:
    """The run as it ended, with all that is logged, and the points of its metrics as its history keeps them."""
    points = [Point(key, value, at) for key, value in record.metrics.items()]
    known = {**run.data, "metrics": {**run.data["metrics"], **{point.key: point.to_document() for point in points}}}
    data = ended(_told(known, record), Ending(record.status), at)
    return *changed(run, data), document_of(run.id, points)


def ended(run: Data, ending: Ending, at: int) -> Data:
    """Its status, why, and when: an end that was told before stays, unless it was another one."""
    kept = {key: value for key, value in run["tags"].items() if key not in (FAILURE_TAG, SUPERSEDED_TAG)}
    why = {key: limits.shortened(limits.TAG, value) for key, value in ending.tags.items()}
    info = run["info"]
    if info["status"] != ending.status:
        info = {**info, "status": ending.status, "end_time": at}
    return {**run, "info": info, "tags": {**kept, **why}}


def _told(run: Data, record: Record) -> dict[str, Any]:
    """What a record says before its end, over what people have logged to the run themselves."""
    params = {key: limits.shortened(limits.PARAM, value) for key, value in record.params.items()}
    tags = {key: limits.shortened(limits.TAG, value) for key, value in record.tags.items()}
    inputs = {"dataset_inputs": list(record.inputs)} if record.inputs else {}
    return {
        **run,
        "params": {**run["params"], **params},
        "tags": {**run["tags"], **tags},
        "inputs": {**run["inputs"], **inputs},
    }
