"""POST /models/{model}/feedback: what really happened. Keeps each label, tells the monitor, counts it in a trial."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from heirloom import wiring
from heirloom.core.clock import Clock
from heirloom.core.prediction.answer import ChampionSource, champion
from heirloom.core.prediction.labels import take_labels
from heirloom.core.prediction.records import Predictions
from heirloom.core.project.recent import RecentProjects
from heirloom.core.release.trial import Answers, Trials
from heirloom.handlers.edge import Event, http_entrypoint, json_body


def handle(
    event: Event,
    routes: ChampionSource,
    predictions: Predictions,
    trials: Trials,
    answers: Answers,
    projects: RecentProjects,
    clock: Clock,
) -> dict[str, Any]:
    model = champion(event["pathParameters"]["model"], routes).model
    project = projects.get(model)
    return asdict(take_labels(model, json_body(event), project, predictions, trials, answers, clock()))


lambda_handler = http_entrypoint(
    handle,
    routes=wiring.recent_routes,
    predictions=wiring.predictions,
    trials=wiring.trials,
    answers=wiring.answers,
    projects=wiring.recent_projects,
    clock=wiring.clock,
)
