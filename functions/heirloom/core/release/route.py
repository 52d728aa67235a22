"""Routes: which version answers for a model, which is on trial, and who changed that, when and why.

A promotion and a rollback are one conditional write of a route. `moves` says what may follow a route, `change` writes
it together with its line of the history; predict reads it at every request, through RecentRoutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from heirloom.core.errors import Denied, Unavailable
from heirloom.core.lineage.graph import SERVES, SHADOWS, TRIES, Edge, Node, version_id

OPEN = "open"
BASELINE = 0
"""The number of the business's own rule: it is always ready, so that a rollback always has a floor."""


@dataclass(frozen=True)
class Mark:
    """Who changed something, when (clock.stamp) and why."""

    by: str
    at: str
    reason: str


@dataclass(frozen=True)
class Canary:
    """A version on trial.

    ``share`` of the callers, in (0, 1], get its answers; an answer later than ``limit_ms`` comes from the champion.
    ``release`` names the trial.
    """

    version: int
    share: float
    limit_ms: int
    release: str


@dataclass(frozen=True)
class Shadow:
    """A version that gets a copy of ``share`` of the requests; nobody sees its answers."""

    version: int
    share: float


@dataclass(frozen=True)
class Route:
    """``revision`` counts every change, and goes on counting when a model is removed and deployed again.

    ``ready``: the endpoint's name by version, of all that are tested and in service, so that they may be pointed at.
    ``action`` is the last change's: open, ready, canary, promote, rollback, stop, freeze, thaw, shadow, quarantine,
    clear, retire or remove; ``release`` is the one that made it, or the id of the breach for which the monitor did,
    None for a person's. ``retired`` are endpoints that left ``ready`` and are not known to be deleted yet: nobody is
    pointed at them any more.
    """

    model: str
    revision: int
    champion: int
    ready: Mapping[int, str]
    action: str
    change: Mark
    previous: int | None = None
    canary: Canary | None = None
    shadow: Shadow | None = None
    frozen: Mark | None = None
    quarantined: Mapping[int, Mark] = field(default_factory=dict)
    retired: tuple[str, ...] = ()
    release: str | None = None

    @property
    def endpoint(self) -> str:
        """The champion's."""
        return self.ready[self.champion]

    def to_document(self) -> dict[str, Any]:
        """Plain JSON; the keys of its mappings are texts."""
        document = asdict(self)
        for name in ("ready", "quarantined"):
            document[name] = {str(version): value for version, value in document[name].items()}
        return {**document, "retired": list(self.retired)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Route:
        """What ``to_document`` wrote."""
        canary, shadow, frozen = document["canary"], document["shadow"], document["frozen"]
        return cls(
            model=document["model"],
            revision=document["revision"],
            champion=document["champion"],
            ready={int(version): name for version, name in document["ready"].items()},
            action=document["action"],
            change=Mark(**document["change"]),
            previous=document["previous"],
            canary=Canary(**canary) if canary else None,
            shadow=Shadow(**shadow) if shadow else None,
            frozen=Mark(**frozen) if frozen else None,
            quarantined={int(version): Mark(**mark) for version, mark in document["quarantined"].items()},
            retired=tuple(document["retired"]),
            release=document.get("release"),  # a route that was written before there was this key has none
        )


class Routes(Protocol):
    """Stores the routes. Each method raises Denied or Unavailable."""

    def get(self, model: str) -> Route | None:
        """The route as it is now."""

    def get_many(self, models: Iterable[str]) -> Mapping[str, Route]:
        """The routes of those models that have one."""

    def put(self, route: Route, record: Node, *edges: Edge) -> None:
        """Write the route and its record in the lineage, both or neither.

        Raises Conflict unless the stored route has the revision before (there is none, for OPEN) and the record is new.
        """

    def delete(self, model: str) -> None:
        """Take the route away; nothing happens where there is none. Its history stays."""


def history_of(route: Route) -> tuple[Node, tuple[Edge, ...]]:
    """The record of a route's last change, and what leads to it in the lineage."""
    canary = route.canary.version if route.canary else None
    shadow = route.shadow.version if route.shadow else None
    facts = {"revision": route.revision, "action": route.action, "champion": route.champion}
    summary = {**facts, "canary": canary, "shadow": shadow, **asdict(route.change)}
    summary = {**summary, "release": route.release, "retired": list(route.retired)}
    identity = f"{route.model}/{route.revision}"
    node = Node("change", identity, route.model, route.change.at, route.to_document(), summary)
    named = ((route.champion, SERVES), (canary, TRIES), (shadow, SHADOWS))
    return node, tuple(
        Edge(f"version#{version_id(route.model, version)}", relation, node.key)
        for version, relation in named
        if version is not None
    )


@dataclass(frozen=True)
class _Kept:
    """A route with the moments, in seconds, at which it was read and last asked for."""

    route: Route
    read: float
    asked: float


class RecentRoutes:
    """The routes for a reader that asks at every request: an answer is kept for ``seconds`` of ``monotonic`` time.

    A promotion or a rollback is seen by every running function within that time. While the table can't be read, what
    was read at most ``stale_seconds`` ago still answers: an old route is better than none. What is not there is not
    kept.
    """

    def __init__(
        self, routes: Routes, seconds: float, monotonic: Callable[[], float], stale_seconds: float = 60.0
    ) -> None:
        self._routes = routes
        self._seconds = seconds
        self._stale_seconds = stale_seconds
        self._monotonic = monotonic
        self._kept: dict[str, _Kept] = {}

    def get(self, model: str) -> Route | None:
        """The route as it was a moment ago. Raises Denied or Unavailable when none is known that is young enough."""
        now = self._monotonic()
        kept = self._kept.get(model)
        if kept and now - kept.asked < self._seconds:
            return kept.route
        try:
            route = self._routes.get(model)
        except (Denied, Unavailable):
            if kept is None or now - kept.read > self._stale_seconds:
                raise
            self._kept[model] = _Kept(kept.route, kept.read, asked=self._monotonic())  # the failure itself took a while
            return kept.route
        if route is None:
            self._kept.pop(model, None)
        else:
            self._kept[model] = _Kept(route, now, now)
        return route
