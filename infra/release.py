"""The release machine of one model: from a registered version to a route that points at it, or back."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.endpoints import TARGETS, sagemaker_arn
from infra.grant import Grant
from infra.machine import Machine
from infra.roles import ModelRoles, passing
from infra.steps import Steps

STEPS = ("TestEndpoint", "MoveRoute", "StartCanary", "RetireEndpoints", "RecordFailure")
REASON = "The versions of a model are numbered as they are made."
SCALING = "application-autoscaling"
# The role by which Application Auto Scaling changes an endpoint; the first target in an account makes it:
# https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
SCALER = "sagemaker.application-autoscaling.amazonaws.com"
SCALER_ROLE = f"aws-service-role/{SCALER}/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"


class Release(Machine):
    """It may deploy and scale this model's versions, and pass on the role that serves them."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model: str,
        prefix: str,
        steps: Steps,
        roles: ModelRoles,
        log_group: logs.ILogGroup,
    ) -> None:
        version = f"{prefix}-{model}-v*"
        super().__init__(
            scope,
            construct_id,
            name=machine_name(prefix, model),
            workflow="release",
            substitutions={**steps.arns(*STEPS), "ServingRole": roles.serving.role_arn},
            grants=[
                steps.invocation(*STEPS),
                passing(roles.serving),
                *_deploying(scope, version),
                *_scaling(scope, version),
            ],
            log_group=log_group,
        )


def machine_name(prefix: str, model: str) -> str:
    """The name of a model's machine; ``*`` stands for all models of this deployment, and for none of another."""
    return f"{prefix}-{model}-release"


def answering(scope: Construct, prefix: str) -> Grant:
    """Answering a trial's task token. The machines are not named by reference, since they name the function that starts
    canaries, which answers tokens itself.
    """
    machines = Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=machine_name(prefix, "*"),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    return Grant("states", ["SendTaskSuccess"], [machines], "One function answers the trials of all models.")


def _deploying(scope: Construct, version: str) -> list[Grant]:
    """CreateEndpoint is checked on the endpoint and on its configuration."""
    model = sagemaker_arn(scope, "model", version)
    config = sagemaker_arn(scope, "endpoint-config", version)
    endpoint = sagemaker_arn(scope, "endpoint", version)
    return [
        Grant("sagemaker", ["CreateModel", "DescribeModel"], [model], REASON),
        Grant("sagemaker", ["CreateEndpointConfig", "DescribeEndpointConfig", "CreateEndpoint"], [config], REASON),
        Grant("sagemaker", ["CreateEndpoint", "DescribeEndpoint"], [endpoint], REASON),
    ]


def _scaling(scope: Construct, version: str) -> list[Grant]:
    """As https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html lists them."""
    stack = Stack.of(scope)
    target = stack.format_arn(service=SCALING, resource="scalable-target", resource_name="*")
    alarms = stack.format_arn(
        service="cloudwatch",
        resource="alarm",
        resource_name=f"TargetTracking-endpoint/{version}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    role = f"arn:{stack.partition}:iam::{stack.account}:role/{SCALER_ROLE}"
    by_name = {"StringEquals": {f"{SCALING}:service-namespace": "sagemaker"}}
    return [
        Grant(SCALING, ["RegisterScalableTarget", "PutScalingPolicy"], [target], TARGETS, by_name),
        Grant(
            "sagemaker",
            ["UpdateEndpointWeightsAndCapacities"],
            [sagemaker_arn(scope, "endpoint", version)],
            REASON,
        ),
        Grant("cloudwatch", ["PutMetricAlarm", "DescribeAlarms", "DeleteAlarms"], [alarms], REASON),
        Grant(
            "iam",
            ["CreateServiceLinkedRole"],
            [role],
            conditions={"StringEquals": {"iam:AWSServiceName": SCALER}},
        ),
    ]
