"""GET /models/{model}/release/changes: who changed the route, when and why, newest first. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release.status import list_changes
from heirloom.handlers.edge import Event, http_entrypoint, number_of, query_of


def handle(event: Event, lineage: Lineage) -> dict[str, Any]:
    asked = query_of(event, "limit", "cursor")
    limit, cursor = number_of(asked, "limit", 20), asked.get("cursor")
    return asdict(list_changes(event["pathParameters"]["model"], lineage, limit, cursor))


lambda_handler = http_entrypoint(handle, lineage=wiring.lineage)
