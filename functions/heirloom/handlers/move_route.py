"""Release, MoveRoute: the new version is ready, is promoted, or its canary ends. Writes the route and its history."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.release.change import Ending
from heirloom.core.release.machine import move_route
from heirloom.core.release.route import Routes
from heirloom.core.release.trial import Answers, Trials
from heirloom.core.run.journal import Journal
from heirloom.handlers.edge import Event, entrypoint


def handle(
    event: Event, routes: Routes, journal: Journal, trials: Trials, answers: Answers, clock: Clock
) -> dict[str, Any]:
    ending = Ending(trials, answers)
    return asdict(move_route(event["move"], event["state"], routes, journal, ending, stamp(clock())))


lambda_handler = entrypoint(
    handle,
    routes=wiring.routes,
    journal=wiring.journal,
    trials=wiring.trials,
    answers=wiring.answers,
    clock=wiring.clock,
)
