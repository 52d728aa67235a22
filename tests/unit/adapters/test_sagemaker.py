"""An endpoint that is busy can't be deleted yet: the embedded SageMaker is never busy for long, so a stub is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from heirloom.adapters.sagemaker.deployments import SageMakerDeployments
from heirloom.core.errors import Unavailable

WHEN = datetime(2026, 11, 23, tzinfo=UTC)


NAME = "heirloom-wine-v1"
ASKED = {"ServiceNamespace": "sagemaker", "ResourceIds": [f"endpoint/{NAME}/variant/AllTraffic"]}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{NAME}/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def client_of(service: str) -> Any:
    return boto3.client(service, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")


def test_an_endpoint_that_scales_stops_scaling_before_it_goes() -> None:
    client, autoscaling = client_of("sagemaker"), client_of("application-autoscaling")
    found = {**TARGET, "MinCapacity": 1, "MaxCapacity": 4, "RoleARN": "arn:aws:iam::1:role/r", "CreationTime": WHEN}
    with Stubber(autoscaling) as scaling, Stubber(client) as stub:
        scaling.add_response("describe_scalable_targets", {"ScalableTargets": [found]}, ASKED)
        scaling.add_client_error("deregister_scalable_target", "InternalServiceException", "busy", 500)

        with pytest.raises(Unavailable, match="ending the scaling of heirloom-wine-v1"):
            SageMakerDeployments(client, autoscaling).take_down(NAME)

        scaling.add_response("describe_scalable_targets", {"ScalableTargets": [found]}, ASKED)
        scaling.add_response("deregister_scalable_target", {}, TARGET)
        for kind in ("endpoint", "endpoint_config", "model"):
            stub.add_response(f"delete_{kind}", {})
        SageMakerDeployments(client, autoscaling).take_down(NAME)
        stub.assert_no_pending_responses()
        scaling.assert_no_pending_responses()


def test_an_endpoint_that_is_being_made_may_be_deleted_later() -> None:
    client, autoscaling = client_of("sagemaker"), client_of("application-autoscaling")
    described = {
        "EndpointName": "heirloom-wine-v1",
        "EndpointArn": "arn:aws:sagemaker:us-east-1:111122223333:endpoint/heirloom-wine-v1",
        "EndpointConfigName": "heirloom-wine-v1",
        "EndpointStatus": "Creating",
        "CreationTime": WHEN,
        "LastModifiedTime": WHEN,
    }
    with Stubber(client) as stub, Stubber(autoscaling) as scaling:
        scaling.add_response("describe_scalable_targets", {"ScalableTargets": []}, ASKED)
        stub.add_client_error("delete_endpoint", "ValidationException", "Cannot update in-progress endpoint")
        stub.add_response("describe_endpoint", described)

        with pytest.raises(Unavailable, match="in-progress"):
            SageMakerDeployments(client, autoscaling).take_down(NAME)
