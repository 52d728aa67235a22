"""Waiting for a run, with every stage reported as it ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cli.output import elapsed, seconds, size
from cli.ports import Ports
from cli.progress import Steps
from heirloom.core.errors import NotFound, Unavailable
from heirloom.core.lineage.graph import Event
from heirloom.core.run.runs import FAILED, RUNNING, RunDetail, list_runs, show_run

# How often a run is looked at, in seconds.
EVERY = 1.0
# What is told of a stage that is done; of others, the reason.
FACTS = {"upload": ("size",), "dataset": ("dataset", "rows"), "version": ("version", "score")}

# How the embedded AWS ends what ran when it was stopped; see docs/embedded-aws.md.
RESTART = "States.ServiceRestart"


@dataclass(frozen=True)
class Waiting:
    """How long to wait for a run, in seconds, and where to tell what happens meanwhile."""

    ports: Ports
    steps: Steps
    timeout: float

    def until_done(self, run_id: str) -> RunDetail:
        """The run once it has ended, well or not. Raises NotFound, and Unavailable when the time is over."""
        told = 0
        with self.steps.spinner(f"run {run_id}") as doing:
            for detail in self._looks(run_id):
                for event in detail.events[told:]:
                    self.steps.line(event_line(event, detail.run.started_at))
                told = len(detail.events)
                if detail.run.state != RUNNING:
                    return detail
                doing(now_doing(detail))
        raise Unavailable(
            f"run {run_id} still runs (stage {detail.run.stage}) after {seconds(self.timeout)}: "
            f"it goes on; `heirloom run wait {run_id}` waits again"
        )

    def _looks(self, run_id: str) -> Iterator[RunDetail]:
        deadline = time.monotonic() + self.timeout
        while True:
            yield show_run(run_id, self.ports.lineage, self.ports.executions, self.ports.jobs)
            if time.monotonic() > deadline:
                return
            time.sleep(EVERY)


def newest_run(ports: Ports, model: str | None = None) -> str:
    """The id of the run that began last. Raises NotFound when there was none."""
    found = list_runs(ports.lineage, ports.executions, model, 1).runs
    if not found:
        raise NotFound("there has been no run yet: `heirloom data upload MODEL FILE.csv` starts one")
    return found[0].id


def now_doing(detail: RunDetail) -> str:
    """The stage that a run is in, and SageMaker's word for what the job does."""
    phase = f": {detail.job.phase}" if detail.job and detail.run.stage == "training" else ""
    return f"{detail.run.stage}{phase}"


def event_line(event: Event, started_at: str) -> str:
    """What happened, how long after the run began, and what is known of it."""
    facts = {name: event.detail[name] for name in FACTS.get(event.stage, ("reason",)) if name in event.detail}
    if event.state == "failed":
        facts = {}  # the reason is how the run ended, and told there
    told = ", ".join(f"{name} {_shown(name, value)}" for name, value in facts.items())
    when = f"{event.stage:<8}  {event.state} {seconds(elapsed(started_at, event.at))} into the run"
    return f"{when}: {told}" if told else when


def failed(detail: RunDetail) -> bool:
    """Whether the run ended badly."""
    return detail.run.state == FAILED


def consequence(detail: RunDetail) -> str:
    """What a failure means for the file that was uploaded; "" where nothing more is to be said."""
    if not failed(detail):
        return ""
    if RESTART in detail.run.reason:
        return "the embedded AWS was stopped while it ran: upload the file again"
    moved = next((str(event.detail["moved_to"]) for event in detail.events if "moved_to" in event.detail), "")
    return f"the file was moved to {moved}; {moved}.reason.json beside it says why" if moved else ""


def _shown(name: str, value: Any) -> str:
    if name in ("size", "bytes"):
        return size(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
