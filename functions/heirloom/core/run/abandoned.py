"""A run whose execution ended without saying so: aborted, out of time, or failed itself. Told by Step Functions.

One that fails in order has recorded it. https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

from heirloom.core.lineage.graph import Document, Event
from heirloom.core.run.journal import Journal
from heirloom.core.run.pipeline import ABORTED, STAGES, has_ended
from heirloom.core.run.record import FAILED, FAILURE_TAG, KILLED
from heirloom.core.run.tracked import Ending

WHY = {
    ABORTED: "somebody aborted the run",
    "TIMED_OUT": "the run did not end in time",
    "FAILED": "the run failed, and could not record why",
}
"""By the status of its execution."""


def end(detail: Document, journal: Journal, at: str) -> bool:
    """Record that the run of an execution is over, in the stage after its last one; whether there is such a run.

    ``detail`` is the event's. However often it comes, and where the run has recorded its end, there is one.
    """
    run, status = journal.lineage.node("run", detail["name"]), detail["status"]
    if run is None:
        return False
    last = journal.lineage.history(run.id)[-1]
    facts = {name: fact for name, fact in last.detail.items() if name in ("dataset", "version")}
    event = Event(at, after(last.stage), "failed", {**facts, "error": status, "reason": WHY[status]})
    journal.end(run, event, Ending(KILLED if status == ABORTED else FAILED, {FAILURE_TAG: WHY[status]}), has_ended)
    return True


def after(stage: str) -> str:
    """The stage that a run is in when this one, or its upload, is done."""
    done = STAGES.index(stage) + 1 if stage in STAGES else 0
    return STAGES[min(done, len(STAGES) - 1)]
