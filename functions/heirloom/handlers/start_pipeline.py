"""S3 "Object Created" (EventBridge): start the run of an uploaded file, or move the file to quarantine."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.run.journal import Journal
from heirloom.core.run.upload import Executions, Upload, receive
from heirloom.core.storage import Objects
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, journal: Journal, objects: Objects, executions: Executions, clock: Clock) -> dict[str, Any]:
    return asdict(receive(Upload.from_event(event), journal, objects, executions, stamp(clock())))


lambda_handler = entrypoint(
    handle, journal=wiring.journal, objects=wiring.objects, executions=wiring.executions, clock=wiring.clock
)
