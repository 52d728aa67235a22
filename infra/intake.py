"""From an upload to an execution: the rule on the data bucket's events, and the function that starts a pipeline."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.data import DataStack
from infra.dead_letters import DeadLetters
from infra.function import PlatformFunction, Runtime
from infra.pipeline import Pipeline
from infra.steps import LINEAGE

# Keys that are not uploads of training data: what refused files are moved to; labels, which infra/labels.py has read.
NOT_UPLOADS = ("quarantine/", "labels/", "labels-results/")


class Intake(Construct):
    """Every event reaches start_pipeline, or the dead letters after a day of trying. A double starts nothing new."""

    def __init__(self, scope: Construct, construct_id: str, *, runtime: Runtime, data: DataStack) -> None:
        super().__init__(scope, construct_id)
        dead_letters = DeadLetters(self, "DeadLetters", what="An upload's event")
        self._start = PlatformFunction(
            self,
            "StartPipeline",
            runtime=runtime,
            handler="start_pipeline",
            timeout=Duration.minutes(5),  # a refused file of 5 GiB is copied to quarantine
            dead_letters=dead_letters.queue,
        )
        data.lineage.grant(self._start, *LINEAGE)
        data.grant_track(self._start)
        data.grant_quarantine(self._start)
        self._rule(data, dead_letters)

    def grant_start(self, pipeline: Pipeline) -> None:
        """Let uploads start ``pipeline``; its ARN comes with the project's record."""
        self._start.allow(pipeline.starting())

    def _rule(self, data: DataStack, dead_letters: DeadLetters) -> None:
        target = targets.LambdaFunction(
            self._start.function,
            dead_letter_queue=dead_letters.queue,
            max_event_age=Duration.days(1),
            retry_attempts=185,
        )
        events.Rule(
            self,
            "Rule",
            description="A file was uploaded for training",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [data.uploads.name]},
                    "object": {"key": events.Match.anything_but_prefix(*NOT_UPLOADS)},
                },
            ),
            targets=[target],
        )
