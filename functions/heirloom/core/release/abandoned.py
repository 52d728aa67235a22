"""A release that was aborted, took too long or failed itself: it has not cleared up, so another one does.

One that fails in order is none of them: its execution succeeds, with the outcome "failed" (state Failed).

Told by Step Functions' own event, "Step Functions Execution Status Change":
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json

from heirloom.core.errors import Invalid
from heirloom.core.lineage.graph import Document
from heirloom.core.run.upload import Executions

ABANDON = "abandon"
"""The goal of a release that begins where another one broke off: it records that and takes down what was made."""
WHY = {
    "ABORTED": "somebody aborted the release",
    "TIMED_OUT": "the release did not end in time",
    "FAILED": "the release failed, and could not clear up",
}
"""By the status of its execution. FAILED: the clean-up failed, or Step Functions itself did (States.Runtime,
States.DataLimitExceeded), which no Catch sees."""


def abandon(detail: Document, executions: Executions) -> str | None:
    """Start the release that clears up after the one of ``detail``; its name, None for one that cleared up itself.

    However often the event comes, there is one. Raises Invalid for an event that does not carry the input.
    """
    if detail["input"] is None:
        raise Invalid(f"the event of {detail['executionArn']} is without the input, which was too large for it")
    state = json.loads(detail["input"])
    if state["release"]["goal"] == ABANDON:
        return None
    name = f"{detail['name']}-{ABANDON}"
    error = {"Error": detail["status"], "Cause": WHY[detail["status"]]}
    release = {**state["release"], "goal": ABANDON}
    executions.start(detail["stateMachineArn"], name, {**state, "release": release, "error": error})
    return name
