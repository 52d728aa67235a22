"""A drill: the outcomes of a bad twin of the champion go the real way, and no caller is answered otherwise for it.

Made-up outcomes are stored as a batch of the champion's labels, marked as a drill's; from there on all is real: the
stream, the monitor, the metric, the alarm, the topics, the pager, and the function that rolls back, which moves the
drill's route (rehearsal.py) in place of the model's. `heirloom drill` calls it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from heirloom.core.clock import Clock, stamp
from heirloom.core.errors import Conflict, NotFound, Unavailable
from heirloom.core.incident.incident import Incident
from heirloom.core.lineage.graph import Document, Lineage
from heirloom.core.monitoring.breach import ACCURACY, Breach, Severity
from heirloom.core.monitoring.observation import Outcome, Outcomes
from heirloom.core.monitoring.standard import Standard
from heirloom.core.prediction.answer import new_ids
from heirloom.core.prediction.records import Predictions
from heirloom.core.release import moves
from heirloom.core.release.change import write
from heirloom.core.release.route import BASELINE, OPEN, Mark, Route, Routes
from heirloom.core.rollback.answering import Pause
from heirloom.core.rollback.book import BreachBook, lasting
from heirloom.core.rollback.decision import Decision
from heirloom.core.rollback.latch import Decisions
from heirloom.core.rollback.rehearsal import TWIN, drill_route

OUTCOMES = 100
"""In a batch; the naive rule needs a full window."""
RIGHT = 10
"""Each so many-th outcome is right: a twin that is as bad as that is not missed, nor impossible."""
EVERY = 0.2
"""Seconds between two looks."""
BATCH_EVERY = timedelta(seconds=1)
STALE = timedelta(minutes=30)
"""A drill that is older has not cleared up after itself."""


class Held(Protocol):
    """Knows what a version is held to: core/monitoring/standard.py's Standards."""

    def of(self, model: str, version: int) -> Standard | None:
        """None for a model that is not deployed."""


class Told(Protocol):
    """Knows what people were told: core/incident/incident.py's Incidents."""

    def get(self, identity: str) -> Incident | None:
        """The incident of a breach."""


@dataclass(frozen=True)
class Stage:
    """The ports of a drill. ``alarm`` is the state of the model's critical alarm; None where there is none."""

    routes: Routes
    lineage: Lineage
    predictions: Predictions
    book: BreachBook
    held: Held
    incidents: Told
    decisions: Decisions
    alarm: Callable[[], str | None]
    clock: Clock
    pause: Pause


@dataclass
class Report:
    """What came when, in seconds since the first bad outcome was sent; None for what has not come. ``breach`` is the id
    of the drill's breach. ``paged``: whether a pager took the page; without one it was written down only."""

    model: str
    version: int
    outcomes: int = 0
    breach: str | None = None
    seen: float | None = None
    page: float | None = None
    paged: bool = False
    moved: float | None = None
    answered: float | None = None

    @property
    def done(self) -> bool:
        return None not in (self.seen, self.page, self.moved, self.answered)

    @property
    def missing(self) -> str:
        """What has not come, in words."""
        parts = (
            ("the breach", self.seen),
            ("the page", self.page),
            ("the rollback", self.moved),
            ("the check of what answers", self.answered),
        )
        return ", ".join(part for part, seconds in parts if seconds is None)


Watch = Callable[[Report], None]


def run_drill(model: str, by: str, stage: Stage, timeout: float, watch: Watch) -> Report:
    """Send bad outcomes until the breach shows, and see who does what; ``watch`` is shown the report at each look.

    Clears up in the end, however it ends. Raises Conflict where a drill can't be told from the real thing, or comes to
    no rollback, NotFound, and Unavailable when ``timeout`` seconds were not enough.
    """
    route = _fit(model, stage)
    _await_quiet(model, stage, timeout)
    report, earlier = Report(model, route.champion), frozenset(each.id for each in stage.book.of(model))
    with _drill_route(route, by, stage):
        began = stage.clock()
        for now in _looks(stage, began, timeout):
            _send(report, now, began, stage)
            _look(report, (now - began).total_seconds(), earlier, stage)
            watch(report)
            if report.done:
                return report
    raise Unavailable(
        f"the drill of {model} has not come to its end in {timeout:.0f} seconds: {report.missing} is missing"
    )


