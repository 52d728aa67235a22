"""GET /models: every model with the version that answers. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.lineage.catalog import list_models
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release.route import Routes
from heirloom.handlers.edge import Event, http_entrypoint


def handle(event: Event, lineage: Lineage, routes: Routes) -> dict[str, Any]:  # noqa: ARG001 - the route has no input
    return {"models": [asdict(model) for model in list_models(lineage, routes)]}


lambda_handler = http_entrypoint(handle, lineage=wiring.lineage, routes=wiring.routes)
