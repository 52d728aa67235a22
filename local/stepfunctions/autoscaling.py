"""Step Functions' `aws-sdk:applicationautoscaling`, under the state machine's role.

AWS page: "Using AWS service integrations": the errors are those of the service's own model, else its base exception.
"""

from __future__ import annotations

import uuid
from typing import Any

from botocore.exceptions import ClientError
from ministack.services import stepfunctions

from local.autoscaling import SERVICE
from local.awsjson import service_model
from local.stepfunctions import task

PREFIX = "arn:aws:states:::aws-sdk:applicationautoscaling:"
SDK = "ApplicationAutoScaling"


def install() -> None:
    """Answer for the integration."""
    stepfunctions._SERVICE_DISPATCH[PREFIX] = _sdk


def _sdk(resource: str, parameters: dict[str, Any]) -> Any:
    action = resource.removeprefix(PREFIX)
    operation, model = action[:1].upper() + action[1:], service_model(SERVICE)
    if operation not in model.operation_names:
        raise task.error("States.Runtime", f"Application Auto Scaling has no operation {operation}.")
    request = stepfunctions._sdk_json_params({}, SERVICE, operation, parameters)
    try:
        return stepfunctions._sdk_json_result(SERVICE, operation, task.call(SERVICE, operation, request))
    except ClientError as problem:
        code, message, status = task.told(problem)
        known = {shape.name for shape in model.operation_model(operation).error_shapes}
        name = code if code in known else f"{SDK}Exception"
        cause = f"{message} (Service: {SDK}, Status Code: {status}, Request ID: {uuid.uuid4()})"
        raise task.error(f"{SDK}.{name}", cause) from problem
