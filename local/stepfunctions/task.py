"""The task that a thread of MiniStack runs: of which execution, until when, and as which role its calls are made.

MiniStack calls its own services as root. Here each call is made with a session of the state machine's role, so a grant
that is missing fails the execution as it does on AWS. Execution and deadline travel as context variables.
AWS page: "TimeoutSecondsPath" under "Task workflow state".
"""

from __future__ import annotations

import contextlib
import contextvars
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.services import stepfunctions

from local import clients
from local.sagemaker import emulator

LONGEST_POLL = 0.5  # seconds
ENDED = ("ABORTED", "TIMED_OUT")

_execution: contextvars.ContextVar[str] = contextvars.ContextVar("execution", default="")
_deadline: contextvars.ContextVar[float] = contextvars.ContextVar("deadline", default=float("inf"))


def install() -> None:
    """Have every task know its execution and its deadline."""
    stepfunctions._run_execution = _knowing_the_execution(stepfunctions._run_execution)
    stepfunctions._invoke_resource_with_timeout = _knowing_the_deadline(stepfunctions._invoke_resource_with_timeout)
    stepfunctions._execute_task = _reading_the_limit(stepfunctions._execute_task)


def aborted() -> bool:
    """Whether the execution has its final state while the task still runs."""
    execution = stepfunctions._executions.get(_execution.get())
    return bool(execution and execution["status"] in ENDED)


def late() -> bool:
    """Whether the task has taken its time."""
    return time.monotonic() > _deadline.get()


def poll() -> Iterator[None]:
    """Again and again, ever more slowly. Ends the thread when the execution has ended: no retrier may start anew."""
    pause = 0.05
    while True:
        yield
        if aborted():
            raise SystemExit
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL)


def machine() -> dict[str, Any]:
    """The state machine of the execution; empty outside of one."""
    execution = stepfunctions._executions.get(_execution.get())
    found = stepfunctions._state_machines.get(execution["stateMachineArn"]) if execution else None
    return dict(found or {})


@contextlib.contextmanager
def session() -> Iterator[emulator.Credentials | None]:
    """A session of the state machine's role; None where IAM is not enforced."""
    role = str(machine().get("roleArn", ""))
    opened = emulator.open_session(role, uuid.uuid4().hex) if role and emulator.auth_enforced() else None
    try:
        yield opened
    finally:
        if opened:
            emulator.close_session(opened)


def call(service: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Call another service over HTTP as the state machine's role, which IAM then judges. Raises ClientError."""
    with session() as opened:
        credentials: dict[str, str] = (
            {name.lower(): value for name, value in opened.environment().items()} if opened else {}
        )
        client = clients.client(
            service,
            endpoint_url=emulator.endpoint_url(),
            region_name=emulator.region(),
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
            **credentials,
        )
        answer: dict[str, Any] = client._make_api_call(operation, request)
    answer.pop("ResponseMetadata", None)
    return answer


def denial(action: str, arn: str) -> str | None:
    """Why the state machine's role may not do this, or None when it may."""
    with session() as opened:
        return emulator.denial(opened.access_key_id, action, arn) if opened else None


def error(name: str, cause: str) -> Exception:
    """A task's failure, as Retry and Catch see it."""
    made: Exception = stepfunctions._ExecutionError(name, cause)
    return made


def told(problem: ClientError) -> tuple[str, str, int]:
    """Code, message and status of an API's refusal."""
    found, metadata = problem.response["Error"], problem.response["ResponseMetadata"]
    return str(found["Code"]), str(found["Message"]), int(metadata["HTTPStatusCode"])


def _knowing_the_execution(run: Callable[[str], None]) -> Callable[[str], None]:
    def run_execution(execution_arn: str) -> None:
        _execution.set(execution_arn)
        run(execution_arn)

    return run_execution


def _knowing_the_deadline(invoke: Callable[[str, Any, float], Any]) -> Callable[[str, Any, float], Any]:
    def invoke_with_timeout(resource: str, parameters: Any, timeout: float) -> Any:
        token = _deadline.set(time.monotonic() + timeout)
        try:
            return invoke(resource, parameters, timeout)
        finally:
            _deadline.reset(token)

    return invoke_with_timeout


def _reading_the_limit(execute: Callable[..., Any]) -> Callable[..., Any]:
    """MiniStack knows TimeoutSeconds only."""

    def execute_task(state: dict[str, Any], raw_input: Any, execution: Any, context: Any) -> Any:
        if path := state.get("TimeoutSecondsPath"):
            effective = stepfunctions._apply_input_path(state, raw_input, context)
            limit = stepfunctions._resolve_path_or_ctx(path, effective, context)
            if type(limit) is not int or limit <= 0:
                raise error("States.Runtime", f"TimeoutSecondsPath {path} must be a positive integer, not {limit!r}")
            state = {**state, "TimeoutSeconds": limit}
        return execute(state, raw_input, execution, context)

    return execute_task
