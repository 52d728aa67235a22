"""Pipeline, RecordFailure: stage and reason to the run's history; what the run deployed is deleted, the route stays."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.project.registration import Deployments
from heirloom.core.release.route import Routes
from heirloom.core.run.journal import Journal
from heirloom.core.run.pipeline import record_failure
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, journal: Journal, routes: Routes, deployments: Deployments, clock: Clock) -> dict[str, Any]:
    return asdict(record_failure(event, journal, routes, deployments, stamp(clock())))


lambda_handler = entrypoint(
    handle, journal=wiring.journal, routes=wiring.routes, deployments=wiring.deployments, clock=wiring.clock
)
