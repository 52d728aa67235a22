"""The monitor: what the table of predictions tells of new observations, counted as it comes."""

from __future__ import annotations

from aws_cdk import Duration
from constructs import Construct

from infra.data import DataStack
from infra.dead_letters import DeadLetters
from infra.function import PlatformFunction, Runtime

# core/prediction/records.py: the parts of observations. Whatever else is written to the table calls nobody.
OBSERVATIONS = ("outcomes", "requests")


class Monitor(Construct):
    """One function for all models. A batch that it can't count for a day is a dead letter."""

    def __init__(self, scope: Construct, construct_id: str, *, runtime: Runtime, data: DataStack) -> None:
        super().__init__(scope, construct_id)
        dead_letters = DeadLetters(self, "DeadLetters", what="Labels and requests that were to be watched")
        function = PlatformFunction(
            self,
            "WatchPredictions",
            runtime=runtime,
            handler="watch_predictions",
            timeout=Duration.minutes(2),
            memory_mb=1024,
        )
        data.predictions.grant(function, "GetItem", "BatchGetItem", "Query", "PutItem")
        data.grant_read_routes(function)
        data.lineage.grant(function, "GetItem", "Query")
        data.grant_read_profiles(function)
        data.predictions.deliver(
            function,
            dead_letters.queue,
            {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"part": {"S": list(OBSERVATIONS)}}}},
        )
