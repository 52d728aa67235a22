"""The state machine of one model: infra/workflows/pipeline.asl.json with this deployment's ARNs in it."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.bucket import Bucket
from infra.endpoints import sagemaker_arn
from infra.grant import Grant, role_with
from infra.nag import acknowledge
from infra.roles import ModelRoles
from infra.steps import Steps

DEFINITION = Path(__file__).parent / "workflows" / "pipeline.asl.json"
# The rule by which Step Functions hears that a training job has ended; it makes the rule itself:
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html
JOB = ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob")
REASON = "A pipeline numbers the versions of its model as it makes them."
SYNC_RULE = "StepFunctionsGetEventsForSageMakerTrainingJobsRule"


class Pipeline(Construct):
    """It may train, deploy and look at this model, and pass on this model's two roles."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model: str,
        prefix: str,
        steps: Steps,
        roles: ModelRoles,
        artifacts: Bucket,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        grants = [steps.invocation(), roles.passing(), *self._train(model), *self._deploy(f"{prefix}-{model}-v*")]
        role = role_with(self, "Role", service="states", grants=grants)
        acknowledge(
            role, "AwsSolutions-IAM5[Resource::*]", "X-Ray and the delivery of logs have no resources to be named."
        )
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_file(str(DEFINITION)),
            definition_substitutions={
                **steps.arns,
                "TrainingRole": roles.training.role_arn,
                "ServingRole": roles.serving.role_arn,
                "ArtifactBucket": artifacts.name,
            },
            role=role,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL),
            tracing_enabled=True,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _train(self, model: str) -> list[Grant]:
        """A training job bears its run's id, the model's name and 12 hex digits: no other model's name matches that."""
        jobs = sagemaker_arn(self, "training-job", f"{model}-{'?' * 12}")
        rule = Stack.of(self).format_arn(service="events", resource="rule", resource_name=SYNC_RULE)
        return [
            Grant("sagemaker", [*JOB, "AddTags", "ListTags"], [jobs]),
            Grant("events", ["PutTargets", "PutRule", "DescribeRule"], [rule]),
        ]

    def _deploy(self, version: str) -> list[Grant]:
        """CreateEndpoint is checked on the endpoint and on its configuration."""
        model = sagemaker_arn(self, "model", version)
        config = sagemaker_arn(self, "endpoint-config", version)
        endpoint = sagemaker_arn(self, "endpoint", version)
        return [
            Grant("sagemaker", ["CreateModel"], [model], REASON),
            Grant("sagemaker", ["CreateEndpointConfig", "CreateEndpoint"], [config], REASON),
            Grant("sagemaker", ["CreateEndpoint", "DescribeEndpoint"], [endpoint], REASON),
        ]
