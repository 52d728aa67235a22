"""A DynamoDB table and its address: on demand, so that it costs nothing idle, and kept when the stack is deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.export import export
from infra.function import PlatformFunction
from infra.grant import Grant
from infra.nag import acknowledge

BATCH_ITEMS = 500
"""Of a stream in one call: some 20 KB each at most, within the 6 MB of an invocation."""


class Table(Construct):
    """``variable`` is the environment variable in which functions find the table's name.

    ``expires`` names the attribute, in epoch seconds, after which an item goes; ``stream`` tells of each new item.
    Encrypted with a key that AWS owns: a customer-managed key costs $1 a month and a request to KMS a call.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        variable: str,
        partition_key: str,
        sort_key: str | None = None,
        expires: str | None = None,
        stream: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        self._variable = variable
        table = dynamodb.Table(
            self,
            "Table",
            partition_key=_string(partition_key),
            sort_key=_string(sort_key) if sort_key else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.DEFAULT,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute=expires,
            stream=dynamodb.StreamViewType.NEW_IMAGE if stream else None,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.name = export(self, "Name", table.table_name)
        self.arn = export(self, "Arn", table.table_arn)
        self._stream_arn = export(self, "StreamArn", str(table.table_stream_arn)) if stream else None

    def grant(self, function: PlatformFunction, *operations: str) -> None:
        """Let ``function`` call these operations, such as GetItem, and tell it the table's name."""
        function.allow(Grant("dynamodb", operations, [self.arn]))
        self.tell(function)

    def tell(self, function: PlatformFunction) -> None:
        """Tell ``function`` the table's name, without a right to the table."""
        function.set(self._variable, self.name)

    def deliver(self, function: PlatformFunction, dead_letters: sqs.IQueue | None, only: Mapping[str, Any]) -> None:
        """Invoke ``function`` with the new images of what was written and fits ``only``, at least once and in order.

        A second's worth in one call. A batch that fails is tried for a day, as the stream keeps it; then a record that
        says where it was is a dead letter. Without ``dead_letters`` it is tried three times, since the next batch will
        do. It is never cut in two: functions skip what they can't read by themselves.
        https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
        """
        stream = str(self._stream_arn)
        function.allow(Grant("dynamodb", ["DescribeStream", "GetRecords", "GetShardIterator"], [stream]))
        function.allow(Grant("dynamodb", ["ListStreams"], ["*"], "A list has no resources."))
        source = lambda_.CfnEventSourceMapping
        destination = None
        if dead_letters:
            function.allow(Grant("sqs", ["SendMessage"], [dead_letters.queue_arn]))
            reason = "It is the dead-letter queue of an event source, where no rule looks."
            acknowledge(dead_letters, "AwsSolutions-SQS3", reason)
            on_failure = source.OnFailureProperty(destination=dead_letters.queue_arn)
            destination = source.DestinationConfigProperty(on_failure=on_failure)
        source(
            function,
            "Source",
            function_name=function.function.function_name,
            event_source_arn=stream,
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_ITEMS,
            maximum_batching_window_in_seconds=1,
            maximum_record_age_in_seconds=Duration.hours(23).to_seconds(),
            maximum_retry_attempts=None if dead_letters else 2,
            destination_config=destination,
            filter_criteria=source.FilterCriteriaProperty(filters=[source.FilterProperty(pattern=json.dumps(only))]),
        )


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
