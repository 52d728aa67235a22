"""The aliases that a route gives: they are read from it each time, and so say what is served at that moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from heirloom.core.release.route import BASELINE, Route, Routes
from heirloom.core.tracking.documents import Data, Document
from heirloom.core.tracking.registry.owned import CANARY, CHAMPION, SHADOW, is_owned
from heirloom.core.tracking.tracking import Tracking


def served_by(routes: Routes) -> Callable[[Sequence[str]], Mapping[str, Mapping[str, int]]]:
    """What Tracking wants to know of the routes."""
    return lambda models: {model: roles_of(route) for model, route in routes.get_many(models).items()}


def roles_of(route: Route) -> dict[str, int]:
    """The versions by role. The business's own rule is no registered version, so it has none."""
    canary = route.canary.version if route.canary else BASELINE
    shadow = route.shadow.version if route.shadow else BASELINE
    roles = {CHAMPION: route.champion, CANARY: canary, SHADOW: shadow}
    return {role: version for role, version in roles.items() if version != BASELINE}


def shown(model: Document, tracking: Tracking) -> Data:
    """A model's data with the aliases that its route gives."""
    return all_shown([model], tracking)[0]


def all_shown(models: Sequence[Document], tracking: Tracking) -> list[Data]:
    """The same of several, whose routes are read together."""
    owned = [model.id for model in models if is_owned(model.data)]
    served = tracking.served(owned) if owned else {}
    return [_with(model.data, served.get(model.id, {})) for model in models]


def _with(data: Data, roles: Mapping[str, int]) -> Data:
    return {**data, "aliases": {**data["aliases"], **roles}} if roles else data
