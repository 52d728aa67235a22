"""Releases that were aborted or timed out: the rule that hears of it, and the function that has it cleared up."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.dead_letters import DeadLetters
from infra.function import PlatformFunction, Runtime
from infra.release import NAMES, Release


class Abandoned(Construct):
    """Another release begins where the first broke off: the machine waits for an endpoint as no function can."""

    def __init__(self, scope: Construct, construct_id: str, *, runtime: Runtime) -> None:
        super().__init__(scope, construct_id)
        dead_letters = DeadLetters(self, "DeadLetters", what="An aborted release")
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
            description="A release was aborted, or did not end in time",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["ABORTED", "TIMED_OUT"],
                    "stateMachineArn": events.Match.wildcard(f"*:stateMachine:{NAMES}"),
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
