"""Stream of the predictions' table: counts each observation in the watch of its version, and publishes the metrics."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.monitoring.monitor import Monitor
from heirloom.core.monitoring.standard import Standards
from heirloom.core.monitoring.stream import Read, observations_of
from heirloom.core.monitoring.watch import Watches
from heirloom.core.prediction.answer import ChampionSource
from heirloom.core.prediction.capture import Log
from heirloom.core.prediction.delivery import report
from heirloom.handlers.edge import Event, entrypoint


def handle(
    event: Event, read: Read, watches: Watches, standards: Standards, routes: ChampionSource, log: Log, clock: Clock
) -> dict[str, int]:
    observations, unreadable = observations_of(event, read)
    report(unreadable, "watch_predictions", log, clock())
    Monitor(watches, standards, routes, log, clock()).observe(observations)
    return {"observations": len(observations), "unreadable": len(unreadable)}


lambda_handler = entrypoint(
    handle,
    read=wiring.read_image,
    watches=wiring.watches,
    standards=wiring.standards,
    routes=wiring.recent_routes,
    log=wiring.log,
    clock=wiring.clock,
)
