"""Runs as people ask for them: which there were, where one stands, why it failed. For the CLI and for pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol

from heirloom.core.errors import NotFound
from heirloom.core.lineage.graph import FEEDS, MAKES, Document, Entry, Event, Lineage, Node
from heirloom.core.run.abandoned import after
from heirloom.core.run.pipeline import STAGES
from heirloom.core.run.upload import Execution, Executions

RUNNING, SUCCEEDED, FAILED = "running", "succeeded", "failed"


@dataclass(frozen=True)
class Job:
    """A training job; ``status`` and ``phase`` are SageMaker's TrainingJobStatus and SecondaryStatus."""

    name: str
    status: str
    phase: str
    reason: str = ""


class Jobs(Protocol):
    """Knows the training jobs. Raises Denied or Unavailable."""

    def find(self, name: str) -> Job | None:
        """A training job; None if there is none of this name."""


@dataclass(frozen=True)
class Run:
    """A line of the list of runs.

    ``stage`` is the one of pipeline.STAGES that the run is in or, once it has ended, ended in. ``state`` is running,
    succeeded or failed; a run that was superseded succeeded, and ``reason`` says by what.
    """

    id: str
    model: str
    state: str
    stage: str
    started_at: str
    ended_at: str | None = None
    dataset: str | None = None
    version: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Runs:
    """Some runs, newest first; ``cursor`` asks for the next ones, None when there are none."""

    runs: tuple[Run, ...]
    cursor: str | None = None


@dataclass(frozen=True)
class RunDetail:
    """A run with its history, the nodes around it, and its training job, None before and long after training."""

    run: Run
    upload: Document
    events: tuple[Event, ...]
    dataset: Document | None
    scores: Document | None
    job: Job | None


def list_runs(
    lineage: Lineage, executions: Executions, model: str | None, limit: int = 20, cursor: str | None = None
) -> Runs:
    """The newest runs of a model or, without one, of all; a cursor is only for a model's. Raises Invalid, NotFound."""
    if model is None:
        entries = [entry for project in lineage.projects() for entry in lineage.runs(project.id, limit).entries]
        entries.sort(key=lambda entry: (entry.created_at, entry.id), reverse=True)
        return Runs(tuple(_run(entry, executions) for entry in entries[:limit]))
    page = lineage.runs(model, limit, cursor)
    if not page.entries and lineage.node("project", model) is None:
        raise NotFound(f"there is no model {model!r}: `heirloom model list` shows them")
    return Runs(tuple(_run(entry, executions) for entry in page.entries), page.cursor)


def show_run(run_id: str, lineage: Lineage, executions: Executions, jobs: Jobs) -> RunDetail:
    """All that is known of a run. Raises NotFound."""
    node = lineage.node("run", run_id)
    if node is None:
        raise NotFound(f"there is no run {run_id!r}: `heirloom run list` shows them; a new upload takes a few seconds")
    events = lineage.history(run_id)
    entry = Entry(node.id, node.model, node.created_at, node.data, events[-1] if events else None)
    version = _first(lineage, lineage.targets(node.key, MAKES))
    return RunDetail(
        run=_run(entry, executions),
        upload={key: node.data["input"]["run"][key] for key in ("bucket", "key", "version_id", "size")},
        events=events,
        dataset=_first(lineage, lineage.sources(node.key, FEEDS)),
        scores=version["scores"] if version else None,
        job=jobs.find(run_id) if any(event.stage == "dataset" for event in events) else None,
    )


def _first(lineage: Lineage, keys: tuple[str, ...]) -> Document | None:
    """The data of the first of the nodes with these keys, with its id."""
    if not keys:
        return None
    kind, _, identity = keys[0].partition("#")
    node: Node | None = lineage.node(kind, identity)
    return {"id": identity, **node.data} if node else None


def _run(entry: Entry, executions: Executions) -> Run:
    run = _told(entry)
    if run.state != RUNNING:
        return run
    execution = executions.find(entry.summary["state_machine"], run.id)
    return _interrupted(run, execution) if execution else run


def _told(entry: Entry) -> Run:
    """The run as its newest event tells it."""
    run = Run(entry.id, entry.model, RUNNING, STAGES[0], entry.created_at)
    event = entry.last
    if event is None:
        return run
    detail: dict[str, Any] = {name: event.detail.get(name) for name in ("dataset", "version")}
    run = replace(run, **detail, reason=str(event.detail.get("reason", "")))
    if event.state == "failed":
        return replace(run, state=FAILED, stage=event.stage, ended_at=event.at)
    if event.stage == STAGES[-1]:
        return replace(run, state=SUCCEEDED, stage=event.stage, ended_at=event.at)
    return replace(run, stage=after(event.stage))


def _interrupted(run: Run, execution: Execution) -> Run:
    """The run's history stops when somebody aborts the execution: then the execution tells how it ended."""
    if execution.status in ("RUNNING", "SUCCEEDED", "PENDING_REDRIVE"):
        return run
    told = " ".join(part for part in (execution.error, execution.cause) if part)
    reason = f"the execution ended as {execution.status}" + (f": {told}" if told else "")
    return replace(run, state=FAILED, reason=reason, ended_at=execution.ended_at)
