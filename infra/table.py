"""A DynamoDB table and its address: on demand, so that it costs nothing idle, and kept when the stack is deleted."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.export import export
from infra.function import PlatformFunction
from infra.grant import Grant


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

    def grant(self, function: PlatformFunction, *operations: str) -> None:
        """Let ``function`` call these operations, such as GetItem, and tell it the table's name."""
        function.allow(Grant("dynamodb", operations, [self.arn]))
        self.tell(function)

    def tell(self, function: PlatformFunction) -> None:
        """Tell ``function`` the table's name, without a right to the table."""
        function.set(self._variable, self.name)


def _string(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
