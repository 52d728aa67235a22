"""The routes in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock

from heirloom.adapters.memory.lineage import MemoryLineage
from heirloom.core.errors import Conflict
from heirloom.core.lineage.graph import Edge, Node
from heirloom.core.release.route import OPEN, Route


class MemoryRoutes:
    """The port Routes; the history goes to ``lineage``."""

    def __init__(self, lineage: MemoryLineage | None = None) -> None:
        self.lineage = lineage or MemoryLineage()
        self._routes: dict[str, Route] = {}
        self._lock = Lock()

    def get(self, model: str) -> Route | None:
        return self._routes.get(model)

    def get_many(self, models: Iterable[str]) -> Mapping[str, Route]:
        return {model: self._routes[model] for model in models if model in self._routes}

    def put(self, route: Route, record: Node, *edges: Edge) -> None:
        with self._lock:
            stored = self._routes.get(route.model)
            follows = stored is None if route.action == OPEN else stored and stored.revision == route.revision - 1
            if not follows or not self.lineage.add(record, *edges):
                raise Conflict(f"revision {route.revision} of the route of {route.model} is not the next one")
            self._routes[route.model] = route

    def delete(self, model: str) -> None:
        self._routes.pop(model, None)
