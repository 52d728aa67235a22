"""The pipeline's stages, as its state machine (infra/workflows/pipeline.asl.json) runs them, and how a run fails.

The state is the JSON document that the machine passes on: ``run`` and ``project`` from the input, then one key a stage
that is done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heirloom.core import errors
from heirloom.core.lineage.graph import Document, Event, Lineage, Node
from heirloom.core.project.registration import Deployments
from heirloom.core.release.route import Change, Outcome, Routes, advance

STAGES = ("dataset", "training", "version", "endpoint", "test", "route")
LONGEST_REASON = 2000

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
    facts = {"dataset": state.get("dataset", {}).get("id"), "version": state.get("version", {}).get("number")}
    return Event(at, stage, outcome, {name: fact for name, fact in {**facts, **detail}.items() if fact is not None})


def serve(state: Document, routes: Routes, lineage: Lineage, at: str) -> Outcome:
    """The last stage: let the run's version answer, unless a later version does already."""
    run, version = state["run"], state["version"]
    change = Change(
        model=run["model"],
        version=version["number"],
        endpoint=version["name"],
        changed_by="pipeline",
        changed_at=at,
        reason=f"trained by run {run['id']}",
    )
    outcome = advance(change, routes, lineage)
    event = ("done", None) if outcome.moved else ("superseded", outcome.reason)
    lineage.record(run_of(state), event_of(state, "route", event[0], at, reason=event[1]))
    return outcome


def record_failure(state: Document, lineage: Lineage, routes: Routes, deployments: Deployments, at: str) -> Failure:
    """Write stage and reason to the run's history, then take down what the run deployed, unless it answers already.

    Repeated, it writes nothing twice. The reason is written first: a clean-up that fails must not hide it.
    """
    failure = read_failure(state)
    run = run_of(state)
    if not any(event.state == "failed" for event in lineage.history(run.id)):
        detail = {"error": failure.error, "reason": failure.reason}
        lineage.record(run, event_of(state, failure.stage, "failed", at, **detail))
    name = state.get("version", {}).get("name")
    if name is not None:
        route = routes.get(run.model)
        if route is None or route.endpoint != name:
            deployments.take_down(name)
    return failure


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
    """A cause is JSON from Lambda (errorMessage) and from a training job (FailureReason), plain text from others."""
    try:
        document = json.loads(cause)
    except ValueError:
        return cause
    if not isinstance(document, dict):
        return cause
    reason = document.get("errorMessage") or document.get("FailureReason")
    return str(reason or cause)
