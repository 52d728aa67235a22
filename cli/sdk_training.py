"""Start a training job with the SageMaker SDK and follow it: ``python -m cli.sdk_training``, request on stdin.

Run in a process of its own: the SDK takes endpoint and credentials from the environment, and configures the logging of
whoever imports it. The request is JSON: ``job`` names the training job to repeat, ``base_name`` begins the new one's
name, ``parameters`` and ``code_uri`` replace the old ones. The last line of stdout is the new job's name.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from boto3.session import Session as BotoSession
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import TrainingJob
from sagemaker.core.training.configs import Compute, OutputDataConfig, StoppingCondition
from sagemaker.train import ModelTrainer


def train(request: dict[str, Any]) -> str:
    """Repeat a job with other parameters and the code as it is deployed now; its name, once it has ended well."""
    old = TrainingJob.get(request["job"])
    output = old.output_data_config.s3_output_path
    channels = old.input_data_config
    for channel in channels:
        if channel.channel_name == "code":
            channel.data_source.s3_data_source.s3_uri = request["code_uri"]
    trainer = ModelTrainer(
        sagemaker_session=Session(boto_session=BotoSession(), default_bucket=output.split("/")[2]),
        training_image=old.algorithm_specification.training_image,
        role=old.role_arn,
        base_job_name=request["base_name"],
        hyperparameters=request["parameters"],
        environment=old.environment,
        compute=Compute(
            instance_type=old.resource_config.instance_type,
            instance_count=old.resource_config.instance_count,
            volume_size_in_gb=old.resource_config.volume_size_in_gb,
        ),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=old.stopping_condition.max_runtime_in_seconds),
        output_data_config=OutputDataConfig(s3_output_path=output),
        input_data_config=channels,
    )
    trainer.train(wait=True, logs=True)
    return str(trainer._latest_training_job.training_job_name)  # the SDK has no public name for it


if __name__ == "__main__":
    sys.stdout.write(train(json.load(sys.stdin)) + "\n")
