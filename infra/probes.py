"""Health checks: every few minutes predict is asked one row of each model whose answer is known."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.api import Api
from infra.data import DataStack
from infra.dead_letters import DeadLetters
from infra.function import PlatformFunction, Runtime

EVERY = Duration.minutes(5)


class Probes(Construct):
    """One function for all models; of what it finds there is an alarm a model (infra/slo.py)."""

    def __init__(self, scope: Construct, construct_id: str, *, runtime: Runtime, data: DataStack, api: Api) -> None:
        super().__init__(scope, construct_id)
        dead_letters = DeadLetters(self, "DeadLetters", what="The health check of the models")
        function = PlatformFunction(
            self,
            "ProbeModels",
            runtime=runtime,
            handler="probe_models",
            timeout=EVERY,
            dead_letters=dead_letters.queue,
        )
        data.grant_read_routes(function)
        data.lineage.grant(function, "GetItem", "Query")
        api.grant_predict(function)
        target = targets.LambdaFunction(
            function.function,
            dead_letter_queue=dead_letters.queue,
            # The next one is as good: what could not be delivered by then says nothing of the models.
            max_event_age=EVERY,
            retry_attempts=2,
        )
        events.Rule(
            self, "Schedule", description="Probe the models", schedule=events.Schedule.rate(EVERY), targets=[target]
        )
