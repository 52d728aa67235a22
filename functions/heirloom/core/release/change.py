"""Writing a route: read it, move it, put it back with its line of the history, all or nothing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from heirloom.core.errors import Conflict, Denied, NotFound, Unavailable
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release import moves
from heirloom.core.release.moves import Move
from heirloom.core.release.route import BASELINE, OPEN, Mark, Route, Routes, history_of
from heirloom.core.release.trial import Answers, Trials, conclude
from heirloom.core.release.verdict import Verdict

ATTEMPTS = 10
"""How often automation tries while others change the route; a person's change has one attempt."""


@dataclass(frozen=True)
class Ending:
    """How a trial is ended when somebody takes its canary out of the route."""

    trials: Trials
    answers: Answers

    def supersede(self, before: Route, after: Route) -> None:
        """Tell the release that waits for the trial, if the change ended it.

        The route is written by now: a release that can't be told must not make a rollback look as if it had failed, and
        be done twice. It learns the same when its time is over.
        """
        if before.canary and after.canary != before.canary:
            with suppress(Denied, Unavailable):
                self._conclude(before.canary.release, after)

    def _conclude(self, release: str, after: Route) -> None:
        trial, mark = self.trials.get(release), after.change
        if trial is not None:
            verdict = Verdict("superseded", f"{after.action} by {mark.by}: {mark.reason}")
            conclude(trial, verdict, self.trials, self.answers, mark.at)


def change(model: str, move: Move, routes: Routes, attempts: int = 1, ending: Ending | None = None) -> Route:
    """Read the route, move it, write it; the route as it is then. A move that gives it back as it is writes nothing.

    Of two writers one wins; the other tries again while it has attempts left, with the route read anew. Raises
    Conflict, and NotFound for a model that has no route.
    """
    now = existing(model, routes)
    moved = move(now)
    if moved == now:
        return now
    try:
        write(moved, routes)
    except Conflict:
        if attempts == 1:
            raise
        return change(model, move, routes, attempts - 1, ending)
    if ending:
        ending.supersede(now, moved)
    return moved


def write(route: Route, routes: Routes) -> None:
    """Put the route and its record. Raises Conflict when somebody else was faster."""
    record, edges = history_of(route)
    try:
        routes.put(route, record, *edges)
    except Conflict as lost:
        raise Conflict(f"the route of {route.model} was changed meanwhile: look at it, then try again") from lost


def existing(model: str, routes: Routes) -> Route:
    """The model's route. Raises NotFound."""
    route = routes.get(model)
    if route is None:
        raise NotFound(f"{model} has no route: there is no such model, or its project was removed; deploy it (again)")
    return route


def open_route(model: str, endpoint: str, mark: Mark, routes: Routes, lineage: Lineage) -> Route:
    """Create the model's route, at the baseline, when it has none; else keep up with the baseline's endpoint.

    Of a model that was removed, the revisions go on where they ended, and who has frozen it or called a version bad is
    still believed. Raises Conflict when somebody is faster.
    """
    if routes.get(model) is not None:
        return change(model, lambda route: moves.ready(route, BASELINE, endpoint, mark), routes, ATTEMPTS)
    newest = lineage.changes(model, 1).entries
    last = lineage.node("change", newest[0].id) if newest else None
    route = Route(model, 1, BASELINE, {BASELINE: endpoint}, OPEN, mark)
    if last is not None:
        before = Route.from_document(last.data)
        route = replace(route, revision=before.revision + 1, frozen=before.frozen, quarantined=before.quarantined)
    write(route, routes)
    return route
