"""Every port in memory, and a way through pipeline and release by their own handlers, as the state machines take it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from heirloom.adapters.memory import (
    MemoryAnswers,
    MemoryDeployments,
    MemoryEndpoints,
    MemoryExecutions,
    MemoryJobs,
    MemoryLedger,
    MemoryLineage,
    MemoryObjects,
    MemoryRegistry,
    MemoryRoutes,
    MemoryTrials,
)
from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.prediction.warmth import Warmth
from heirloom.core.run.journal import Journal
from heirloom.core.run.upload import PARAMETERS
from heirloom.core.tracking.registry.roles import served_by
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers import (
    change_release,
    move_route,
    record_failure,
    register_project,
    register_version,
    retire_endpoints,
    start_canary,
    start_pipeline,
    test_endpoint,
    validate_data,
)

EVENTS = Path(__file__).parents[2] / "events"
ARTIFACTS = "heirloom-data-artifacts-1a2b3c"
PREFIX = "heirloom"
HEADER = "carrier,distance,departs,late\n"
FLIGHTS = (HEADER + "".join(f"UA,{100 + n},{n},{'yes' if n % 3 else 'no'}\n" for n in range(24))).encode()
SMOKE = {
    "inputs": [{"carrier": "UA", "distance": 100}, {"carrier": "UA", "distance": 101}],
    "predictions": [{"label": "yes", "probability": 0.75}, {"label": "no", "probability": 0.5}],
}
METRICS = {
    "metric": "precision",
    "test_rows": 5,
    "train_rows": 19,
    "test": {"precision": 0.7, "recall": 0.4},
    "baseline": {"precision": 0.5, "recall": None},
    "objective": {"metric": "precision", "at_least": 0.6, "score": 0.7, "met": True},
}


def payload(name: str) -> dict[str, Any]:
    """events/<name>.json."""
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return document


def evidence(**documents: Any) -> dict[str, bytes]:
    """The files of output.tar.gz as a training job writes them; ``metrics={...}`` replaces one, None leaves it out."""
    usual: dict[str, Any] = {
        "metrics": METRICS,
        "schema": {"label": "late"},
        "profile": {"distance": {"bins": [100, 110, 124], "counts": [10, 14]}},
        "environment": {"python": "3.11.9"},
        "smoke": SMOKE,
        "compiled": {"path": "onnx", "why": "", "rows": 5},
    }
    written = {name: document for name, document in {**usual, **documents}.items() if document is not None}
    return {
        f"{name}.json": document if isinstance(document, bytes) else json.dumps(document).encode()
        for name, document in written.items()
    }


def archive(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar.gz of these members."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as written:
        for member, body in members:
            member.size = len(body)
            written.addfile(member, io.BytesIO(body))
    return target.getvalue()


def packed(files: dict[str, bytes]) -> bytes:
    """A tar.gz of plain files."""
    return archive((tarfile.TarInfo(name), body) for name, body in files.items())


def released(state: dict[str, Any]) -> dict[str, Any]:
    """The state of the release that a run has ordered: its state machine goes on with it."""
    release: dict[str, Any] = state["version"]["release"]
    return release


@dataclass
class World:
    """The ports, and the stages in their order; time goes on by a second with each look at the clock."""

    lineage: MemoryLineage = field(default_factory=MemoryLineage)
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    routes: MemoryRoutes = field(init=False)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    executions: MemoryExecutions = field(default_factory=MemoryExecutions)
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)
    deployments: MemoryDeployments = field(default_factory=MemoryDeployments)
    endpoints: MemoryEndpoints = field(default_factory=MemoryEndpoints)
    warmth: Warmth = field(default_factory=Warmth)
    jobs: MemoryJobs = field(default_factory=MemoryJobs)
    trials: MemoryTrials = field(default_factory=MemoryTrials)
    answers: MemoryAnswers = field(default_factory=MemoryAnswers)
    logged: list[str] = field(default_factory=list)
    paused: list[float] = field(default_factory=list)
    now: datetime = datetime(2026, 11, 23, 15, 10, 10, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.routes = MemoryRoutes(self.lineage)

    @property
    def tracking(self) -> Tracking:
        """What MLflow's client works with."""
        root = f"s3://{ARTIFACTS}/experiments"
        return Tracking(self.documents, root, lambda: self.now, lambda: "5" * 32, served_by(self.routes))

    @property
    def journal(self) -> Journal:
        return Journal(self.lineage, self.tracking, MemoryLedger(self.lineage, self.documents))

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def log(self, line: str) -> None:
        """What predict writes."""
        self.logged.append(line)

    def project(self, event: dict[str, Any]) -> dict[str, Any]:
        """register_project."""
        ports = {"lineage": self.lineage, "routes": self.routes, "tracking": self.tracking}
        return register_project.handle(event, PREFIX, deployments=self.deployments, clock=self.clock, **ports)

    def deploy(self, name: str = "flight-delay") -> None:
        """Deploy the project of events/register_project.create.json, or one like it under another name."""
        self.project(json.loads(json.dumps(payload("register_project.create")).replace("flight-delay", name)))

    def receive(self, event: dict[str, Any], body: bytes = FLIGHTS, parameters: str | None = None) -> dict[str, Any]:
        """start_pipeline, once the object that the event tells of is there, perhaps with training parameters."""
        bucket, described = event["detail"]["bucket"]["name"], event["detail"]["object"]
        metadata = {} if parameters is None else {PARAMETERS: parameters}
        self.objects.put(bucket, described["key"], body, described["version-id"], metadata)
        return start_pipeline.handle(event, self.journal, self.objects, self.executions, self.clock)

    def upload(self, version: str = "v1", body: bytes = FLIGHTS, model: str = "flight-delay") -> dict[str, Any]:
        """Upload a version of <model>/2013.csv; the input of the execution that it starts."""
        event = payload("start_pipeline.upload")
        event["detail"]["object"].update({"version-id": version, "key": f"{model}/2013.csv", "size": len(body)})
        run = self.receive(event, body)["run"]
        started = {name: document for (_, name), document in self.executions.started.items()}
        state: dict[str, Any] = json.loads(json.dumps(started[run]))
        return state

    def validate(self, state: dict[str, Any]) -> None:
        state["dataset"] = validate_data.handle(state, ARTIFACTS, self.journal, self.objects, self.clock)

    def train(self, state: dict[str, Any], files: dict[str, bytes] | None = None) -> None:
        """What SageMaker would leave behind."""
        run = state["run"]
        output = f"runs/{run['model']}/{run['id']}/output"
        self.objects.put(ARTIFACTS, f"{output}/output.tar.gz", packed(files or evidence()))
        self.objects.put(ARTIFACTS, f"{output}/model.tar.gz", b"a model")
        uri = f"s3://{ARTIFACTS}/{output}"
        state["training"] = {
            "job": run["id"],
            "model_uri": f"{uri}/model.tar.gz",
            "output_uri": f"{uri}/output.tar.gz",
        }

    def register(self, state: dict[str, Any]) -> None:
        ports = {"journal": self.journal, "objects": self.objects, "registry": self.registry}
        version = register_version.handle(state, self.clock, bucket=ARTIFACTS, prefix=PREFIX, **ports)
        state["version"] = json.loads(json.dumps(version))

    def deploy_version(self, state: dict[str, Any]) -> None:
        """What the release's calls of SageMaker would leave behind."""
        self.serve(released(state))

    def serve(self, release: dict[str, Any]) -> None:
        """The release's endpoint is in service."""
        name = release["version"]["name"]
        self.deployments.up.add(name)
        self.endpoints.answers[name] = {"predictions": SMOKE["predictions"]}
        release["endpoint"] = {"description": {"EndpointStatus": "InService"}}

    def test(self, state: dict[str, Any]) -> None:
        release = released(state)
        release["test"] = test_endpoint.handle(release, self.lineage, self.endpoints, self.clock)

    def ready(self, state: dict[str, Any]) -> None:
        """The tested version may be pointed at."""
        self.move("ready", released(state))

    def move(self, move: str, release: dict[str, Any]) -> dict[str, Any]:
        """move_route, with a release's state."""
        ports = {"routes": self.routes, "journal": self.journal, "trials": self.trials, "answers": self.answers}
        return move_route.handle({"move": move, "state": release}, clock=self.clock, **ports)

    def try_out(self, release: dict[str, Any], token: str = "token-1", **policy: Any) -> None:
        """start_canary, of a release whose version is ready."""
        rules = {"confidence": 0.95, "tolerance": 0.01, "min_labels": 0}
        release["canary"] = {"share": 0.1, "limit_ms": 2000, "seconds": 3600, "on_timeout": "rollback", "rules": rules}
        release["canary"].update(policy)
        event = {"token": token, "state": release}
        start_canary.handle(event, self.routes, self.trials, self.answers, self.clock)

    def point(self, state: dict[str, Any]) -> None:
        """The version answers; endpoints that nobody needs any more are gone."""
        release = released(state)
        release["route"] = self.move("promote", release)
        self.retire(release)

    def retire(self, release: dict[str, Any]) -> list[str]:
        gone = retire_endpoints.handle(release, self.routes, self.deployments, self.paused.append, self.clock)
        retired: list[str] = gone["retired"]
        return retired

    def ask(self, event: dict[str, Any]) -> Any:
        """change_release."""
        ports = {"trials": self.trials, "answers": self.answers, "clock": self.clock}
        stored = {"routes": self.routes, "lineage": self.lineage, "executions": self.executions}
        return change_release.handle(event, **ports, **stored)

    def fail(self, state: dict[str, Any], error: str, cause: str) -> dict[str, Any]:
        """record_failure, as the pipeline or the release calls it after an error."""
        failed = {**state, "error": {"Error": error, "Cause": cause}}
        return record_failure.handle(failed, self.journal, self.routes, self.deployments, self.clock)

    def carry(self, state: dict[str, Any], stages: int = 7) -> dict[str, Any]:
        """Take a run through its first stages."""
        steps = (self.validate, self.train, self.register, self.deploy_version, self.test, self.ready, self.point)
        for step in steps[:stages]:
            step(state)
        return state
