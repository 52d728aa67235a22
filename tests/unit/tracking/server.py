"""The handler as the client sees it: methods, paths and JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.tracking.index.recalled import Recalled
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers import track_experiments

ROOT = "s3://bucket/experiments"
IAM = {"iam": {"userArn": "arn:aws:iam::111122223333:user/caller"}}
"""What API Gateway tells of a caller whose signature it has checked."""


def event_of(method: str, path: str, authorizer: object = IAM, **more: Any) -> dict[str, Any]:
    """An event of API Gateway, in as much as the handler reads it."""
    return {"requestContext": {"http": {"method": method}, "authorizer": authorizer}, "rawPath": path, **more}


@dataclass
class Server:
    """``post`` and ``get`` give the answer's JSON and raise the core's errors; the clock moves a second a look."""

    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    artifacts: MemoryArtifacts = field(default_factory=lambda: MemoryArtifacts(ROOT))
    now: datetime = datetime(2026, 11, 29, tzinfo=UTC)
    drawn: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)
    recalled: Recalled = field(default_factory=Recalled)

    @property
    def tracking(self) -> Tracking:
        return Tracking(self.documents, self.artifacts.uri, self.clock, self.draw, recalled=self.recalled)

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def draw(self) -> str:
        return f"{self.drawn() * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        return self.ask("POST", path, body=json.dumps(body))

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self.ask("GET", path, rawQueryString=urlencode(query, doseq=True))

    def ask(self, method: str, path: str, **event: Any) -> dict[str, Any]:
        """The JSON of the answer to an event; other keys are as API Gateway sends them."""
        asked = event_of(method, f"/api/2.0/mlflow/{path}", **event)
        answer: dict[str, Any] = json.loads(self.answer(asked)["body"])
        return answer

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        """As the handler gives it to API Gateway."""
        return track_experiments.handle(event, self.tracking, self.artifacts)

    def begin(self, experiment: str, **given: Any) -> str:
        """A new run; its id."""
        created = self.post("runs/create", experiment_id=experiment, start_time=1000, **given)
        return str(created["run"]["info"]["run_id"])

    def run(self, identity: str) -> dict[str, Any]:
        """A run as the client gets it."""
        found: dict[str, Any] = self.get("runs/get", run_id=identity)["run"]
        return found

    def data(self, identity: str, kind: str) -> dict[str, Any]:
        """Its metrics, params or tags by key."""
        return {each["key"]: each["value"] for each in self.run(identity)["data"].get(kind, [])}
