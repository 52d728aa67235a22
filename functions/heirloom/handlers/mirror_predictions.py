"""Subscription filter of predict's log: asks the shadow what callers asked, and keeps and measures what it answers."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.prediction.answer import Endpoints
from heirloom.core.prediction.capture import Log
from heirloom.core.prediction.delivery import lines_of, report
from heirloom.core.prediction.mirror import mirror
from heirloom.core.prediction.records import Predictions
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, endpoints: Endpoints, predictions: Predictions, log: Log, clock: Clock) -> dict[str, int]:
    lines = lines_of(event)
    unreadable = mirror(lines, endpoints, predictions, log, clock())
    report(unreadable, "mirror_predictions", log, clock())
    return {"lines": len(lines), "unreadable": len(unreadable)}


lambda_handler = entrypoint(
    handle,
    endpoints=wiring.patient_endpoints,
    predictions=wiring.predictions,
    log=wiring.log,
    clock=wiring.clock,
)
