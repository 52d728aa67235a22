"""The monitor's watches on DynamoDB, in the table of the predictions; keys and access patterns: docs/data-model.md.

A half of a watch, the markers of what it has counted, its hours and its breach are written in one transaction, on the
condition that the half is at the revision that was read: so nothing counts twice, whoever delivers it how often.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.adapters.dynamodb.reading import read_all
from heirloom.core.clock import Clock, utc_now
from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.monitoring.breach import Breach
from heirloom.core.monitoring.watch import LABELS, REQUESTS, Document, Kept, Subject, Writing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
DAY = 24 * 3600
MARKER_SECONDS = 30 * DAY
HOUR_SECONDS = 90 * DAY
# CancellationReasons of TransactWriteItems (API reference) that say: read again, then try again.
_LOST = {"ConditionalCheckFailed", "TransactionConflict"}


class DynamoWatches:
    """The port Watches on a table with the keys ``id`` and ``part``, whose time to live is ``expires``."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Clock = utc_now) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def get(self, subject: Subject) -> Mapping[str, Kept]:
        found = self._read_many([_half(subject, half) for half in (LABELS, REQUESTS)])
        halves = {item["part"]["S"].removeprefix("half#"): _kept(item) for item in found}
        return {half: halves.get(half, Kept()) for half in (LABELS, REQUESTS)}

    def counted(self, subject: Subject, names: Iterable[str]) -> frozenset[str]:
        parts = {_marker(name): name for name in names}
        found = self._read_many([_key(_name(subject), part) for part in parts])
        return frozenset(parts[item["part"]["S"]] for item in found)

    def put(self, writing: Writing) -> None:
        what = f"writing the watch of {writing.subject.model} {writing.subject.version}"
        writes: list[Any] = [self._half(writing), *self._markers(writing), *self._hours(writing)]
        if writing.breach is not None:
            writes.append(self._breach(writing.breach, writing.known))
        with translated(what):
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
                if reasons & _LOST:
                    raise Conflict(f"{what}: somebody else was faster") from error
                raise Unavailable(f"{what}: {error}") from error

    def hours(self, subject: Subject, beginning: str) -> Mapping[str, Document]:
        found = self._query(_name(subject), f"hour#{beginning}")
        return {item["part"]["S"].removeprefix("hour#"): json.loads(item["document"]["S"]) for item in found}

    def of(self, model: str) -> tuple[Breach, ...]:
        return tuple(Breach.from_document(json.loads(item["document"]["S"])) for item in self._query(f"breach#{model}"))

    def end(self, breach: Breach, at: str) -> None:
        for known in self.of(breach.model):
            if known.id == breach.id and known.ended_at is None:
                self._end(known, at)

    def _end(self, breach: Breach, at: str) -> None:
        """On the condition that it is as it was read: where the monitor has just made it worse, once more."""
        ended = Breach.from_document({**breach.to_document(), "ended_at": at})
        try:
            with translated(f"ending the breach {breach.id}"):
                self._client.put_item(**self._breach(ended, breach)["Put"])
        except Conflict:
            self.end(breach, at)

    def _half(self, writing: Writing) -> Item:
        item = {
            **_half(writing.subject, writing.half),
            "revision": {"N": str(writing.revision)},
            "document": {"S": json.dumps(writing.document, separators=(",", ":"))},
        }
        before = writing.revision - 1
        condition: Item = {"ConditionExpression": "attribute_not_exists(id)"}
        if before:
            condition = {
                "ConditionExpression": "revision = :before",
                "ExpressionAttributeValues": {":before": {"N": str(before)}},
            }
        return {"Put": {"TableName": self._table, "Item": item, **condition}}

    def _markers(self, writing: Writing) -> list[Item]:
        return [
            self._put(
                {**_key(_name(writing.subject), _marker(name)), "expires": self._expiry(MARKER_SECONDS)},
                "attribute_not_exists(id)",
            )
            for name in writing.names
        ]

    def _hours(self, writing: Writing) -> list[Item]:
        """Whoever writes hours goes by the revision of the half, which is their condition, too."""
        return [
            self._put(
                {
                    **_key(_name(writing.subject), f"hour#{hour}"),
                    "document": {"S": json.dumps(counts, separators=(",", ":"))},
                    "expires": self._expiry(HOUR_SECONDS),
                }
            )
            for hour, counts in writing.hours.items()
        ]

    def _breach(self, breach: Breach, known: Breach | None) -> Item:
        """On the condition that nobody has ended, or replaced, the one that was read."""
        condition: Item = {"ConditionExpression": "attribute_not_exists(id)"}
        if known is not None:
            condition = {
                "ConditionExpression": "#document = :known",
                "ExpressionAttributeNames": {"#document": "document"},
                "ExpressionAttributeValues": {":known": {"S": _text(known)}},
            }
        return {"Put": {"TableName": self._table, "Item": _breach(breach), **condition}}

    def _put(self, item: Item, condition: str | None = None) -> Item:
        conditional = {"ConditionExpression": condition} if condition else {}
        return {"Put": {"TableName": self._table, "Item": item, **conditional}}

    def _expiry(self, seconds: int) -> Item:
        return {"N": str(int(self._clock().timestamp()) + seconds)}

    def _read_many(self, keys: list[Item]) -> list[Item]:
        return read_all(self._client, self._table, keys, "reading watches")

    def _query(self, identity: str, beginning: str = "") -> list[Item]:
        names, values = "id = :id", {":id": {"S": identity}}
        if beginning:
            names, values = f"{names} AND begins_with(part, :part)", {**values, ":part": {"S": beginning}}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=names,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        with translated(f"reading {identity}"):
            return [item for page in pages for item in page["Items"]]


def _name(subject: Subject) -> str:
    return f"watch#{subject.model}/{subject.version}{'/drill' if subject.drill else ''}"


def _key(identity: str, part: str) -> Item:
    return {"id": {"S": identity}, "part": {"S": part}}


def _half(subject: Subject, half: str) -> Item:
    return _key(_name(subject), f"half#{half}")


def _marker(name: str) -> str:
    return f"counted#{hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"


def _kept(item: Item) -> Kept:
    return Kept(int(item["revision"]["N"]), json.loads(item["document"]["S"]))


def _breach(breach: Breach) -> Item:
    kind = f"drill-{breach.slo}" if breach.drill else breach.slo
    return {
        **_key(f"breach#{breach.model}", kind),
        "document": {"S": _text(breach)},
    }


def _text(breach: Breach) -> str:
    return json.dumps(breach.to_document(), sort_keys=True)
