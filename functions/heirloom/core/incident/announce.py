"""Change events: what was deployed, promoted or rolled back, beside the incidents that it may have caused.

Called with the stream of the routes' table, at least once a change. PagerDuty lists a change that is told twice twice;
nobody is called for either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from heirloom.core.incident.pager import Pager, facts_of, links, shortened
from heirloom.core.release.moves import PROMOTE, READY, ROLLBACK
from heirloom.core.release.route import OPEN, Route
from heirloom.core.rollback.rehearsal import DRILL

Read = Callable[[Mapping[str, Any]], Route]
"""The route in an item, as the table has it. Raises KeyError, TypeError or ValueError for another item."""
_SAID = {
    OPEN: "deployed, answered by version {champion}",
    READY: "a version was deployed",
    PROMOTE: "version {champion} was promoted",
    ROLLBACK: "rolled back to version {champion}",
}


def routes_of(event: Mapping[str, Any], read: Read) -> tuple[list[Route], dict[str, str]]:
    """The routes as an event of the stream has them and, by the id of its record, why another could not be read: one of
    another deployment's must not keep the others from being told."""
    found: list[Route] = []
    unreadable: dict[str, str] = {}
    for record in event["Records"]:
        try:
            found.append(read(record["dynamodb"]["NewImage"]))
        except (KeyError, TypeError, ValueError) as error:
            unreadable[record["eventID"]] = f"{type(error).__name__}: {error}"
    return found, unreadable


def announce(routes: Iterable[Route], pager: Pager, prefix: str, api: str) -> int:
    """Tell of the last change of each of these routes, if it is of a kind that can break something; how many were.

    Raises what the pager raises; then call it again with the same.
    """
    told = [route for route in routes if route.action in _SAID and not route.model.startswith(DRILL)]
    for route in told:
        pager.change(change_event(route, prefix, api))
    return len(told)


def change_event(route: Route, prefix: str, api: str) -> Mapping[str, Any]:
    """The change event of a route's last change."""
    said = _SAID[route.action].format(champion=route.champion)
    return {
        "payload": {
            "summary": shortened(f"{route.model}: {said}, by {route.change.by}: {route.change.reason}"),
            "source": f"{prefix}/{route.model}",
            "timestamp": route.change.at,
            "custom_details": {"model": route.model, "action": route.action, **facts_of(route)},
        },
        "links": links(route.model, prefix, api),
    }
