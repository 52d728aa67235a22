"""Release, StartCanary: put the new version on trial. Writes the trial and the route; its verdict answers the token."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.clock import Clock, stamp
from heirloom.core.release.change import Ending
from heirloom.core.release.route import Routes
from heirloom.core.release.start_canary import start_canary
from heirloom.core.release.trial import Answers, Trials
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, routes: Routes, trials: Trials, answers: Answers, clock: Clock) -> None:
    start_canary(event["state"], event["token"], routes, Ending(trials, answers), stamp(clock()))


lambda_handler = entrypoint(
    handle, routes=wiring.routes, trials=wiring.trials, answers=wiring.answers, clock=wiring.clock
)
