"""POST /models/{model}/predictions: the champion answers the caller's rows. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.prediction.answer import ChampionSource, Endpoints, champion, predict
from heirloom.handlers.edge import Event, http_entrypoint, json_body, measured


def handle(event: Event, routes: ChampionSource, endpoints: Endpoints, clock: Clock) -> dict[str, Any]:
    document = json_body(event)
    route = champion(event["pathParameters"]["model"], routes)
    with measured(route.model, route.champion):
        return asdict(predict(route, document, endpoints, clock()))


lambda_handler = http_entrypoint(handle, routes=wiring.recent_routes, endpoints=wiring.endpoints, clock=wiring.clock)
