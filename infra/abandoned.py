"""Releases that ended before they had cleared up: the rule that hears of it, and the function that has it done."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.dead_letters import DeadLetters
from infra.function import PlatformFunction, Runtime
from infra.release import Release, machine_name


class Abandoned(Construct):
    """Another release begins where the first broke off: the machine waits for an endpoint as no function can."""

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str, runtime: Runtime) -> None:
        super().__init__(scope, construct_id)
        dead_letters = DeadLetters(self, "DeadLetters", what="A release that broke off")
        self._abandon = PlatformFunction(
            self,
            "AbandonRelease",
            runtime=runtime,
            handler="abandon_release",
            timeout=Duration.minutes(1),
            dead_letters=dead_letters.queue,
        )
        events.Rule(
            self,
            "Rule",
            description="A release ended before it had cleared up",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["ABORTED", "TIMED_OUT", "FAILED"],
                    "stateMachineArn": events.Match.wildcard(f"*:stateMachine:{machine_name(prefix, '*')}"),
                },
            ),
            targets=[
                targets.LambdaFunction(
                    self._abandon.function,
                    dead_letter_queue=dead_letters.queue,
                    max_event_age=Duration.days(1),
                    retry_attempts=185,
                )
            ],
        )

    def grant_start(self, release: Release) -> None:
        """Let the function start this model's releases."""
        self._abandon.allow(release.starting())
