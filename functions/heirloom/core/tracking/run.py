"""A run as it is kept and as it is told; whether it may be written to. Pure but for the reading.

Its document: ``info`` as MLflow tells it, ``params`` and ``tags`` by key, of each metric the newest point, ``inputs``
and ``outputs``. Other points are in its history (history.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core.errors import Invalid, NotFound
from heirloom.core.tracking.documents import Data, Document, change_beside
from heirloom.core.tracking.experiments import ACTIVE, DELETED
from heirloom.core.tracking.ids import key_of_deleted, partition_of_run
from heirloom.core.tracking.index.open_runs import changed
from heirloom.core.tracking.search.row import Row
from heirloom.core.tracking.tracking import Answer, Tracking

NAME_TAG = "mlflow.runName"
STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")


@dataclass(frozen=True)
class Point:
    """A value of a metric, at a time (ms since 1970) and a step; of a logged model and a dataset where it is of one."""

    key: str
    value: float
    timestamp: int
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""

    @property
    def newer(self) -> tuple[int, int, float]:
        """Of two points of a metric that of the greater is the newer one: NaN is before all numbers."""
        return self.step, self.timestamp, self.value if self.value == self.value else float("-inf")

    def to_document(self) -> dict[str, Any]:
        """Plain JSON, as MLflow tells it."""
        told = {"key": self.key, "value": self.value, "timestamp": self.timestamp, "step": self.step}
        of = {"model_id": self.model_id, "dataset_name": self.dataset_name, "dataset_digest": self.dataset_digest}
        return told | {name: value for name, value in of.items() if value}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Point:
        """What ``to_document`` wrote."""
        return cls(**document)


def unlogged(identity: str, experiment: str, name: str, user: str, at: int, artifact_uri: str) -> Data:
    """A new run to which nothing is logged yet; ``at`` in ms since 1970."""
    info = {
        "run_id": identity,
        "run_uuid": identity,
        "run_name": name,
        "experiment_id": experiment,
        "user_id": user,
        "status": "RUNNING",
        "start_time": at,
        "artifact_uri": artifact_uri,
        "lifecycle_stage": ACTIVE,
    }
    return {"info": info, "tags": {NAME_TAG: name}, "metrics": {}, "params": {}, "inputs": {}, "outputs": []}


def found(identity: str, tracking: Tracking) -> Document:
    """The run's document. Raises NotFound."""
    document = tracking.documents.get(partition_of_run(identity), identity)
    if document is None:
        raise NotFound(f"Run with id={identity} not found")
    return document


def alter(identity: str, tracking: Tracking, new: Callable[[Data], Data]) -> None:
    """Write what ``new`` makes of an active run. Raises NotFound, Invalid, and what ``new`` raises."""

    def altered(document: Document | None, deleted: Document | None) -> list[Document]:
        if document is None:
            raise NotFound(f"Run with id={identity} not found")
        _check_active(document.data, deleted)
        data = new(document.data)
        return [] if data == document.data else changed(document, data)

    change_beside(tracking.documents, (partition_of_run(identity), identity), key_of_deleted(identity), altered)


def _check_active(run: Data, deleted: Document | None) -> None:
    """Raises Invalid for a run that is deleted, or whose experiment is."""
    info = run["info"]
    with_experiment = deleted is not None and info["experiment_id"] in deleted.data["experiments"]
    stage = DELETED if with_experiment else info["lifecycle_stage"]
    if stage != ACTIVE:
        raise Invalid(f"The run {info['run_id']} must be in the 'active' state. Current state is {stage}.")


def told(run: Data, stage: str = ACTIVE) -> Answer:
    """As MLflow tells it; ``stage`` is its experiment's."""
    info = run["info"] if stage == ACTIVE else {**run["info"], "lifecycle_stage": stage}
    data = {
        "metrics": list(run["metrics"].values()),
        "params": pairs(run["params"]),
        "tags": pairs(run["tags"]),
    }
    inputs = {name: value for name, value in run["inputs"].items() if value}
    outputs = {"model_outputs": run["outputs"]} if run["outputs"] else {}
    return {"info": info, "data": {name: value for name, value in data.items() if value}, "inputs": inputs} | (
        {"outputs": outputs} if outputs else {}
    )


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    """As MLflow tells tags and parameters."""
    return [{"key": key, "value": value} for key, value in values.items()]


def row(run: Data) -> Row:
    """What a search can ask of it."""
    return Row(
        attributes=run["info"],
        metrics={key: point["value"] for key, point in run["metrics"].items()},
        params=run["params"],
        tags=run["tags"],
        datasets=[_dataset(each) for each in run["inputs"].get("dataset_inputs", [])],
    )


def _dataset(given: Mapping[str, Any]) -> dict[str, str]:
    contexts = [tag["value"] for tag in given.get("tags", []) if tag["key"] == "mlflow.data.context"]
    dataset = given["dataset"]
    return {"name": dataset["name"], "digest": dataset["digest"], **({"context": contexts[0]} if contexts else {})}
