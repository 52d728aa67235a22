"""A deployed model, buckets, and the three steps of a batch by their own handlers, as the state machine takes them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from heirloom.adapters.memory import MemoryEndpoints, MemoryLineage, MemoryObjects, MemoryRoutes
from heirloom.core.errors import Invalid, ModelFailed, Problem
from heirloom.core.lineage.graph import Node
from heirloom.core.project.reading import parse_project
from heirloom.core.project.registration import Registration
from heirloom.core.release.route import OPEN, Mark, Route
from heirloom.core.storage import Location
from heirloom.handlers import join_batch, predict_part, split_batch

NOW = datetime(2026, 11, 23, 15, 10, 9, 123000, tzinfo=UTC)
AT = "2026-11-23T15:10:09.123Z"
IN, OUT = "data", "artifacts"
SOURCE, TARGET = "s3://data/paint/coats.csv", "s3://artifacts/batch/paint/coats/"
ENDPOINT, BASELINE = "heirloom-paint-v3", "heirloom-paint-v0"
PROJECT: dict[str, Any] = {
    "name": "paint",
    "description": "Does a coat of paint dry within the hour?",
    "owner": "tests",
    "data": {"label": "dry", "features": {"thickness": "number", "colour": "category"}},
    "objective": {"statement": "We are right.", "metric": "accuracy", "at_least": 0.6},
}
SCHEMA = {
    "label": "dry",
    "time": None,
    "task": "classification",
    "features": [{"name": "thickness", "type": "number"}, {"name": "colour", "type": "category"}],
    "classes": ["no", "yes"],
}
MOST_PROBLEMS = 20


@dataclass
class Watch:
    """A clock that nobody waits for; ``now`` in seconds goes on with each sleep and each second that a model takes."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Painter:
    """The model server of `paint`, as far as a batch sees it; ``rows`` is how many it was asked in each request."""

    watch: Watch
    seconds_a_row: float = 0.0
    rows: list[int] = field(default_factory=list)
    headers: set[tuple[str, ...]] = field(default_factory=set)

    def __call__(self, body: bytes) -> Any:
        header, *rows = csv.reader(io.StringIO(body.decode(), newline=""))
        self.headers.add(tuple(header))
        self.rows.append(len(rows))
        self.watch.now += self.seconds_a_row * len(rows)
        named = [dict(zip(header, row, strict=True)) for row in rows]
        if any(row["colour"] == "explosive" for row in named):
            return ModelFailed("the model at heirloom-paint-v3 failed: it exploded")
        if any(row["colour"] == "unspeakable" for row in named):
            return Invalid("the model refuses the input: unspeakable")
        wrong = [place for place, row in enumerate(named) if not row["thickness"].replace(".", "", 1).isdigit()]
        if wrong:
            expected, got = "a number or null", f'"{named[wrong[0]]["thickness"]}"'
            fields = [Problem(f"inputs[{place}].thickness", expected, got) for place in wrong[:MOST_PROBLEMS]]
            return Invalid("the input does not fit the model", tuple(fields))
        thin = [float(row["thickness"]) < 0.5 for row in named]
        return {"predictions": [{"label": "yes" if dries else "no", "probability": 0.75} for dries in thin]}


@dataclass
class BatchWorld:
    """The ports, and the steps of a batch; `paint` is deployed, version 3 is its champion."""

    lineage: MemoryLineage = field(default_factory=MemoryLineage)
    routes: MemoryRoutes = field(default_factory=MemoryRoutes)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    endpoints: MemoryEndpoints = field(default_factory=MemoryEndpoints)
    watch: Watch = field(default_factory=Watch)
    painter: Painter = field(init=False)

    def __post_init__(self) -> None:
        self.painter = Painter(self.watch)
        self.endpoints.answers[ENDPOINT] = self.painter
        self.endpoints.answers[BASELINE] = self.painter
        self.deploy()
        self.route(3)
        version = {"number": 3, "evidence_uri": f"s3://{OUT}/versions/paint/3/"}
        self.lineage.add(Node("version", "paint/3", "paint", AT, version, {"number": 3}))
        self.objects.put(OUT, "versions/paint/3/schema.json", json.dumps(SCHEMA).encode())

    def deploy(self, **parts: Any) -> None:
        """Deploy the project, with these parts of its model.yaml replaced."""
        registration = Registration.from_properties(
            {
                "Spec": json.dumps({**PROJECT, **parts}),
                **dict.fromkeys(("CodeUri", "CodeHash", "Image", "StateMachineArn", "ReleaseMachineArn"), "-"),
                "BaselineEndpoint": BASELINE,
            }
        )
        assert registration.project == parse_project({**PROJECT, **parts})
        self.lineage.put_project(Node("project", "paint", "paint", AT, registration.to_document()))

    def route(self, champion: int) -> None:
        """Let a version answer."""
        self.routes.delete("paint")
        mark = Mark("tests", AT, "")
        route = Route("paint", 1 + champion, champion, {0: BASELINE, 3: ENDPOINT}, OPEN, mark)
        self.routes.put(route, Node("change", f"paint/{champion}", "paint", AT, {}))

    def upload(self, text: str | bytes, source: str = SOURCE) -> None:
        """The file that a batch reads."""
        location = Location.from_uri(source)
        self.objects.put(location.bucket, location.key, text if isinstance(text, bytes) else text.encode())

    def split(self, **order: Any) -> dict[str, Any]:
        """split_batch."""
        batch = {"model": "paint", "source": SOURCE, "target": TARGET, **order}
        return split_batch.handle({"batch": batch}, self.routes, self.lineage, self.objects)

    def items(self, plan: dict[str, Any]) -> list[dict[str, Any]]:
        """What the map gives to each of its executions."""
        manifest = Location(**plan["manifest"])
        return [{"plan": plan["uri"], "part": part} for part in json.loads(b"".join(self.objects.read(manifest)))]

    def predict(self, item: dict[str, Any]) -> dict[str, Any]:
        """predict_part."""
        return predict_part.handle(item, self.objects, self.endpoints, self.watch)

    def join(self, plan: dict[str, Any]) -> dict[str, Any]:
        """join_batch."""
        return join_batch.handle({"plan": plan}, self.objects, lambda: NOW)

    def run(self, **order: Any) -> dict[str, Any]:
        """A batch from its start to its report."""
        plan = self.split(**order)
        for item in self.items(plan):
            self.predict(item)
        return self.join(plan)

    def table(self, uri: str) -> list[list[str]]:
        """The rows of a CSV that a batch wrote, the header first."""
        text = b"".join(self.objects.read(Location.from_uri(uri))).decode()
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))


Coats = Callable[[int], str]


def coats(count: int, header: str = "id,thickness,colour") -> str:
    """A good file, with an id that the model has not seen."""
    lines = [f"c{number},{number % 10 / 10},red" for number in range(1, count + 1)]
    return "\n".join([header, *lines]) + "\n"
