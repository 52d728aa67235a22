"""The door of people to the experiments: an HTTP API of its own, since a route has one authorizer, and theirs is a JWT.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from constructs import Construct

from infra.function import PlatformFunction
from infra.people import People
from infra.stage import add_stage


class TokenDoor(Construct):
    """Lets in who has a token of the user pool, and lets ``function`` answer them; their role is judged there."""

    def __init__(
        self, scope: Construct, construct_id: str, *, people: People, paths: Sequence[str], function: PlatformFunction
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = apigateway.HttpApi(
            self,
            "Api",
            description="Heirloom: experiments, for people with a token",
            default_authorizer=authorizers.HttpJwtAuthorizer("People", people.issuer, jwt_audience=[people.client]),
            create_default_stage=False,
        )
        add_stage(self, self.api, caller="$context.authorizer.claims.username")
        integration = integrations.HttpLambdaIntegration(f"{function.node.id}Integration", function.function)
        for path in paths:
            self.api.add_routes(path=path, methods=[apigateway.HttpMethod.ANY], integration=integration)
