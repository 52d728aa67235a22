"""The pipeline of one model: from an uploaded file to a registered version, whose release it starts and awaits."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bucket import Bucket
from infra.endpoints import sagemaker_arn
from infra.grant import Grant
from infra.machine import Machine
from infra.release import Release
from infra.roles import ModelRoles, passing
from infra.steps import Steps

STEPS = ("ValidateData", "RegisterVersion", "RecordFailure")
JOB = ("CreateTrainingJob", "DescribeTrainingJob", "StopTrainingJob", "AddTags", "ListTags")
# The rules by which Step Functions hears that a training job or an execution has ended; it makes them itself:
# https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html and connect-stepfunctions.html
ENDED = (
    "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
    "StepFunctionsGetEventsForStepFunctionsExecutionRule",
)


def machine_name(prefix: str, model: str) -> str:
    return f"{prefix}-{model}-pipeline"


class Pipeline(Machine):
    """It may train this model and start its releases, and pass on the role that trains."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model: str,
        prefix: str,
        steps: Steps,
        roles: ModelRoles,
        release: Release,
        artifacts: Bucket,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            name=machine_name(prefix, model),
            workflow="pipeline",
            substitutions={
                **steps.arns(*STEPS),
                "ReleaseMachine": release.arn,
                "TrainingRole": roles.training.role_arn,
                "ArtifactBucket": artifacts.name,
            },
            grants=[
                steps.invocation(*STEPS),
                passing(roles.training),
                _training(scope, model),
                release.starting(),
                release.executions("DescribeExecution", "StopExecution"),
                _hearing(scope),
            ],
            log_group=log_group,
        )


def _training(scope: Construct, model: str) -> Grant:
    """A training job bears its run's id, the model's name and 12 hex digits: no other model's name matches that."""
    return Grant("sagemaker", JOB, [sagemaker_arn(scope, "training-job", f"{model}-{'?' * 12}")])


def _hearing(scope: Construct) -> Grant:
    stack = Stack.of(scope)
    rules = [stack.format_arn(service="events", resource="rule", resource_name=name) for name in ENDED]
    return Grant("events", ["PutTargets", "PutRule", "DescribeRule"], rules)
