"""Which adapter stands behind each port: chosen here and nowhere else, at first use, once a process.

The environment, which infra/ writes a function at a time: HEIRLOOM_PREFIX, HEIRLOOM_LINEAGE_TABLE,
HEIRLOOM_ROUTES_TABLE, HEIRLOOM_PREDICTIONS_TABLE, HEIRLOOM_ARTIFACT_BUCKET, HEIRLOOM_API_URL, HEIRLOOM_PAGER_SECONDS,
HEIRLOOM_PAGERDUTY_SECRET, HEIRLOOM_PAGERDUTY_URL, HEIRLOOM_PAGES_TOPIC, HEIRLOOM_PREDICT_FUNCTION,
HEIRLOOM_PREDICT_LOG, HEIRLOOM_TRACKING_TABLE. Adapters are imported in the functions below, so that a handler loads
only what it uses.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from heirloom.core.clock import Clock
    from heirloom.core.drift.profiles import Profiles
    from heirloom.core.incident.announce import Read as ReadRoute
    from heirloom.core.incident.desk import Desk
    from heirloom.core.incident.incident import Incidents
    from heirloom.core.incident.pager import Pager
    from heirloom.core.lineage.graph import Lineage
    from heirloom.core.monitoring.standard import Standards
    from heirloom.core.monitoring.stream import Read
    from heirloom.core.monitoring.watch import Watches
    from heirloom.core.prediction.answer import ChampionSource, Endpoints
    from heirloom.core.prediction.answered import Observer
    from heirloom.core.prediction.capture import Log
    from heirloom.core.prediction.label_file import LabelFiles
    from heirloom.core.prediction.label_reading import Taking
    from heirloom.core.prediction.records import Predictions
    from heirloom.core.prediction.warmth import Warmth
    from heirloom.core.project.recent import RecentProjects
    from heirloom.core.project.registration import Deployments
    from heirloom.core.release.route import Routes
    from heirloom.core.release.trial import Answers, Trials
    from heirloom.core.rollback.announcement import Announcements
    from heirloom.core.rollback.answering import Probe
    from heirloom.core.rollback.latch import Decisions
    from heirloom.core.rollback.ports import Ports
    from heirloom.core.rollback.replay import Recent
    from heirloom.core.run.journal import Journal
    from heirloom.core.run.registry import Registry
    from heirloom.core.run.upload import Executions
    from heirloom.core.storage import Objects
    from heirloom.core.tracking.artifacts.port import Artifacts
    from heirloom.core.tracking.tracking import Tracking

ROUTE_SECONDS = 1.0
"""How long predict may answer by a route that has been changed: a rollback is to be seen within seconds."""
PROJECT_SECONDS = 60.0
"""How long labels and requests may be counted by a model.yaml that was deployed anew."""


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
def recent_projects() -> RecentProjects:
    """The projects, as they were at most PROJECT_SECONDS ago."""
    import time

    from heirloom.core.project.recent import RecentProjects

    return RecentProjects(lineage(), PROJECT_SECONDS, time.monotonic)


@cache
def observer() -> Observer:
    """What a batch of predict's log lines is looked at with."""
    from heirloom.core.prediction.answered import Observer

    return Observer(recent_projects(), profiles())


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


@cache
def tracking() -> Tracking:
    """What the endpoints of MLflow's protocol work with: the routes say which versions champion and canary are."""
    from dataclasses import replace

    from heirloom.core.tracking.registry.roles import served_by

    return replace(own_tracking(), served=served_by(routes()))


@cache
def own_tracking() -> Tracking:
    """The same for those who write there what the stack itself does."""
    from heirloom.adapters.dynamodb.documents import DynamoDocuments
    from heirloom.core.tracking.tracking import Tracking

    documents = DynamoDocuments(_client("dynamodb"), os.environ["HEIRLOOM_TRACKING_TABLE"])
    return Tracking(documents, _experiments(), clock(), lambda: secrets.token_hex(16))


@cache
def journal() -> Journal:
    """Where the history of runs is written: the lineage and tracking, in one transaction."""
    from heirloom.adapters.dynamodb.ledger import DynamoLedger
    from heirloom.core.run.journal import Journal

    tables = (os.environ["HEIRLOOM_LINEAGE_TABLE"], os.environ["HEIRLOOM_TRACKING_TABLE"])
    return Journal(lineage(), own_tracking(), DynamoLedger(_client("dynamodb"), *tables))


@cache
def experiment_artifacts() -> Artifacts:
    """The files of runs and logged models."""
    from heirloom.adapters.artifacts import S3Artifacts, client

    return S3Artifacts(client(), _experiments())


@cache
def taking() -> Taking:
    """Where the labels of a file are kept and counted."""
    from heirloom.core.prediction.label_reading import Taking

    return Taking(recent_projects(), predictions(), trials(), answers())


