"""The model registry: groups, versions, approval."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from heirloom.core.rollback.reject import Rejection
from tests.embedded import wait_for
from tests.local.sagemaker.conftest import BUCKET, Lab

SPECIFICATION = {
    "Containers": [{"Image": "any:image", "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}],
    "SupportedContentTypes": ["application/json"],
    "SupportedResponseMIMETypes": ["application/json"],
}


def register(lab: Lab, group: str, **changes: object) -> str:
    arn: str = lab.sagemaker.create_model_package(
        ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION, **changes
    )["ModelPackageArn"]
    return arn


def test_versions_of_a_group_count_up_and_are_never_given_again(lab: Lab) -> None:
    group = lab.sagemaker.create_model_package_group(ModelPackageGroupName="counted")["ModelPackageGroupArn"]
    first, second = register(lab, "counted"), register(lab, "counted")
    lab.sagemaker.delete_model_package(ModelPackageName=second)

    third = register(lab, "counted")

    assert group.endswith(":model-package-group/counted")
    assert first.endswith(":model-package/counted/1")
    assert lab.sagemaker.describe_model_package(ModelPackageName=third)["ModelPackageVersion"] == 3
    listed = lab.sagemaker.list_model_packages(ModelPackageGroupName="counted")["ModelPackageSummaryList"]
    assert [package["ModelPackageVersion"] for package in listed] == [1, 3]


def test_the_same_client_token_registers_once(lab: Lab) -> None:
    lab.sagemaker.create_model_package_group(ModelPackageGroupName="retried")

    arns = {register(lab, "retried", ClientToken="run-1") for _ in range(3)}

    assert len(arns) == 1
    assert register(lab, "retried", ClientToken="run-2") not in arns


def test_an_approval_is_kept_and_announced(lab: Lab) -> None:
    url = lab.client("sqs").create_queue(QueueName="approvals")["QueueUrl"]
    queue = lab.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.sagemaker"], "detail": {"ModelApprovalStatus": ["Approved"]}}
    lab.client("events").put_rule(Name="approvals", EventPattern=json.dumps(pattern))
    lab.client("events").put_targets(Rule="approvals", Targets=[{"Id": "queue", "Arn": queue}])
    lab.sagemaker.create_model_package_group(ModelPackageGroupName="approved")
    arn = register(lab, "approved", CustomerMetadataProperties={"run": "1", "draft": "yes"})
    assert lab.sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "PendingManualApproval"

    lab.sagemaker.update_model_package(
        ModelPackageArn=arn,
        ModelApprovalStatus="Approved",
        ApprovalDescription="good",
        CustomerMetadataPropertiesToRemove=["draft"],
    )

    package = lab.sagemaker.describe_model_package(ModelPackageName=arn)
    assert (package["ModelApprovalStatus"], package["ApprovalDescription"]) == ("Approved", "good")
    assert package["CustomerMetadataProperties"] == {"run": "1"}
    messages = wait_for(lambda: lab.client("sqs").receive_message(QueueUrl=url).get("Messages"))
    event = json.loads(messages[0]["Body"])
    assert event["detail-type"] == "SageMaker Model Package State Change"
    assert event["detail"]["ModelPackageVersion"] == 1


def test_a_rejection_is_announced_to_a_rule_like_ours(lab: Lab) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html, "SageMaker Model
    Package State Change"; the pattern is that of infra/rollback.py."""
    url = lab.client("sqs").create_queue(QueueName="rejections")["QueueUrl"]
    queue = lab.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    detail = {"ModelApprovalStatus": ["Rejected"], "ModelPackageGroupName": [{"prefix": "heirloom-"}]}
    kind = {"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"]}
    lab.client("events").put_rule(Name="rejections", EventPattern=json.dumps({**kind, "detail": detail}))
    lab.client("events").put_targets(Rule="rejections", Targets=[{"Id": "queue", "Arn": queue}])
    for group in ("heirloom-wine", "other-wine"):
        lab.sagemaker.create_model_package_group(ModelPackageGroupName=group)
        register(lab, group, ModelApprovalStatus="Approved")
        arn = register(lab, group, ModelApprovalStatus="Approved")
        lab.sagemaker.update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="biased against UA"
        )

    messages = wait_for(lambda: lab.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"))

    (event,) = [json.loads(message["Body"]) for message in messages]
    rejection = Rejection.from_event(event, "heirloom")
    assert rejection is not None
    assert (rejection.model, rejection.version) == ("wine", 2)
    assert rejection.reason == "rejected in the model registry: biased against UA"


def test_a_group_with_packages_cannot_be_deleted(lab: Lab) -> None:
    lab.sagemaker.create_model_package_group(ModelPackageGroupName="full")
    arn = register(lab, "full")

    with pytest.raises(lab.sagemaker.exceptions.ConflictException):
        lab.sagemaker.delete_model_package_group(ModelPackageGroupName="full")
    lab.sagemaker.delete_model_package(ModelPackageName=arn)
    lab.sagemaker.delete_model_package_group(ModelPackageGroupName="full")
    with pytest.raises(ClientError, match=r"\(ValidationException\).*does not exist"):
        lab.sagemaker.describe_model_package_group(ModelPackageGroupName="full")


def test_a_package_is_deployed_by_its_arn(lab: Lab) -> None:
    image = lab.image("packaged")
    artifacts = lab.train("packaged", image)["ModelArtifacts"]["S3ModelArtifacts"]
    lab.sagemaker.create_model_package_group(ModelPackageGroupName="packaged")
    specification = {**SPECIFICATION, "Containers": [{"Image": image, "ModelDataUrl": artifacts}]}
    arn = lab.sagemaker.create_model_package(ModelPackageGroupName="packaged", InferenceSpecification=specification)[
        "ModelPackageArn"
    ]
    lab.sagemaker.create_model(
        ModelName="packaged", ExecutionRoleArn=lab.role, PrimaryContainer={"ModelPackageName": arn}
    )
    variants = [{"VariantName": "v", "ModelName": "packaged", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}]
    lab.sagemaker.create_endpoint_config(EndpointConfigName="packaged", ProductionVariants=variants)

    lab.sagemaker.create_endpoint(EndpointName="packaged", EndpointConfigName="packaged")

    assert lab.settled("packaged")["EndpointStatus"] == "InService"
    assert lab.invoke("packaged") == "packaged\n"
