"""What is kept of predictions, on DynamoDB. Keys and access patterns: docs/data-model.md.

``data`` is JSON text, as in the lineage: read is what was written. Model and version stand beside it, for who follows
the table's stream. An item goes by itself 90 days after its ``at``
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html).
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
_ATTEMPTS = 8
_LONGEST_WAIT = 5.0


class DynamoPredictions:
    """The port Predictions on a table with the keys ``id`` and ``part``, whose time to live is ``expires``."""

    def __init__(self, client: DynamoDBClient, table: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._table = table
        self._sleep = sleep

    def put(self, records: Sequence[Record]) -> None:
        """A call may hold a key once, so of two records of one key the last is written."""
        latest = {record.key: {"PutRequest": {"Item": _item(record)}} for record in records}
        for batch in _chunks(list(latest.values()), _WRITES):
            self._insist("writing predictions", batch, self._write)

    def add(self, record: Record) -> bool:
        try:
            with translated(f"writing {record.part} of {record.id}"):
                self._client.put_item(
                    TableName=self._table, Item=_item(record), ConditionExpression="attribute_not_exists(id)"
                )
        except Conflict:
            return False
        return True

    def get_many(self, keys: Iterable[Key]) -> Mapping[Key, Record]:
        found: dict[Key, Record] = {}

        def read(wanted: list[Any]) -> list[Any]:
            asked: Any = {self._table: {"Keys": wanted, "ConsistentRead": True}}
            answer = self._client.batch_get_item(RequestItems=asked)
            records = map(_record, answer["Responses"].get(self._table, []))
            found.update({record.key: record for record in records})
            left: Any = answer["UnprocessedKeys"].get(self._table, {"Keys": []})
            return list(left["Keys"])

        wanted = [{"id": {"S": identity}, "part": {"S": part}} for identity, part in dict.fromkeys(keys)]
        for batch in _chunks(wanted, _READS):
            self._insist("reading predictions", batch, read)
        return found

    def _write(self, batch: list[Any]) -> list[Any]:
        answer: Any = self._client.batch_write_item(RequestItems={self._table: batch})
        return list(answer["UnprocessedItems"].get(self._table, []))

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


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _item(record: Record) -> Item:
    texts = {"id": record.id, "part": record.part, "model": record.model, "at": record.at}
    expires = int(datetime.fromisoformat(record.at).timestamp()) + KEPT_SECONDS
    return {
        **{name: {"S": value} for name, value in texts.items()},
        "version": {"N": str(record.version)},
        "data": {"S": json.dumps(record.data, separators=(",", ":"))},
        "expires": {"N": str(expires)},
    }


def _record(item: Item) -> Record:
    return Record(
        id=item["id"]["S"],
        part=item["part"]["S"],
        model=item["model"]["S"],
        version=int(item["version"]["N"]),
        at=item["at"]["S"],
        data=json.loads(item["data"]["S"]),
    )
