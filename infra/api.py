"""The HTTP API: a function a route, IAM (SigV4) on each, access logs."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.data import DataStack
from infra.endpoints import Endpoints
from infra.function import PlatformFunction, Runtime
from infra.grant import Grant
from infra.release import Release
from infra.routes import ROUTES, Route
from infra.stage import add_stage, without_wildcard
from infra.trials import Trials

# Each line holds what a caller sent and was answered, which is in the table of predictions seconds later: time to send
# lines again that could not be recorded, and no longer.
PREDICTIONS_RETENTION = logs.RetentionDays.ONE_MONTH


class Api(Construct):
    """The routes of infra/routes.py. Callers may end ``trials``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runtime: Runtime,
        data: DataStack,
        endpoints: Endpoints,
        trials: Trials,
    ) -> None:
        super().__init__(scope, construct_id)
        self._runtime = runtime
        self._data = data
        self._trials = trials
        self.api = apigateway.HttpApi(
            self,
            "Api",
            description="Heirloom: predictions and releases",
            default_authorizer=authorizers.HttpIamAuthorizer(),
            create_default_stage=False,
        )
        add_stage(self, self.api)
        predict, self._change_release = self._predict(endpoints), self._release_changer()
        self._asked, self.predictions_log = predict, predict.log_group
        functions = {
            "predict": predict,
            "list_models": self._list_models(),
            "show_model": self._show_model(),
            "show_release": self._show_release(),
            "list_changes": self._list_changes(),
            "change_release": self._change_release,
            "take_labels": self._take_labels(),
        }
        for route in ROUTES:
            self._add(route, functions[route.name])

    def serve(self, paths: Sequence[str], function: PlatformFunction) -> None:
        """Let ``function`` answer all methods below these paths: a protocol that somebody else describes."""
        integration = integrations.HttpLambdaIntegration(f"{function.node.id}Integration", function.function)
        for path in paths:
            self.api.add_routes(path=path, methods=[apigateway.HttpMethod.ANY], integration=integration)

    def grant_release(self, release: Release) -> None:
        """Let callers have an endpoint made again; the machine's ARN comes with the project's record."""
        self._change_release.allow(release.starting())
        self._change_release.allow(release.executions("DescribeExecution"))

    def grant_predict(self, function: PlatformFunction) -> None:
        """Let ``function`` ask predict without the API: what it gets is what a caller gets."""
        function.allow(Grant("lambda", ["InvokeFunction"], [self._asked.arn]))
        function.set("HEIRLOOM_PREDICT_FUNCTION", self._asked.function.function_name)

    def grant_requests(self, function: PlatformFunction) -> None:
        """Let ``function`` read in predict's log what was asked a moment ago."""
        group = self.predictions_log
        function.allow(Grant("logs", ["FilterLogEvents"], [group.log_group_arn, without_wildcard(group)]))
        function.set("HEIRLOOM_PREDICT_LOG", self.predictions_log.log_group_name)

    def _add(self, route: Route, function: PlatformFunction) -> None:
        integration = integrations.HttpLambdaIntegration(
            f"{function.node.id}Integration", function.function, scope_permission_to_route=True
        )
        methods = [apigateway.HttpMethod[route.method]]
        self.api.add_routes(path=route.path, methods=methods, integration=integration)

    def _predict(self, endpoints: Endpoints) -> PlatformFunction:
        # An HTTP API waits 30 seconds for its integration: the function answers before.
        function = PlatformFunction(
            self,
            "Predict",
            runtime=self._runtime,
            handler="predict",
            timeout=Duration.seconds(29),
            memory_mb=512,
            log_retention=PREDICTIONS_RETENTION,
        )
        self._data.grant_read_routes(function)
        endpoints.grant_invoke(function)
        return function

    def _list_models(self) -> PlatformFunction:
        function = self._function("ListModels", "list_models", Duration.seconds(15))
        self._data.lineage.grant(function, "GetItem", "Query")
        self._data.grant_read_routes(function, "BatchGetItem")
        return function

    def _show_model(self) -> PlatformFunction:
        function = self._function("ShowModel", "show_model", Duration.seconds(15))
        self._data.lineage.grant(function, "GetItem", "Query")
        self._data.grant_read_routes(function)
        return function

    def _show_release(self) -> PlatformFunction:
        function = self._function("ShowRelease", "show_release", Duration.seconds(15))
        self._data.grant_read_routes(function)
        self._data.predictions.grant(function, "GetItem")
        return function

    def _list_changes(self) -> PlatformFunction:
        function = self._function("ListChanges", "list_changes", Duration.seconds(15))
        self._data.lineage.grant(function, "Query")
        return function

    def _release_changer(self) -> PlatformFunction:
        function = self._function("ChangeRelease", "change_release", Duration.seconds(15))
        self._data.grant_change_routes(function)
        self._trials.grant(function)
        return function

    def _take_labels(self) -> PlatformFunction:
        function = self._function("TakeLabels", "take_labels", Duration.seconds(29), 1024)
        self._data.grant_read_routes(function)
        self._data.lineage.grant(function, "GetItem")
        self._data.predictions.grant(function, "BatchGetItem")
        self._trials.grant(function)
        return function

    def _function(self, construct_id: str, handler: str, timeout: Duration, memory_mb: int = 256) -> PlatformFunction:
        return PlatformFunction(
            self, construct_id, runtime=self._runtime, handler=handler, timeout=timeout, memory_mb=memory_mb
        )
