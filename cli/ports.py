"""The ports of heirloom.core over a command's session, as wiring.py builds them over a function's environment."""

from __future__ import annotations

import functools

from cli.session import Session
from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.adapters.dynamodb.trials import DynamoTrials
from heirloom.adapters.s3 import S3Objects
from heirloom.adapters.sagemaker.jobs import SageMakerJobs
from heirloom.adapters.stepfunctions import StepFunctionsAnswers, StepFunctionsExecutions
from heirloom.core.clock import utc_now
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release.route import Routes
from heirloom.core.release.trial import Answers, Trials
from heirloom.core.run.runs import Jobs
from heirloom.core.run.upload import Executions
from heirloom.core.storage import Objects


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
