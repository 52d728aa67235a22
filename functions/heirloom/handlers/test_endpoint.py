"""Pipeline, TestEndpoint: ask the new endpoint the rows that were answered at training."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.lineage.graph import Lineage
from heirloom.core.prediction.answer import Endpoints
from heirloom.core.release.smoke import smoke_test
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, lineage: Lineage, endpoints: Endpoints, clock: Clock) -> dict[str, int]:
    return {"rows": smoke_test(event, lineage, endpoints, stamp(clock()))}


lambda_handler = entrypoint(handle, lineage=wiring.lineage, endpoints=wiring.patient_endpoints, clock=wiring.clock)
