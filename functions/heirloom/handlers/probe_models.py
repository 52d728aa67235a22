"""A schedule: asks predict one row of each model whose answer is known, and publishes whether it came."""

from __future__ import annotations

import time
from collections.abc import Mapping

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.lineage.graph import Lineage
from heirloom.core.prediction.capture import Log
from heirloom.core.release.route import Routes
from heirloom.core.rollback.answering import Pause, Probe
from heirloom.core.rollback.probes import probe_models
from heirloom.handlers.edge import Event, entrypoint


def handle(
    event: Event,  # noqa: ARG001 - it says the time
    lineage: Lineage,
    routes: Routes,
    probe: Probe,
    log: Log,
    clock: Clock,
    pause: Pause,
) -> Mapping[str, str | None]:
    return probe_models(lineage, routes, probe, log, clock, pause)


lambda_handler = entrypoint(
    handle,
    lineage=wiring.lineage,
    routes=wiring.routes,
    probe=wiring.probe,
    log=wiring.log,
    clock=wiring.clock,
    pause=lambda: time.sleep,
)
