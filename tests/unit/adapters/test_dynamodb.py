"""What DynamoDB answers under load, which the embedded one never does: botocore's stub says it instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from heirloom.adapters.dynamodb.lineage import DynamoLineage
from heirloom.adapters.dynamodb.routes import DynamoRoutes
from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.lineage.graph import Edge, Node
from heirloom.core.release.change import write
from heirloom.core.release.route import OPEN, Mark, Route

NODE = Node("run", "wine-1", "wine", "2026-11-23T15:00:00.000Z", {}, {})
ROUTE = Route("wine", 1, 0, {0: "heirloom-wine-v0"}, OPEN, Mark("deploy", "2026-11-23T15:00:00.000Z", "the baseline"))


def item(model: str) -> dict[str, Any]:
    """A route as the table keeps it."""
    document = replace(ROUTE, model=model).to_document()
    return {"model": {"S": model}, "revision": {"N": "1"}, "route": {"S": json.dumps(document)}}


@pytest.fixture
def client() -> Any:
    return boto3.client("dynamodb", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_met_another_may_be_tried_again(client: Any, stub: Stubber, reason: str) -> None:
    reasons = {"CancellationReasons": [{"Code": reason}, {"Code": "None"}]}
    stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=reasons)

    with pytest.raises(Unavailable, match="adding edges"):
        DynamoLineage(client, "lineage").link(Edge("a", "feeds", "b"))


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("ConditionalCheckFailed", Conflict),
        ("TransactionConflict", Conflict),
        ("ThrottlingError", Unavailable),
        ("ProvisionedThroughputExceeded", Unavailable),
    ],
)
def test_of_two_writers_of_a_route_the_later_one_is_told(
    client: Any, stub: Stubber, reason: str, kind: type[Exception]
) -> None:
    reasons = {"CancellationReasons": [{"Code": reason}, {"Code": "None"}]}
    stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=reasons)

    with pytest.raises(kind):
        write(ROUTE, DynamoRoutes(client, "routes", "lineage"))


def test_a_node_that_is_there_is_told_from_other_reasons(client: Any, stub: Stubber) -> None:
    reasons = {"CancellationReasons": [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]}
    stub.add_client_error("transact_write_items", "TransactionCanceledException", modeled_fields=reasons)

    assert not DynamoLineage(client, "lineage").add(NODE)


def test_asks_again_for_routes_that_were_left_out(client: Any, stub: Stubber) -> None:
    first, second = ({"model": {"S": model}} for model in ("beer", "wine"))
    left = {"Keys": [second], "ConsistentRead": True}
    stub.add_response(
        "batch_get_item",
        {
            "Responses": {"routes": [item("beer")]},
            "UnprocessedKeys": {"routes": {"Keys": [second], "ConsistentRead": True}},
        },
        {"RequestItems": {"routes": {"Keys": [first, second], "ConsistentRead": True}}},
    )
    stub.add_response(
        "batch_get_item",
        {"Responses": {"routes": [item("wine")]}, "UnprocessedKeys": {}},
        {"RequestItems": {"routes": left}},
    )

    assert set(DynamoRoutes(client, "routes", "lineage").get_many(["beer", "wine"])) == {"beer", "wine"}
