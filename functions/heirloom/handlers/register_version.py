"""Pipeline, RegisterVersion: number what was trained, in both registries and the lineage, and log its run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.run.registry import register_version
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, clock: Clock, **ports: Any) -> dict[str, Any]:
    """The ports are those of register_version."""
    return asdict(register_version(event, at=stamp(clock()), **ports))


lambda_handler = entrypoint(
    handle,
    clock=wiring.clock,
    bucket=wiring.artifact_bucket,
    prefix=wiring.prefix,
    journal=wiring.journal,
    objects=wiring.objects,
    registry=wiring.registry,
)
