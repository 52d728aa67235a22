"""Step Functions that starts Step Functions: `states:startExecution.sync:2`, under the state machine's role.

MiniStack runs the other machine in the task's own thread, as root, with no events and no way to stop it.
AWS page: "Start a new AWS Step Functions state machine from a running execution".
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from botocore.exceptions import ClientError
from ministack.services import stepfunctions

from local.sagemaker import emulator
from local.stepfunctions import task

SYNC = "arn:aws:states:::states:startExecution.sync:2"
RULE = "StepFunctionsGetEventsForStepFunctionsExecutionRule"
# Codes whose exception classes end otherwise than in the code itself.
NAMED = ("ExecutionAlreadyExists", "ExecutionLimitExceeded", "InvalidArn", "InvalidExecutionInput", "InvalidName")


def install() -> None:
    """Run the other machine as an execution of its own."""
    stepfunctions._invoke_nested_start_execution_sync = _run


def _run(resource: str, parameters: dict[str, Any]) -> dict[str, Any]:
    if resource != SYNC:
        raise task.error("States.Runtime", f"The embedded AWS has no {resource}.")
    _need_the_rule()
    request = stepfunctions._nested_start_execution_request(parameters)
    arn = _call("StartExecution", request)["executionArn"]
    for _ in task.poll():
        found = _call("DescribeExecution", {"executionArn": arn})
        if found["status"] == "SUCCEEDED":
            return _described(found)
        if found["status"] != "RUNNING":
            raise task.error("States.TaskFailed", json.dumps(_described(found)))
        if task.aborted():
            _stop(arn)
        if task.late():
            _stop(arn)
            raise task.error("States.Timeout", "The task timed out and its execution was stopped.")
    raise AssertionError("a poll has no end")


def _need_the_rule() -> None:
    """On AWS the state machine can't be made without these rights; here it is told when it first waits."""
    arn = f"arn:aws:events:{emulator.region()}:{emulator.account_id()}:rule/{RULE}"
    for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
        if denied := task.denial(action, arn):
            raise task.error("StepFunctions.AWSStepFunctionsException", denied)


def _stop(arn: str) -> None:
    """Best effort, as Step Functions words it: the execution may just have ended."""
    try:
        _call("StopExecution", {"executionArn": arn})
    except stepfunctions._ExecutionError:
        return


def _call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return task.call("stepfunctions", operation, request)
    except ClientError as problem:
        code, message, status = task.told(problem)
        name = f"{code}Exception" if code in NAMED else "AWSStepFunctionsException"
        facts = f"Service: AWSStepFunctions; Status Code: {status}; Error Code: {code}; Request ID: {uuid.uuid4()}"
        raise task.error(f"StepFunctions.{name}", f"{message} ({facts})") from problem


def _described(found: dict[str, Any]) -> dict[str, Any]:
    """DescribeExecution as the integration gives it: Input and Output parsed, dates in milliseconds since 1970."""
    document: dict[str, Any] = {}
    for name, value in found.items():
        if name in ("input", "output") and value is not None:
            document[name.capitalize()] = json.loads(value)
        elif hasattr(value, "timestamp"):
            document[name[:1].upper() + name[1:]] = round(value.timestamp() * 1000)
        elif isinstance(value, dict):
            document[name[:1].upper() + name[1:]] = {key.capitalize(): item for key, item in value.items()}
        else:
            document[name[:1].upper() + name[1:]] = value
    return document
