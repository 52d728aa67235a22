"""Routes: which version answers for a model. Promotion and rollback are one conditional write of a route.

The pipeline moves a route forward, the project's registration creates it at version 0, predict reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from heirloom.core.errors import Conflict, NotFound
from heirloom.core.lineage.graph import SERVES, Edge, Lineage, Node, version_id

ATTEMPTS = 5


@dataclass(frozen=True)
class Route:
    """``champion`` is the version that answers, at ``endpoint``; ``revision`` counts the changes, from 1."""

    model: str
    revision: int
    champion: int
    endpoint: str
    previous: int | None
    changed_by: str
    changed_at: str
    reason: str


class Routes(Protocol):
    """Stores the routes. Each method raises Denied or Unavailable."""

    def get(self, model: str) -> Route | None:
        """The route as it is now."""

    def get_many(self, models: Iterable[str]) -> Mapping[str, Route]:
        """The routes of those models that have one."""

    def put(self, route: Route) -> None:
        """Write the route if the stored one has the revision before (none, for revision 1). Raises Conflict."""

    def delete(self, model: str) -> None:
        """Take the route away; nothing happens where there is none."""


@dataclass(frozen=True)
class Change:
    """A wish to let a version answer: who wants it, when, why."""

    model: str
    version: int
    endpoint: str
    changed_by: str
    changed_at: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """``revision`` is that of the route as it is now, moved or not."""

    moved: bool
    revision: int
    reason: str


def advance(change: Change, routes: Routes, lineage: Lineage) -> Outcome:
    """Point the route at a newer version; never back, so that of two runs the later version wins, whatever the order.

    Raises NotFound when the model has no route (its project was removed), Conflict when others keep changing it.
    """
    for _ in range(ATTEMPTS):
        now = _existing(routes, change.model)
        if now.champion > change.version:
            return Outcome(False, now.revision, f"version {now.champion} already serves")
        if now.champion < change.version:
            try:
                now = _write(change, now, routes)
            except Conflict:
                continue
        _record(now, lineage)
        return Outcome(True, now.revision, now.reason)
    raise Conflict(f"the route of {change.model} was changed {ATTEMPTS} times while it was being moved: try again")


def open_route(change: Change, routes: Routes, lineage: Lineage) -> Route:
    """Create the model's route when it has none; one that exists stays, but for an endpoint that was renamed."""
    now = routes.get(change.model)
    if now is not None and (now.champion != change.version or now.endpoint == change.endpoint):
        return now
    fresh = _write(change, now, routes)
    _record(fresh, lineage)
    return fresh


class RecentRoutes:
    """The routes for a reader that asks at every request: an answer is kept for ``seconds`` of ``monotonic`` time.

    A promotion or a rollback is seen by every running function within that time. What is not there is not kept.
    """

    def __init__(self, routes: Routes, seconds: float, monotonic: Callable[[], float]) -> None:
        self._routes = routes
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, Route]] = {}

    def get(self, model: str) -> Route | None:
        now = self._monotonic()
        kept = self._kept.get(model)
        if kept and now - kept[0] < self._seconds:
            return kept[1]
        route = self._routes.get(model)
        if route is not None:
            self._kept[model] = (now, route)
        return route


def _existing(routes: Routes, model: str) -> Route:
    route = routes.get(model)
    if route is None:
        raise NotFound(f"{model} has no route: its project was removed; deploy it again")
    return route


def _write(change: Change, now: Route | None, routes: Routes) -> Route:
    route = Route(
        model=change.model,
        revision=now.revision + 1 if now else 1,
        champion=change.version,
        endpoint=change.endpoint,
        previous=_previous(change, now),
        changed_by=change.changed_by,
        changed_at=change.changed_at,
        reason=change.reason,
    )
    routes.put(route)
    return route


def _previous(change: Change, now: Route | None) -> int | None:
    if now is None:
        return None
    return now.champion if now.champion != change.version else now.previous


def _record(route: Route, lineage: Lineage) -> None:
    """The deployment's node; repeated after a crash between the two writes, it is the same node.

    Named by time, since a model that is removed and deployed again counts its revisions from 1 again.
    """
    data = {
        "version": route.champion,
        "endpoint": route.endpoint,
        "revision": route.revision,
        "changed_by": route.changed_by,
        "reason": route.reason,
    }
    identity = f"{route.model}/{route.changed_at}"
    node = Node("deployment", identity, route.model, route.changed_at, data)
    version = f"version#{version_id(route.model, route.champion)}"
    lineage.add(node, Edge(version, SERVES, node.key))
