"""What follows a prediction outside the caller's request: its record, and the shadow that is asked the same.

The predict function's log is the queue. CloudWatch Logs delivers the lines that a filter matches, at least once, by
invoking a function asynchronously: Lambda tries three times, and keeps at it for six hours where it throttles itself.
What still fails goes to the dead letters: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk import aws_logs_destinations as destinations
from constructs import Construct

from infra.data import DataStack
from infra.dead_letters import DeadLetters
from infra.endpoints import Endpoints
from infra.function import PlatformFunction, Runtime
from infra.trials import Trials

# A log group has two subscription filters at most.
PREDICTIONS = "{ $.capture.part >= 0 }"
SHADOWED = "{ $.capture.shadow.version >= 0 }"
READERS = ("record_predictions", "mirror_predictions")


class Capture(Construct):
    """Subscribed to ``log_group``. A batch of lines may end one of the ``trials``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        runtime: Runtime,
        data: DataStack,
        endpoints: Endpoints,
        trials: Trials,
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, construct_id)
        self._runtime = runtime
        self._log_group = log_group
        self._dead_letters = DeadLetters(self, "DeadLetters", what="What predictions left in the log")
        # Twice the usual memory: it holds the profiles that the rows are counted over.
        record = self._subscribed("RecordPredictions", "record_predictions", PREDICTIONS, Duration.minutes(2), 512)
        data.predictions.grant(record, "BatchWriteItem")
        trials.grant(record)
        data.lineage.grant(record, "GetItem")
        data.grant_read_profiles(record)
        mirror = self._subscribed("MirrorPredictions", "mirror_predictions", SHADOWED, Duration.minutes(5))
        data.predictions.grant(mirror, "BatchWriteItem")
        endpoints.grant_invoke(mirror)
        self._watch_for_unreadable()

    def _subscribed(
        self, construct_id: str, handler: str, pattern: str, timeout: Duration, memory_mb: int = 256
    ) -> PlatformFunction:
        function = PlatformFunction(
            self,
            construct_id,
            runtime=self._runtime,
            handler=handler,
            timeout=timeout,
            memory_mb=memory_mb,
            dead_letters=self._dead_letters.queue,
        )
        logs.SubscriptionFilter(
            self,
            f"{construct_id}Filter",
            log_group=self._log_group,
            destination=destinations.LambdaDestination(function.function),
            filter_pattern=logs.FilterPattern.literal(pattern),
        )
        return function

    def _watch_for_unreadable(self) -> None:
        """A line that predict wrote and its reader can't read: they are of different deployments, or one is wrong."""
        each = {
            f"m{number}": cloudwatch.Metric(
                namespace="Heirloom",
                metric_name="Unreadable",
                dimensions_map={"reader": reader},
                statistic="Sum",
                period=Duration.minutes(5),
            )
            for number, reader in enumerate(READERS)
        }
        cloudwatch.Alarm(
            self,
            "Unreadable",
            alarm_description="Lines of predict's log could not be read: see the log of the readers for why.",
            metric=cloudwatch.MathExpression(
                expression="SUM([FILL(m0, 0), FILL(m1, 0)])", using_metrics=each, period=Duration.minutes(5)
            ),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
