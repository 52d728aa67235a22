"""The one stage of an HTTP API: deployed by itself, with a line of its log for each request."""

from __future__ import annotations

import json

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.function import LOG_RETENTION

# What a line of the access log says: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
LOGGED = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "caller": "$context.identity.caller",
    "sourceIp": "$context.identity.sourceIp",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


def add_stage(scope: Construct, api: apigateway.HttpApi, caller: str = LOGGED["caller"]) -> None:
    """Give ``api`` its stage; ``caller`` is the variable that says who asked."""
    log_group = logs.LogGroup(scope, "AccessLogs", retention=LOG_RETENTION, removal_policy=RemovalPolicy.DESTROY)
    apigateway.CfnStage(
        scope,
        "Stage",
        api_id=api.api_id,
        stage_name="$default",
        auto_deploy=True,
        access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=without_wildcard(log_group), format=json.dumps({**LOGGED, "caller": caller})
        ),
    )


def without_wildcard(log_group: logs.ILogGroup) -> str:
    """A log group's Arn attribute ends in ``:*``, which is not what API Gateway stores: `cdk diff` would see drift."""
    return Stack.of(log_group).format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
