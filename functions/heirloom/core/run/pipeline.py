"""The pipeline's stages, as its state machine (infra/workflows/pipeline.asl.json) runs them, and how a run fails.

The state is the JSON document that the machine passes on: ``run`` and ``project`` from the input, then one key a stage
that is done. The last three stages are the release's, a state machine of its own (core/release/machine.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core import errors
from heirloom.core.lineage.graph import Document, Event, Node
from heirloom.core.project.registration import Deployments
from heirloom.core.release.change import ATTEMPTS, change
from heirloom.core.release.moves import stop
from heirloom.core.release.route import Mark, Route, Routes
from heirloom.core.run.journal import Journal
from heirloom.core.run.record import FAILED, FAILURE_TAG, KILLED
from heirloom.core.run.tracked import Ending

ABORTED = "ABORTED"
"""The status of an execution that a person has stopped, and the error of what clears up after a release that was."""
STAGES = ("dataset", "training", "version", "endpoint", "test", "route")
LONGEST_REASON = 2000

# How a release ends that says nothing itself: the status of its execution.
_ENDS = {"ABORTED": "the release was aborted", "TIMED_OUT": "the release did not end in time"}
_OURS = frozenset(name for name, kind in vars(errors).items() if isinstance(kind, type))


@dataclass(frozen=True)
class Failure:
    """Where a run ended, the name of the error that ended it, and why in a sentence."""

    stage: str
    error: str
    reason: str


def run_of(state: Document) -> Node:
    """The run's node as far as the lineage needs it to add to the run's history."""
    run = state["run"]
    return Node("run", run["id"], run["model"], run["at"], {})


def event_of(state: Document, stage: str, outcome: str, at: str, **detail: Any) -> Event:
    """An event that also says which dataset and which version the run has come to, for the list of runs."""
    dataset = state["run"].get("dataset") or state.get("dataset", {}).get("id")
    facts = {"dataset": dataset, "version": state.get("version", {}).get("number")}
    return Event(at, stage, outcome, {name: fact for name, fact in {**facts, **detail}.items() if fact is not None})


def record_failure(state: Document, journal: Journal, routes: Routes, deployments: Deployments, at: str) -> Failure:
    """Write stage and reason to the run's history, end the canary, then take down what was made for it.

    An endpoint that the route has among its ready ones stays. The state is the pipeline's or the release's; that has no
    run (its id is None) when a person ordered it. Repeated, it writes nothing twice. The reason is written first: a
    clean-up that fails must not hide it.
    """
    failure = read_failure(state)
    _tell(state, failure, journal, at)
    model, name = state["run"]["model"], state.get("version", {}).get("name")
    if name is None:
        return failure
    route = routes.get(model)
    release = state["release"]["id"] if "release" in state else None
    if route is not None and route.canary and route.canary.release == release:
        mark = Mark(state["release"]["by"], at, f"the release failed: {failure.reason}")
        route = change(model, lambda now: _without_canary(now, release, mark), routes, ATTEMPTS)
    if route is None or name not in route.ready.values():
        deployments.take_down(name)
    return failure


def has_ended(event: Event) -> bool:
    """Whether a run that has this event in its history is over."""
    return event.state == "failed" or event.stage == STAGES[-1]


def _tell(state: Document, failure: Failure, journal: Journal, at: str) -> None:
    """Not of a run that has ended: a release that is aborted while it clears up has done its work."""
    if state["run"]["id"] is None:
        return
    detail = {"error": failure.error, "reason": failure.reason}
    ending = Ending(KILLED if failure.error == ABORTED else FAILED, {FAILURE_TAG: failure.reason})
    journal.end(run_of(state), event_of(state, failure.stage, "failed", at, **detail), ending, has_ended)


def _without_canary(route: Route, release: str | None, mark: Mark) -> Route:
    """Nobody counts any more what the canary of this release answers."""
    ours = route.canary and route.canary.release == release
    return stop(route, release, mark, quarantine=False) if ours else route


def read_failure(state: Document) -> Failure:
    """Stage, error and reason out of a state with ``error`` {"Error", "Cause"}, as Step Functions' Catch leaves it."""
    stage = next((stage for stage in STAGES if not _done(state, stage)), STAGES[-1])
    error = state["error"]["Error"]
    reason = _endpoint_reason(state) if error == "EndpointNotInService" else _cause(state["error"].get("Cause", ""))
    if not reason:
        reason = "it did not end in time" if error == "States.Timeout" else "no reason was given"
    if error not in (*_OURS, "States.TaskFailed", "EndpointNotInService"):
        reason = f"{error}: {reason}"
    return Failure(stage, error, reason[:LONGEST_REASON])


def _done(state: Document, stage: str) -> bool:
    """A release begins where a version is registered."""
    if "release" in state and stage in STAGES[:3]:
        return True
    if stage == "endpoint":
        return _endpoint(state).get("EndpointStatus") == "InService"
    return stage in state


def _endpoint(state: Document) -> Mapping[str, Any]:
    """What SageMaker's DescribeEndpoint last said."""
    description: Mapping[str, Any] = state.get("endpoint", {}).get("description", {})
    return description


def _endpoint_reason(state: Document) -> str:
    endpoint = _endpoint(state)
    if "FailureReason" in endpoint:
        return f"the endpoint failed: {endpoint['FailureReason']}"
    return f"the endpoint was still {endpoint.get('EndpointStatus')} after half an hour"


def _cause(cause: str) -> str:
    """A cause is JSON from Lambda (errorMessage), from a training job (FailureReason) and from a release (Cause), plain
    text from others."""
    try:
        document = json.loads(cause)
    except ValueError:
        return cause
    if not isinstance(document, dict):
        return cause
    reason = document.get("errorMessage") or document.get("FailureReason") or document.get("Cause")
    return str(reason or _ENDS.get(document.get("Status", "")) or cause)
