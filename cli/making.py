"""Waiting for a release that makes a version's endpoint again before the route can move to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from cli.output import seconds
from cli.ports import Ports
from cli.progress import Steps
from heirloom.core.errors import Conflict, NotFound, Unavailable
from heirloom.core.project.registration import registered
from heirloom.core.release.change import existing
from heirloom.core.release.route import Route
from heirloom.core.run.upload import Execution

# How often the release is looked at, in seconds.
EVERY = 1.0
DONE = ("promoted", "rolled back")


@dataclass(frozen=True)
class Making:
    """A release that was started, and how many seconds to wait for it."""

    ports: Ports
    model: str
    execution: str
    timeout: float


def made(making: Making, console: Console) -> Route:
    """The route once the release has moved it. Raises Conflict when it ended otherwise, Unavailable after its time."""
    steps = Steps(console)
    with steps.step(f"release {making.execution}: the endpoint is made first") as doing:
        execution = _ended(making, doing)
    output = execution.output or {}
    if output.get("outcome") not in DONE:
        why = output.get("reason") or f"{execution.error} {execution.cause}".strip() or execution.status
        raise Conflict(f"release {making.execution} ended as {output.get('outcome', execution.status)}: {why}")
    return existing(making.model, making.ports.routes)


def _ended(making: Making, doing: Callable[[str], None]) -> Execution:
    registration = registered(making.model, making.ports.lineage)
    if registration is None:
        raise NotFound(f"there is no model {making.model!r} any more")
    deadline = time.monotonic() + making.timeout
    while True:
        execution = making.ports.executions.find(registration.release_machine, making.execution)
        if execution is not None and execution.status != "RUNNING":
            return execution
        doing("the endpoint is being made and tested")
        if time.monotonic() > deadline:
            again = f"`heirloom release status {making.model}` shows when the route has moved"
            raise Unavailable(
                f"release {making.execution} still runs after {seconds(making.timeout)}: it goes on; {again}"
            )
        time.sleep(EVERY)
