"""Release, RetireEndpoints: endpoints of earlier versions that nobody needs leave the route, then are deleted."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.lineage.graph import Lineage
from heirloom.core.project.registration import Deployments
from heirloom.core.release.retire import retire_endpoints
from heirloom.core.release.route import Routes
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, routes: Routes, lineage: Lineage, deployments: Deployments, clock: Clock) -> dict[str, Any]:
    return {"retired": list(retire_endpoints(event, routes, lineage, deployments, stamp(clock())))}


lambda_handler = entrypoint(
    handle, routes=wiring.routes, lineage=wiring.lineage, deployments=wiring.deployments, clock=wiring.clock
)
