"""Executions that ended before they had said so: the rules that hear of them, and the functions that see to it."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra import pipeline
from infra.data import DataStack
from infra.dead_letters import DeadLetters
from infra.function import PlatformFunction, Runtime
from infra.release import Release, machine_name


class Abandoned(Construct):
    """Of a release: another one begins where the first broke off: the machine waits for an endpoint as no function can.

    Of a run: its end is recorded.
    """

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str, runtime: Runtime, data: DataStack) -> None:
        super().__init__(scope, construct_id)
        self._runtime = runtime
        self._dead_letters = DeadLetters(self, "DeadLetters", what="A run or a release that broke off")
        self._abandon = self._function("AbandonRelease", "abandon_release")
        self._hear("Rule", "A release ended before it had cleared up", machine_name(prefix, "*"), self._abandon)
        end = self._function("EndRun", "end_run")
        data.lineage.grant(end, "GetItem", "Query", "PutItem", "UpdateItem")
        data.grant_track(end)
        self._hear("Runs", "A run ended, maybe without having recorded it", pipeline.machine_name(prefix, "*"), end)

    def grant_start(self, release: Release) -> None:
        """Let the function start this model's releases."""
        self._abandon.allow(release.starting())

    def _function(self, construct_id: str, handler: str) -> PlatformFunction:
        return PlatformFunction(
            self,
            construct_id,
            runtime=self._runtime,
            handler=handler,
            timeout=Duration.minutes(1),
            dead_letters=self._dead_letters.queue,
        )

    def _hear(self, construct_id: str, description: str, machine: str, function: PlatformFunction) -> None:
        events.Rule(
            self,
            construct_id,
            description=description,
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["ABORTED", "TIMED_OUT", "FAILED"],
                    "stateMachineArn": events.Match.wildcard(f"*:stateMachine:{machine}"),
                },
            ),
            targets=[
                targets.LambdaFunction(
                    function.function,
                    dead_letter_queue=self._dead_letters.queue,
                    max_event_age=Duration.days(1),
                    retry_attempts=185,
                )
            ],
        )
