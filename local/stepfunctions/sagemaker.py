"""Step Functions' SageMaker integrations: the optimized ones and `aws-sdk:sagemaker`, under the state machine's role.

AWS pages: "Create and manage Amazon SageMaker AI jobs with Step Functions", "Run a job (.sync)".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import stepfunctions

from local import sagemaker
from local.awsjson import ApiError, service_model
from local.sagemaker import emulator
from local.stepfunctions import task

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


def install() -> None:
    """Answer for SageMaker's two kinds of integrations."""
    stepfunctions._SERVICE_DISPATCH.update({f"{PREFIX}{action}": _optimized for action in OPTIMIZED})
    stepfunctions._SERVICE_DISPATCH[SDK_PREFIX] = _sdk


def _optimized(resource: str, parameters: dict[str, Any]) -> Any:
    """arn:aws:states:::sagemaker:createTrainingJob[.sync], and the other forms of `OPTIMIZED`."""
    action, _, pattern = resource.removeprefix(PREFIX).partition(".")
    operation = _pascal(action)
    if not pattern:
        return _call(operation, parameters, _v1_error)
    if (operation, pattern) != ("CreateTrainingJob", "sync"):
        raise task.error("States.Runtime", f"The embedded AWS has no {resource}.")
    _call(operation, {**parameters, "Tags": [*parameters.get("Tags", []), MANAGED]}, _v1_error)
    return _await_job({"TrainingJobName": parameters["TrainingJobName"]})


def _sdk(resource: str, parameters: dict[str, Any]) -> Any:
    """arn:aws:states:::aws-sdk:sagemaker:<action>: members named as in Java, timestamps as text."""
    operation = _pascal(resource.removeprefix(SDK_PREFIX))
    if operation not in service_model("sagemaker").operation_names:
        raise task.error("States.Runtime", f"SageMaker has no operation {operation}.")
    request = stepfunctions._sdk_json_params({}, "sagemaker", operation, parameters)
    answer = _call(operation, request, _v2_error)
    return stepfunctions._sdk_json_result("sagemaker", operation, answer)


def _await_job(name: dict[str, str]) -> dict[str, Any]:
    """The job's description when it has completed. It is stopped with its execution, and when the task times out."""
    for _ in task.poll():
        described = _call("DescribeTrainingJob", name, _v1_error)
        status = described["TrainingJobStatus"]
        if status == "Completed":
            return _milliseconds(described)
        if status in ("Failed", "Stopped"):
            raise task.error("States.TaskFailed", json.dumps(_milliseconds(described)))
        if task.aborted():
            _stop(name)
        if task.late():
            _stop(name)
            raise task.error("States.Timeout", "The task timed out and its training job was stopped.")
    raise AssertionError("a poll has no end")


def _stop(name: dict[str, str]) -> None:
    """Best effort, as Step Functions words it: the job may just have ended."""
    try:
        _call("StopTrainingJob", name, _v1_error)
    except stepfunctions._ExecutionError:
        return


def _call(operation: str, request: Mapping[str, Any], error: Callable[[ApiError], Exception]) -> dict[str, Any]:
    """Run an operation as the state machine's role."""
    with task.session() as opened:
        key = opened.access_key_id if opened else None
        try:
            return dict(emulator.run_apart(lambda: sagemaker.call(operation, dict(request), key)))
        except ApiError as problem:
            raise error(problem) from problem


def _v1_error(problem: ApiError) -> Exception:
    cause = (
        f"{problem.message} (Service: AmazonSageMaker; Status Code: {problem.status}; Error Code: {problem.code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return task.error(ERROR_CLASSES.get(problem.code, "SageMaker.AmazonSageMakerException"), cause)


def _v2_error(problem: ApiError) -> Exception:
    cause = f"{problem.message} (Service: SageMaker, Status Code: {problem.status}, Request ID: {uuid.uuid4()})"
    return task.error(ERROR_CLASSES.get(problem.code, "SageMaker.SageMakerException"), cause)


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
