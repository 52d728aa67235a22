"""Which endpoints go: of earlier and of bad versions, what no route names, beyond the newest that a project keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from heirloom.core.errors import Unavailable
from heirloom.core.lineage.graph import Document
from heirloom.core.project.registration import Deployments
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, change, existing
from heirloom.core.release.route import Mark, Route, Routes

SETTLED = 3.0
"""Seconds after which nobody asks an endpoint that has left the route: predict keeps a route for one (wiring.py)."""


def superfluous(route: Route, keep: int) -> tuple[int, ...]:
    """The versions whose endpoints go: all but the ``keep`` newest, and quarantined ones before good ones.

    A later version that is good may be about to be promoted by its release: it stays.
    """
    bad, needed = route.quarantined, moves.named(route)
    free = [version for version in route.ready.keys() - needed if version < route.champion or version in bad]
    kept_first = sorted(free, key=lambda version: (version in bad, -version))
    return tuple(sorted(kept_first[keep:]))


def retire_endpoints(
    state: Document, routes: Routes, deployments: Deployments, pause: Callable[[float], object], at: str
) -> tuple[str, ...]:
    """Take endpoints out of the route, then down: nobody is ever pointed at one that is being deleted. Their names.

    The route keeps a name until the next retirement has deleted it for sure, so a step that died in between is made
    good. A name is not used twice (order.start_release), so nothing that is in service again is hit. ``pause`` waits
    so many seconds. Raises Unavailable for an endpoint that can't be deleted now, after all others.
    """
    model, keep = state["run"]["model"], state["keep"]
    down = _Down(deployments, pause)
    down.take(existing(model, routes))

    def move(route: Route) -> Route:
        going = superfluous(route, keep)
        listed = ", ".join(map(str, going))
        mark = Mark("retention", at, f"version {listed}: not of the {keep} kept besides those that the route names")
        return moves.retire(route, going, mark, down.gone) if going else route

    down.take(change(model, move, routes, ATTEMPTS))
    if down.failure:
        raise down.failure
    return tuple(down.gone)


@dataclass
class _Down:
    """What was deleted, and the error of what could not be."""

    deployments: Deployments
    pause: Callable[[float], object]
    tried: set[str] = field(default_factory=set)
    gone: list[str] = field(default_factory=list)
    failure: Unavailable | None = None

    def take(self, route: Route) -> None:
        """Delete what has left the route, when nobody goes by the route before any more."""
        names = [name for name in route.retired if name not in self.tried]
        if names:
            self.pause(SETTLED)
            self.tried.update(names)
        for name in names:
            try:
                self.deployments.take_down(name)
                self.gone.append(name)
            except Unavailable as error:
                self.failure = error
