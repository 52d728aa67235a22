"""A kept run into the tracking store of a stack, whole and once, through MLflow's protocol (docs/tracking.md).

A run's own id is the client token that it is made with, by which a repeated request is known. Each step after that can
be repeated, and the status, which is written last, says that all others are done. So whatever was killed or lost its
answer is sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from cli.api import call
from cli.kept import Kept
from cli.session import Session
from heirloom.core.errors import Conflict, NotFound
from heirloom.core.run.record import RUN_TAG
from heirloom.core.storage import Location
from heirloom.core.tracking.limits import ENTITIES, PARAMS, TAGS

_ROOT = "/api/2.0/mlflow/"
_AT_ONCE = 8


class Store(Protocol):
    """A tracking store, known by the ``address`` of its API. Each method raises errors of heirloom.core or botocore."""

    address: str

    def call(self, method: str, path: str, body: object = None) -> Any:
        """What the protocol answers."""

    def put(self, location: Location, file: Path) -> None:
        """Create or replace an object with the file."""


class StackStore:
    """The one of the stack that a session is for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._s3 = session.client("s3")
        self.address = session.output("ApiUrl")

    def call(self, method: str, path: str, body: object = None) -> Any:
        return call(self._session, method, path, body)

    def put(self, location: Location, file: Path) -> None:
        self._s3.upload_file(str(file), location.bucket, location.key)


def log(kept: Kept, store: Store) -> str:
    """Have the run in the store as it is kept here; its id there. Repeated, it changes nothing.

    One that somebody has deleted there is left so.
    """
    experiment = _experiment(kept.record.experiment, store)
    info = _created(kept, experiment, store)["info"]
    if info["status"] == "RUNNING" and info["lifecycle_stage"] == "active":
        _fill(kept, info, store)
    return str(info["run_id"])


def _experiment(name: str, store: Store) -> str:
    """The id of the experiment of this name, made where there is none."""
    asked = f"{_ROOT}experiments/get-by-name?experiment_name={quote(name, safe='')}"
    try:
        return str(store.call("GET", asked)["experiment"]["experiment_id"])
    except NotFound:
        pass
    try:
        return str(store.call("POST", f"{_ROOT}experiments/create", {"name": name})["experiment_id"])
    except Conflict:  # somebody was quicker
        return str(store.call("GET", asked)["experiment"]["experiment_id"])


def _created(kept: Kept, experiment: str, store: Store) -> Any:
    """The run, also if it was begun before."""
    asked = {
        "experiment_id": experiment,
        "run_name": kept.record.name,
        "user_id": kept.record.tags.get("mlflow.user", ""),
        "start_time": kept.started_at,
        "tags": _pairs({RUN_TAG: kept.id}),
        "client_token": kept.id,
    }
    return store.call("POST", f"{_ROOT}runs/create", asked)["run"]


def _fill(kept: Kept, info: Mapping[str, Any], store: Store) -> None:
    record, run_id = kept.record, info["run_id"]
    for some in _batches(kept):
        store.call("POST", f"{_ROOT}runs/log-batch", {"run_id": run_id, **some})
    store.call("POST", f"{_ROOT}runs/log-inputs", {"run_id": run_id, "datasets": list(record.inputs)})
    root = Location.from_uri(info["artifact_uri"])

    def send(path: str, file: Path) -> None:
        store.put(Location(root.bucket, f"{root.key}/{path}"), file)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(send, *zip(*kept.artifacts.items(), strict=True)))
    ended = {"run_id": run_id, "status": record.status, "end_time": kept.ended_at}
    store.call("POST", f"{_ROOT}runs/update", ended)


def _batches(kept: Kept) -> Iterator[dict[str, Any]]:
    """All that runs/log-batch takes, each kind cut to what one request may hold: mostly one request."""
    record = kept.record
    points = [
        {"key": name, "value": value, "timestamp": kept.ended_at, "step": 0} for name, value in record.metrics.items()
    ]
    kinds: dict[str, tuple[Sequence[Any], int]] = {
        "params": (_pairs(record.params), PARAMS),
        "tags": (_pairs(record.tags), TAGS),
        "metrics": (points, ENTITIES - PARAMS - TAGS),
    }
    for place in range(max(-(-len(values) // most) for values, most in kinds.values())):
        yield {kind: values[place * most : (place + 1) * most] for kind, (values, most) in kinds.items()}


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
