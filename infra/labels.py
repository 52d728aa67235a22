"""Files of labels: the rule on what is uploaded below labels/, and the machine that has it read to its end.

A machine, not the function alone: a file may take longer than a function's 15 minutes, and waiting for predictions that
are still on their way costs nothing. One that failed keeps its place, and can be redriven for 14 days:
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.build import PARQUET
from infra.data import DataStack
from infra.dead_letters import DeadLetters
from infra.function import LOG_RETENTION, PlatformFunction, Runtime
from infra.grant import Grant
from infra.machine import Machine
from infra.nag import acknowledge
from infra.trials import Trials

LABELS, RESULTS = "labels/", "labels-results/"
NAMES = "People choose the names of the files that they upload."


class Labels(Construct):
    """Every event starts an execution, or is a dead letter after a day of trying. A double counts nothing twice."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runtime: Runtime,
        data: DataStack,
        trials: Trials,
    ) -> None:
        super().__init__(scope, construct_id)
        self._data = data
        function = self._read_labels(runtime, trials)
        self._machine = Machine(
            self,
            "Machine",
            workflow="labels",
            substitutions={"ReadLabels": function.arn},
            grants=[Grant("lambda", ["InvokeFunction"], [function.arn])],
            log_group=logs.LogGroup(self, "Logs", retention=LOG_RETENTION, removal_policy=RemovalPolicy.DESTROY),
        )
        self._rule()
        self._watch()

    def _read_labels(self, runtime: Runtime, trials: Trials) -> PlatformFunction:
        # 1769 MB is one whole virtual processor: requests are signed and answers parsed all the time.
        function = PlatformFunction(
            self,
            "ReadLabels",
            runtime=runtime,
            handler="read_labels",
            timeout=Duration.minutes(15),
            memory_mb=1769,
            layers=[PARQUET],
        )
        self._data.lineage.grant(function, "GetItem")
        self._data.predictions.grant(function, "BatchGetItem")
        trials.grant(function)
        self._data.uploads.grant(function, ["GetObject", "GetObjectVersion"], f"{LABELS}*", NAMES)
        results = ["GetObject", "GetObjectVersion", "PutObject", "DeleteObject"]
        self._data.uploads.grant(function, results, f"{RESULTS}*", NAMES)
        # Without it S3 answers "denied" instead of "not found" for a result that is not there yet.
        function.allow(Grant("s3", ["ListBucket"], [self._data.uploads.arn]))
        return function

    def _rule(self) -> None:
        dead_letters = DeadLetters(self, "DeadLetters", what="A label file's event")
        acknowledge(
            dead_letters.queue,
            "AwsSolutions-SQS3",
            "It is the dead-letter queue of an event rule's target, where no rule looks.",
        )
        events.Rule(
            self,
            "Rule",
            description="A file of labels was uploaded",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._data.uploads.name]},
                    "object": {"key": events.Match.prefix(LABELS)},
                },
            ),
            targets=[
                targets.SfnStateMachine(
                    self._machine.machine,
                    dead_letter_queue=dead_letters.queue,
                    max_event_age=Duration.days(1),
                    retry_attempts=185,
                )
            ],
        )

    def _watch(self) -> None:
        """A file that was refused is no failure: its result says why."""
        cloudwatch.Alarm(
            self,
            "Failed",
            alarm_description="A label file was not read to its end: see the machine's execution, and redrive it.",
            metric=self._machine.machine.metric_failed(period=Duration.minutes(5)),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
