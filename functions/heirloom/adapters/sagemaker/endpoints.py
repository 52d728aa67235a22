"""The endpoints on SageMaker, asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import HeirloomError, Invalid, Problem, Unavailable
from heirloom.core.run.registry import JSON

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient


class SageMakerEndpoints:
    """The port Endpoints."""

    def __init__(self, client: SageMakerRuntimeClient) -> None:
        self._client = client

    def invoke(self, endpoint: str, document: Mapping[str, Any]) -> Any:
        """ValidationError is said of an endpoint that is not there, or not in service."""
        with translated(f"asking {endpoint}", ValidationError=Unavailable):
            try:
                answer = self._client.invoke_endpoint(
                    EndpointName=endpoint, Body=json.dumps(document), ContentType=JSON, Accept=JSON
                )
            except self._client.exceptions.ModelError as error:
                raise _refusal(endpoint, error.response) from error
            body = answer["Body"].read()
        try:
            return json.loads(body)
        except ValueError as error:
            raise Unavailable(f"{endpoint} did not answer JSON: {error}") from error


def _refusal(endpoint: str, response: Mapping[str, Any]) -> HeirloomError:
    """What the model server answered: 4xx is about the input, in problem+json with the fields; else it is not well."""
    status, body = response.get("OriginalStatusCode", 500), response.get("OriginalMessage", "")
    if not 400 <= status < 500:
        return Unavailable(f"the model at {endpoint} failed: {body}")
    try:
        document = json.loads(body)
        detail, fields = str(document["detail"]), document.get("errors", [])
        problems = tuple(Problem(error["field"], error["detail"].removeprefix("expected ")) for error in fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Invalid(f"the model refuses the input: {body}")
    return Invalid(detail, problems)
