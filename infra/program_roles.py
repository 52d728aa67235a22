"""The roles of experiments for programs, which sign with SigV4: three policies to attach, of which one is enough.

They say with IAM what core/tracking/roles.py says for people with a token; a test compares them endpoint by endpoint. A
question may be a POST, so paths are named, not methods alone. ``?`` is a version of the protocol: a ``*`` in its place
would match a folder of the artifacts' proxy, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.bucket import Bucket
from infra.grant import Grant

_MLFLOW, _FILES = "api/?.0/mlflow/", "api/?.0/mlflow-artifacts/"
VIEWER = (
    f"GET/{_MLFLOW}*",
    f"GET/{_FILES}*",
    f"POST/{_MLFLOW}experiments/search",
    f"POST/{_MLFLOW}experiments/search-datasets",
    f"POST/{_MLFLOW}runs/search",
    f"POST/{_MLFLOW}logged-models/search",
    f"POST/{_MLFLOW}registered-models/get-latest-versions",
    f"POST/{_MLFLOW}datasets/search",
    f"POST/{_MLFLOW}graphql",
    f"POST/{_MLFLOW}ui-telemetry",
)
DATA_SCIENTIST = (
    *VIEWER,
    f"POST/{_MLFLOW}experiments/create",
    f"POST/{_MLFLOW}experiments/update",
    f"POST/{_MLFLOW}experiments/set-experiment-tag",
    f"POST/{_MLFLOW}experiments/delete-experiment-tag",
    f"POST/{_MLFLOW}runs/*",
    f"POST/{_MLFLOW}logged-models",
    f"POST/{_MLFLOW}logged-models/*",
    f"DELETE/{_MLFLOW}logged-models/*",
    f"POST/{_MLFLOW}registered-models/*",
    f"DELETE/{_MLFLOW}registered-models/alias",
    f"DELETE/{_MLFLOW}registered-models/delete-tag",
    f"POST/{_MLFLOW}model-versions/*",
    f"POST/{_MLFLOW}datasets/*",
    f"DELETE/{_MLFLOW}datasets/*/tags/*",
    f"POST/{_MLFLOW}upload-artifact",
    f"DELETE/{_MLFLOW}model-versions/delete-tag",
    f"PATCH/{_MLFLOW}*",
    f"PUT/{_FILES}*",
    f"POST/{_FILES}*",
)
ADMIN = (f"*/{_MLFLOW}*", f"*/{_FILES}*")
"""Method and path, as the resources of execute-api:Invoke have them below the stage:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
"""
_READ, _WRITE = ("GetObject",), ("PutObject", "AbortMultipartUpload")


class ProgramRoles(Construct):
    """``policies``: a managed policy a role, by what the output that names it is called."""

    def __init__(self, scope: Construct, construct_id: str, *, api: apigateway.HttpApi, artifacts: Bucket) -> None:
        super().__init__(scope, construct_id)
        self._api = api
        self._artifacts = artifacts
        self.policies = {
            "ViewerPolicy": self._policy("Viewer", VIEWER, _READ),
            "DataScientistPolicy": self._policy("DataScientist", DATA_SCIENTIST, (*_READ, *_WRITE)),
            "AdminPolicy": self._policy("Admin", ADMIN, (*_READ, *_WRITE, "DeleteObject")),
        }

    def _policy(self, construct_id: str, asked: Sequence[str], operations: Sequence[str]) -> iam.ManagedPolicy:
        files = "Each run and each logged model has files of its own, whose names people choose."
        calls = "MLflow's protocol has the name of a run, a model or a file in the path."
        stage = Stack.of(self).format_arn(service="execute-api", resource=self._api.api_id, resource_name="$default")
        grants = [
            Grant("execute-api", ["Invoke"], [f"{stage}/{each}" for each in asked], calls),
            Grant("s3", operations, self._artifacts.objects("experiments/*"), files),
            self._artifacts.listing("experiments/*"),
        ]
        policy = iam.ManagedPolicy(
            self,
            construct_id,
            description="Heirloom: experiments, for programs",
            statements=[grant.statement() for grant in grants],
        )
        for grant in grants:
            grant.explain(policy)
        return policy
