"""Batches: the state machine that answers a CSV file, and its three functions. One for all models.

What they read and write: uploads in the data bucket, results below batch/ in the artifact bucket, and whatever is in
the buckets that the setting ``batch_buckets`` names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.data import DataStack
from infra.endpoints import Endpoints
from infra.function import LOG_RETENTION, PlatformFunction, Runtime
from infra.grant import Grant, role_with
from infra.nag import acknowledge

DEFINITION = Path(__file__).parent / "workflows" / "batch.asl.json"
OWN = "batch/*"
"""Of the artifact bucket: nothing else in it may be written, or the runs and versions could be."""
MAP = "Parts"
"""The label of the map in batch.asl.json: a part of its executions' ARNs."""
READ = ("GetObject", "GetObjectVersion")
WRITE = ("PutObject", "AbortMultipartUpload")
FILES = "Who starts a batch names the file and the folder; the buckets are named here."
# A condition on the prefix would not do: a request for one object has none.
LISTED = 'Without listing, S3 answers "denied" instead of "not found" for a file that is not there.'
PARTS = "An execution bears a name that is chosen when it starts."


class Batch(Construct):
    """``state_machine`` runs a batch. ``buckets`` may be read and written besides those of the stack."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runtime: Runtime,
        data: DataStack,
        endpoints: Endpoints,
        buckets: Sequence[str],
    ) -> None:
        super().__init__(scope, construct_id)
        self._runtime = runtime
        self._data = data
        self._others = [self._bucket_arn(name) for name in buckets]
        functions = {
            "SplitBatch": self._split_batch(),
            "PredictPart": self._predict_part(endpoints),
            "JoinBatch": self._join_batch(),
        }
        self.state_machine = self._machine({name: function.arn for name, function in functions.items()})
        self._let_parts_run()

    def _split_batch(self) -> PlatformFunction:
        # 1769 MB is one whole virtual processor, for one pass over the file.
        function = self._step("SplitBatch", "split_batch", 1769)
        self._data.routes.grant(function, "GetItem")
        self._data.lineage.grant(function, "GetItem", "Query")
        versions = self._data.artifacts.objects("versions/*")
        function.allow(Grant("s3", ["GetObject"], versions, "The schemas of all models' versions."))
        function.allow(Grant("s3", ["ListBucket"], [self._data.uploads.arn], LISTED))
        self._data.uploads.grant(function, READ, "*", FILES)
        return function

    def _predict_part(self, endpoints: Endpoints) -> PlatformFunction:
        function = self._step("PredictPart", "predict_part", 1024)
        endpoints.grant_invoke(function)
        self._data.uploads.grant(function, READ, "*", FILES)
        return function

    def _join_batch(self) -> PlatformFunction:
        return self._step("JoinBatch", "join_batch", 1769)  # one whole virtual processor: bytes pass through it

    def _step(self, construct_id: str, handler: str, memory_mb: int) -> PlatformFunction:
        """A function that may read and write where batches are; each of the three does both."""
        function = PlatformFunction(
            self,
            construct_id,
            runtime=self._runtime,
            handler=handler,
            timeout=Duration.minutes(15),
            memory_mb=memory_mb,
        )
        own = self._data.artifacts.objects(OWN)
        others = [f"{arn}/*" for arn in self._others]
        function.allow(Grant("s3", [*READ, *WRITE], [*own, *others], FILES))
        function.allow(Grant("s3", ["ListBucket"], [self._data.artifacts.arn, *self._others], LISTED))
        return function

    def _machine(self, arns: dict[str, str]) -> sfn.StateMachine:
        log_group = logs.LogGroup(self, "Logs", retention=LOG_RETENTION, removal_policy=RemovalPolicy.DESTROY)
        manifests = [*self._data.artifacts.objects("batch/*/manifest.json"), *(f"{arn}/*" for arn in self._others)]
        grants = [
            Grant("lambda", ["InvokeFunction"], list(arns.values())),
            Grant("s3", ["GetObject"], manifests, FILES),
        ]
        self._role = role_with(self, "Role", service="states", grants=grants)
        acknowledge(
            self._role,
            "AwsSolutions-IAM5[Resource::*]",
            "X-Ray and the delivery of logs have no resources to be named.",
        )
        return sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_file(str(DEFINITION)),
            definition_substitutions=arns,
            role=self._role,
            logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL),
            tracing_enabled=True,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _let_parts_run(self) -> None:
        """Each part is an execution that the machine starts of itself, so the policy can't be a part of the role.

        https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
        """
        grants = [
            Grant("states", ["StartExecution"], [self.state_machine.state_machine_arn]),
            Grant("states", ["DescribeExecution", "StopExecution"], [self._executions(":*")], PARTS),
            Grant("states", ["RedriveExecution"], [self._executions(f"/{MAP}:*")], PARTS),
        ]
        policy = iam.Policy(self, "Parts", roles=[self._role], statements=[grant.statement() for grant in grants])
        for grant in grants:
            grant.explain(policy)

    def _executions(self, ending: str) -> str:
        return Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.state_machine.state_machine_name}{ending}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _bucket_arn(self, name: str) -> str:
        return Stack.of(self).format_arn(service="s3", region="", account="", resource=name)
