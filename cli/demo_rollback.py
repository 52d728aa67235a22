"""The demo's second act: a version that has learnt from another unit goes live, and is rolled back.

The vendor of the departure data sends the month again, its delays in seconds now, and a model learns from it. Its test
rows are of the same file, so its test is as good as ever. Requests still come in minutes: what it answers to real
flights is wrong, and only what really happens to them can tell.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.feedback import tell
from cli.flights import MODEL, Flight
from cli.output import seconds
from cli.ports import Ports
from cli.predict import ask
from cli.progress import Steps
from heirloom.core.clock import stamp, utc_now
from heirloom.core.errors import Unavailable
from heirloom.core.incident.incident import RESOLVED, Incident
from heirloom.core.monitoring.breach import Breach, Severity
from heirloom.core.release import moves
from heirloom.core.release.change import change
from heirloom.core.release.route import Mark
from heirloom.core.rollback.decision import COOLDOWN, FLAPS
from heirloom.core.rollback.history import automatic, history

AT_ONCE = 100
"""Flights that are answered, and then labelled, together."""
PATIENCE = 90.0
EVERY = 0.25


def begin_anew(steps: Steps, ports: Ports) -> None:
    """Whoever runs the demo again has seen how it ended: without a person's look, automation stops after two rollbacks
    a day, and freezes the route."""
    now = utc_now()
    route = ports.routes.get(MODEL)
    mark = Mark(ports.session.caller, stamp(now), "the demo begins again")
    if route and route.frozen:
        change(MODEL, lambda frozen: moves.thaw(frozen, mark), ports.routes)
    elif route and len(automatic(history(MODEL, ports.lineage), now - COOLDOWN)) >= FLAPS:
        looked = (lambda it: moves.freeze(it, mark), lambda it: moves.thaw(it, mark))
        change(MODEL, lambda it: moves.at_once(it, *looked), ports.routes)
    else:
        return
    steps.line(f"{MODEL} was rolled back twice today: thawed, as a person would who has looked")


@dataclass
class Rollback:
    """What becomes of a version, told line by line as it happens, with the seconds since ``began``."""

    steps: Steps
    ports: Ports
    version: int
    began: float = field(default_factory=time.monotonic)
    told: dict[str, float] = field(default_factory=dict)
    labelled: int = 0
    wrong: int = 0

    def watch(self, flights: Sequence[Flight]) -> None:
        """Let it answer flights and say what became of them until it is rolled back. Raises Unavailable."""
        for start in range(0, len(flights), AT_ONCE):
            if not self._answer(flights[start : start + AT_ONCE]):
                break
        self._until("resolved")

    def _answer(self, flights: Sequence[Flight]) -> bool:
        """Whether the version still answers, and is not known to be bad yet."""
        answer = ask(self.ports.session, MODEL, [flight.inputs for flight in flights])
        if answer["version"] != self.version:
            return False
        pairs = list(zip(answer["predictions"], flights, strict=True))
        tell(self.ports.session, MODEL, [{"id": one["id"], "label": flight.late} for one, flight in pairs])
        self.labelled += len(pairs)
        self.wrong += sum(one["label"] is not flight.late for one, flight in pairs)
        self._look()
        return "rollback" not in self.told

    def _until(self, last: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while last not in self.told:
            if time.monotonic() > deadline:
                raise Unavailable(f"version {self.version} was not rolled back within {seconds(PATIENCE)}")
            time.sleep(EVERY)
            self._look()

    def _look(self) -> None:
        """Tell what is new."""
        for breach in self.ports.watches.of(MODEL):
            if breach.version == self.version and not breach.drill:
                self._tell_breach(breach)
                self._tell_incident(self.ports.incidents.get(breach.id))
        route = self.ports.routes.get(MODEL)
        if route and route.champion != self.version:
            self._tell("rollback", f"version {route.champion} answers again: {route.change.reason}")

    def _tell_breach(self, breach: Breach) -> None:
        right = 1 - self.wrong / max(1, self.labelled)
        so_far = f"after {self.labelled} labelled flights, {right:.0%} of them right"
        if breach.severity == Severity.ROLLBACK:
            self._tell("breach", f"{so_far}: {breach.evidence['reason']}")

    def _tell_incident(self, incident: Incident | None) -> None:
        if incident and incident.triggered:
            paged = "PagerDuty has" if incident.paged_at else "without a pager, `heirloom incidents list` has"
            self._tell("page", f"{paged} one incident, {incident.severity}: {incident.summary}")
        if incident and incident.status == RESOLVED:
            self._tell("resolved", "what answers was checked, and the incident is closed")

    def _tell(self, what: str, text: str) -> None:
        if what not in self.told:
            self.told[what] = time.monotonic() - self.began
            self.steps.line(f"{what:<9} {text}")

    def to_document(self) -> dict[str, Any]:
        """What came when, in seconds after the version's first answer."""
        when = {what: round(after, 1) for what, after in self.told.items()}
        return {"version": self.version, "labelled": self.labelled, "wrong": self.wrong, "seconds": when}
