"""The port Answers."""

from __future__ import annotations

import json
from typing import Any, Protocol

import pytest

from heirloom.adapters.memory import MemoryAnswers
from heirloom.adapters.stepfunctions import StepFunctionsAnswers
from heirloom.core.release.trial import Answers
from local.connection import Connection
from tests.contract.conftest import role
from tests.embedded import unique, wait_for

VERDICT = {"outcome": "worse", "reason": "errors: 5 of 10 requests failed"}


class Bench(Protocol):
    """The port under test, a task that waits for a token, and what it was told."""

    answers: Answers

    def waits(self) -> str: ...
    def told(self, token: str) -> Any: ...


class InMemory:
    def __init__(self) -> None:
        self.answers = MemoryAnswers()

    def waits(self) -> str:
        return unique("token")

    def told(self, token: str) -> Any:
        return self.answers.sent[token]


class OnStepFunctions:
    """An activity hands out the token that any waiting task has."""

    def __init__(self, aws: Connection) -> None:
        self._client: Any = aws.client("stepfunctions")
        self.answers = StepFunctionsAnswers(self._client)
        self._activity = self._client.create_activity(name=unique("activity"))["activityArn"]
        waits = {"Type": "Task", "Resource": self._activity, "TimeoutSeconds": 60, "End": True}
        self._machine = self._client.create_state_machine(
            name=unique("machine"),
            definition=json.dumps({"StartAt": "Waits", "States": {"Waits": waits}}),
            roleArn=role(aws, "logs:PutLogEvents"),
        )["stateMachineArn"]
        self._executions: dict[str, str] = {}

    def waits(self) -> str:
        execution = self._client.start_execution(stateMachineArn=self._machine)["executionArn"]
        token = str(wait_for(lambda: self._client.get_activity_task(activityArn=self._activity).get("taskToken")))
        self._executions[token] = execution
        return token

    def told(self, token: str) -> Any:
        return json.loads(wait_for(lambda: self._described(token).get("output")))

    def aborts(self, token: str) -> None:
        self._client.stop_execution(executionArn=self._executions[token])
        wait_for(lambda: self._described(token)["status"] == "ABORTED")

    def _described(self, token: str) -> Any:
        return self._client.describe_execution(executionArn=self._executions[token])


@pytest.fixture(params=["memory", "aws"])
def bench(request: pytest.FixtureRequest) -> Bench:
    return InMemory() if request.param == "memory" else OnStepFunctions(request.getfixturevalue("aws"))


def test_answers_who_waits(bench: Bench) -> None:
    token = bench.waits()

    bench.answers.send(token, VERDICT)

    assert bench.told(token) == VERDICT


def test_the_first_answer_stands_and_a_second_is_no_error(bench: Bench) -> None:
    token = bench.waits()
    bench.answers.send(token, VERDICT)
    assert bench.told(token) == VERDICT

    bench.answers.send(token, {"outcome": "better", "reason": ""})

    assert bench.told(token) == VERDICT


def test_a_token_that_nobody_has_is_no_error(bench: Bench) -> None:
    bench.answers.send("AAAAKgAAAAIAAAAAAAAAAf", VERDICT)


def test_a_token_of_an_execution_that_was_aborted_is_no_error(aws: Connection) -> None:
    bench = OnStepFunctions(aws)
    token = bench.waits()
    bench.aborts(token)

    bench.answers.send(token, VERDICT)
