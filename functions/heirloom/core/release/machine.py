"""What the release's state machine (infra/workflows/release.asl.json) does to the route, a step at a time.

The state is the JSON document that the machine passes on: its input (order.release_input), then ``endpoint``, ``test``,
``verdict`` {"outcome", "reason"} after a canary, ``route``. Each step may be repeated after a lost answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from heirloom.core.lineage.graph import Document, Lineage
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, Ending, advance, change
from heirloom.core.release.moves import Move
from heirloom.core.release.route import BASELINE, Mark, Route, Routes
from heirloom.core.run.pipeline import event_of, run_of

READY, PROMOTED, SUPERSEDED, ROLLED_BACK, STOPPED = "ready", "promoted", "superseded", "rolled back", "stopped"
# How the run that trained the version goes on: what its history says of the last stage.
_EVENTS = {PROMOTED: "done", SUPERSEDED: "superseded", STOPPED: "failed"}


@dataclass(frozen=True)
class Outcome:
    """``revision`` is that of the route as it is now, moved or not; ``outcome`` is how the release ends, or READY."""

    moved: bool
    revision: int
    reason: str
    outcome: str


def move_route(move: str, state: Document, routes: Routes, lineage: Lineage, ending: Ending, at: str) -> Outcome:
    """One of the moves ready, promote, rollback and stop; the last three end the release, and so its run.

    Raises Conflict, NotReady, and NotFound when the model has no route (its project was removed).
    """
    outcome = _MOVES[move](_Release(state, routes, ending, at))
    _tell(state, outcome, lineage, at)
    return outcome


@dataclass(frozen=True)
class _Release:
    """A release at one of its steps."""

    state: Document
    routes: Routes
    ending: Ending
    at: str

    def ready(self) -> Outcome:
        name = self.state["version"]["name"]
        mark = self._mark(f"tested: {name} answers as training did")
        route = self._change(lambda now: moves.ready(now, self._number, name, mark))
        return Outcome(True, route.revision, mark.reason, READY)

    def promote(self) -> Outcome:
        """The pipeline only moves forward; a person may have asked for an earlier version."""
        number, mark = self._number, self._mark(self._why())
        if self.state["run"]["id"] is not None:
            return self._ended(advance(self._model, number, mark, self.routes, self.ending), mark, PROMOTED)

        def move(route: Route) -> Route:
            return route if route.champion == number else moves.promote(route, number, mark)

        return self._ended(self._change(move), mark, PROMOTED)

    def roll_back(self) -> Outcome:
        number, release = self._number, self.state["release"]
        mark = self._mark(release["reason"])

        def move(route: Route) -> Route:
            return route if route.champion <= number else moves.roll_back(route, number, mark, release["quarantine"])

        return self._ended(self._change(move), mark, ROLLED_BACK)

    def stop(self) -> Outcome:
        """End the canary; a version that is worse is quarantined even if somebody has ended its canary already.

        A later version that is tried or answers has superseded it; all else is a release that was taken back.
        """
        number, release, verdict = self._number, self.state["release"]["id"], self.state["verdict"]
        mark, worse = self._mark(verdict["reason"]), verdict["outcome"] == "worse"

        def move(route: Route) -> Route:
            if route.canary and route.canary.release == release:
                return moves.stop(route, release, mark, worse)
            spared = {route.champion, BASELINE, *route.quarantined}
            return moves.quarantine(route, number, mark) if worse and number not in spared else route

        route = self._change(move)
        replaced = verdict["outcome"] == "superseded" and route.canary is not None
        if replaced or route.champion >= number:
            return Outcome(False, route.revision, mark.reason, SUPERSEDED)
        return Outcome(True, route.revision, mark.reason, STOPPED)

    @property
    def _model(self) -> str:
        return str(self.state["run"]["model"])

    @property
    def _number(self) -> int:
        return int(self.state["version"]["number"])

    def _mark(self, reason: str) -> Mark:
        return Mark(self.state["release"]["by"], self.at, reason)

    def _why(self) -> str:
        """Why the version is promoted: what its canary has shown, where it had one."""
        return str(self.state.get("verdict", self.state["release"])["reason"])

    def _change(self, move: Move) -> Route:
        return change(self._model, move, self.routes, ATTEMPTS, self.ending)

    def _ended(self, route: Route, mark: Mark, outcome: str) -> Outcome:
        if route.champion != self._number:
            return Outcome(False, route.revision, f"version {route.champion} already serves", SUPERSEDED)
        return Outcome(True, route.revision, mark.reason, outcome)


_MOVES: dict[str, Callable[[_Release], Outcome]] = {
    "ready": _Release.ready,
    "promote": _Release.promote,
    "rollback": _Release.roll_back,
    "stop": _Release.stop,
}


def _tell(state: Document, outcome: Outcome, lineage: Lineage, at: str) -> None:
    """How the release ended, in the history of the run that trained the version; once."""
    run, event = state["run"]["id"], _EVENTS.get(outcome.outcome)
    if run is None or event is None:
        return
    if not any(("route", event) == (told.stage, told.state) for told in lineage.history(run)):
        reason = None if outcome.outcome == PROMOTED else outcome.reason
        lineage.record(run_of(state), event_of(state, "route", event, at, reason=reason))
