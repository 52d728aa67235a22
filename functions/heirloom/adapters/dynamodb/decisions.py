"""The decisions on breaches on DynamoDB, in the table of the predictions: an item a breach. docs/data-model.md.

``claimed`` is when the claim was taken, in milliseconds since 1970, and so says whose it is; 0 when it was given back.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import Conflict
from heirloom.core.lineage.graph import Document
from heirloom.core.rollback.latch import DEAD_AFTER, Claim

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
KEPT = timedelta(days=90)


class DynamoDecisions:
    """The port Decisions on a table with the keys ``id`` and ``part``, whose time to live is ``expires``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def claim(self, breach: str, at: datetime) -> Claim | None:
        free = "attribute_not_exists(id) OR (attribute_not_exists(finished) AND claimed <= :dead)"
        values = {":at": _number(at), ":dead": _number(at - DEAD_AFTER), ":expires": _expiry(at)}
        try:
            with translated(f"claiming the breach {breach}"):
                written: Any = self._client.update_item(
                    TableName=self._table,
                    Key=_key(breach),
                    UpdateExpression="SET claimed = :at, expires = :expires",
                    ConditionExpression=free,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                )
        except Conflict:
            if "finished" in self._read(breach):
                return None
            raise
        return Claim(breach, at, _decision(written["Attributes"]))

    def record(self, claim: Claim, decision: Document) -> None:
        text = {":decision": {"S": json.dumps(decision, ensure_ascii=False)}}
        self._update(claim, "SET decision = :decision", text)

    def give_back(self, claim: Claim) -> None:
        self._update(claim, "SET claimed = :nobody", {":nobody": {"N": "0"}})

    def finish(self, claim: Claim) -> None:
        self._update(claim, "SET finished = :yes", {":yes": {"BOOL": True}})

    def of(self, breach: str) -> Document | None:
        return _decision(self._read(breach))

    def _update(self, claim: Claim, update: str, values: Item) -> None:
        """On the condition that the claim is still the same one's."""
        with translated(f"writing the decision on {claim.breach}"):
            self._client.update_item(
                TableName=self._table,
                Key=_key(claim.breach),
                UpdateExpression=update,
                ConditionExpression="claimed = :mine AND attribute_not_exists(finished)",
                ExpressionAttributeValues={**values, ":mine": _number(claim.at)},
            )

    def _read(self, breach: str) -> Item:
        with translated(f"reading the decision on {breach}"):
            found: Any = self._client.get_item(TableName=self._table, Key=_key(breach), ConsistentRead=True)
        item: Item = found.get("Item", {})
        return item


def _key(breach: str) -> Item:
    return {"id": {"S": f"decision#{breach}"}, "part": {"S": "decision"}}


def _number(moment: datetime) -> Item:
    return {"N": str(int(moment.timestamp() * 1000))}


def _expiry(moment: datetime) -> Item:
    return {"N": str(int((moment + KEPT).timestamp()))}


def _decision(item: Item) -> Document | None:
    return json.loads(item["decision"]["S"]) if "decision" in item else None
