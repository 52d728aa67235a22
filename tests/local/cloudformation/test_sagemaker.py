"""AWS::SageMaker::*: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SageMaker.html"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from local.connection import Connection
from tests.embedded import standing
from tests.local.cloudformation.conftest import Stack, Template

ARN = "arn:aws:sagemaker:us-east-1:111122223333"


@pytest.fixture
def serving(serving_image: str, model_url: str, role: str) -> Template:
    """A model, its configuration and its endpoint; only the endpoint has a name of its own."""
    return {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": role,
                "PrimaryContainer": {
                    "Image": serving_image,
                    "ModelDataUrl": model_url,
                    "Environment": {"ANSWER": "first"},
                },
            },
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {
                "ProductionVariants": [
                    {
                        "VariantName": "AllTraffic",
                        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                        "InitialVariantWeight": 1,
                        # As text, which CloudFormation converts.
                        "ServerlessConfig": {"MemorySizeInMB": "2048", "MaxConcurrency": 5},
                    }
                ]
            },
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "formation",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                "Tags": [{"Key": "owner", "Value": "ops"}],
            },
        },
    }


def invoke(aws: Connection, endpoint: str) -> bytes:
    body: Any = aws.client("sagemaker-runtime").invoke_endpoint(EndpointName=endpoint, Body=b"{}")["Body"]
    with body:
        answer: bytes = body.read()
    return answer


def names(resources: Template, *kinds: str) -> dict[str, Any]:
    """Outputs: each resource's Ref and name."""
    return {
        f"{logical_id}{what}": value
        for logical_id, kind in zip(resources, kinds, strict=True)
        for what, value in (("Ref", {"Ref": logical_id}), ("Name", {"Fn::GetAtt": [logical_id, f"{kind}Name"]}))
    }


KINDS = ("Model", "EndpointConfig", "Endpoint")


def test_a_look_at_a_stack_waits_for_its_end_and_a_list_does_not(
    aws: Connection, stack: Stack, serving: Template
) -> None:
    formation = aws.client("cloudformation")

    def statuses(**whose: str) -> dict[str, str]:
        return {each["StackName"]: each["StackStatus"] for each in formation.describe_stacks(**whose)["Stacks"]}

    formation.create_stack(StackName=stack.name, TemplateBody=json.dumps({"Resources": serving}))

    assert statuses()[stack.name] == "CREATE_IN_PROGRESS"
    assert statuses(StackName=stack.name) == {stack.name: "CREATE_COMPLETE"}


def test_creates_an_endpoint_that_answers_updates_it_in_place_and_deletes_it(
    aws: Connection, stack: Stack, serving: Template
) -> None:
    sagemaker = aws.client("sagemaker")
    before = standing(aws)

    made = stack.create(serving, **names(serving, *KINDS))

    assert made["EndpointRef"] == f"{ARN}:endpoint/formation"
    assert made["ModelRef"] == f"{ARN}:model/{made['ModelName']}"
    assert made["ConfigRef"] == f"{ARN}:endpoint-config/{made['ConfigName']}"
    assert sagemaker.describe_endpoint(EndpointName="formation")["EndpointStatus"] == "InService"
    assert sagemaker.list_tags(ResourceArn=made["EndpointRef"])["Tags"] == [{"Key": "owner", "Value": "ops"}]
    assert invoke(aws, "formation") == b"first"

    serving["Model"]["Properties"]["PrimaryContainer"]["Environment"]["ANSWER"] = "second"
    serving["Endpoint"]["Properties"]["Tags"] = [{"Key": "team", "Value": "data"}]
    changed = stack.update(serving, **names(serving, *KINDS))

    assert changed["EndpointRef"] == made["EndpointRef"]
    assert (changed["ModelName"], changed["ConfigName"]) != (made["ModelName"], made["ConfigName"])
    assert sagemaker.list_tags(ResourceArn=made["EndpointRef"])["Tags"] == [{"Key": "team", "Value": "data"}]
    assert invoke(aws, "formation") == b"second"
    assert standing(aws)["models"] - before["models"] == {changed["ModelName"]}
    assert standing(aws)["endpoint_configs"] - before["endpoint_configs"] == {changed["ConfigName"]}

    stack.delete()

    assert standing(aws) == before


def test_rolls_back_with_the_reason_of_an_endpoint_that_fails(
    aws: Connection, stack: Stack, serving: Template, broken_image: str
) -> None:
    serving["Model"]["Properties"]["PrimaryContainer"]["Image"] = broken_image
    before = standing(aws)

    with pytest.raises(WaiterError):
        stack.create(serving)

    assert stack.status() == "ROLLBACK_COMPLETE"
    assert "Endpoint formation Failed:" in stack.reasons()
    assert standing(aws) == before


def test_an_update_that_fails_leaves_the_endpoint_as_it_was(
    aws: Connection, stack: Stack, serving: Template, broken_image: str
) -> None:
    before = stack.create(serving, **names(serving, *KINDS))
    serving["Model"]["Properties"]["PrimaryContainer"]["Image"] = broken_image

    with pytest.raises(WaiterError):
        stack.update(serving, **names(serving, *KINDS))

    assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert invoke(aws, "formation") == b"first"
    described = aws.client("sagemaker").describe_endpoint(EndpointName="formation")
    assert described["EndpointConfigName"] == before["ConfigName"]


def test_refuses_to_replace_what_has_a_name_of_its_own(stack: Stack, serving: Template) -> None:
    """.../UserGuide/aws-properties-name.html: a named resource can't be replaced under its name."""
    model = {"Model": serving["Model"]}
    model["Model"]["Properties"]["ModelName"] = "Precious"
    stack.create(model)
    model["Model"]["Properties"]["PrimaryContainer"]["Environment"]["ANSWER"] = "second"

    with pytest.raises(WaiterError):
        stack.update(model)

    assert "cannot update a stack when a custom-named resource requires replacing" in stack.reasons()


def test_refuses_a_property_that_the_type_does_not_have(stack: Stack, serving: Template) -> None:
    serving["Config"]["Properties"]["ProductionVariants"][0]["Size"] = 3

    with pytest.raises(WaiterError):
        stack.create(serving)

    assert "#/ProductionVariants/0: extraneous key [Size] is not permitted" in stack.reasons()


def test_says_what_the_api_refuses(stack: Stack, serving: Template) -> None:
    serving["Config"]["Properties"]["ProductionVariants"][0]["ModelName"] = "absent"

    with pytest.raises(WaiterError):
        stack.create(serving)

    assert 'Resource handler returned message: "' in stack.reasons()


def test_makes_and_deletes_a_model_package_group(aws: Connection, stack: Stack) -> None:
    group = {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": {"ModelPackageGroupName": "heirloom-wine"}}

    made = stack.create({"Group": group}, Ref={"Ref": "Group"}, Arn={"Fn::GetAtt": ["Group", "ModelPackageGroupArn"]})

    assert made["Ref"] == made["Arn"] == f"{ARN}:model-package-group/heirloom-wine"
    stack.delete()
    groups = aws.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert "heirloom-wine" not in {each["ModelPackageGroupName"] for each in groups}
