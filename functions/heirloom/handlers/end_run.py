"""EventBridge: the execution of a run was aborted, timed out or failed. Records that, where the run has not done so."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.run.abandoned import end
from heirloom.core.run.journal import Journal
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, journal: Journal, clock: Clock) -> dict[str, bool]:
    return {"known": end(event["detail"], journal, stamp(clock()))}


lambda_handler = entrypoint(handle, journal=wiring.journal, clock=wiring.clock)
