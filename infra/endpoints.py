"""The SageMaker names that belong to the platform, and the rights to what bears them.

A version's model, endpoint configuration and endpoint are all named ``<prefix>-<model>-v<number>``, and where they are
made again there is a hyphen and more behind it; the model package group is ``<prefix>-<model>``; a training job bears
its run's id, ``<model>-<12 hex digits>``.
"""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from infra.function import PlatformFunction
from infra.grant import Grant

REASON = "Pipelines make models and versions long after this stack is deployed: only their prefix is known here."
TARGETS = "A scalable target is named by what Application Auto Scaling makes up."
KINDS = {"endpoint": "Endpoint", "endpoint-config": "EndpointConfig", "model": "Model"}


class Endpoints(Construct):
    """All versions' endpoints, of version 0 and of those that pipelines deploy."""

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str) -> None:
        super().__init__(scope, construct_id)
        self._prefix = prefix

    def grant_invoke(self, function: PlatformFunction) -> None:
        function.allow(self._grant("endpoint", "InvokeEndpoint"))

    def grant_register(self, function: PlatformFunction) -> None:
        """Let ``function`` add a model package: AWS checks the right on the group and on the package."""
        group = ("CreateModelPackageGroup", "DescribeModelPackageGroup", "CreateModelPackage")
        function.allow(self._grant("model-package-group", *group))
        function.allow(self._grant("model-package", "CreateModelPackage", below="/*"))
        function.set("HEIRLOOM_PREFIX", self._prefix)

    def grant_delete(self, function: PlatformFunction) -> None:
        """Let ``function`` take a version down, looking first whether there is one."""
        for kind, noun in KINDS.items():
            function.allow(self._grant(kind, f"Describe{noun}", f"Delete{noun}"))
        target = Stack.of(self).format_arn(
            service="application-autoscaling", resource="scalable-target", resource_name="*"
        )
        function.allow(Grant("application-autoscaling", ["DeregisterScalableTarget"], [target], TARGETS))
        function.allow(Grant("application-autoscaling", ["DescribeScalableTargets"], ["*"], "A list has no resources."))

    def grant_find(self, function: PlatformFunction) -> None:
        """Let ``function`` list what is deployed, of which it picks what bears the prefix."""
        lists = [f"List{noun}s" for noun in KINDS.values()]
        function.allow(
            Grant("sagemaker", lists, ["*"], "SageMaker's lists have no resources that a policy could name.")
        )
        function.set("HEIRLOOM_PREFIX", self._prefix)

    def _grant(self, kind: str, *operations: str, below: str = "") -> Grant:
        resource = sagemaker_arn(self, kind, f"{self._prefix}-*{below}")
        return Grant("sagemaker", operations, [resource], REASON)


def sagemaker_arn(scope: Construct, kind: str, name: str) -> str:
    return Stack.of(scope).format_arn(service="sagemaker", resource=kind, resource_name=name)
