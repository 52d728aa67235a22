"""Probes: of each model the predict function is asked one row whose answer is known, every few minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from heirloom.core.clock import Clock
from heirloom.core.embedded_metrics import model_line
from heirloom.core.errors import HeirloomError
from heirloom.core.lineage.graph import Lineage
from heirloom.core.prediction.capture import Log
from heirloom.core.release.route import Route, Routes
from heirloom.core.rollback.answering import PAUSE, Known, Pause, Probe, known

ATTEMPTS = 3
"""A route that is changed at this moment is seen by predict a second later; a serverless endpoint has to wake."""
METRIC = "ProbeFailures"


def probe_models(
    lineage: Lineage, routes: Routes, probe: Probe, log: Log, clock: Clock, pause: Pause
) -> Mapping[str, str | None]:
    """Probe each deployed model and publish ProbeFailures, 0 or 1. What was wrong, by model; None where nothing was.

    A model of which no row is known, as it has never been trained, is left out.
    """
    problems: dict[str, str | None] = {}
    for project in lineage.projects():
        row = _row(project.id, lineage, routes)
        if row is not None:
            problem = _probe(project.id, lineage, routes, probe, pause)
            problems[project.id] = problem
            log(model_line(project.id, clock(), {METRIC: int(problem is not None)}))
    return problems


def _probe(model: str, lineage: Lineage, routes: Routes, probe: Probe, pause: Pause) -> str | None:
    problem: str | None = None
    for attempt in range(ATTEMPTS):
        if attempt:
            pause(2 * PAUSE)
        row, route = _row(model, lineage, routes), routes.get(model)
        if row is None or route is None:
            return None  # the model was removed meanwhile
        problem = _problem(row, route, probe)
        if problem is None:
            break
    return problem


def _problem(row: Known, route: Route, probe: Probe) -> str | None:
    """A canary may answer: whose share the probe falls to is decided by its entity, as for any caller."""
    try:
        reply = probe.ask(route.model, row.inputs)
    except HeirloomError as error:
        return f"predict does not answer: {error}"
    if route.canary and reply.version == route.canary.version:
        return replace(row, predictions=None).differs(reply.predictions)
    if reply.version != row.version:
        return f"version {reply.version} answers, not version {row.version}"
    return row.differs(reply.predictions)


def _row(model: str, lineage: Lineage, routes: Routes) -> Known | None:
    """One row that the champion's answer is known to; of the baseline's the form alone is."""
    route = routes.get(model)
    newest = lineage.versions(model, 1).entries
    if route is None or not newest:
        return None
    rows = known(model, route.champion, lineage, newest[0].summary["number"])
    if rows is None:
        return None
    answers = rows.predictions[:1] if rows.predictions is not None else None
    return Known(rows.version, rows.inputs[:1], answers)
