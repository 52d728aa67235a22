"""Custom::HeirloomProject: a project is deployed, changed or removed. Writes its record, version 0, its first route."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.lineage.graph import Lineage
from heirloom.core.project.registration import Deployments, Registration, deregister, register
from heirloom.core.release.route import Routes
from heirloom.handlers.custom_resource import resource_entrypoint
from heirloom.handlers.edge import Event


def handle(
    event: Event, prefix: str, lineage: Lineage, routes: Routes, deployments: Deployments, clock: Clock
) -> dict[str, Any]:
    properties = event["ResourceProperties"]
    if event["RequestType"] == "Delete":
        deregister(properties["Model"], prefix, lineage, routes, deployments, stamp(clock()))
        return {}
    route = register(Registration.from_properties(properties), lineage, routes, stamp(clock()))
    return {"Model": route.model, "Revision": route.revision}


lambda_handler = resource_entrypoint(
    handle,
    prefix=wiring.prefix,
    lineage=wiring.lineage,
    routes=wiring.routes,
    deployments=wiring.deployments,
    clock=wiring.clock,
)
