"""Tasks that wait for their token: `.waitForTaskToken`, and the API that answers it.

MiniStack takes a function's failure for a success and waits on, gives each retry the same token, lets an aborted
execution wait, and knows no state machine for a token, so that IAM could only allow all of them.
AWS pages: "Wait for a Callback with Task Token", "SendTaskSuccess" of the API reference.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import error_response_json
from ministack.services import stepfunctions

from local.stepfunctions import task

SUFFIX = ".waitForTaskToken"
FOREVER = 99_999_999  # seconds: the longest that a task may wait
LOOK = 0.2  # seconds between two looks whether the execution was aborted


def install() -> None:
    """Wait as AWS does, and answer for tokens that are no more."""
    stepfunctions._apply_parameters = _with_a_token(stepfunctions._apply_parameters)
    stepfunctions._invoke_with_callback = _wait
    for name in ("_send_task_success", "_send_task_failure", "_send_task_heartbeat"):
        setattr(stepfunctions, name, _if_open(getattr(stepfunctions, name)))
    iam_actions.extract_resource_arn = _knowing_tokens(iam_actions.extract_resource_arn)


def _with_a_token(apply: Callable[..., Any]) -> Callable[..., Any]:
    """Each attempt has a token of its own, which tells the state machine that it is of."""

    def apply_parameters(state: dict[str, Any], data: Any, context: dict[str, Any] | None = None) -> Any:
        if context is not None and str(state.get("Resource", "")).endswith(SUFFIX):
            made = {"machine": task.machine().get("stateMachineArn", "*"), "attempt": uuid.uuid4().hex}
            context["Task"] = {"Token": base64.urlsafe_b64encode(json.dumps(made).encode()).decode()}
        return apply(state, data, context)

    return apply_parameters


def _wait(resource: str, parameters: Any, token: str, state: dict[str, Any]) -> Any:
    """Make the call that hands the token out, then wait for its answer; the time of the task holds for both."""
    entry: dict[str, Any] = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None}
    stepfunctions._task_tokens[token] = entry
    limit = state.get("TimeoutSeconds", FOREVER)
    deadline = time.monotonic() + limit
    try:
        stepfunctions._invoke_resource_with_timeout(resource.removesuffix(SUFFIX), parameters, limit)
        _await(entry["event"], deadline)
    finally:
        del stepfunctions._task_tokens[token]
    if failed := entry["error"]:
        raise task.error(str(failed["Error"]), str(failed["Cause"]))
    return json.loads(entry["result"])


def _await(answered: threading.Event, deadline: float) -> None:
    while not answered.wait(LOOK):
        if task.aborted():
            raise SystemExit
        if time.monotonic() > deadline:
            raise task.error("States.Timeout", "The task was not answered in time.")


def _if_open(send: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A task that has its answer, or has timed out, takes no other."""

    def answer(request: dict[str, Any]) -> Any:
        token = str(request.get("taskToken", ""))
        waiting = stepfunctions._task_tokens.get(token)
        if waiting and not waiting["event"].is_set():
            return send(request) if _is_json(request.get("output", "{}")) else _refusal("InvalidOutput", "no JSON")
        if waiting or _machine_of(token):
            return _refusal("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return send(request)

    return answer


def _knowing_tokens(extract: Callable[..., str]) -> Callable[..., str]:
    """SendTaskSuccess and the other two are checked on the state machine that the token is of."""

    def extract_resource_arn(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        if service == "states" and ".SendTask" in headers.get("x-amz-target", ""):
            return _machine_of(iam_actions._safe_json_field(body, "taskToken")) or "*"
        return extract(service, method, path, headers, body, *rest)

    return extract_resource_arn


def _machine_of(token: str) -> str | None:
    try:
        return str(json.loads(base64.urlsafe_b64decode(token.encode()))["machine"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _refusal(code: str, message: str) -> Any:
    return error_response_json(code, message, 400)
