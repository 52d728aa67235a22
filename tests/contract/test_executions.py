"""The port Executions."""

from __future__ import annotations

import json
from typing import Any, Protocol

import pytest

from heirloom.adapters.memory import MemoryExecutions
from heirloom.adapters.stepfunctions import StepFunctionsExecutions
from heirloom.core.errors import NotFound
from heirloom.core.run.upload import Execution, Executions
from local.connection import Connection
from tests.contract.conftest import role
from tests.embedded import unique, wait_for

MACHINE = {
    "StartAt": "Ends",
    "States": {
        "Ends": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.end", "StringEquals": "wrong", "Next": "Failed"}],
            "Default": "Waits",
        },
        "Waits": {"Type": "Wait", "Seconds": 300, "End": True},
        "Failed": {"Type": "Fail", "Error": "training", "Cause": "no label"},
    },
}


class Bench(Protocol):
    """The port under test, a machine, and a way to end what runs on it as somebody else would."""

    machine: str
    executions: Executions

    def fails(self, name: str) -> None: ...
    def aborted(self, name: str) -> None: ...


class InMemory:
    def __init__(self) -> None:
        self.machine, self.executions = "machine", MemoryExecutions()

    def fails(self, name: str) -> None:
        self.executions.ended[name] = Execution("FAILED", "training", "no label", "2026-11-23T15:00:00.000Z")

    def aborted(self, name: str) -> None:
        self.executions.ended[name] = Execution("ABORTED", ended_at="2026-11-23T15:00:00.000Z")


class OnStepFunctions:
    def __init__(self, aws: Connection) -> None:
        self._client: Any = aws.client("stepfunctions")
        self.executions = StepFunctionsExecutions(self._client)
        made = self._client.create_state_machine(
            name=unique("machine"), definition=json.dumps(MACHINE), roleArn=role(aws, "logs:PutLogEvents")
        )
        self.machine: str = made["stateMachineArn"]

    def fails(self, name: str) -> None:
        wait_for(lambda: self._described(name)["status"] == "FAILED")

    def aborted(self, name: str) -> None:
        self._client.stop_execution(executionArn=self._described(name)["executionArn"])

    def _described(self, name: str) -> Any:
        found = self._client.list_executions(stateMachineArn=self.machine)["executions"]
        arn = next(execution["executionArn"] for execution in found if execution["name"] == name)
        return self._client.describe_execution(executionArn=arn)


@pytest.fixture(params=["memory", "aws"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return InMemory() if request.param == "memory" else OnStepFunctions(request.getfixturevalue("aws"))


def test_starts_one_of_a_name(bench: Bench) -> None:
    document = {"end": "never"}

    assert bench.executions.start(bench.machine, "wine-1", document)
    bench.executions.start(bench.machine, "wine-1", document)

    assert bench.executions.find(bench.machine, "wine-1") == Execution("RUNNING")


def test_says_that_there_was_one_of_the_name(bench: Bench) -> None:
    bench.executions.start(bench.machine, "wine-2", {"end": "wrong"})
    bench.fails("wine-2")

    assert not bench.executions.start(bench.machine, "wine-2", {"end": "never"})


def test_tells_how_one_failed(bench: Bench) -> None:
    bench.executions.start(bench.machine, "wine-3", {"end": "wrong"})
    bench.fails("wine-3")

    found = bench.executions.find(bench.machine, "wine-3")

    assert found is not None
    assert (found.status, found.error, found.cause) == ("FAILED", "training", "no label")
    assert str(found.ended_at).endswith("Z")


def test_tells_that_one_was_aborted(bench: Bench) -> None:
    bench.executions.start(bench.machine, "wine-4", {"end": "never"})
    bench.aborted("wine-4")

    found = bench.executions.find(bench.machine, "wine-4")

    assert found is not None
    assert found.status == "ABORTED"


def test_finds_nothing_of_another_name(bench: Bench) -> None:
    assert bench.executions.find(bench.machine, "wine-5") is None


def test_says_so_when_there_is_no_such_machine(aws: Connection) -> None:
    nowhere = f"arn:aws:states:us-east-1:{aws.account_id}:stateMachine:nowhere"

    with pytest.raises(NotFound, match="starting execution wine-1"):
        StepFunctionsExecutions(aws.client("stepfunctions")).start(nowhere, "wine-1", {})
