"""EventBridge, "SageMaker Model Package State Change": a person has rejected a version, which is taken back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.release.change import Ending
from heirloom.core.release.route import Routes
from heirloom.core.release.trial import Answers, Trials
from heirloom.core.rollback.announcement import Announcements
from heirloom.core.rollback.reject import Rejection, reject
from heirloom.handlers.edge import Event, entrypoint


def handle(
    event: Event,
    prefix: str,
    routes: Routes,
    announcements: Announcements,
    trials: Trials,
    answers: Answers,
    clock: Clock,
) -> dict[str, Any] | None:
    rejection = Rejection.from_event(event, prefix)
    if rejection is None:
        return None
    return asdict(reject(rejection, routes, announcements, Ending(trials, answers), stamp(clock())))


lambda_handler = entrypoint(
    handle,
    prefix=wiring.prefix,
    routes=wiring.routes,
    announcements=wiring.announcements,
    trials=wiring.trials,
    answers=wiring.answers,
    clock=wiring.clock,
)
