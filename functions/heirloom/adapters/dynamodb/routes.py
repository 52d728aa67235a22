"""The routes on DynamoDB: an item a model. Access patterns: docs/data-model.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.release.route import Route

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
_NUMBERS = ("revision", "champion", "previous")


class DynamoRoutes:
    """The port Routes on a table with the key ``model``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, model: str) -> Route | None:
        with translated(f"reading the route of {model}"):
            found = self._client.get_item(TableName=self._table, Key={"model": {"S": model}}, ConsistentRead=True)
        item = found.get("Item")
        return _route(item) if item else None

    def get_many(self, models: Iterable[str]) -> Mapping[str, Route]:
        """BatchGetItem takes 100 keys at most, and may leave some for the next call."""
        wanted = [{"model": {"S": model}} for model in models]
        found: dict[str, Route] = {}
        while wanted:
            batch, wanted = wanted[:100], wanted[100:]
            with translated("reading routes"):
                answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": batch}})
            routes = map(_route, answer["Responses"].get(self._table, []))
            found.update({route.model: route for route in routes})
            left: Any = answer["UnprocessedKeys"].get(self._table, {"Keys": []})
            wanted += left["Keys"]
        return found

    def put(self, route: Route) -> None:
        numbers = {":before": {"N": str(route.revision - 1)}}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(model)"}
        if route.revision > 1:
            condition = {"ConditionExpression": "revision = :before", "ExpressionAttributeValues": numbers}
        with translated(f"writing revision {route.revision} of the route of {route.model}"):
            self._client.put_item(TableName=self._table, Item=_route_item(route), **condition)

    def delete(self, model: str) -> None:
        with translated(f"deleting the route of {model}"):
            self._client.delete_item(TableName=self._table, Key={"model": {"S": model}})


def _route_item(route: Route) -> Item:
    values = {name: value for name, value in vars(route).items() if value is not None}
    return {name: {"N": str(value)} if name in _NUMBERS else {"S": value} for name, value in values.items()}


def _route(item: Item) -> Route:
    values: dict[str, Any] = {name: int(value["N"]) if name in _NUMBERS else value["S"] for name, value in item.items()}
    return Route(**{"previous": None, **values})
