"""POST /models/{model}/predictions: the version that the caller falls to answers the rows. Writes to its log only."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.prediction import capture
from heirloom.core.prediction.answer import ChampionSource, Endpoints, champion, predict
from heirloom.core.prediction.request import request_of
from heirloom.core.prediction.warmth import Warmth
from heirloom.handlers.edge import Event, http_entrypoint, json_body


def handle(
    event: Event, routes: ChampionSource, endpoints: Endpoints, warmth: Warmth, log: capture.Log, clock: Clock
) -> dict[str, Any]:
    request = request_of(json_body(event), event["requestContext"]["requestId"])
    route = champion(event["pathParameters"]["model"], routes)
    served = predict(route, request, endpoints, warmth, clock())
    capture.write(served, log)
    return vars(served.answer)  # asdict would copy every value of every row


lambda_handler = http_entrypoint(
    handle,
    routes=wiring.recent_routes,
    endpoints=wiring.endpoints,
    warmth=wiring.warmth,
    log=wiring.log,
    clock=wiring.clock,
)
