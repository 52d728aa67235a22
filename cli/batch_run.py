"""One execution of the batch machine, watched from outside: how far it is, how it ended, why it failed."""

from __future__ import annotations

import functools
import json
import time
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from cli.output import Output
from cli.ports import Ports
from heirloom.core import errors
from heirloom.core.batch.join import REPORT, Report
from heirloom.core.batch.plan import Order
from heirloom.core.errors import HeirloomError, NotFound, Unavailable
from heirloom.core.run.upload import Execution
from heirloom.core.storage import Location

# How often it is looked at, in seconds.
EVERY = 1.0
RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
AGAIN = "the same command goes on where this one ended"


@dataclass(frozen=True)
class BatchRun:
    """The execution ``name`` of the stack's batch machine."""

    ports: Ports
    name: str

    def until_done(self, out: Output, order: Order) -> Report:
        """The report once it has ended well. Raises what ended it."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=out.notes, disable=not out.notes.is_terminal) as progress:
            bar = progress.add_task(f"parts of {order.source.rpartition('/')[2]}", total=None)
            while (ended := self._look()).status == RUNNING:
                self._show(progress, bar)
                time.sleep(EVERY)
            self._show(progress, bar)
        if ended.status != SUCCEEDED:
            raise self._failure(ended)
        body = b"".join(self.ports.objects.read(Location.from_uri(order.target + REPORT)))
        return Report(**json.loads(body))

    def parts(self) -> tuple[int, int]:
        """How many parts are done, and how many there are; 0 of 0 while the file is being cut."""
        for run in self._states.list_map_runs(executionArn=self._arn)["mapRuns"]:
            counts = self._states.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
            return counts["succeeded"], counts["total"]
        return 0, 0

    def _show(self, progress: Progress, bar: TaskID) -> None:
        done, total = self.parts()
        progress.update(bar, completed=done, total=total or None)

    def _look(self) -> Execution:
        """How it stands."""
        found = self.ports.executions.find(self._machine, self.name)
        if found is None:
            raise NotFound(f"there is no batch {self.name}: its record is gone")
        return found

    def _failure(self, ended: Execution) -> HeirloomError:
        """The error that ended it, of the part where it was a part, as one of ours where it has a name of ours."""
        name, cause = self._part_failure() or (ended.error, ended.cause)
        kind = vars(errors).get(name)
        if isinstance(kind, type) and issubclass(kind, HeirloomError):
            return kind(f"{message_of(cause)}; {AGAIN}" if issubclass(kind, Unavailable) else message_of(cause))
        told = f"{name}: {message_of(cause)}" if name else ended.status.lower()
        return Unavailable(f"batch {self.name} ended: {told}; {AGAIN}")

    def _part_failure(self) -> tuple[str, str] | None:
        """Error and cause of a part that failed; None where none did."""
        for run in self._states.list_map_runs(executionArn=self._arn)["mapRuns"]:
            listed = self._states.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED", maxResults=1)
            for each in listed["executions"]:
                found = self._states.describe_execution(executionArn=each["executionArn"])
                return found.get("error", ""), found.get("cause", "")
        return None

    @functools.cached_property
    def _states(self) -> Any:
        return self.ports.session.client("stepfunctions")

    @property
    def _machine(self) -> str:
        return self.ports.session.output("BatchMachine")

    @property
    def _arn(self) -> str:
        return f"{self._machine.replace(':stateMachine:', ':execution:')}:{self.name}"


def message_of(cause: str) -> str:
    """What a function said, of the document that Lambda makes of its error; any other cause as it is."""
    try:
        document = json.loads(cause)
    except ValueError:
        return cause
    return str(document["errorMessage"]) if isinstance(document, dict) and "errorMessage" in document else cause
