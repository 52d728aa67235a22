"""The HTTP API: a function a route, IAM (SigV4) on each, access logs."""

from __future__ import annotations

import json

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.data import DataStack
from infra.endpoints import Endpoints
from infra.function import LOG_RETENTION, PlatformFunction, Runtime
from infra.routes import ROUTES, Route

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


class Api(Construct):
    """The routes of infra/routes.py."""

    def __init__(
        self, scope: Construct, construct_id: str, *, runtime: Runtime, data: DataStack, endpoints: Endpoints
    ) -> None:
        super().__init__(scope, construct_id)
        self._runtime = runtime
        self._data = data
        self.api = apigateway.HttpApi(
            self,
            "Api",
            description="Heirloom: predictions",
            default_authorizer=authorizers.HttpIamAuthorizer(),
            create_default_stage=False,
        )
        self._stage()
        functions = {
            "predict": self._predict(endpoints),
            "list_models": self._list_models(),
            "show_model": self._show_model(),
        }
        for route in ROUTES:
            self._add(route, functions[route.name])

    def _stage(self) -> None:
        log_group = logs.LogGroup(self, "AccessLogs", retention=LOG_RETENTION, removal_policy=RemovalPolicy.DESTROY)
        apigateway.CfnStage(
            self,
            "Stage",
            api_id=self.api.api_id,
            stage_name="$default",
            auto_deploy=True,
            access_log_settings=apigateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=_without_wildcard(log_group), format=json.dumps(LOGGED)
            ),
        )

    def _add(self, route: Route, function: PlatformFunction) -> None:
        integration = integrations.HttpLambdaIntegration(
            f"{function.node.id}Integration", function.function, scope_permission_to_route=True
        )
        methods = [apigateway.HttpMethod[route.method]]
        self.api.add_routes(path=route.path, methods=methods, integration=integration)

    def _predict(self, endpoints: Endpoints) -> PlatformFunction:
        # An HTTP API waits 30 seconds for its integration: the function answers before.
        function = self._function("Predict", "predict", Duration.seconds(29), 512)
        self._data.routes.grant(function, "GetItem")
        endpoints.grant_invoke(function)
        return function

    def _list_models(self) -> PlatformFunction:
        function = self._function("ListModels", "list_models", Duration.seconds(15))
        self._data.lineage.grant(function, "GetItem", "Query")
        self._data.routes.grant(function, "GetItem", "BatchGetItem")
        return function

    def _show_model(self) -> PlatformFunction:
        function = self._function("ShowModel", "show_model", Duration.seconds(15))
        self._data.lineage.grant(function, "GetItem", "Query")
        self._data.routes.grant(function, "GetItem")
        return function

    def _function(self, construct_id: str, handler: str, timeout: Duration, memory_mb: int = 256) -> PlatformFunction:
        return PlatformFunction(
            self, construct_id, runtime=self._runtime, handler=handler, timeout=timeout, memory_mb=memory_mb
        )


def _without_wildcard(log_group: logs.LogGroup) -> str:
    """A log group's Arn attribute ends in ``:*``, which is not what API Gateway stores: `cdk diff` would see drift."""
    return Stack.of(log_group).format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
