"""GET /models/{model}: a model, its route and its versions with their scores, newest first. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.lineage.catalog import show_model
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release.route import Routes
from heirloom.handlers.edge import Event, http_entrypoint


def handle(event: Event, lineage: Lineage, routes: Routes) -> dict[str, Any]:
    detail = asdict(show_model(event["pathParameters"]["model"], lineage, routes))
    return {**detail.pop("model"), **detail}


lambda_handler = http_entrypoint(handle, lineage=wiring.lineage, routes=wiring.routes)
