"""A Lambda function of the platform: what all of them share is said here once."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra import REPOSITORY
from infra.build import LAYERS, PACKAGES, layer_archive
from infra.grant import Grant
from infra.nag import acknowledge
from infra.settings import Settings

# What must not change the asset's hash: a test run alone would redeploy every function.
NOT_SHIPPED = ["**/__pycache__", "**/*.pyc", "**/*.egg-info", "requirements*.txt"]
LOG_RETENTION = logs.RetentionDays.THREE_MONTHS


class Runtime(Construct):
    """Interpreter and code, the same for every function, and the third-party layers of infra/build.py by name."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.python = lambda_.Runtime.PYTHON_3_13
        # The embedded AWS runs functions on this machine's processor, whatever it is; it takes either word.
        self.architecture = lambda_.Architecture.ARM_64
        self.layers = {name: self._layer(name, settings.target) for name in LAYERS}

    def _layer(self, name: str, target: str) -> lambda_.LayerVersion:
        heavy = name != PACKAGES
        return lambda_.LayerVersion(
            self,
            f"{name.capitalize()}Layer" if heavy else "Layer",
            code=lambda_.Code.from_asset(str(layer_archive(target, name))),
            compatible_architectures=[self.architecture],
            compatible_runtimes=[self.python],
            description=f"Third-party packages of the functions{f': {name}' if heavy else ''}",
        )

    @staticmethod
    def code() -> lambda_.Code:
        return lambda_.Code.from_asset(str(REPOSITORY / "functions"), exclude=NOT_SHIPPED)


class PlatformFunction(Construct):
    """One handler with a role and a log group of its own; it may do what ``allow`` and the grants of others say.

    ``dead_letters`` is for functions that are invoked asynchronously: the queue of events that failed three times, or
    that were throttled for six hours. ``layers`` are the heavy ones that this function needs beside the common one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runtime: Runtime,
        handler: str,
        timeout: Duration,
        memory_mb: int = 256,
        dead_letters: sqs.IQueue | None = None,
        log_retention: logs.RetentionDays = LOG_RETENTION,
        layers: Sequence[str] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(self, "Logs", retention=log_retention, removal_policy=RemovalPolicy.DESTROY)
        self._role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self._role)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=runtime.python,
            architecture=runtime.architecture,
            code=runtime.code(),
            layers=[runtime.layers[name] for name in (PACKAGES, *layers)],
            handler=f"heirloom.handlers.{handler}.lambda_handler",
            role=self._role,
            log_group=self.log_group,
            timeout=timeout,
            memory_size=memory_mb,
            tracing=lambda_.Tracing.ACTIVE,
            dead_letter_queue=dead_letters,
            environment={"POWERTOOLS_SERVICE_NAME": handler, "POWERTOOLS_METRICS_NAMESPACE": "Heirloom"},
        )
        acknowledge(
            self._role, "AwsSolutions-IAM5[Resource::*]", "X-Ray has no resources: traces can be sent or not be sent."
        )
        acknowledge(
            self.function,
            "AwsSolutions-L1",
            "The layer is made for Python 3.13, which AWS supports until 2029.",
        )

    @property
    def arn(self) -> str:
        return self.function.function_arn

    def set(self, variable: str, value: str) -> None:
        self.function.add_environment(variable, value)

    def allow(self, grant: Grant) -> None:
        self._role.add_to_policy(grant.statement())
        grant.explain(self._role)
