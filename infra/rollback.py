"""Taking versions back: on a model's critical alarm, and when a person rejects one in the model registry."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.api import Api
from infra.data import DataStack
from infra.dead_letters import DeadLetters
from infra.endpoints import Endpoints
from infra.function import PlatformFunction, Runtime
from infra.paging import Paging
from infra.pipeline import Pipeline
from infra.steps import LINEAGE
from infra.trials import Trials

SWEEP_EVERY = Duration.minutes(5)


class Rollback(Construct):
    """``roll_back`` hears of the topic of rollbacks, and looks by itself every few minutes; ``reject_version`` hears of
    the registry. Both tell the topic of pages.

    A message that can't be acted on is a dead letter: the page that came with it is not resolved.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        runtime: Runtime,
        data: DataStack,
        endpoints: Endpoints,
        trials: Trials,
        api: Api,
        paging: Paging,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = prefix
        self._runtime = runtime
        self._data = data
        self._trials = trials
        self._paging = paging
        self._dead_letters = DeadLetters(self, "DeadLetters", what="A rollback")
        # One minute: core/rollback/latch.py takes who needs longer for dead.
        self._roll_back = self._function("RollBack", "roll_back", Duration.minutes(1))
        data.lineage.grant(self._roll_back, *LINEAGE)
        data.grant_track(self._roll_back)  # of a training that it starts
        data.predictions.grant(self._roll_back, "BatchGetItem", "Query")
        endpoints.grant_invoke(self._roll_back)
        api.grant_predict(self._roll_back)
        api.grant_requests(self._roll_back)
        paging.tell_rollbacks(self._roll_back)
        events.Rule(
            self,
            "Sweep",
            description="Look for breaches of which no alarm has told",
            schedule=events.Schedule.rate(SWEEP_EVERY),
            targets=[self._target(self._roll_back, SWEEP_EVERY, 2)],
        )
        self._hear_of_rejections(self._function("RejectVersion", "reject_version", Duration.minutes(1)))

    def grant_retrain(self, pipeline: Pipeline) -> None:
        """Let a changed world start ``pipeline`` on the newest data; its ARN comes with the project's record."""
        self._roll_back.allow(pipeline.starting())

    def _function(self, construct_id: str, handler: str, timeout: Duration) -> PlatformFunction:
        """Either moves routes, which may end a canary's trial, and tells people."""
        function = PlatformFunction(
            self,
            construct_id,
            runtime=self._runtime,
            handler=handler,
            timeout=timeout,
            memory_mb=512,
            dead_letters=self._dead_letters.queue,
        )
        self._data.grant_change_routes(function)
        self._trials.grant(function)
        self._paging.grant_announce(function)
        function.set("HEIRLOOM_PREFIX", self._prefix)
        return function

    def _hear_of_rejections(self, function: PlatformFunction) -> None:
        """The groups of this deployment's models: infra/endpoints.py has the names."""
        events.Rule(
            self,
            "Rejections",
            description="A version was rejected in the model registry",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Package State Change"],
                detail={
                    "ModelApprovalStatus": ["Rejected"],
                    "ModelPackageGroupName": events.Match.prefix(f"{self._prefix}-"),
                },
            ),
            targets=[self._target(function, Duration.days(1), 185)],
        )

    def _target(self, function: PlatformFunction, age: Duration, attempts: int) -> targets.LambdaFunction:
        return targets.LambdaFunction(
            function.function,
            dead_letter_queue=self._dead_letters.queue,
            max_event_age=age,
            retry_attempts=attempts,
        )
