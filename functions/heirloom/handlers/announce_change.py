"""Stream of the routes' table: tells PagerDuty of each deployment, promotion and rollback."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.incident.announce import Read, announce, routes_of
from heirloom.core.incident.pager import Pager
from heirloom.core.prediction.capture import Log
from heirloom.core.prediction.delivery import report
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, read: Read, pager: Pager, prefix: str, api: str, log: Log, clock: Clock) -> dict[str, int]:
    routes, unreadable = routes_of(event, read)
    report(unreadable, "announce_change", log, clock())
    return {"announced": announce(routes, pager, prefix, api), "unreadable": len(unreadable)}


lambda_handler = entrypoint(
    handle,
    read=wiring.read_route,
    pager=wiring.pager,
    prefix=wiring.prefix,
    api=wiring.api_url,
    log=wiring.log,
    clock=wiring.clock,
)
