"""Application Auto Scaling: its API, and its types in CloudFormation."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.connection import Connection
from tests.local.cloudformation.conftest import Stack, Template

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/busy/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 70,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}
POLICY = {"PolicyName": "keep-up", "PolicyType": "TargetTrackingScaling"}


# Other tests of the same emulator have targets of their own.
MANY = [f"endpoint/many-{number}/variant/AllTraffic" for number in range(5)]
OURS = {"ServiceNamespace": "sagemaker", "ResourceIds": [TARGET["ResourceId"], *MANY]}
BUSY = {"ServiceNamespace": "sagemaker", "ResourceId": TARGET["ResourceId"]}


@pytest.fixture
def scaling(aws: Connection) -> Any:
    """A client; what the test registered is gone afterwards."""
    client = aws.client("application-autoscaling")
    yield client
    for target in client.describe_scalable_targets(**OURS)["ScalableTargets"]:
        client.deregister_scalable_target(**{name: target[name] for name in TARGET})


def test_keeps_a_target_and_changes_its_limits(scaling: Any) -> None:
    made = scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    scaling.register_scalable_target(**TARGET, MaxCapacity=4)

    (target,) = scaling.describe_scalable_targets(**OURS)["ScalableTargets"]

    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    assert target["ScalableTargetARN"] == made["ScalableTargetARN"]


def test_a_policy_keeps_its_arn_and_goes_with_its_target(scaling: Any) -> None:
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=3)
    put = {**TARGET, **POLICY, "TargetTrackingScalingPolicyConfiguration": TRACKING}
    first, second = scaling.put_scaling_policy(**put), scaling.put_scaling_policy(**put)

    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", PolicyNames=["keep-up"])[
        "ScalingPolicies"
    ]
    scaling.deregister_scalable_target(**TARGET)

    assert policy["PolicyARN"] == first["PolicyARN"] == second["PolicyARN"]
    assert policy["PolicyARN"].endswith(":resource/sagemaker/endpoint/busy/variant/AllTraffic:policyName/keep-up")
    assert scaling.describe_scaling_policies(**BUSY)["ScalingPolicies"] == []


def test_lists_page_by_page(scaling: Any) -> None:
    for resource in MANY:
        target = {**TARGET, "ResourceId": resource}
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)

    pages = scaling.get_paginator("describe_scalable_targets").paginate(**OURS, PaginationConfig={"PageSize": 2})

    assert [len(page["ScalableTargets"]) for page in pages] == [2, 2, 1]


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("register_scalable_target", TARGET, "ValidationException"),
        ("register_scalable_target", {**TARGET, "MinCapacity": 3, "MaxCapacity": 1}, "ValidationException"),
        ("register_scalable_target", {**TARGET, "ServiceNamespace": "abacus"}, "ValidationException"),
        ("deregister_scalable_target", TARGET, "ObjectNotFoundException"),
        ("put_scaling_policy", {**TARGET, **POLICY}, "ObjectNotFoundException"),
        ("delete_scaling_policy", {**TARGET, "PolicyName": "none"}, "ObjectNotFoundException"),
        ("describe_scalable_targets", {"ServiceNamespace": "ecs", "NextToken": "?"}, "InvalidNextTokenException"),
    ],
)
def test_refuses_as_aws_does(scaling: Any, operation: str, request_: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        getattr(scaling, operation)(**request_)


def test_a_stack_makes_changes_and_deletes_a_target_and_its_policy(stack: Stack, scaling: Any) -> None:
    resources: Template = {
        "Target": {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {**TARGET, "MinCapacity": "1", "MaxCapacity": 2},
        },
        "Policy": {
            "Type": "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Properties": {
                **POLICY,
                "ScalingTargetId": {"Ref": "Target"},
                "TargetTrackingScalingPolicyConfiguration": TRACKING,
            },
        },
    }

    made = stack.create(resources, Target={"Ref": "Target"}, Policy={"Fn::GetAtt": ["Policy", "Arn"]})
    resources["Target"]["Properties"]["MaxCapacity"] = 5
    stack.update(resources)

    (target,) = scaling.describe_scalable_targets(**OURS)["ScalableTargets"]
    (policy,) = scaling.describe_scaling_policies(**BUSY)["ScalingPolicies"]
    assert made["Target"] == "endpoint/busy/variant/AllTraffic|sagemaker:variant:DesiredInstanceCount|sagemaker"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 5)
    assert policy["PolicyARN"] == made["Policy"]

    stack.delete()

    assert scaling.describe_scalable_targets(**OURS)["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(**BUSY)["ScalingPolicies"] == []
