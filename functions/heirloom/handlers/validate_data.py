"""Pipeline, ValidateData: check the upload, then keep it as a dataset; or move it to quarantine and fail."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.dataset.ingest import ingest
from heirloom.core.lineage.graph import Lineage
from heirloom.core.storage import Objects
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, bucket: str, lineage: Lineage, objects: Objects, clock: Clock) -> dict[str, Any]:
    return asdict(ingest(event, bucket, lineage, objects, clock))


lambda_handler = entrypoint(
    handle, bucket=wiring.artifact_bucket, lineage=wiring.lineage, objects=wiring.objects, clock=wiring.clock
)
