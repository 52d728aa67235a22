"""The routes in memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from heirloom.core.errors import Conflict
from heirloom.core.release.route import Route


class MemoryRoutes:
    """The port Routes."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def get(self, model: str) -> Route | None:
        return self._routes.get(model)

    def get_many(self, models: Iterable[str]) -> Mapping[str, Route]:
        return {model: self._routes[model] for model in models if model in self._routes}

    def put(self, route: Route) -> None:
        stored = self._routes.get(route.model)
        if (stored.revision if stored else 0) != route.revision - 1:
            raise Conflict(f"the route of {route.model} is not at revision {route.revision - 1}")
        self._routes[route.model] = route

    def delete(self, model: str) -> None:
        self._routes.pop(model, None)
