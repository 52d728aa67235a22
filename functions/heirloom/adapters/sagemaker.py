"""The registry, the deployments, the training jobs and the endpoints on SageMaker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import Conflict, HeirloomError, Invalid, NotFound, Problem, Unavailable
from heirloom.core.run.registry import JSON, Package, Submission
from heirloom.core.run.runs import Job

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient


class SageMakerRegistry:
    """The port Registry."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    def submit(self, submission: Submission) -> Package:
        self._ensure_group(submission.group)
        inference: Any = {
            "Containers": [{"Image": submission.image, "ModelDataUrl": submission.model_uri}],
            "SupportedContentTypes": [JSON, "text/csv"],
            "SupportedResponseMIMETypes": [JSON],
        }
        with translated(f"registering a version in {submission.group}"):
            made = self._client.create_model_package(
                ModelPackageGroupName=submission.group,
                ModelPackageDescription=f"trained by run {submission.token}",
                InferenceSpecification=inference,
                ModelApprovalStatus="Approved",
                CustomerMetadataProperties=dict(submission.facts),
                ClientToken=_token(submission.token),
            )
        arn = made["ModelPackageArn"]
        return Package(int(arn.rpartition("/")[2]), arn)

    def _ensure_group(self, group: str) -> None:
        """Create the group when it is not there; two runs at once may both try, and one of them is told so."""
        if self._has_group(group):
            return
        try:
            with translated(f"creating model package group {group}"):
                self._client.create_model_package_group(ModelPackageGroupName=group)
        except (Invalid, Conflict):
            if not self._has_group(group):
                raise

    def _has_group(self, group: str) -> bool:
        return _exists(lambda: self._client.describe_model_package_group(ModelPackageGroupName=group))


class SageMakerDeployments:
    """The port Deployments."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    def names(self, beginning: str) -> tuple[str, ...]:
        """NameContains narrows the lists; the beginning is compared here."""
        found = {name for kind in _KINDS for name in self._names(kind, beginning)}
        return tuple(sorted(name for name in found if name.startswith(beginning)))

    def take_down(self, name: str) -> None:
        """In this order: an endpoint needs its configuration while it is there, and that its model."""
        for kind in _KINDS:
            self._delete(kind, name)

    def _names(self, kind: _Kind, part: str) -> Iterator[str]:
        with translated(f"listing {kind.listed}"):
            pages: Any = self._client.get_paginator(f"list_{kind.noun}s")  # type: ignore[call-overload]
            for page in pages.paginate(NameContains=part):
                yield from (item[kind.field] for item in page[kind.listed])

    def _delete(self, kind: _Kind, name: str) -> None:
        """SageMaker says ValidationException of what is absent, and of an endpoint too busy to be deleted."""
        key = {kind.field: name}
        try:
            with translated(f"deleting {kind.field} {name}"):
                getattr(self._client, f"delete_{kind.noun}")(**key)
        except Invalid as error:
            if _exists(lambda: getattr(self._client, f"describe_{kind.noun}")(**key)):
                raise Unavailable(str(error)) from error


class SageMakerJobs:
    """The port Jobs."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    def find(self, name: str) -> Job | None:
        try:
            with translated(f"reading training job {name}", ValidationException=NotFound):
                found = self._client.describe_training_job(TrainingJobName=name)
        except NotFound:
            return None
        return Job(name, found["TrainingJobStatus"], found["SecondaryStatus"], found.get("FailureReason", ""))


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


@dataclass(frozen=True)
class _Kind:
    """How the API names one of the three things that make a deployment."""

    noun: str
    field: str
    listed: str


_KINDS = (
    _Kind("endpoint", "EndpointName", "Endpoints"),
    _Kind("endpoint_config", "EndpointConfigName", "EndpointConfigs"),
    _Kind("model", "ModelName", "Models"),
)


def _exists(describe: Callable[[], object]) -> bool:
    """SageMaker answers ValidationException to a well-formed name that nothing has."""
    try:
        with translated("describing", ValidationException=NotFound):
            describe()
    except NotFound:
        return False
    return True


def _token(run: str) -> str:
    """A ClientToken has at most 36 letters, digits and hyphens; a run's id may be longer."""
    return hashlib.sha256(run.encode()).hexdigest()[:36]


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
