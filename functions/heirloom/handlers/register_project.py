"""Custom::HeirloomProject: a project is deployed, changed or removed. Writes its record, version 0, its first route."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.project.registration import Deployments, Registration, deregister, register
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers.custom_resource import resource_entrypoint
from heirloom.handlers.edge import Event


def handle(
    event: Event, prefix: str, tracking: Tracking, deployments: Deployments, clock: Clock, **ports: Any
) -> dict[str, Any]:
    """The other ports are the lineage and the routes."""
    properties = event["ResourceProperties"]
    if event["RequestType"] == "Delete":
        deregister(properties["Model"], prefix, deployments=deployments, at=stamp(clock()), **ports)
        return {}
    route = register(Registration.from_properties(properties), tracking=tracking, at=stamp(clock()), **ports)
    return {"Model": route.model, "Revision": route.revision}


lambda_handler = resource_entrypoint(
    handle,
    prefix=wiring.prefix,
    lineage=wiring.lineage,
    routes=wiring.routes,
    tracking=wiring.own_tracking,
    deployments=wiring.deployments,
    clock=wiring.clock,
)
