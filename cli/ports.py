"""The ports of heirloom.core over a command's session, as wiring.py builds them over a function's environment."""

from __future__ import annotations

import functools

from cli.session import Session
from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.adapters.sagemaker.jobs import SageMakerJobs
from heirloom.adapters.stepfunctions import StepFunctionsExecutions
from heirloom.core.lineage.graph import Lineage
from heirloom.core.release.route import Routes
from heirloom.core.run.runs import Jobs
from heirloom.core.run.upload import Executions


class Ports:
    """Built when first asked for: each loads a client of its own."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @functools.cached_property
    def lineage(self) -> Lineage:
        return DynamoLineage(self.session.client("dynamodb"), self.session.output("LineageTable"))

    @functools.cached_property
    def routes(self) -> Routes:
        return DynamoRoutes(self.session.client("dynamodb"), self.session.output("RoutesTable"))

    @functools.cached_property
    def executions(self) -> Executions:
        return StepFunctionsExecutions(self.session.client("stepfunctions"))

    @functools.cached_property
    def jobs(self) -> Jobs:
        return SageMakerJobs(self.session.client("sagemaker"))
