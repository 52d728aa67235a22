"""Subscription filter of predict's log: keeps each prediction, tells the monitor, and counts it where a trial runs."""

from __future__ import annotations

from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.prediction.answered import Observer
from heirloom.core.prediction.capture import Log
from heirloom.core.prediction.delivery import lines_of, report
from heirloom.core.prediction.recording import record
from heirloom.core.prediction.records import Predictions
from heirloom.core.release.trial import Answers, Trials
from heirloom.handlers.edge import Event, entrypoint


def handle(
    event: Event,
    predictions: Predictions,
    trials: Trials,
    answers: Answers,
    observer: Observer,
    log: Log,
    clock: Clock,
) -> dict[str, Any]:
    recorded = record(lines_of(event), predictions, trials, answers, observer, clock())
    report(recorded.unreadable, "record_predictions", log, clock())
    return {"records": recorded.records, "unreadable": len(recorded.unreadable)}


lambda_handler = entrypoint(
    handle,
    predictions=wiring.predictions,
    trials=wiring.trials,
    answers=wiring.answers,
    observer=wiring.observer,
    log=wiring.log,
    clock=wiring.clock,
)
