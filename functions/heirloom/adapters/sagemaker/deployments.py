"""The deployments on SageMaker: endpoints, their scaling, their configurations and their models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.adapters.sagemaker.existence import exists
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.project.registration import VARIANT

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_application_autoscaling.type_defs import DeregisterScalableTargetRequestTypeDef
    from mypy_boto3_sagemaker import SageMakerClient


@dataclass(frozen=True)
class _Kind:
    """How the API names one of the three things that make a deployment."""

    noun: str
    field: str
    listed: str


_KINDS = (
    _Kind("endpoint", "EndpointName", "Endpoints"),
    _Kind("endpoint_config", "EndpointConfigName", "EndpointConfigs"),
    _Kind("model", "ModelName", "Models"),
)


class SageMakerDeployments:
    """The port Deployments."""

    def __init__(self, client: SageMakerClient, autoscaling: ApplicationAutoScalingClient) -> None:
        self._client = client
        self._autoscaling = autoscaling

    def names(self, beginning: str) -> tuple[str, ...]:
        """NameContains narrows the lists; the beginning is compared here."""
        found = {name for kind in _KINDS for name in self._names(kind, beginning)}
        return tuple(sorted(name for name in found if name.startswith(beginning)))

    def take_down(self, name: str) -> None:
        """In this order: an endpoint needs its configuration while it is there, and that its model."""
        self._stop_scaling(name)
        for kind in _KINDS:
            self._delete(kind, name)

    def _stop_scaling(self, name: str) -> None:
        """Take the scalable target away, with its policies and their alarms; they would outlive the endpoint.

        https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-delete.html
        """
        target: DeregisterScalableTargetRequestTypeDef = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{name}/variant/{VARIANT}",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        with translated(f"ending the scaling of {name}"):
            found = self._autoscaling.describe_scalable_targets(
                ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]]
            )
            if found["ScalableTargets"]:
                self._autoscaling.deregister_scalable_target(**target)

    def _names(self, kind: _Kind, part: str) -> Iterator[str]:
        with translated(f"listing {kind.listed}"):
            pages: Any = self._client.get_paginator(f"list_{kind.noun}s")  # type: ignore[call-overload]
            for page in pages.paginate(NameContains=part):
                yield from (item[kind.field] for item in page[kind.listed])

    def _delete(self, kind: _Kind, name: str) -> None:
        """SageMaker says ValidationException of what is absent, and of an endpoint too busy to be deleted."""
        key = {kind.field: name}
        try:
            with translated(f"deleting {kind.field} {name}"):
                getattr(self._client, f"delete_{kind.noun}")(**key)
        except Invalid as error:
            if exists(lambda: getattr(self._client, f"describe_{kind.noun}")(**key)):
                raise Unavailable(str(error)) from error
