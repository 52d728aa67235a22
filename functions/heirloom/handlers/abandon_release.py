"""EventBridge: a release was aborted, timed out or failed itself. Starts another one, which takes down what it made."""

from __future__ import annotations

from heirloom import wiring
from heirloom.core.release.abandoned import abandon
from heirloom.core.run.upload import Executions
from heirloom.handlers.edge import Event, entrypoint


def handle(event: Event, executions: Executions) -> dict[str, str | None]:
    return {"started": abandon(event["detail"], executions)}


lambda_handler = entrypoint(handle, executions=wiring.executions)