def _fit(model: str, stage: Stage) -> Route:
    """The model's route, if a drill is possible now."""
    route = stage.routes.get(model)
    held = stage.held.of(model, route.champion) if route else None
    if route is None or held is None:
        raise NotFound(f"there is no model {model!r}: `heirloom model list` shows them")
    if not held.project.watches_accuracy or held.reference is None:
        raise Conflict(
            f"version {route.champion} of {model} is not held to an accuracy, so no outcome is a breach: train a"
            " version, and of a regression declare slo.rolling_accuracy.tolerance"
        )
    for breach in lasting(stage.book.of(model)):
        if not breach.drill:
            raise Conflict(f"{breach.id} is a real breach, and it lasts: no drill while people are needed")
    other = stage.routes.get(drill_route(model))
    if other is not None and datetime.fromisoformat(other.change.at) > stage.clock() - STALE:
        raise Conflict(f"{other.change.by} has begun a drill of {model} at {other.change.at}: let it end")
    return route


def _await_quiet(model: str, stage: Stage, timeout: float) -> None:
    """An alarm that is still on, of a drill before, can't go off again."""
    _clear_up(model, stage)
    deadline = stage.clock() + timedelta(seconds=timeout)
    while stage.alarm() == "ALARM":
        if stage.clock() >= deadline:
            raise Unavailable(f"the critical alarm of {model} is on, without a breach: labels or requests turn it off")
        stage.pause(EVERY)


@contextmanager
def _drill_route(route: Route, by: str, stage: Stage) -> Iterator[None]:
    """The drill's route while it lasts: from the champion's endpoint to that of the version before it."""
    name = drill_route(route.model)
    newest = stage.lineage.changes(name, 1).entries
    revision = newest[0].summary["revision"] + 1 if newest else 1
    ready = {BASELINE: route.ready[moves.earlier(route)], TWIN: route.endpoint}
    mark = Mark(by, stamp(stage.clock()), f"a drill of {route.model}: nobody is answered by this route")
    write(Route(name, revision, TWIN, ready, OPEN, mark), stage.routes)
    try:
        yield
    finally:
        if _clear_up(route.model, stage):
            # What the monitor makes of it turns the alarm off: the twin is well again.
            _put(route.model, route.champion, [True], stage)


def _clear_up(model: str, stage: Stage) -> bool:
    """No drill is left; whether one was broken off, whose breach lasted."""
    stage.routes.delete(drill_route(model))
    left = [breach for breach in lasting(stage.book.of(model)) if breach.drill]
    for breach in left:
        stage.book.end(breach, stamp(stage.clock()))
    return bool(left)


def _looks(stage: Stage, began: datetime, timeout: float) -> Iterator[datetime]:
    """The moments at which to look."""
    while (now := stage.clock()) < began + timedelta(seconds=timeout):
        yield now
        stage.pause(EVERY)


def _send(report: Report, now: datetime, began: datetime, stage: Stage) -> None:
    """Send the next batch when it is time, until the breach shows."""
    if report.breach is None and now >= began + BATCH_EVERY * (report.outcomes // OUTCOMES):
        _put(report.model, report.version, [place % RIGHT == 0 for place in range(OUTCOMES)], stage)
        report.outcomes += OUTCOMES


def _put(model: str, version: int, correct: list[bool], stage: Stage) -> None:
    now = stage.clock()
    ids = new_ids(len(correct), now)
    outcomes = tuple(Outcome(identity, right) for identity, right in zip(ids, correct, strict=True))
    batch = Outcomes(f"drill-{uuid.uuid4().hex}", model, version, stamp(now), outcomes, drill=True)
    stage.predictions.put([batch.to_record()])


def _look(report: Report, seconds: float, earlier: frozenset[str], stage: Stage) -> None:
    """Note what has come since the last look. Raises Conflict when it was decided that nothing is rolled back."""
    breach = _breach(report.model, earlier, stage)
    if breach is None:
        return
    if report.breach is None:
        report.breach, report.seen = breach.id, seconds
    incident, route = stage.incidents.get(breach.id), stage.routes.get(drill_route(report.model))
    if report.page is None and incident is not None and incident.triggered:
        report.page, report.paged = seconds, incident.paged_at is not None
    _check(report.model, stage.decisions.of(breach.id))
    if report.moved is None and route is not None and route.champion != TWIN:
        report.moved = seconds
    if report.answered is None and breach.ended_at is not None:
        report.answered = seconds  # roll_back ends the breach when it has seen what answers


def _check(model: str, decided: Document | None) -> None:
    decision = Decision.from_document(decided) if decided else None
    if decision is not None and (decision.action != "rollback" or decision.problem):
        raise Conflict(f"the drill of {model} did not go well: {decision.problem or decision.reason}")


def _breach(model: str, earlier: frozenset[str], stage: Stage) -> Breach | None:
    """The drill's own, when it asks for a rollback; also after its end."""
    found = (each for each in stage.book.of(model) if each.drill and each.slo == ACCURACY and each.id not in earlier)
    return next((each for each in found if each.severity >= Severity.ROLLBACK), None)
