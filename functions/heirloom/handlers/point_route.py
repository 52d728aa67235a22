"""Pipeline, PointRoute: let the new version answer, unless a later one does already. Writes the route."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release.route import Routes
from heirloom.core.run.pipeline import serve
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, routes: Routes, lineage: Lineage, clock: Clock) -> dict[str, Any]:
    return asdict(serve(event, routes, lineage, stamp(clock())))


lambda_handler = entrypoint(handle, routes=wiring.routes, lineage=wiring.lineage, clock=wiring.clock)
