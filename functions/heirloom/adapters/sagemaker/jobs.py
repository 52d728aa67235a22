"""The training jobs on SageMaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from heirloom.adapters.aws import translated
from heirloom.core.errors import NotFound
from heirloom.core.run.runs import Job

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


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
