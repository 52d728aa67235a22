"""Step Functions' Lambda integration under the state machine's role. AWS page: "Invoke an AWS Lambda function"."""

from __future__ import annotations

from typing import Any

from ministack.services import stepfunctions

from local.stepfunctions import task

_call = stepfunctions._call_lambda


def install() -> None:
    """Ask IAM before a function is called."""
    stepfunctions._call_lambda = _as_the_role


def _as_the_role(reference: str, event: Any) -> Any:
    if reference.startswith("arn:") and (denied := task.denial("lambda:InvokeFunction", reference)):
        raise task.error(
            "Lambda.AWSLambdaException",
            f"{denied} (Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException)",
        )
    return _call(reference, event)
