"""The incidents on DynamoDB, in the table of the predictions: an item an incident, as JSON text. They never expire.

The end of an incident's id is the stamp of its begin, so its key is known from its id, and a model's incidents stand in
the order of their begins. Access patterns: docs/data-model.md.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import Conflict, Invalid
from heirloom.core.incident.incident import Incident, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]


class DynamoIncidents:
    """The port Incidents on a table with the keys ``id`` and ``part``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def open(self, incident: Incident) -> Incident:
        with suppress(Conflict), translated(f"opening incident {incident.id}"):
            self._client.put_item(
                TableName=self._table, Item=_item(incident), ConditionExpression="attribute_not_exists(id)"
            )
            return incident
        return self.get(incident.id) or incident

    def get(self, identity: str) -> Incident | None:
        key = _key(identity)
        if key is None:
            return None
        with translated(f"reading incident {identity}"):
            found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item = found.get("Item")
        return _incident(item) if item else None

    def change(self, incident: Incident) -> None:
        with translated(f"writing incident {incident.id}"):
            self._client.put_item(
                TableName=self._table,
                Item=_item(incident),
                ConditionExpression="revision = :before",
                ExpressionAttributeValues={":before": {"N": str(incident.revision - 1)}},
            )

    def of(self, model: str, limit: int, cursor: str | None = None) -> Page:
        """One incident more than asked for tells whether there is a next page."""
        after = _key(cursor) if cursor else None
        if cursor and (after is None or after["id"] != _partition(model)):
            raise Invalid(f"expected a cursor that a page of {model}'s incidents gave, got {cursor!r}")
        asked: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "id = :id",
            "ExpressionAttributeValues": {":id": _partition(model)},
            "ConsistentRead": True,
            "ScanIndexForward": False,
            **({"ExclusiveStartKey": after} if after else {}),
        }
        found: list[Incident] = []
        most: Any = {"MaxItems": limit + 1, "PageSize": limit + 1}
        pages = self._client.get_paginator("query").paginate(**asked, PaginationConfig=most)
        with translated(f"reading the incidents of {model}"):
            for page in pages:
                found += map(_incident, page["Items"])
        return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)

    def note_ok(self, model: str, alarm: str, at: str) -> None:
        with suppress(Conflict), translated(f"noting that {alarm} of {model} is OK"):
            self._client.put_item(
                TableName=self._table,
                Item={**_alarm(model, alarm), "at": {"S": at}},
                ConditionExpression="attribute_not_exists(id) OR #at < :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"S": at}},
            )

    def last_ok(self, model: str, alarm: str) -> str | None:
        with translated(f"reading when {alarm} of {model} was OK"):
            found = self._client.get_item(TableName=self._table, Key=_alarm(model, alarm), ConsistentRead=True)
        item = found.get("Item")
        return str(item["at"]["S"]) if item else None


def _partition(model: str) -> Item:
    return {"S": f"incident#{model}"}


def _key(identity: str) -> Item | None:
    """The key of an incident; None for a text that is no incident's id."""
    model, _, rest = identity.partition("/")
    about, _, opened_at = rest.rpartition("/")
    if not (model and about and opened_at):
        return None
    return {"id": _partition(model), "part": {"S": f"{opened_at}#{about}"}}


def _alarm(model: str, alarm: str) -> Item:
    return {"id": {"S": f"alarm#{model}"}, "part": {"S": alarm}}


def _item(incident: Incident) -> Item:
    return {
        **(_key(incident.id) or {}),
        "revision": {"N": str(incident.revision)},
        "incident": {"S": json.dumps(incident.to_document(), ensure_ascii=False)},
    }


def _incident(item: Item) -> Incident:
    return Incident.from_document(json.loads(item["incident"]["S"]))
