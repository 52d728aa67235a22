"""The deployments on SageMaker: endpoints, their configurations and their models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.adapters.sagemaker.existence import exists
from heirloom.core.errors import Invalid, Unavailable

if TYPE_CHECKING:
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

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    def names(self, beginning: str) -> tuple[str, ...]:
        """NameContains narrows the lists; the beginning is compared here."""
        found = {name for kind in _KINDS for name in self._names(kind, beginning)}
        return tuple(sorted(name for name in found if name.startswith(beginning)))

    def take_down(self, name: str) -> None:
        """In this order: an endpoint needs its configuration while it is there, and that its model."""
        for kind in _KINDS:
            self._delete(kind, name)

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
