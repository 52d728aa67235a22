"""A table's time to live, as a template gives it: AWS::DynamoDB::Table TimeToLiveSpecification."""

from __future__ import annotations

from typing import Any

from local.connection import Connection
from tests.local.cloudformation.conftest import Stack, Template


def table(**properties: Any) -> Template:
    keys = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    return {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {**keys, **properties}}}


def test_is_set_changed_and_taken_away_with_the_template(aws: Connection, stack: Stack) -> None:
    def kept(name: str) -> dict[str, Any]:
        return dict(aws.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"])

    on = {"TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": "true"}}
    name = stack.create(table(**on), Name={"Ref": "Table"})["Name"]
    made = kept(name)
    stack.update(table())

    assert made == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert kept(name)["TimeToLiveStatus"] == "DISABLED"


def test_is_set_on_a_table_that_was_there_before(aws: Connection, stack: Stack) -> None:
    name = stack.create(table(), Name={"Ref": "Table"})["Name"]

    stack.update(table(TimeToLiveSpecification={"AttributeName": "gone_at", "Enabled": True}))

    found = aws.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert found == {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone_at"}
