"""The endpoints of logged models and of artifacts over memory, each asked by method and path."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from heirloom.adapters.memory.artifacts import MemoryArtifacts
from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.tracking import experiments, runs
from heirloom.core.tracking.artifacts.endpoints import endpoints
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.ids import partition_of_model
from heirloom.core.tracking.models.endpoints import ENDPOINTS
from heirloom.core.tracking.models.metrics import with_metrics
from heirloom.core.tracking.roles import flat, merged
from heirloom.core.tracking.tracking import Tracking


@dataclass
class Desk:
    """The clock moves a second a look; ``root`` is where the artifacts of new experiments go."""

    root: str = "mlflow-artifacts:"
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    artifacts: MemoryArtifacts = field(default_factory=MemoryArtifacts)
    now: datetime = datetime(2026, 11, 29, tzinfo=UTC)
    drawn: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)

    @property
    def tracking(self) -> Tracking:
        return Tracking(self.documents, self.root, self.clock, self.draw)

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def draw(self) -> str:
        return f"{self.drawn() * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"

    def ask(self, method: str, pattern: str, /, **values: Any) -> Mapping[str, Any]:
        """The answer; the parts in braces of the path are among the values, those of a GET come as in a query."""
        table = flat(merged(ENDPOINTS, endpoints(self.artifacts)))
        asked = {name: [value] for name, value in values.items()} if method == "GET" else values
        return table[method, pattern](Asked(asked, in_query=method == "GET"), self.tracking)

    def experiment(self, name: str, **given: Any) -> str:
        return str(experiments.create(Asked({"name": name, **given}), self.tracking)["experiment_id"])

    def run(self, experiment: str) -> dict[str, Any]:
        """The info of a new run."""
        info: dict[str, Any] = runs.create(Asked({"experiment_id": experiment}), self.tracking)["run"]["info"]
        return info

    def create(self, experiment: str, **given: Any) -> str:
        """A new logged model; its id."""
        created = self.ask("POST", "logged-models", experiment_id=experiment, **given)
        return str(created["model"]["info"]["model_id"])

    def model(self, identity: str, **asked: Any) -> Mapping[str, Any]:
        """A logged model as the client gets it."""
        found: Mapping[str, Any] = self.ask("GET", "logged-models/{model_id}", model_id=identity, **asked)["model"]
        return found

    def log(self, identity: str, *points: Mapping[str, Any]) -> None:
        """What logging metrics to a run does to the model."""
        document = self.documents.get(partition_of_model(identity), identity)
        assert document is not None
        self.documents.write(document.with_data(with_metrics(document.data, points)))
