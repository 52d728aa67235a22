"""Starting a canary: its trial is opened, and the route gives it its share of the callers.

Called by the release's state machine, which then waits for the trial's verdict under a task token.
"""

from __future__ import annotations

from heirloom.core.lineage.graph import Document
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, Ending, change, existing
from heirloom.core.release.route import Canary, Mark, Route, Routes
from heirloom.core.release.trial import Rules, Trial, conclude
from heirloom.core.release.verdict import Verdict


def start_canary(state: Document, token: str, routes: Routes, ending: Ending, at: str) -> Trial:
    """Open the trial that the state orders and start its canary; an earlier version's is superseded. The trial.

    Repeated after a lost answer it finds the trial: a verdict that stands is sent to the new token, and the canary is
    not started again. Raises Conflict for a frozen route, NotReady, NotFound.
    """
    route = existing(state["run"]["model"], routes)
    trial = ending.trials.open(_trial(state, token, route, at))
    verdict = trial.verdict or _started(trial, state, routes, ending, at)
    if verdict is not None:
        conclude(trial, verdict, ending.trials, ending.answers, at)
    return trial


def _started(trial: Trial, state: Document, routes: Routes, ending: Ending, at: str) -> Verdict | None:
    """Give the canary its share, unless a later version answers or is tried; that is the trial's verdict then."""
    canary, mark = _canary(state), _mark(state, at)

    def move(route: Route) -> Route:
        return route if _overtaken(trial, route) else moves.start_canary(route, canary, mark)

    return _overtaken(trial, change(trial.model, move, routes, ATTEMPTS, ending))


def _trial(state: Document, token: str, route: Route, at: str) -> Trial:
    return Trial(
        release=state["release"]["id"],
        model=route.model,
        champion=route.champion,
        challenger=state["version"]["number"],
        rules=Rules(**state["canary"]["rules"]),
        token=token,
        started_at=at,
    )


def _overtaken(trial: Trial, route: Route) -> Verdict | None:
    if route.champion >= trial.challenger:
        return Verdict("superseded", f"version {route.champion} already serves")
    if route.canary and route.canary.version > trial.challenger:
        return Verdict("superseded", f"version {route.canary.version} is on trial already")
    return None


def _canary(state: Document) -> Canary:
    ordered = state["canary"]
    return Canary(state["version"]["number"], ordered["share"], ordered["limit_ms"], state["release"]["id"])


def _mark(state: Document, at: str) -> Mark:
    return Mark(state["release"]["by"], at, f"on trial with {state['canary']['share']:.0%} of the callers")
