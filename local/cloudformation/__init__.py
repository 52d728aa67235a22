"""CloudFormation resource types that MiniStack lacks: ``AWS::SageMaker::*`` and ``AWS::ApplicationAutoScaling::*``;
the time to live of its DynamoDB tables; and answers about a stack that come when it is at rest.

A plug-in (see local.server). A resource is made through the service's own API, on a thread of its own, so that a
template is refused for exactly what the API refuses, and an endpoint can be waited for.
"""

from __future__ import annotations

from collections.abc import Callable

from ministack.services.cloudformation import provisioners, stacks

from local.cloudformation import described, dynamodb
from local.cloudformation.autoscaling import SCALABLE_TARGET, SCALING_POLICY
from local.cloudformation.resource import ResourceType
from local.cloudformation.sagemaker import ENDPOINT, ENDPOINT_CONFIG, MODEL, MODEL_PACKAGE_GROUP

RESOURCE_TYPES: tuple[ResourceType, ...] = (
    MODEL,
    ENDPOINT_CONFIG,
    ENDPOINT,
    MODEL_PACKAGE_GROUP,
    SCALABLE_TARGET,
    SCALING_POLICY,
)


def install() -> None:
    """Add the types to MiniStack's tables."""
    dynamodb.install()
    described.install()
    names = {resource_type.name for resource_type in RESOURCE_TYPES}
    for resource_type in RESOURCE_TYPES:
        provisioners._RESOURCE_HANDLERS[resource_type.name] = resource_type.handlers()
        provisioners._REPLACING_PROPERTIES[resource_type.name] = resource_type.create_only
        if resource_type.name_property:
            provisioners._CUSTOM_NAME_REPLACEMENT[resource_type.name] = {"name": resource_type.name_property}
    stacks._runs_on_worker_thread = _or_one_of(stacks._runs_on_worker_thread, names)


def _or_one_of(blocks: Callable[[str], bool], names: set[str]) -> Callable[[str], bool]:
    """MiniStack's own answer, or yes for ours: they call back into the API, which its event loop must answer."""

    def runs_on_worker_thread(resource_type: str) -> bool:
        return resource_type in names or blocks(resource_type)

    return runs_on_worker_thread
