"""Batch, JoinBatch: account for every row, then make one result and one list of failed rows of the parts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.batch.join import join
from heirloom.core.batch.plan import read_plan
from heirloom.core.clock import Clock, stamp
from heirloom.core.storage import Objects
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, objects: Objects, clock: Clock) -> dict[str, Any]:
    return asdict(join(read_plan(event["plan"]["uri"], objects), objects, stamp(clock())))


lambda_handler = entrypoint(handle, objects=wiring.objects, clock=wiring.clock)