@cache
def label_files() -> LabelFiles:
    """The label files in every bucket."""
    from heirloom.adapters.label_files import StoredLabelFiles

    return StoredLabelFiles(objects())


@cache
def watches() -> Watches:
    """What the monitor knows of the versions."""
    from heirloom.adapters.dynamodb.watches import DynamoWatches

    return DynamoWatches(_client("dynamodb"), os.environ["HEIRLOOM_PREDICTIONS_TABLE"], clock())


@cache
def profiles() -> Profiles:
    """On what the versions were trained."""
    from heirloom.core.drift.profiles import Profiles

    return Profiles(lineage(), objects())


@cache
def standards() -> Standards:
    """What the versions are held to."""
    from heirloom.core.monitoring.standard import Standards

    return Standards(recent_projects(), profiles(), lineage())


def read_image() -> Read:
    """What reads the records in the stream of the predictions' table."""
    from heirloom.adapters.dynamodb.predictions import record_of

    return record_of


def read_route() -> ReadRoute:
    """What reads the records in the stream of the routes' table."""
    from heirloom.adapters.dynamodb.routes import route_of

    return route_of


@cache
def incidents() -> Incidents:
    """What people are told of."""
    from heirloom.adapters.dynamodb.incidents import DynamoIncidents

    return DynamoIncidents(_client("dynamodb"), os.environ["HEIRLOOM_PREDICTIONS_TABLE"])


def api_url() -> str:
    """Where the API answers: links lead there."""
    return os.environ["HEIRLOOM_API_URL"]


@cache
def pager() -> Pager:
    """What calls people; where no secret is set up, what writes down that nobody was called."""
    from heirloom.adapters.pagerduty import NoPager, PagerDuty, RoutingKey

    secret, url = os.environ["HEIRLOOM_PAGERDUTY_SECRET"], os.environ["HEIRLOOM_PAGERDUTY_URL"]
    return PagerDuty(url, RoutingKey(_client("secretsmanager", 5, 2), secret)) if secret else NoPager(log())


@cache
def desk() -> Desk:
    """The incidents and the pager, for one who has so many seconds."""
    import time

    from heirloom.core.incident.desk import Desk, Patience

    patience = Patience(float(os.environ["HEIRLOOM_PAGER_SECONDS"]), time.sleep, time.monotonic)
    return Desk(incidents(), pager(), clock(), patience, prefix(), api_url())


@cache
def announcements() -> Announcements:
    """The way to who calls people."""
    from heirloom.adapters.sns import SnsAnnouncements

    return SnsAnnouncements(_client("sns"), os.environ["HEIRLOOM_PAGES_TOPIC"])


@cache
def decisions() -> Decisions:
    """What was decided on breaches."""
    from heirloom.adapters.dynamodb.decisions import DynamoDecisions

    return DynamoDecisions(_client("dynamodb"), os.environ["HEIRLOOM_PREDICTIONS_TABLE"])


@cache
def probe() -> Probe:
    """The predict function, asked as a caller asks it; it ends by itself before the 30 seconds are over."""
    from heirloom.adapters.predict_function import LambdaProbe

    return LambdaProbe(_client("lambda", 30, 1), os.environ["HEIRLOOM_PREDICT_FUNCTION"])


@cache
def recent_requests() -> Recent:
    """What callers asked a moment ago."""
    from heirloom.adapters.logs import CloudWatchRecent

    return CloudWatchRecent(_client("logs"), os.environ["HEIRLOOM_PREDICT_LOG"], clock())


@cache
def rollback() -> Ports:
    """All that a rollback takes."""
    import time

    from heirloom.core.release.change import Ending
    from heirloom.core.rollback.ports import Ports
    from heirloom.core.rollback.replay import Sources

    return Ports(
        decisions=decisions(),
        routes=routes(),
        sources=Sources(lineage(), predictions(), recent_requests(), endpoints(), watches()),
        probe=probe(),
        announcements=announcements(),
        executions=executions(),
        journal=journal(),
        ending=Ending(trials(), answers()),
        log=log(),
        clock=clock(),
        pause=time.sleep,
    )


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


def _experiments() -> str:
    """Where the files of experiments are."""
    return f"s3://{artifact_bucket()}/experiments"


def _routes(client: DynamoDBClient) -> Routes:
    from heirloom.adapters.dynamodb.routes import DynamoRoutes

    return DynamoRoutes(client, os.environ["HEIRLOOM_ROUTES_TABLE"], os.environ["HEIRLOOM_LINEAGE_TABLE"])


@cache
def _client(service: str, read_timeout: float = 20, attempts: int = 4) -> Any:
    from heirloom.adapters.aws import client

    return client(service, read_timeout, attempts)
