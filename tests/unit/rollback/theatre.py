"""A model with versions, a monitor's book, and all that a rollback takes; in memory, with a clock of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from heirloom.adapters.memory import (
    MemoryAnnouncements,
    MemoryDecisions,
    MemoryPredictions,
    MemoryProbe,
    MemoryRecent,
    MemoryWatches,
)
from heirloom.core.clock import stamp
from heirloom.core.errors import Unavailable
from heirloom.core.lineage.graph import Node
from heirloom.core.monitoring.accuracy import Reference
from heirloom.core.monitoring.breach import ACCURACY, Breach, Severity
from heirloom.core.monitoring.observation import Outcome, Outcomes
from heirloom.core.monitoring.watch import LABELS, LabelWatch, Subject, Writing
from heirloom.core.prediction.answer import new_ids
from heirloom.core.prediction.capture import Captured
from heirloom.core.prediction.records import LABEL, PREDICTION, Record
from heirloom.core.project.registration import registered
from heirloom.core.release.change import Ending, change
from heirloom.core.release.moves import Move
from heirloom.core.release.route import Mark, Route
from heirloom.core.rollback.acting import Outcome as Acted
from heirloom.core.rollback.answering import Reply
from heirloom.core.rollback.ports import Ports
from heirloom.core.rollback.replay import Sources
from heirloom.core.rollback.roll_back import roll_back
from tests.unit.world import SMOKE, World, released

MODEL = "flight-delay"
TRUE, FALSE = "yes", "no"
EVIDENCE = {"value": 0.8, "samples": 100, "reason": "80 of the newest 100 labelled predictions were right"}
Answering = Callable[[Mapping[str, Any]], str]


def knows(row: Mapping[str, Any]) -> str:
    """A version that is always right: what is true of these rows is yes."""
    return TRUE


def fails_on(share: int) -> Answering:
    """A version that is wrong about each so many-th row."""
    return lambda row: FALSE if row["distance"] % share == 0 else TRUE


def serving(answering: Answering) -> Callable[[Any], Any]:
    """An endpoint with this version: the smoke rows are answered as at training."""

    def answer(document: Any) -> Any:
        known = {json.dumps(row): said for row, said in zip(SMOKE["inputs"], SMOKE["predictions"], strict=True)}
        rows = document["inputs"]
        return {"predictions": [known.get(json.dumps(row)) or {"label": answering(row)} for row in rows]}

    return answer


def mark(by: str = "ana", at: str = "2026-11-23T15:30:00.000Z", reason: str = "because") -> Mark:
    return Mark(by, at, reason)


@dataclass
class Theatre:
    """Versions 0 to ``versions`` of MODEL, of which the last is the champion; the clock stands still between calls."""

    versions: int = 2
    spec: Mapping[str, Any] = field(default_factory=dict)
    world: World = field(default_factory=World)
    watches: MemoryWatches = field(default_factory=MemoryWatches)
    decisions: MemoryDecisions = field(default_factory=MemoryDecisions)
    announcements: MemoryAnnouncements = field(default_factory=MemoryAnnouncements)
    predictions: MemoryPredictions = field(default_factory=MemoryPredictions)
    recent: MemoryRecent = field(default_factory=MemoryRecent)
    logged: list[str] = field(default_factory=list)
    paused: list[float] = field(default_factory=list)
    now: datetime = datetime(2026, 11, 23, 16, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.world.deploy(MODEL)
        for number in range(1, self.versions + 1):
            state = self.world.carry(self.world.upload(f"v{number}"), 6)
            self.world.move("promote", released(state))
        self.serves(0, knows)
        for number in range(1, self.versions + 1):
            self.serves(number, knows)
        self.probe = MemoryProbe(self.predict)
        if self.spec:
            self.declare(**self.spec)

    def declare(self, **sections: Any) -> None:
        """Deploy model.yaml anew, with these sections in it."""
        registration = registered(MODEL, self.world.lineage)
        assert registration is not None
        node = self.world.lineage.node("project", MODEL)
        assert node is not None
        project = {**node.data["project"], **sections}
        self.world.lineage.put_project(
            Node("project", MODEL, MODEL, node.created_at, {**node.data, "project": project}, node.summary)
        )

    @property
    def ports(self) -> Ports:
        world = self.world
        return Ports(
            decisions=self.decisions,
            routes=world.routes,
            sources=Sources(world.lineage, self.predictions, self.recent, world.endpoints, self.watches),
            probe=self.probe,
            announcements=self.announcements,
            executions=world.executions,
            journal=world.journal,
            ending=Ending(world.trials, world.answers),
            log=self.logged.append,
            clock=lambda: self.now,
            pause=self.pause,
        )

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.now += timedelta(seconds=seconds)

    def roll_back(self) -> tuple[Acted, ...]:
        return roll_back(MODEL, self.ports)

    @property
    def route(self) -> Route:
        route = self.world.routes.get(MODEL)
        assert route is not None
        return route

    def change(self, move: Move, model: str = MODEL) -> Route:
        return change(model, move, self.world.routes)

    def changes(self, model: str = MODEL) -> list[Mapping[str, Any]]:
        """Newest first."""
        return [entry.summary for entry in self.world.lineage.changes(model, 99).entries]

    def serves(self, version: int, answering: Answering) -> None:
        self.world.endpoints.answers[f"heirloom-{MODEL}-v{version}"] = serving(answering)

    def predict(self, model: str, rows: Sequence[Mapping[str, Any]]) -> Reply:
        """What the predict function does."""
        route = self.world.routes.get(model)
        if route is None:
            raise Unavailable(f"there is no model {model}")
        body = json.dumps({"inputs": rows}).encode()
        found = self.world.endpoints.invoke(route.endpoint, body)["predictions"]
        return Reply(route.champion, [{"id": str(place), **each} for place, each in enumerate(found)])

    def labels(self, version: int, answering: Answering, count: int = 100) -> None:
        """The version has answered so many predictions, all of whose labels are yes."""
        ids = new_ids(count, self.now)
        rows = [{"carrier": "UA", "distance": 1000 + place} for place in range(count)]
        shared = {"release": None, "arm": None, "fallback": False, "entity": None, "ms": 12.0}
        at = stamp(self.now)
        for identity, row in zip(ids, rows, strict=True):
            data = {**shared, "input": row, "answer": {"label": answering(row)}}
            self.predictions.put([Record(identity, PREDICTION, MODEL, version, at, data)])
            self.predictions.put([Record(identity, LABEL, MODEL, version, at, {"label": TRUE, "batch": "b", "at": at})])
        self.watch(version, [Outcome(each, answering(row) == TRUE) for each, row in zip(ids, rows, strict=True)])

    def watch(self, version: int, outcomes: Sequence[Outcome], breach: Breach | None = None) -> None:
        """The monitor has counted these, and seen this."""
        drill = breach is not None and breach.drill
        subject = Subject(MODEL, version, drill)
        registration = registered(MODEL, self.world.lineage)
        assert registration is not None
        slo = registration.project.slo.rolling_accuracy
        kept = self.watches.get(subject)[LABELS]
        watch = LabelWatch.from_document(kept.document, Reference(0.9, 2000), slo)
        watch.take(Outcomes("b", MODEL, version, stamp(self.now), tuple(outcomes), drill))
        known = [each for each in self.watches.of(MODEL) if breach and (each.slo, each.drill) == (breach.slo, drill)]
        self.watches.put(
            Writing(
                subject,
                LABELS,
                kept.revision + 1,
                watch.to_document(),
                (),
                breach=breach,
                known=known[0] if known else None,
            )
        )

    def breaks(
        self,
        version: int,
        slo: str = ACCURACY,
        severity: Severity = Severity.ROLLBACK,
        *,
        drill: bool = False,
        ago: float = 0.0,
    ) -> Breach:
        """The version breaks a promise since so many seconds."""
        began = stamp(self.now - timedelta(seconds=ago))
        breach = Breach(MODEL, version, slo, severity, began, EVIDENCE, drill=drill)
        self.watch(version, [], breach)
        return breach

    def breach(self, identity: str) -> Breach:
        return next(each for each in self.watches.of(MODEL) if each.id == identity)

    def asked(self, version: int, times: Sequence[float], **changes: Any) -> None:
        """Requests that the version answered in so many milliseconds each, a second apart, the last one just now."""
        for place, ms in enumerate(times):
            at = stamp(self.now - timedelta(seconds=len(times) - place))
            row = {"id": f"r{place}", "input": {"carrier": "UA", "distance": place}, "answer": {"label": TRUE}}
            line = Captured(
                part=0,
                model=MODEL,
                version=version,
                at=at,
                ms=ms,
                entity=None,
                release=None,
                arm=None,
                failed=False,
                timed=True,
                slow=False,
                fallback=False,
                shadow=None,
                rows=[row],
            )
            self.recent.log.append(Captured(**{**vars(line), **changes}))

    def metrics(self) -> list[dict[str, Any]]:
        """Each line's metrics and its moment, in seconds from now."""
        lines = [json.loads(line) for line in self.logged]
        names = ("AccuracyBreach", "LatencyBreach", "ProbeFailures")
        return [
            {
                "later": line["_aws"]["Timestamp"] / 1000 - self.now.timestamp(),
                **{name: line[name] for name in names if name in line},
            }
            for line in lines
        ]


def bad_deploy(theatre: Theatre) -> Theatre:
    """Version 2 is wrong about half of what version 1 is right about."""
    theatre.labels(2, fails_on(2))
    return theatre


def changed_world(theatre: Theatre) -> Theatre:
    """Version 1 would be as wrong as version 2 is."""
    theatre.serves(1, fails_on(2))
    return bad_deploy(theatre)


def told(theatre: Theatre) -> list[tuple[str, str]]:
    """What people were told, and by which word."""
    return [(each["heirloom"], each["text"]) for each in theatre.announcements.published]
