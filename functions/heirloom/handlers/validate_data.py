"""Pipeline, ValidateData: check the upload, then keep it as a dataset; or move it to quarantine and fail."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.dataset.ingest import ingest
from heirloom.core.run.journal import Journal
from heirloom.core.storage import Objects
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, bucket: str, journal: Journal, objects: Objects, clock: Clock) -> dict[str, Any]:
    return asdict(ingest(event, bucket, journal, objects, clock))


lambda_handler = entrypoint(
    handle, bucket=wiring.artifact_bucket, journal=wiring.journal, objects=wiring.objects, clock=wiring.clock
)
