"""The tracking store in memory, by its own handler, that can be cut off at any call; and runs to send to it."""

from __future__ import annotations

import contextlib
import json
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.api import problem
from cli.kept import Kept, KeptRuns
from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.errors import HeirloomError, Unavailable
from heirloom.core.project.reading import parse_project
from heirloom.core.run.evidence import evidence_of
from heirloom.core.run.record import LOCAL, Attempt, Code, Data, Place, failed, succeeded
from heirloom.core.storage import Location
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers.edge import protocol_entrypoint
from heirloom.handlers.mlflow_wire import refuse
from heirloom.handlers.track_experiments import handle
from tests.unit.tracking.server import event_of
from tests.unit.world import evidence, payload

ROOT = "s3://artifacts/experiments"
BEGAN, ENDED = 1_795_928_363_415, 1_795_928_413_510
PROJECT = parse_project(json.loads(payload("register_project.create")["ResourceProperties"]["Spec"]))
PARAMETERS = {**PROJECT.training.parameters, "learning_rate": 0.03}
ATTEMPT = Attempt(
    id="flight-delay-000000000000",
    name="slower",
    project=PROJECT,
    parameters=PARAMETERS,
    data=Data("2013.csv", "8f3a" * 16, "/home/ada/2013.csv", rows=24),
    code=Code("c0de" * 16, "abc123"),
    place=Place(LOCAL, "laptop", "ada"),
)


def keep(root: Path, number: int = 0, failure: str = "", parameters: dict[str, Any] | None = None) -> Kept:
    """A kept run of this number, with a model; or a failed one."""
    attempt = replace(ATTEMPT, id=f"flight-delay-{number:012x}", parameters=parameters or PARAMETERS)
    record = failed(attempt, failure) if failure else succeeded(attempt, evidence_of(evidence()))
    with KeptRuns(root).beginning(attempt.id) as beginning:
        beginning.log.write_text("[heirloom] trained in 23.2 s\n")
        if not failure:
            beginning.model.write_bytes(b"a model")
        return beginning.keep(record, BEGAN + number, ENDED + number)


@dataclass
class HandlerStore:
    """The port Store. ``cut_at`` is the number of the call that fails, ``effective`` whether it did its work first."""

    cut_at: int = 0
    effective: bool = False
    address: str = "https://api.example"
    calls: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)

    def call(self, method: str, path: str, body: object = None) -> Any:
        return self._counted(lambda: self._ask(method, path, body))

    def put(self, location: Location, file: Path) -> None:
        self._counted(lambda: self.files.update({location.uri: file.read_bytes()}))

    def _counted(self, work: Any) -> Any:
        self.calls += 1
        if self.calls != self.cut_at:
            return work()
        if self.effective:
            with contextlib.suppress(HeirloomError):
                work()
        raise Unavailable("the network is down")

    def _ask(self, method: str, path: str, body: object) -> Any:
        path, _, query = path.partition("?")
        event = event_of(method, path, rawQueryString=query, body=json.dumps(body))
        ports = {"tracking": self._tracking, "artifacts": lambda: MemoryArtifacts(ROOT)}
        answer = protocol_entrypoint(handle, refuse, **ports)(event, None)
        document = json.loads(answer["body"])
        if answer["statusCode"] >= 300:
            raise problem(answer["statusCode"], document)
        return document

    def _tracking(self) -> Tracking:
        return Tracking(self.documents, ROOT, lambda: datetime.now(UTC), lambda: uuid.uuid4().hex)

    def runs(self) -> list[Any]:
        """All that the experiment holds, deleted ones, too."""
        named = "/api/2.0/mlflow/experiments/get-by-name?experiment_name=flight-delay"
        experiment = self._ask("GET", named, None)["experiment"]["experiment_id"]
        asked = {"experiment_ids": [experiment], "run_view_type": "ALL"}
        return list(self._ask("POST", "/api/2.0/mlflow/runs/search", asked)["runs"])

    def points(self, run_id: str, metric: str) -> int:
        """How many points of a metric the run has."""
        asked = f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key={metric}"
        return len(self._ask("GET", asked, None)["metrics"])


def assert_whole(run: Any, kept: Kept, store: HandlerStore) -> None:
    """All that is kept of the run is in the store, as it was."""
    info, data = run["info"], run["data"]
    assert (info["run_name"], info["status"]) == (kept.record.name, kept.record.status)
    assert (info["start_time"], info["end_time"]) == (kept.started_at, kept.ended_at)
    assert {each["key"]: each["value"] for each in data.get("params", [])} == kept.record.params
    assert {each["key"]: each["value"] for each in data.get("metrics", [])} == kept.record.metrics
    assert {each["key"]: each["value"] for each in data["tags"]} == {**kept.record.tags, "mlflow.runName": "slower"}
    assert run["inputs"]["dataset_inputs"] == list(kept.record.inputs)
    artifacts = {f"{info['artifact_uri']}/{path}": file.read_bytes() for path, file in kept.artifacts.items()}
    assert {uri: body for uri, body in store.files.items() if uri.startswith(info["artifact_uri"])} == artifacts
    assert all(store.points(info["run_id"], metric) == 1 for metric in kept.record.metrics)
