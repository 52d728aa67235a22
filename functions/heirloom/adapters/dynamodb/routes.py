"""The routes on DynamoDB: an item a model, written together with the history. Access patterns: docs/data-model.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.adapters.dynamodb.lineage import additions
from heirloom.adapters.dynamodb.reading import read_all
from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.lineage.graph import Edge, Node
from heirloom.core.release.route import OPEN, Route

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]


class DynamoRoutes:
    """The port Routes on a table with the key ``model``, and the lineage's table for the history."""

    def __init__(self, client: DynamoDBClient, table: str, lineage_table: str) -> None:
        self._client = client
        self._table = table
        self._lineage_table = lineage_table

    def get(self, model: str) -> Route | None:
        with translated(f"reading the route of {model}"):
            found = self._client.get_item(TableName=self._table, Key={"model": {"S": model}}, ConsistentRead=True)
        item = found.get("Item")
        return route_of(item) if item else None

    def get_many(self, models: Iterable[str]) -> Mapping[str, Route]:
        """Consistently: the aliases of registered models say what is served now."""
        wanted = [{"model": {"S": model}} for model in dict.fromkeys(models)]
        routes = map(route_of, read_all(self._client, self._table, wanted, "reading routes"))
        return {route.model: route for route in routes}

    def put(self, route: Route, record: Node, *edges: Edge) -> None:
        """A transaction is also cancelled where another one is at the same items: then that one wins.

        boto3 sends a token with it, so a retry after a lost answer does not meet its own write.
        """
        what = f"writing revision {route.revision} of the route of {route.model}"
        writes: Any = [self._next(route), *additions(self._lineage_table, record, edges)]
        with translated(what):
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
                if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
                    raise Conflict(f"{what}: it is not the next one") from error
                raise Unavailable(f"{what}: {error}") from error

    def delete(self, model: str) -> None:
        with translated(f"deleting the route of {model}"):
            self._client.delete_item(TableName=self._table, Key={"model": {"S": model}})

    def _next(self, route: Route) -> Item:
        """The write of the route, on the condition that it follows what is stored."""
        item = {
            "model": {"S": route.model},
            "revision": {"N": str(route.revision)},
            "route": {"S": json.dumps(route.to_document(), ensure_ascii=False)},
        }
        condition: Item = {"ConditionExpression": "attribute_not_exists(model)"}
        if route.action != OPEN:
            before = {":before": {"N": str(route.revision - 1)}}
            condition = {"ConditionExpression": "revision = :before", "ExpressionAttributeValues": before}
        return {"Put": {"TableName": self._table, "Item": item, **condition}}


def route_of(item: Mapping[str, Any]) -> Route:
    """The route in an item. Raises KeyError, TypeError or ValueError for an item that holds none."""
    return Route.from_document(json.loads(item["route"]["S"]))
