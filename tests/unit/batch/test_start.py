"""The same order for the same file is one batch."""

from __future__ import annotations

from dataclasses import replace

from heirloom.adapters.memory import MemoryExecutions
from heirloom.core.batch.plan import Order
from heirloom.core.batch.start import start
from heirloom.core.run.upload import Execution
from heirloom.core.storage import Location, Stored
from tests.unit.batch.world import SOURCE, TARGET

MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:batch"
ORDER = Order("paint", SOURCE, TARGET)
STORED = Stored(Location.from_uri(SOURCE), '"e1"', 10)


def test_starts_an_execution_with_the_order() -> None:
    executions = MemoryExecutions()

    name = start(ORDER, STORED, MACHINE, executions)

    assert executions.started == {(MACHINE, name): {"batch": ORDER.to_document()}}
    assert name.startswith("paint-")
    assert name.endswith("-1")


def test_joins_the_one_that_runs() -> None:
    executions = MemoryExecutions()

    assert start(ORDER, STORED, MACHINE, executions) == start(ORDER, STORED, MACHINE, executions)


def test_starts_another_one_when_the_first_has_ended() -> None:
    executions = MemoryExecutions()
    first = start(ORDER, STORED, MACHINE, executions)
    executions.ended[first] = Execution("FAILED")
    second = start(ORDER, STORED, MACHINE, executions)
    executions.ended[second] = Execution("SUCCEEDED")

    third = start(ORDER, STORED, MACHINE, executions)

    assert [name.rpartition("-")[2] for name in (first, second, third)] == ["1", "2", "3"]


def test_another_file_version_or_folder_is_another_batch() -> None:
    executions = MemoryExecutions()
    orders = [ORDER, replace(ORDER, version=2), replace(ORDER, target="s3://artifacts/batch/elsewhere/")]
    names = [start(order, STORED, MACHINE, executions) for order in orders]

    names.append(start(ORDER, replace(STORED, etag='"e2"'), MACHINE, executions))

    assert len(set(names)) == 4
