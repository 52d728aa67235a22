"""A state machine: a definition of infra/workflows/ with this deployment's ARNs in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.grant import Grant, role_with
from infra.nag import acknowledge

WORKFLOWS = Path(__file__).parent / "workflows"
EXECUTIONS = "An execution bears a name that is chosen when it starts."


class Machine(Construct):
    """Each step is logged, without what it was given: that may be a task token. Traced, with a role of its own.

    It may do what ``grants`` say. A ``name`` is a physical one, of at most 80 characters, against the house's rule: by
    it a policy and an event rule mean the releases of this deployment, and no other's (infra/release.py).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str | None = None,
        workflow: str,
        substitutions: Mapping[str, str],
        grants: Sequence[Grant],
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        role = role_with(self, "Role", service="states", grants=grants)
        acknowledge(
            role, "AwsSolutions-IAM5[Resource::*]", "X-Ray and the delivery of logs have no resources to be named."
        )
        self.machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_file(str(WORKFLOWS / f"{workflow}.asl.json")),
            definition_substitutions=dict(substitutions),
            role=role,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL),
            tracing_enabled=True,
            removal_policy=RemovalPolicy.DESTROY,
        )

    @property
    def arn(self) -> str:
        return self.machine.state_machine_arn

    def starting(self) -> Grant:
        """Starting an execution."""
        return Grant("states", ["StartExecution"], [self.arn])

    def executions(self, *operations: str) -> Grant:
        """These operations, such as DescribeExecution, on its executions."""
        arn = Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.machine.state_machine_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return Grant("states", operations, [arn], EXECUTIONS)
