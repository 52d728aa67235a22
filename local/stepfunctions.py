"""Step Functions' SageMaker integrations: the optimized ones and `aws-sdk:sagemaker`, under the state machine's role.

MiniStack calls its own services as root. Here each call is made with a session of the state machine's role, so a grant
that is missing fails the execution as it does on AWS. For that, and to stop a job with its execution, the execution and
the deadline of the task have to be known where the call is made: both travel as context variables.

AWS pages: "Create and manage Amazon SageMaker AI jobs with Step Functions", "Run a job (.sync)", "Handling errors in
Step Functions workflows". Errors are named after the classes of the Java SDKs that Step Functions is built on: v1 for
optimized integrations (`SageMaker.AmazonSageMakerException` where the service model names no exception), v2 for SDK
integrations (`SageMaker.SageMakerException`); see `ERROR_CLASSES`.
"""

from __future__ import annotations

import contextvars
import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import stepfunctions

from local import sagemaker
from local.awsjson import ApiError, service_model
from local.sagemaker import emulator

OPTIMIZED = ("createTrainingJob", "createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint")
PREFIX = "arn:aws:states:::sagemaker:"
SDK_PREFIX = "arn:aws:states:::aws-sdk:sagemaker:"
# What the service model names is a class of its own; all else is the service's base exception.
ERROR_CLASSES = {
    name: f"SageMaker.{name.removesuffix('Exception')}Exception"
    for name in ("ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound", "ConflictException")
}
# Step Functions marks what it starts with .sync, for which the role needs sagemaker:AddTags.
MANAGED = {"Key": "MANAGED_BY_AWS", "Value": "STARTED_BY_STEP_FUNCTIONS"}
LONGEST_POLL = 0.5  # seconds

_execution: contextvars.ContextVar[str] = contextvars.ContextVar("execution", default="")
_deadline: contextvars.ContextVar[float] = contextvars.ContextVar("deadline", default=float("inf"))


def install() -> None:
    """Plug the integrations in. Raises RuntimeError when MiniStack has moved a plug point."""
    needed = (
        "_SERVICE_DISPATCH",
        "_run_execution",
        "_invoke_resource_with_timeout",
        "_ExecutionError",
        "_executions",
        "_state_machines",
        "_sdk_json_params",
        "_sdk_json_result",
    )
    for name in needed:
        if not hasattr(stepfunctions, name):
            raise RuntimeError(f"MiniStack has moved stepfunctions.{name}; SageMaker's integrations need it.")
    stepfunctions._run_execution = _knowing_the_execution(stepfunctions._run_execution)
    stepfunctions._invoke_resource_with_timeout = _knowing_the_deadline(stepfunctions._invoke_resource_with_timeout)
    stepfunctions._SERVICE_DISPATCH.update({f"{PREFIX}{action}": _optimized for action in OPTIMIZED})
    stepfunctions._SERVICE_DISPATCH[SDK_PREFIX] = _sdk


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


def _optimized(resource: str, parameters: dict[str, Any]) -> Any:
    """arn:aws:states:::sagemaker:createTrainingJob[.sync], and the other forms of `OPTIMIZED`."""
    action, _, pattern = resource.removeprefix(PREFIX).partition(".")
    operation = _pascal(action)
    if not pattern:
        return _call(operation, parameters, _v1_error)
    if (operation, pattern) != ("CreateTrainingJob", "sync"):
        raise _error("States.Runtime", f"The embedded AWS has no {resource}.")
    _call(operation, {**parameters, "Tags": [*parameters.get("Tags", []), MANAGED]}, _v1_error)
    return _await_job({"TrainingJobName": parameters["TrainingJobName"]})


def _sdk(resource: str, parameters: dict[str, Any]) -> Any:
    """arn:aws:states:::aws-sdk:sagemaker:<action>: members named as in Java, timestamps as text."""
    operation = _pascal(resource.removeprefix(SDK_PREFIX))
    if operation not in service_model("sagemaker").operation_names:
        raise _error("States.Runtime", f"SageMaker has no operation {operation}.")
    request = stepfunctions._sdk_json_params({}, "sagemaker", operation, parameters)
    answer = _call(operation, request, _v2_error)
    return stepfunctions._sdk_json_result("sagemaker", operation, answer)


def _await_job(name: dict[str, str]) -> dict[str, Any]:
    """The job's description when it has completed. It is stopped with its execution, and when the task times out."""
    pause = 0.05
    while True:
        described = _call("DescribeTrainingJob", name, _v1_error)
        status = described["TrainingJobStatus"]
        if status == "Completed":
            return _milliseconds(described)
        if status in ("Failed", "Stopped"):
            raise _error("States.TaskFailed", json.dumps(_milliseconds(described)))
        if _aborted():
            _stop(name)
            # The execution has its final state; its thread has nothing more to do, and no retrier may start anew.
            raise SystemExit
        if time.monotonic() > _deadline.get():
            _stop(name)
            raise _error("States.Timeout", "The task timed out and its training job was stopped.")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_POLL)


def _stop(name: dict[str, str]) -> None:
    """Best effort, as Step Functions words it: the job may just have ended."""
    try:
        _call("StopTrainingJob", name, _v1_error)
    except stepfunctions._ExecutionError:
        return


def _aborted() -> bool:
    execution = stepfunctions._executions.get(_execution.get())
    return bool(execution and execution["status"] == "ABORTED")


def _call(operation: str, request: Mapping[str, Any], error: Callable[[ApiError], Exception]) -> dict[str, Any]:
    """Run an operation as the state machine's role."""

    def run() -> Any:
        session = emulator.open_session(role, uuid.uuid4().hex) if role and emulator.auth_enforced() else None
        try:
            return sagemaker.call(operation, dict(request), session.access_key_id if session else None)
        finally:
            if session:
                emulator.close_session(session)

    role = _role()
    try:
        return dict(emulator.run_apart(run))
    except ApiError as problem:
        raise error(problem) from problem


def _role() -> str:
    execution = stepfunctions._executions.get(_execution.get())
    machine = stepfunctions._state_machines.get(execution["stateMachineArn"]) if execution else None
    return str(machine["roleArn"]) if machine else ""


def _v1_error(problem: ApiError) -> Exception:
    cause = (
        f"{problem.message} (Service: AmazonSageMaker; Status Code: {problem.status}; Error Code: {problem.code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return _error(ERROR_CLASSES.get(problem.code, "SageMaker.AmazonSageMakerException"), cause)


def _v2_error(problem: ApiError) -> Exception:
    cause = f"{problem.message} (Service: SageMaker, Status Code: {problem.status}, Request ID: {uuid.uuid4()})"
    return _error(ERROR_CLASSES.get(problem.code, "SageMaker.SageMakerException"), cause)


def _error(name: str, cause: str) -> Exception:
    made: Exception = stepfunctions._ExecutionError(name, cause)
    return made


def _pascal(action: str) -> str:
    return action[:1].upper() + action[1:]


def _milliseconds(described: dict[str, Any]) -> dict[str, Any]:
    """Optimized integrations give timestamps as milliseconds since 1970."""
    shape = service_model("sagemaker").operation_model("DescribeTrainingJob").output_shape

    def convert(inner: Any, value: Any) -> Any:
        if inner.type_name == "structure":
            return {name: convert(inner.members[name], item) for name, item in value.items()}
        if inner.type_name == "list":
            return [convert(inner.member, item) for item in value]
        return round(value * 1000) if inner.type_name == "timestamp" else value

    return dict(convert(shape, described))
