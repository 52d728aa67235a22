"""An endpoint that is busy can't be deleted yet: the embedded SageMaker is never busy for long, so a stub is."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from heirloom.adapters.sagemaker.deployments import SageMakerDeployments
from heirloom.core.errors import Unavailable

WHEN = datetime(2026, 11, 23, tzinfo=UTC)


def test_an_endpoint_that_is_being_made_may_be_deleted_later() -> None:
    client = boto3.client("sagemaker", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    described = {
        "EndpointName": "heirloom-wine-v1",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/heirloom-wine-v1",
        "EndpointConfigName": "heirloom-wine-v1",
        "EndpointStatus": "Creating",
        "CreationTime": WHEN,
        "LastModifiedTime": WHEN,
    }
    with Stubber(client) as stub:
        stub.add_client_error("delete_endpoint", "ValidationException", "Cannot update in-progress endpoint")
        stub.add_response("describe_endpoint", described)

        with pytest.raises(Unavailable, match="in-progress"):
            SageMakerDeployments(client).take_down("heirloom-wine-v1")
