"""What the release's state machine (infra/workflows/release.asl.json) does to the route, a step at a time.

The state is the JSON document that the machine passes on: its input (order.release_input), then ``endpoint``, ``test``,
``verdict`` {"outcome", "reason"} after a canary, ``route``. Each step may be repeated after a lost answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from heirloom.core.lineage.graph import Document, Lineage
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, Ending, change
from heirloom.core.release.moves import Move
from heirloom.core.release.route import BASELINE, Mark, Route, Routes
from heirloom.core.release.verdict import Verdict
from heirloom.core.run import tracked
from heirloom.core.run.journal import Journal
from heirloom.core.run.pipeline import event_of, run_of
from heirloom.core.run.record import FAILED, FAILURE_TAG, FINISHED

READY, PROMOTED, SUPERSEDED, ROLLED_BACK, STOPPED = "ready", "promoted", "superseded", "rolled back", "stopped"
LOOKED_BACK = 50
"""How many changes a step looks back for its own: it is repeated within minutes."""
# How the run that trained the version ends: what its history says of the last stage, and what tracking does.
_EVENTS = {
    PROMOTED: ("done", tracked.Ending(FINISHED)),
    SUPERSEDED: ("superseded", tracked.Ending(FINISHED, {tracked.SUPERSEDED_TAG: ""})),
    STOPPED: ("failed", tracked.Ending(FAILED, {FAILURE_TAG: ""})),
}


@dataclass(frozen=True)
class Outcome:
    """``revision`` is that of the route as it is now, moved or not; ``outcome`` is how the release ends, or READY."""

    moved: bool
    revision: int
    reason: str
    outcome: str


def move_route(move: str, state: Document, routes: Routes, journal: Journal, ending: Ending, at: str) -> Outcome:
    """One of the moves ready, promote, rollback and stop; the last three end the release, and so its run.

    Raises Conflict, NotReady, and NotFound when the model has no route (its project was removed).
    """
    outcome = _MOVES[move](_Release(state, routes, journal.lineage, ending, at))
    _tell(state, outcome, journal, at)
    return outcome


@dataclass(frozen=True)
class _Release:
    """A release at one of its steps."""

    state: Document
    routes: Routes
    lineage: Lineage
    ending: Ending
    at: str

    def ready(self) -> Outcome:
        route, _ = self._change(self._made_ready, moves.READY)
        return Outcome(True, route.revision, self._tested, READY)

    def promote(self) -> Outcome:
        """The pipeline only moves forward; a person may have asked for an earlier version."""
        if self.state["canary"] is not None:
            return self._end_trial()
        number, mark = self._number, self._mark(self.state["release"]["reason"])
        if self.state["run"]["id"] is None:
            return self._as_wished(lambda route: moves.promote(route, number, mark), mark, PROMOTED)
        route, taken = self._change(lambda route: moves.forward(route, number, mark), moves.PROMOTE)
        return self._ended(route, taken == moves.PROMOTE, mark, PROMOTED)

    def roll_back(self) -> Outcome:
        """A person's: back to the version, unless another one answers than the person has seen."""
        number, release = self._number, self.state["release"]
        mark = self._mark(release["reason"])
        return self._as_wished(
            lambda route: moves.roll_back(route, number, mark, release["quarantine"]), mark, ROLLED_BACK
        )

    def stop(self) -> Outcome:
        return self._end_trial()

    def _as_wished(self, move: Move, mark: Mark, outcome: str) -> Outcome:
        """In one change with the endpoint's being ready: as an earlier version's it might be retired in between.

        A version that a person did not see by then answers for a reason: it is neither replaced nor marked.
        """
        seen = self.state["release"]["champion"]

        def wished(route: Route) -> Route:
            return moves.at_once(route, self._made_ready, lambda now: move(now) if now.champion == seen else now)

        action = moves.PROMOTE if outcome == PROMOTED else moves.ROLLBACK
        route, taken = self._change(wished, action, moves.READY)
        return self._ended(route, taken == action, mark, outcome)

    def _end_trial(self) -> Outcome:
        """Promote the canary or take it back, as the verdict that stands wants it.

        A trial whose time is over may have had a verdict that could not be told: the first one stands.
        """
        told, canary = self.state["verdict"], self.state["canary"]
        verdict = Verdict(told["outcome"], told["reason"], at=self.at)
        if verdict.outcome == "undecided":
            verdict = self.ending.trials.decide(self._id, verdict)
        late = verdict.outcome == "undecided" and canary["on_timeout"] == "promote"
        return self._promote_canary(verdict) if late or verdict.outcome == "better" else self._stop_canary(verdict)

    def _promote_canary(self, verdict: Verdict) -> Outcome:
        """Only while it is the route's: a person may have stopped it, a later one may have taken its place."""
        number, mark = self._number, self._mark(verdict.reason)

        def move(route: Route) -> Route:
            return moves.promote(route, number, mark) if self._tries(route) else route

        route, taken = self._change(move, moves.PROMOTE)
        if taken == moves.PROMOTE or route.champion == number:
            return Outcome(True, route.revision, mark.reason, PROMOTED)
        later = route.champion > number or route.canary is not None
        why = f"{route.action} by {route.change.by}: {route.change.reason}"
        return Outcome(False, route.revision, why, SUPERSEDED if later else STOPPED)

    def _stop_canary(self, verdict: Verdict) -> Outcome:
        """End the canary; a version that is worse is quarantined even if somebody has ended its canary already.

        A later version that is tried or answers has superseded it; all else is a release that was taken back.
        """
        number, mark, worse = self._number, self._mark(verdict.reason), verdict.outcome == "worse"

        def move(route: Route) -> Route:
            if self._tries(route):
                return moves.stop(route, self._id, mark, worse)
            spared = {route.champion, BASELINE, *route.quarantined}
            return moves.quarantine(route, number, mark) if worse and number not in spared else route

        route, _ = self._change(move, moves.STOP, moves.QUARANTINE)
        replaced = verdict.outcome == "superseded" and route.canary is not None
        if replaced or route.champion >= number:
            return Outcome(False, route.revision, mark.reason, SUPERSEDED)
        return Outcome(True, route.revision, mark.reason, STOPPED)

    @property
    def _id(self) -> str:
        return str(self.state["release"]["id"])

    @property
    def _model(self) -> str:
        return str(self.state["run"]["model"])

    @property
    def _number(self) -> int:
        return int(self.state["version"]["number"])

    @property
    def _tested(self) -> str:
        return f"tested: {self.state['version']['name']} answers as training did"

    def _mark(self, reason: str) -> Mark:
        return Mark(self.state["release"]["by"], self.at, reason)

    def _tries(self, route: Route) -> bool:
        """Whether the route's canary is this release's."""
        return route.canary is not None and route.canary.release == self._id

    def _made_ready(self, route: Route) -> Route:
        return moves.ready(route, self._number, self.state["version"]["name"], self._mark(self._tested))

    def _change(self, move: Move, *actions: str) -> tuple[Route, str | None]:
        """Move the route unless this release has done so already: a step that is repeated after a lost answer must not
        undo what a person has done since. The route as it is then, and which of the actions was taken, if any.

        The history is read after the route whose revision the write depends on, so it lacks nothing.
        """
        before: list[str] = []

        def once(route: Route) -> Route:
            before[:] = [action for action in self._taken() if action in actions]
            if before:
                return route
            moved = move(route)
            return moved if moved == route else replace(moved, release=self._id)

        route = change(self._model, once, self.routes, ATTEMPTS, self.ending)
        taken = [*before, route.action] if route.release == self._id else before
        return route, next(iter(taken), None)

    def _taken(self) -> list[str]:
        """What this release has done to the route lately, the last first."""
        entries = self.lineage.changes(self._model, LOOKED_BACK).entries
        return [entry.summary["action"] for entry in entries if entry.summary.get("release") == self._id]

    def _ended(self, route: Route, moved: bool, mark: Mark, outcome: str) -> Outcome:
        if moved or route.champion == self._number:
            return Outcome(True, route.revision, mark.reason, outcome)
        return Outcome(False, route.revision, f"version {route.champion} already serves", SUPERSEDED)


_MOVES: dict[str, Callable[[_Release], Outcome]] = {
    "ready": _Release.ready,
    "promote": _Release.promote,
    "rollback": _Release.roll_back,
    "stop": _Release.stop,
}


def _tell(state: Document, outcome: Outcome, journal: Journal, at: str) -> None:
    """How the release ended, in the history of the run that trained the version; once."""
    run, told = state["run"]["id"], _EVENTS.get(outcome.outcome)
    if run is None or told is None:
        return
    event, ending = told
    reason = None if outcome.outcome == PROMOTED else outcome.reason
    why = dict.fromkeys(ending.tags, outcome.reason)
    journal.end(
        run_of(state),
        event_of(state, "route", event, at, reason=reason),
        replace(ending, tags=why),
        lambda before: (before.stage, before.state) == ("route", event),
    )
