"""What a role may do: a few actions on named resources, and why wherever a name holds a wildcard.

``python -m infra.check`` fails on a wildcard that nobody explained, so the reason is written where the right is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.nag import acknowledge


@dataclass(frozen=True)
class Grant:
    """``service`` and its ``operations``, such as ``s3`` and ``("GetObject",)``, on the ARNs ``resources``."""

    service: str
    operations: Sequence[str]
    resources: Sequence[str]
    reason: str = ""
    conditions: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def statement(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=[f"{self.service}:{operation}" for operation in self.operations],
            resources=list(self.resources),
            conditions=dict(self.conditions),
        )

    def explain(self, role: iam.Role | iam.Policy | iam.ManagedPolicy) -> None:
        """Acknowledge cdk-nag's finding for each wildcard, and for no other wildcard of the role."""
        if not self.reason:
            return
        stack = Stack.of(role)
        for name in (_flat(stack.resolve(resource)) for resource in self.resources):
            if "*" in name:
                acknowledge(role, f"AwsSolutions-IAM5[Resource::{name}]", self.reason)


def role_with(scope: Construct, construct_id: str, *, service: str, grants: Sequence[Grant]) -> iam.Role:
    """A role for ``service`` whose policy is part of it: complete from the moment that it can be taken on."""
    policy = iam.PolicyDocument(statements=[grant.statement() for grant in grants])
    role = iam.Role(
        scope,
        construct_id,
        assumed_by=iam.ServicePrincipal(f"{service}.amazonaws.com"),
        inline_policies={"Grants": policy},
    )
    for grant in grants:
        grant.explain(role)
    return role


def _flat(value: Any) -> str:
    """A resolved ARN as cdk-nag's findings write it: ``<Thing.Arn>/*``."""
    match value:
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_flat(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return _flat(name)
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return str(value)
