"""Release, RetireEndpoints: endpoints of earlier versions that nobody needs leave the route, then are deleted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.project.registration import Deployments
from heirloom.core.release.retire import retire_endpoints
from heirloom.core.release.route import Routes
from heirloom.handlers.edge import Event, entrypoint


def handle(
    event: Event, routes: Routes, deployments: Deployments, pause: Callable[[float], object], clock: Clock
) -> dict[str, Any]:
    return {"retired": list(retire_endpoints(event, routes, deployments, pause, stamp(clock())))}


lambda_handler = entrypoint(
    handle, routes=wiring.routes, deployments=wiring.deployments, pause=lambda: time.sleep, clock=wiring.clock
)
