"""Executions on Step Functions, and answers to those that wait for a task token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.clock import stamp
from heirloom.core.errors import NotFound
from heirloom.core.run.upload import Execution

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


class StepFunctionsExecutions:
    """The port Executions; a machine is its ARN."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def start(self, machine: str, name: str, document: Mapping[str, Any]) -> bool:
        with translated(f"starting execution {name}"):
            try:
                self._client.start_execution(stateMachineArn=machine, name=name, input=json.dumps(document))
            except self._client.exceptions.ExecutionAlreadyExists:
                return False
        return True

    def find(self, machine: str, name: str) -> Execution | None:
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            with translated(f"reading execution {name}"):
                found = self._client.describe_execution(executionArn=arn)
        except NotFound:
            return None
        stopped = found.get("stopDate")
        ended_at = stamp(stopped) if stopped else None
        output = json.loads(found["output"]) if "output" in found else None
        return Execution(found["status"], found.get("error", ""), found.get("cause", ""), ended_at, output)


class StepFunctionsAnswers:
    """The port Answers; a token is a state's ``$$.Task.Token``."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def send(self, token: str, document: Mapping[str, Any]) -> None:
        """A token that was answered, whose task timed out or whose execution has ended is refused in one of three ways.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
        """
        gone = self._client.exceptions
        with (
            translated("answering a task token"),
            suppress(gone.TaskDoesNotExist, gone.TaskTimedOut, gone.InvalidToken),
        ):
            self._client.send_task_success(taskToken=token, output=json.dumps(document))
