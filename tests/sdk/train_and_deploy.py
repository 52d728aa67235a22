"""What a person does who drives SageMaker from a laptop with its SDK (v3): train, deploy, ask; nothing of Heirloom.

Run by the test beside it, in a process of its own: IMAGE ROLE BUCKET. Prints JSON. Endpoint and credentials come from
the environment.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from boto3.session import Session as BotoSession
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.inference_config import ServerlessInferenceConfig
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, TrainingJob
from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig, StoppingCondition
from sagemaker.serve import ModelBuilder
from sagemaker.train import ModelTrainer

ROW = {"acid": 40, "grape": "white"}


def train(session: Session, image: str, role: str, bucket: str) -> TrainingJob:
    """A training job, waited for, its log printed as it comes."""
    trainer = ModelTrainer(
        sagemaker_session=session,
        training_image=image,
        role=role,
        base_job_name="laptop",
        hyperparameters={"depth": "2"},
        compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=30),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/jobs"),
        input_data_config=[
            InputData(channel_name="data", data_source=f"s3://{bucket}/data/"),
            InputData(channel_name="code", data_source=f"s3://{bucket}/code/"),
        ],
    )
    trainer.train(wait=True, logs=True)
    return trainer._latest_training_job


def deploy(session: Session, job: TrainingJob, role: str, name: str, **form: Any) -> Any:
    """The answer of an endpoint that is made for it, and deleted again."""
    builder = ModelBuilder(
        image_uri=job.algorithm_specification.training_image,
        s3_model_data_url=job.model_artifacts.s3_model_artifacts,
        role_arn=role,
        sagemaker_session=session,
    )
    builder.build(model_name=name)
    endpoint: Endpoint = builder.deploy(endpoint_name=name, wait=True, **form)
    answer = endpoint.invoke(
        body=json.dumps({"inputs": [ROW]}), content_type="application/json", accept="application/json"
    )
    read = json.loads(answer.body.read())
    endpoint.delete()
    endpoint.wait_for_delete(poll=1, timeout=60)
    EndpointConfig.get(name).delete()
    Model.get(name).delete()
    return read


def main() -> None:
    """Train once, deploy on an instance and serverless."""
    image, role, bucket = sys.argv[1:]
    session = Session(boto_session=BotoSession(), default_bucket=bucket)
    job = train(session, image, role, bucket)
    listed = [each.training_job_name for each in TrainingJob.get_all()]
    found = {
        "status": job.training_job_status,
        "listed": job.training_job_name in listed,
        "instance": deploy(session, job, role, "on-an-instance", instance_type="ml.m5.large", initial_instance_count=1),
        "serverless": deploy(
            session, job, role, "serverless", inference_config=ServerlessInferenceConfig(2048, max_concurrency=1)
        ),
        "left": [endpoint.endpoint_name for endpoint in Endpoint.get_all()],
    }
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main()
