"""What is kept of predictions, on DynamoDB. Keys and access patterns: docs/data-model.md.

``data`` is JSON text, as in the lineage: read is what was written. Model and version stand beside it, for who follows
the table's stream. An item goes by itself 90 days after its ``at``
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.prediction.records import Key, Record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
KEPT_SECONDS = 90 * 24 * 3600
# BatchWriteItem and BatchGetItem in the API reference: so many items in a call, some of which may come back undone.
_WRITES, _READS = 25, 100
_TRANSACTION = 100  # items: TransactWriteItems in the API reference
_AT_ONCE = 4
_ATTEMPTS = 8
_LONGEST_WAIT = 5.0
# CancellationReasons of TransactWriteItems: the condition does not hold; or another write was at the item, or the table
# is full, both of which pass.
_UNMET = "ConditionalCheckFailed"
_PASSING = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
_ABSENT: Item = {"ConditionExpression": "attribute_not_exists(id)"}


class DynamoPredictions:
    """The port Predictions on a table with the keys ``id`` and ``part``, whose time to live is ``expires``."""

    def __init__(self, client: DynamoDBClient, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table = table
        self._sleep = sleep

    def put(self, records: Sequence[Record]) -> None:
        """A call may hold a key once, so of two records of one key the last is written."""
        latest = {record.key: {"PutRequest": {"Item": _item(record)}} for record in records}
        self._each("writing predictions", list(latest.values()), _WRITES, self._write)

    def add(self, record: Record) -> bool:
        try:
            with translated(f"writing {record.part} of {record.id}"):
                self._client.put_item(TableName=self._table, Item=_item(record), **_ABSENT)
        except Conflict:
            return False
        return True

    def add_many(self, records: Sequence[Record]) -> list[bool]:
        """A transaction may hold a key once."""
        first: dict[Key, int] = {}
        for place, record in enumerate(records):
            first.setdefault(record.key, place)
        written = self._write_many({place: {"Item": _item(records[place]), **_ABSENT} for place in first.values()})
        return [place in written for place in range(len(records))]

    def supersede(self, corrections: Sequence[Record]) -> list[bool]:
        written = self._write_many(dict(enumerate(map(_superseding, corrections))))
        return [place in written for place in range(len(corrections))]

    def get_many(self, keys: Iterable[Key]) -> Mapping[Key, Record]:
        found: dict[Key, Record] = {}

        def read(wanted: list[Any]) -> list[Any]:
            asked: Any = {self._table: {"Keys": wanted, "ConsistentRead": True}}
            answer = self._client.batch_get_item(RequestItems=asked)
            records = map(record_of, answer["Responses"].get(self._table, []))
            found.update({record.key: record for record in records})
            left: Any = answer["UnprocessedKeys"].get(self._table, {"Keys": []})
            return list(left["Keys"])

        wanted = [{"id": {"S": identity}, "part": {"S": part}} for identity, part in dict.fromkeys(keys)]
        self._each("reading predictions", wanted, _READS, read)
        return found

    def _write_many(self, puts: Mapping[int, Item]) -> set[int]:
        """Those of the puts whose condition held.

        As transactions: twice the write units, but one call for what would take a hundred, and their processor time
        (docs/predict.md, "Labels"). A transaction is all or nothing, and says of each put why not: one whose condition
        fails is left out of the next, and what others were just at is tried again.
        """
        written: set[int] = set()

        def write(batch: list[Any]) -> list[Any]:
            failed = self._transacted([puts[place] for place in batch])
            while any(reason == _UNMET for reason in failed):
                batch = [place for place, reason in zip(batch, failed, strict=True) if reason != _UNMET]
                failed = self._transacted([puts[place] for place in batch])
            if failed:
                return batch
            written.update(batch)
            return []

        self._each("writing labels", list(puts), _TRANSACTION, write)
        return written

    def _transacted(self, puts: list[Item]) -> list[str]:
        """Why each of the puts was not written, or kept the others from it; [] when all were."""
        writes: Any = [{"Put": {"TableName": self._table, **put}} for put in puts]
        try:
            if writes:
                self._client.transact_write_items(TransactItems=writes)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = [reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])]
            if not _PASSING.union([_UNMET, "None"]).issuperset(reasons):
                raise
            return reasons
        return []

    def _write(self, batch: list[Any]) -> list[Any]:
        answer: Any = self._client.batch_write_item(RequestItems={self._table: batch})
        return list(answer["UnprocessedItems"].get(self._table, []))

    def _each(self, what: str, items: list[Any], size: int, call: Callable[[list[Any]], list[Any]]) -> None:
        """Call with so many of the items at a time, and some such calls side by side: most of each is waiting."""
        batches = [items[start : start + size] for start in range(0, len(items), size)]
        if len(batches) > 1:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(lambda batch: self._insist(what, batch, call), batches))
        elif batches:
            self._insist(what, batches[0], call)

    def _insist(self, what: str, batch: list[Any], call: Callable[[list[Any]], list[Any]]) -> None:
        """Call again with what was left undone, ever later. Raises Unavailable when some of it stays so.

        "Error retries and exponential backoff" in the developer's guide: with a delay that is random, so that those
        who were throttled together do not come back together.
        """
        for attempt in range(_ATTEMPTS):
            with translated(what):
                batch = call(batch)
            if not batch:
                return
            self._sleep(random.uniform(0, min(_LONGEST_WAIT, 0.05 * 2**attempt)))  # noqa: S311 - no secret
        raise Unavailable(f"{what}: {len(batch)} were left undone {_ATTEMPTS} times: the table is being throttled")


def _superseding(correction: Record) -> Item:
    """A put that makes way for nothing of its own rank or a higher one."""
    return {
        "Item": {**_item(correction), "rank": {"S": correction.rank}},
        "ConditionExpression": "attribute_not_exists(id) OR #rank < :rank",
        "ExpressionAttributeNames": {"#rank": "rank"},
        "ExpressionAttributeValues": {":rank": {"S": correction.rank}},
    }


def _item(record: Record) -> Item:
    texts = {"id": record.id, "part": record.part, "model": record.model, "at": record.at}
    expires = int(datetime.fromisoformat(record.at).timestamp()) + KEPT_SECONDS
    return {
        **{name: {"S": value} for name, value in texts.items()},
        "version": {"N": str(record.version)},
        "data": {"S": json.dumps(record.data, separators=(",", ":"))},
        "expires": {"N": str(expires)},
    }


def record_of(item: Item) -> Record:
    """The record in an item. Raises KeyError, TypeError or ValueError for an item that holds none."""
    return Record(
        id=item["id"]["S"],
        part=item["part"]["S"],
        model=item["model"]["S"],
        version=int(item["version"]["N"]),
        at=item["at"]["S"],
        data=json.loads(item["data"]["S"]),
    )
