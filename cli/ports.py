"""The ports of heirloom.core over a command's session, as wiring.py builds them over a function's environment."""

from __future__ import annotations

import functools
import time

from cli.session import Session
from heirloom.adapters.artifacts import S3Artifacts
from heirloom.adapters.dynamodb.decisions import DynamoDecisions
from heirloom.adapters.dynamodb.documents import DynamoDocuments
from heirloom.adapters.dynamodb.incidents import DynamoIncidents
from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.dynamodb.predictions import DynamoPredictions
from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.adapters.dynamodb.trials import DynamoTrials
from heirloom.adapters.dynamodb.watches import DynamoWatches
from heirloom.adapters.s3 import S3Objects
from heirloom.adapters.sagemaker.jobs import SageMakerJobs
from heirloom.adapters.stepfunctions import StepFunctionsAnswers, StepFunctionsExecutions
from heirloom.core.clock import utc_now
from heirloom.core.incident.incident import Incidents
from heirloom.core.lineage.graph import Lineage
from heirloom.core.monitoring.standard import Standards
from heirloom.core.monitoring.watch import Watches
from heirloom.core.prediction.records import Predictions
from heirloom.core.project.recent import RecentProjects
from heirloom.core.release.route import Routes
from heirloom.core.release.trial import Answers, Trials
from heirloom.core.rollback.latch import Decisions
from heirloom.core.run.runs import Jobs
from heirloom.core.run.upload import Executions
from heirloom.core.storage import Objects
from heirloom.core.tracking.artifacts.port import Artifacts
from heirloom.core.tracking.documents import Documents

PROJECT_SECONDS = 60.0


class Ports:
    """Built when first asked for: each loads a client of its own."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @functools.cached_property
    def lineage(self) -> Lineage:
        return DynamoLineage(self.session.client("dynamodb"), self.session.output("LineageTable"))

    @functools.cached_property
    def routes(self) -> Routes:
        tables = (self.session.output("RoutesTable"), self.session.output("LineageTable"))
        return DynamoRoutes(self.session.client("dynamodb"), *tables)

    @functools.cached_property
    def trials(self) -> Trials:
        return DynamoTrials(self.session.client("dynamodb"), self.session.output("PredictionsTable"), utc_now)

    @functools.cached_property
    def answers(self) -> Answers:
        return StepFunctionsAnswers(self.session.client("stepfunctions"))

    @functools.cached_property
    def objects(self) -> Objects:
        return S3Objects(self.session.client("s3"))

    @functools.cached_property
    def executions(self) -> Executions:
        return StepFunctionsExecutions(self.session.client("stepfunctions"))

    @functools.cached_property
    def jobs(self) -> Jobs:
        return SageMakerJobs(self.session.client("sagemaker"))

    @functools.cached_property
    def predictions(self) -> Predictions:
        return DynamoPredictions(self.session.client("dynamodb"), self.session.output("PredictionsTable"))

    @functools.cached_property
    def decisions(self) -> Decisions:
        return DynamoDecisions(self.session.client("dynamodb"), self.session.output("PredictionsTable"))

    @functools.cached_property
    def incidents(self) -> Incidents:
        return DynamoIncidents(self.session.client("dynamodb"), self.session.output("PredictionsTable"))

    @functools.cached_property
    def watches(self) -> Watches:
        return DynamoWatches(self.session.client("dynamodb"), self.session.output("PredictionsTable"), utc_now)

    @functools.cached_property
    def documents(self) -> Documents:
        return DynamoDocuments(self.session.client("dynamodb"), self.session.output("TrackingTable"))

    @functools.cached_property
    def artifacts(self) -> Artifacts:
        """The files of runs and logged models; none is linked to here, so any client of S3 will do."""
        return S3Artifacts(self.session.client("s3"), f"s3://{self.session.output('ArtifactBucket')}/experiments")

    @functools.cached_property
    def standards(self) -> Standards:
        """Without the training profiles, which take a right to the artifacts, and which no promise is about."""
        projects = RecentProjects(self.lineage, PROJECT_SECONDS, time.monotonic)
        return Standards(projects, _NoProfiles(), self.lineage)


class _NoProfiles:
    """The port TrainingProfiles, of versions on whose training nobody looks."""

    def get(self, model: str, version: int) -> None:  # noqa: ARG002 # the port's
        return None
