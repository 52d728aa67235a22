"""Which adapter stands behind each port: chosen here and nowhere else, at first use, once a process.

The environment, which infra/ writes a function at a time: HEIRLOOM_PREFIX, HEIRLOOM_LINEAGE_TABLE,
HEIRLOOM_ROUTES_TABLE, HEIRLOOM_PREDICTIONS_TABLE, HEIRLOOM_ARTIFACT_BUCKET. Adapters are imported in the functions
below, so that a handler loads only what it uses.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from heirloom.core.clock import Clock
    from heirloom.core.lineage.graph import Lineage
    from heirloom.core.prediction.answer import ChampionSource, Endpoints
    from heirloom.core.prediction.capture import Log
    from heirloom.core.prediction.records import Predictions
    from heirloom.core.prediction.warmth import Warmth
    from heirloom.core.project.registration import Deployments
    from heirloom.core.release.route import Routes
    from heirloom.core.release.trial import Answers, Trials
    from heirloom.core.run.registry import Registry
    from heirloom.core.run.upload import Executions
    from heirloom.core.storage import Objects

ROUTE_SECONDS = 1.0
"""How long predict may answer by a route that has been changed: a rollback is to be seen within seconds."""


def prefix() -> str:
    """What the names of the stack's SageMaker resources begin with."""
    return os.environ["HEIRLOOM_PREFIX"]


def artifact_bucket() -> str:
    """The bucket of datasets, runs and versions."""
    return os.environ["HEIRLOOM_ARTIFACT_BUCKET"]


def clock() -> Clock:
    """The time of day."""
    from heirloom.core.clock import utc_now

    return utc_now


@cache
def lineage() -> Lineage:
    """The lineage graph."""
    from heirloom.adapters.dynamodb.lineage import DynamoLineage

    return DynamoLineage(_client("dynamodb"), os.environ["HEIRLOOM_LINEAGE_TABLE"])


@cache
def routes() -> Routes:
    """The routes, as they are at this moment."""
    return _routes(_client("dynamodb"))


@cache
def recent_routes() -> ChampionSource:
    """The routes, as they were at most ROUTE_SECONDS ago; not asked for long, since an older one is kept."""
    import time

    from heirloom.core.release.route import RecentRoutes

    return RecentRoutes(_routes(_client("dynamodb", 1, 2)), ROUTE_SECONDS, time.monotonic)


@cache
def objects() -> Objects:
    """The objects of every bucket."""
    from heirloom.adapters.s3 import S3Objects

    return S3Objects(_client("s3", 60))


@cache
def executions() -> Executions:
    """The executions of the pipelines."""
    from heirloom.adapters.stepfunctions import StepFunctionsExecutions

    return StepFunctionsExecutions(_client("stepfunctions"))


@cache
def trials() -> Trials:
    """The trials of canaries."""
    from heirloom.adapters.dynamodb.trials import DynamoTrials

    return DynamoTrials(_client("dynamodb"), os.environ["HEIRLOOM_PREDICTIONS_TABLE"], clock())


@cache
def answers() -> Answers:
    """The way to who waits for a verdict."""
    from heirloom.adapters.stepfunctions import StepFunctionsAnswers

    return StepFunctionsAnswers(_client("stepfunctions"))


@cache
def registry() -> Registry:
    """The model registry."""
    from heirloom.adapters.sagemaker.registry import SageMakerRegistry

    return SageMakerRegistry(_client("sagemaker"))


@cache
def deployments() -> Deployments:
    """The endpoints that the pipelines made."""
    from heirloom.adapters.sagemaker.deployments import SageMakerDeployments

    return SageMakerDeployments(_client("sagemaker"), _client("application-autoscaling"))


@cache
def predictions() -> Predictions:
    """What is kept of each prediction."""
    from heirloom.adapters.dynamodb.predictions import DynamoPredictions

    return DynamoPredictions(_client("dynamodb"), os.environ["HEIRLOOM_PREDICTIONS_TABLE"])


def log() -> Log:
    """The function's own log, which is also where metrics and captured predictions go."""
    import sys

    def write(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    return write


@cache
def endpoints() -> Endpoints:
    """The models, for a caller who waits: ended before API Gateway's 30 seconds are over."""
    from heirloom.adapters.sagemaker.endpoints import SageMakerEndpoints

    return SageMakerEndpoints(
        _client("sagemaker-runtime", 25, 1), lambda seconds: _client("sagemaker-runtime", seconds, 1)
    )


@cache
def patient_endpoints() -> Endpoints:
    """The models, for the pipeline: the first call of a serverless endpoint may take up to SageMaker's own minute."""
    from heirloom.adapters.sagemaker.endpoints import SageMakerEndpoints

    return SageMakerEndpoints(
        _client("sagemaker-runtime", 65, 1), lambda seconds: _client("sagemaker-runtime", seconds, 1)
    )


@cache
def warmth() -> Warmth:
    """What this process knows of the endpoints' being awake."""
    from heirloom.core.prediction.warmth import Warmth

    return Warmth()


def _routes(client: DynamoDBClient) -> Routes:
    from heirloom.adapters.dynamodb.routes import DynamoRoutes

    return DynamoRoutes(client, os.environ["HEIRLOOM_ROUTES_TABLE"], os.environ["HEIRLOOM_LINEAGE_TABLE"])


@cache
def _client(service: str, read_timeout: float = 20, attempts: int = 4) -> Any:
    from heirloom.adapters.aws import client

    return client(service, read_timeout, attempts)
