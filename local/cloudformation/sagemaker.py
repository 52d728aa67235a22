"""``AWS::SageMaker::Model``, ``EndpointConfig``, ``Endpoint`` and ``ModelPackageGroup``.

Ref gives the ARN and Fn::GetAtt the name, as each type's page of the CloudFormation Template Reference says
("Return values"); which property replaces the resource is there too ("Update requires").
"""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from local.cloudformation.resource import Made, Properties, ResourceType, client, named, request

SERVICE = "sagemaker"
ENDPOINT_SECONDS = 900.0
POLL_SECONDS = 0.1


def _plain(kind: str, *create_only: str) -> ResourceType:
    """A type that is a name, an ARN and tags to CloudFormation: ``kind`` is "Model" in CreateModel and ModelName."""
    name_property, arn_key = f"{kind}Name", f"{kind}Arn"

    def create(logical_id: str, properties: Properties, stack_name: str) -> Made:
        name = named(stack_name, logical_id, properties.get(name_property))
        given = request(SERVICE, f"Create{kind}", {**properties, name_property: name})
        arn = _call(f"Create{kind}", given)[arn_key]
        return arn, {arn_key: arn, name_property: name}

    def update(physical_id: str, old: Properties, new: Properties) -> Made:
        _retag(physical_id, old, new)
        return physical_id, {arn_key: physical_id, name_property: _name(physical_id, new.get(name_property))}

    def delete(physical_id: str, properties: Properties) -> None:
        name = _name(physical_id, properties.get(name_property))
        if _describe(kind, name):
            _call(f"Delete{kind}", {name_property: name})

    return ResourceType(f"AWS::SageMaker::{kind}", create, update, delete, (name_property, *create_only), name_property)


def create_endpoint(logical_id: str, properties: Properties, stack_name: str) -> Made:
    """Create an endpoint and wait until it is InService; one that fails is removed again, as a roll-back would."""
    name = named(stack_name, logical_id, properties.get("EndpointName"))
    given = {key: value for key, value in properties.items() if key not in ONLY_FOR_UPDATES}
    arn = _call("CreateEndpoint", request(SERVICE, "CreateEndpoint", {**given, "EndpointName": name}))["EndpointArn"]
    try:
        _await_in_service(name)
    except ValueError:
        delete_endpoint(arn, properties)
        raise
    return arn, {"EndpointArn": arn, "EndpointName": name}


def update_endpoint(physical_id: str, old: Properties, new: Properties) -> Made:
    """Move an endpoint to another configuration in place; a failed update leaves it with the old one, as on AWS."""
    name = _name(physical_id, new.get("EndpointName"))
    if _less_tags(old) != _less_tags(new):
        _call("UpdateEndpoint", request(SERVICE, "UpdateEndpoint", {**_less_tags(new), "EndpointName": name}))
        _await_in_service(name, new["EndpointConfigName"])
    _retag(physical_id, old, new)
    return physical_id, {"EndpointArn": physical_id, "EndpointName": name}


def delete_endpoint(physical_id: str, properties: Properties) -> None:
    """Delete an endpoint and wait until it is gone: its configuration and model are deleted next."""
    name = _name(physical_id, properties.get("EndpointName"))
    if _describe("Endpoint", name):
        _call("DeleteEndpoint", {"EndpointName": name})
    deadline = time.monotonic() + ENDPOINT_SECONDS
    while _describe("Endpoint", name):
        if time.monotonic() > deadline:
            raise ValueError(f"Endpoint {name} was not deleted within {ENDPOINT_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


# Of UpdateEndpoint, which the template can't give to CreateEndpoint.
ONLY_FOR_UPDATES = ("ExcludeRetainedVariantProperties", "RetainAllVariantProperties", "RetainDeploymentConfig")

MODEL = _plain(
    "Model",
    "Containers",
    "EnableNetworkIsolation",
    "ExecutionRoleArn",
    "InferenceExecutionConfig",
    "PrimaryContainer",
    "VpcConfig",
)
ENDPOINT_CONFIG = _plain(
    "EndpointConfig",
    "AsyncInferenceConfig",
    "DataCaptureConfig",
    "EnableNetworkIsolation",
    "ExecutionRoleArn",
    "ExplainerConfig",
    "KmsKeyId",
    "MetricsConfig",
    "ProductionVariants",
    "ShadowProductionVariants",
    "VpcConfig",
)
MODEL_PACKAGE_GROUP = _plain("ModelPackageGroup", "ModelPackageGroupDescription")
ENDPOINT = ResourceType(
    "AWS::SageMaker::Endpoint", create_endpoint, update_endpoint, delete_endpoint, ("EndpointName",), "EndpointName"
)


def _name(arn: str, given: object) -> str:
    """The name that the template gives, or the one that we made up, which is the ARN's."""
    return str(given or arn.rpartition("/")[2])


def _await_in_service(name: str, configuration: str = "") -> None:
    """Until the endpoint is InService; ValueError with its FailureReason when it fails."""
    deadline = time.monotonic() + ENDPOINT_SECONDS
    while True:
        found = _call("DescribeEndpoint", {"EndpointName": name})
        status = found["EndpointStatus"]
        applied = configuration in ("", found["EndpointConfigName"])
        if status == "InService" and applied and "FailureReason" not in found:
            return
        if status in {"InService", "Failed", "UpdateRollbackFailed"}:
            raise ValueError(f"Endpoint {name} {status}: {found.get('FailureReason', 'no reason was given')}")
        if time.monotonic() > deadline:
            raise ValueError(f"Endpoint {name} did not stabilize within {ENDPOINT_SECONDS:.0f} s: it is {status}")
        time.sleep(POLL_SECONDS)


def _describe(kind: str, name: str) -> dict[str, Any] | None:
    """What SageMaker knows of it; None for a name that it does not know, which it calls a validation error."""
    try:
        return _call(f"Describe{kind}", {f"{kind}Name": name})
    except ClientError as exc:
        if exc.response["Error"]["Code"] in {"ValidationException", "ResourceNotFound"}:
            return None
        raise


def _retag(arn: str, old: Properties, new: Properties) -> None:
    before, after = _tags(old), _tags(new)
    if gone := sorted(before.keys() - after.keys()):
        _call("DeleteTags", {"ResourceArn": arn, "TagKeys": gone})
    if changed := {key: value for key, value in after.items() if before.get(key) != value}:
        _call("AddTags", {"ResourceArn": arn, "Tags": [{"Key": key, "Value": value} for key, value in changed.items()]})


def _tags(properties: Properties) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in properties.get("Tags", [])}


def _less_tags(properties: Properties) -> Properties:
    return {key: value for key, value in properties.items() if key not in {"Tags", "EndpointName"}}


def _call(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client(SERVICE)._make_api_call(operation, parameters)
    return answer
