"""Experiments: one function that speaks MLflow's REST protocol, behind two doors. Nothing runs idle."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from infra.api import Api
from infra.data import DataStack
from infra.function import PlatformFunction, Runtime
from infra.program_roles import ProgramRoles
from infra.token_door import TokenDoor

_BELOW = ("2.0/mlflow/{proxy+}", "3.0/mlflow/{proxy+}", "2.0/mlflow-artifacts/{proxy+}")
PATHS = (
    *(f"/{base}/{path}" for base in ("api", "ajax-api") for path in _BELOW),
    "/graphql",
    "/get-artifact",
    "/model-versions/get-artifact",
)
"""Where MLflow's client asks, below its tracking URI, which is the API's; from /ajax-api on where its UI does."""
MEMORY_MB = 1769
"""A whole processor: a search goes over the summaries of all runs of its experiments."""


# core/tracking/index/open_runs.py: the marks of runs that have ended. Whatever else is written calls nobody.
OPEN, ENDED = "open#", {"data": {"S": ['{"ended":true}']}}


class Tracking(Construct):
    """``track_experiments`` keeps all in one table, and files of runs in the bucket of artifacts.

    Programs come in by the API, signed; people by an API of their own, with a token.
    """

    def __init__(self, scope: Construct, construct_id: str, *, runtime: Runtime, data: DataStack, api: Api) -> None:
        super().__init__(scope, construct_id)
        function = PlatformFunction(
            self,
            "TrackExperiments",
            runtime=runtime,
            handler="track_experiments",
            timeout=Duration.seconds(29),  # an HTTP API waits for 30
            memory_mb=MEMORY_MB,
        )
        data.tracking.grant(function, "GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem")
        data.grant_read_routes(function, "BatchGetItem")  # which version of a model is champion
        files = "Each run and each logged model has files of its own, whose names people choose."
        data.artifacts.grant(
            function, ["GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload"], "experiments/*", files
        )
        function.allow(data.artifacts.listing("experiments/*"))
        api.serve(PATHS, function)
        self._people = data.people
        self._door = TokenDoor(self, "Door", people=data.people, paths=PATHS, function=function)
        self._programs = ProgramRoles(self, "Programs", api=api.api, artifacts=data.artifacts)
        self._pack(runtime, data)

    @property
    def outputs(self) -> dict[str, str]:
        """What people log in by, and the policies of programs."""
        policies = {name: policy.managed_policy_arn for name, policy in self._programs.policies.items()}
        return {
            "ExperimentsApiId": self._door.api.api_id,
            "ExperimentsUrl": self._door.api.api_endpoint,
            "UserPool": self._people.pool,
            "UserPoolClient": self._people.client,
            **policies,
        }

    def _pack(self, runtime: Runtime, data: DataStack) -> None:
        """A mark of a run that has ended calls it. What fails is no loss: what is not packed is searched, too."""
        function = PlatformFunction(
            self,
            "PackRuns",
            runtime=runtime,
            handler="pack_runs",
            timeout=Duration.minutes(15),
            memory_mb=MEMORY_MB,
        )
        data.tracking.grant(function, "GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "BatchWriteItem")
        data.artifacts.tell(function)
        data.tracking.deliver(
            function, None, {"dynamodb": {"Keys": {"partition": {"S": [{"prefix": OPEN}]}}, "NewImage": ENDED}}
        )
