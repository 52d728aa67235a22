"""The model registry on SageMaker: a model package group a model."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.adapters.sagemaker.existence import exists
from heirloom.core.errors import Conflict, Invalid
from heirloom.core.run.registry import JSON, Package, Submission

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


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
        return exists(lambda: self._client.describe_model_package_group(ModelPackageGroupName=group))


def _token(run: str) -> str:
    """A ClientToken has at most 36 letters, digits and hyphens; a run's id may be longer."""
    return hashlib.sha256(run.encode()).hexdigest()[:36]
