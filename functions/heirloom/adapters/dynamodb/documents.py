"""Documents on DynamoDB: an item each, read consistently, so that what was written is found. docs/data-model.md.

``data`` is JSON, compressed where it is long: an item holds 400 KB, which is some 10,000 keys of metrics.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.adapters.dynamodb import columns as pieces
from heirloom.adapters.dynamodb.columns import key as _key
from heirloom.adapters.dynamodb.reading import read_all
from heirloom.adapters.dynamodb.writing import write_all
from heirloom.core.errors import Conflict, Invalid, Unavailable
from heirloom.core.tracking.documents import Document, Key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
LONG = 2048
"""Bytes of JSON from which on compressing it is worth the time."""
LARGEST = 390_000
PARTITIONS_AT_ONCE = 16
LOST = {"ConditionalCheckFailed", "TransactionConflict"}
"""Why a write did not come to be that somebody else was quicker than."""


class DynamoDocuments:
    """The port Documents on a table with the keys ``partition`` and ``id``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def get(self, partition: str, identity: str) -> Document | None:
        with translated(f"reading {identity}"):
            found: Any = self._client.get_item(
                TableName=self._table, Key=_key((partition, identity)), ConsistentRead=True
            )
        return _document(found["Item"]) if "Item" in found else None

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Document]:
        wanted = [_key(key) for key in dict.fromkeys(keys)]
        found = read_all(self._client, self._table, wanted, f"reading {len(wanted)} documents")
        return {document.key: document for document in map(_document, found)}

    def write(self, *documents: Document, gone: Sequence[Document] = ()) -> None:
        if len(documents) == 1 and not gone:
            self._write_one(documents[0])
            return
        changes: list[Any] = puts(self._table, documents)
        changes += [{"Delete": {"Key": _key(each.key), **_condition(self._table, each)}} for each in gone]
        what = f"writing {(*documents, *gone)[0].id}"
        with translated(what):
            try:
                self._client.transact_write_items(TransactItems=changes)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
                kind = Conflict if reasons & LOST else Unavailable
                raise kind(f"{what}: {error}") from error

    def put(self, *documents: Document) -> None:
        requests = [{"PutRequest": {"Item": _item(each)}} for each in documents]
        write_all(self._client, self._table, requests, f"writing {len(requests)} documents")

    def of(self, partition: str, beginning: str = "") -> Iterator[Document]:
        condition, names = "#partition = :partition", {"#partition": "partition"}
        values = {":partition": {"S": partition}}
        if beginning:
            condition, values = f"{condition} AND begins_with(id, :id)", {**values, ":id": {"S": beginning}}
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        with translated(f"listing {partition}"):
            for page in pages:
                yield from map(_document, page["Items"])

    def of_all(self, partitions: Sequence[str]) -> Iterator[Document]:
        with ThreadPoolExecutor(PARTITIONS_AT_ONCE) as pool:
            for found in pool.map(lambda partition: list(self.of(partition)), partitions):
                yield from found

    def put_columns(self, partition: str, columns: Mapping[str, bytes]) -> None:
        write_all(self._client, self._table, list(pieces.puts(partition, columns)), f"writing {partition}")

    def get_columns(self, keys: Sequence[Key]) -> Mapping[Key, bytes]:
        wanted, what = [_key(each) for each in dict.fromkeys(keys)], f"reading {len(keys)} columns"
        first = read_all(self._client, self._table, wanted, what)
        return pieces.joined(first, read_all(self._client, self._table, pieces.missing(first), what))

    def drop(self, partition: str) -> None:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="#partition = :partition",
            ExpressionAttributeNames={"#partition": "partition"},
            ExpressionAttributeValues={":partition": {"S": partition}},
            ProjectionExpression="#partition, id",
        )
        with translated(f"deleting {partition}"):
            gone: list[Item] = [{"DeleteRequest": {"Key": item}} for page in pages for item in page["Items"]]
        write_all(self._client, self._table, gone, f"deleting {partition}")

    def _write_one(self, document: Document) -> None:
        with translated(f"writing {document.id}", TransactionConflictException=Conflict):
            self._client.put_item(Item=_item(document), **_condition(self._table, document))


def puts(table: str, documents: Sequence[Document]) -> list[Any]:
    """The writes of a transaction: each document as its next revision, on the condition that it is as it was."""
    return [{"Put": {"Item": _item(each), **_condition(table, each)}} for each in documents]


def _condition(table: str, document: Document) -> Item:
    if not document.conditional:
        return {"TableName": table}
    if document.revision == 0:
        return {"TableName": table, "ConditionExpression": "attribute_not_exists(id)"}
    return {
        "TableName": table,
        "ConditionExpression": "revision = :known",
        "ExpressionAttributeValues": {":known": {"N": str(document.revision)}},
    }


def _item(document: Document) -> Item:
    text = json.dumps(document.data, separators=(",", ":"))
    packed = zlib.compress(text.encode(), 1) if len(text) > LONG else b""
    if max(len(packed), len(text) if not packed else 0) > LARGEST:
        raise Invalid(f"{document.id} has become too large: a run, a model or an experiment holds some 10,000 keys")
    data: Item = {"packed": {"B": packed}} if packed else {"data": {"S": text}}
    return {**_key(document.key), "revision": {"N": str(document.revision + 1)}, **data}


def _document(item: Item) -> Document:
    text = zlib.decompress(item["packed"]["B"]) if "packed" in item else item["data"]["S"]
    return Document(item["partition"]["S"], item["id"]["S"], json.loads(text), int(item["revision"]["N"]))
