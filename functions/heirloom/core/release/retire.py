"""Which endpoints go: of earlier and of bad versions, what no route names, beyond the newest that a project keeps."""

from __future__ import annotations

from heirloom.core.lineage.graph import Document, Lineage
from heirloom.core.project.registration import Deployments
from heirloom.core.release import moves
from heirloom.core.release.change import ATTEMPTS, change
from heirloom.core.release.route import Mark, Route, Routes

LOOKED_BACK = 20
"""How many changes are searched for endpoints that a step before left behind."""


def superfluous(route: Route, keep: int) -> tuple[int, ...]:
    """The versions whose endpoints go: all but the ``keep`` newest, and quarantined ones before good ones.

    A later version that is good may be about to be promoted by its release: it stays.
    """
    bad, needed = route.quarantined, moves.named(route)
    free = [version for version in route.ready.keys() - needed if version < route.champion or version in bad]
    kept_first = sorted(free, key=lambda version: (version in bad, -version))
    return tuple(sorted(kept_first[keep:]))


def retire_endpoints(
    state: Document, routes: Routes, lineage: Lineage, deployments: Deployments, at: str
) -> tuple[str, ...]:
    """Take endpoints out of the route, then down: nobody is ever pointed at one that is being deleted. Their names.

    The route's history says what was taken out, so a step that died in between is made good by the next one. A name is
    not used twice (order.start_release), so nothing that is in service again is hit.
    """
    model, keep = state["run"]["model"], state["keep"]

    def move(route: Route) -> Route:
        going = superfluous(route, keep)
        listed = ", ".join(map(str, going))
        mark = Mark("retention", at, f"version {listed}: not of the {keep} kept besides those that the route names")
        return moves.retire(route, going, mark) if going else route

    route = change(model, move, routes, ATTEMPTS)
    named = set(route.ready.values())
    changes = lineage.changes(model, LOOKED_BACK).entries
    gone = [name for entry in changes for name in entry.summary["retired"] if name not in named]
    for name in gone:
        deployments.take_down(name)
    return tuple(gone)
