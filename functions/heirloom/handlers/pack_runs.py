"""Stream of the tracking table: runs have ended, so packs those of their experiments where that is worth it."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.tracking.index.open_runs import experiments_of
from heirloom.core.tracking.index.pack import pack
from heirloom.core.tracking.tracking import Tracking
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, tracking: Tracking) -> dict[str, int]:
    keys = [record["dynamodb"]["Keys"]["partition"]["S"] for record in event["Records"]]
    return {experiment: pack(experiment, tracking) for experiment in experiments_of(keys)}


lambda_handler = entrypoint(handle, tracking=wiring.own_tracking)
