"""POST /models/{model}/release/{move}: a person changes the route, or has an endpoint made that it then moves to."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.release.change import Ending
from heirloom.core.release.request import parse_request, perform
from heirloom.core.release.trial import Answers, Trials
from heirloom.handlers.edge import Accepted, Event, caller, http_entrypoint, json_body


def handle(event: Event, trials: Trials, answers: Answers, clock: Clock, **ports: Any) -> dict[str, Any] | Accepted:
    """The other ports are those of perform: routes, lineage, executions."""
    model, move = event["pathParameters"]["model"], event["pathParameters"]["move"]
    request = parse_request(model, move, json_body(event), caller(event), stamp(clock()))
    done = perform(request, ending=Ending(trials, answers), **ports)
    return Accepted({"execution": done.execution}) if done.execution else done.route.to_document()


lambda_handler = http_entrypoint(
    handle,
    routes=wiring.routes,
    lineage=wiring.lineage,
    executions=wiring.executions,
    trials=wiring.trials,
    answers=wiring.answers,
    clock=wiring.clock,
)
