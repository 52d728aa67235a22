"""GET /models/{model}/release: the route, and what the trial of its canary has shown so far. Changes nothing."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.release.route import Routes
from heirloom.core.release.status import show_release
from heirloom.core.release.trial import Trials
from heirloom.handlers.edge import Event, http_entrypoint


def handle(event: Event, routes: Routes, trials: Trials) -> dict[str, Any]:
    return show_release(event["pathParameters"]["model"], routes, trials).to_document()


lambda_handler = http_entrypoint(handle, routes=wiring.routes, trials=wiring.trials)
