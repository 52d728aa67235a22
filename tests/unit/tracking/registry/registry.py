"""The registry's endpoints over documents in memory that keep to DynamoDB's limits, and can break off or be late."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from heirloom.adapters.memory.documents import MemoryDocuments
from heirloom.core.errors import Unavailable
from heirloom.core.tracking.asked import Asked
from heirloom.core.tracking.documents import Document
from heirloom.core.tracking.ids import MODEL_VERSIONS, REGISTERED_MODELS, partition_of_model, partition_of_run
from heirloom.core.tracking.registry import ENDPOINTS
from heirloom.core.tracking.roles import flat
from heirloom.core.tracking.tracking import Tracking

RUN, LOGGED = "0123456789abcdef0123456789abcdef", "m-0123456789abcdef0123456789abcdef"
SOURCE = "s3://bucket/kites/model"


@dataclass
class Limited(MemoryDocuments):
    """``before`` is called before a write, ``writes`` are left until one is refused."""

    writes: int = 1_000_000
    before: list[Callable[[], Any]] = field(default_factory=list)

    def write(self, *documents: Document, gone: Sequence[Document] = ()) -> None:
        assert len({each.key for each in (*documents, *gone)}) == len(documents) + len(gone) <= 100
        assert sum(len(json.dumps(each.data)) for each in documents) < 4_000_000
        if self.before:
            self.before.pop(0)()
        if not self.writes:
            raise Unavailable("broken off")
        super().write(*documents, gone=gone)
        self.writes -= 1


@dataclass
class Registry:
    """Answers as the client gets them; the clock moves a millisecond a look."""

    documents: Limited = field(default_factory=Limited)
    now: datetime = datetime(2026, 11, 29, tzinfo=UTC)

    @property
    def tracking(self) -> Tracking:
        return Tracking(self.documents, "s3://bucket/experiments", self.clock, lambda: "0" * 32)

    def clock(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def ask(self, method: str, path: str, **values: Any) -> dict[str, Any]:
        """The answer, as JSON gives it back; a query has a list for each parameter."""
        query = method == "GET"
        given = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
        answer = flat(ENDPOINTS)[method, path](Asked(given if query else values, query), self.tracking)
        back: dict[str, Any] = json.loads(json.dumps(answer))
        return back

    def create(self, name: str = "kite", **values: Any) -> dict[str, Any]:
        model: dict[str, Any] = self.ask("POST", "registered-models/create", name=name, **values)["registered_model"]
        return model

    def model(self, name: str = "kite") -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", "registered-models/get", name=name)["registered_model"]
        return found

    def add(self, name: str = "kite", source: str = SOURCE, **values: Any) -> dict[str, Any]:
        """A new version."""
        answer = self.ask("POST", "model-versions/create", name=name, source=source, **values)
        version: dict[str, Any] = answer["model_version"]
        return version

    def version(self, number: int | str = 1, name: str = "kite") -> dict[str, Any]:
        answer = self.ask("GET", "model-versions/get", name=name, version=str(number))
        found: dict[str, Any] = answer["model_version"]
        return found

    def stage(self, number: int, stage: str, archive: bool = False, name: str = "kite") -> dict[str, Any]:
        values: dict[str, Any] = {"version": str(number), "stage": stage, "archive_existing_versions": archive}
        answer = self.ask("POST", "model-versions/transition-stage", name=name, **values)
        moved: dict[str, Any] = answer["model_version"]
        return moved

    def alias(self, alias: str, number: int | str, name: str = "kite") -> None:
        self.ask("POST", "registered-models/alias", name=name, alias=alias, version=str(number))

    def rename(self, name: str, new_name: str) -> dict[str, Any]:
        answer = self.ask("POST", "registered-models/rename", name=name, new_name=new_name)
        model: dict[str, Any] = answer["registered_model"]
        return model

    def delete(self, name: str = "kite") -> None:
        self.ask("DELETE", "registered-models/delete", name=name)

    def latest(self, name: str = "kite", *stages: str) -> dict[str, str]:
        """The newest version of each stage, or of these."""
        given = {"stages": list(stages)} if stages else {}
        answer = self.ask("GET", "registered-models/get-latest-versions", name=name, **given)
        return {each["current_stage"]: each["version"] for each in answer.get("model_versions", [])}

    def kept(self) -> tuple[list[str], list[str]]:
        """The ids of the documents of all models and all versions."""
        models = [document.id for document in self.documents.of(REGISTERED_MODELS)]
        return models, [document.id for document in self.documents.of(MODEL_VERSIONS)]

    def run(self, artifacts: str) -> str:
        """A run with its artifacts there."""
        data = {"info": {"run_id": RUN, "artifact_uri": artifacts}}
        self.documents.put(Document(partition_of_run(RUN), RUN, data))
        return RUN

    def logged(self, artifacts: str, run: str = "", stage: str = "active") -> str:
        """A logged model with its artifacts there, of a run."""
        info = {"model_id": LOGGED, "artifact_uri": artifacts, "source_run_id": run}
        data = {"info": info, "tags": {"kind": "kite"}, "lifecycle_stage": stage}
        self.documents.put(Document(partition_of_model(LOGGED), LOGGED, data))
        return LOGGED

    def tags_of_logged(self) -> dict[str, str]:
        found = self.documents.get(partition_of_model(LOGGED), LOGGED)
        assert found
        tags: dict[str, str] = found.data["tags"]
        return tags
