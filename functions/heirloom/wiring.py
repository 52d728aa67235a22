"""Which adapter stands behind each port: chosen here and nowhere else, at first use, once a process.

The environment, which infra/ writes a function at a time: HEIRLOOM_PREFIX, HEIRLOOM_LINEAGE_TABLE,
HEIRLOOM_ROUTES_TABLE, HEIRLOOM_ARTIFACT_BUCKET. Adapters are imported in the functions below, so that a handler loads
only what it uses.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from heirloom.core.clock import Clock
    from heirloom.core.lineage.graph import Lineage
    from heirloom.core.prediction.answer import ChampionSource, Endpoints
    from heirloom.core.project.registration import Deployments
    from heirloom.core.release.route import Routes
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
    from heirloom.adapters.dynamodb.routes import DynamoRoutes

    return DynamoRoutes(_client("dynamodb"), os.environ["HEIRLOOM_ROUTES_TABLE"])


@cache
def recent_routes() -> ChampionSource:
    """The routes, as they were at most ROUTE_SECONDS ago."""
    import time

    from heirloom.core.release.route import RecentRoutes

    return RecentRoutes(routes(), ROUTE_SECONDS, time.monotonic)


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
def registry() -> Registry:
    """The model registry."""
    from heirloom.adapters.sagemaker.registry import SageMakerRegistry

    return SageMakerRegistry(_client("sagemaker"))


@cache
def deployments() -> Deployments:
    """The endpoints that the pipelines made."""
    from heirloom.adapters.sagemaker.deployments import SageMakerDeployments

    return SageMakerDeployments(_client("sagemaker"))


@cache
def endpoints() -> Endpoints:
    """The models, for a caller who waits: one attempt, ended before API Gateway's 30 seconds are over."""
    from heirloom.adapters.sagemaker.endpoints import SageMakerEndpoints

    return SageMakerEndpoints(_client("sagemaker-runtime", 25, 1))


@cache
def patient_endpoints() -> Endpoints:
    """The models, for the pipeline: the first call of a serverless endpoint may take up to SageMaker's own minute."""
    from heirloom.adapters.sagemaker.endpoints import SageMakerEndpoints

    return SageMakerEndpoints(_client("sagemaker-runtime", 65, 1))


@cache
def _client(service: str, read_timeout: float = 20, attempts: int = 4) -> Any:
    from heirloom.adapters.aws import client

    return client(service, read_timeout, attempts)
