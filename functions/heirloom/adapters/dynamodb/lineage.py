"""The lineage on DynamoDB. Tables, keys and access patterns: docs/data-model.md.

What the graph carries (``data``, ``summary``, ``detail``) is kept as JSON text: it is never searched by, and what is
read is what was written, where DynamoDB's own numbers would refuse NaN and give 1 for 1.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from heirloom.adapters.aws import translated
from heirloom.core.errors import Invalid, Unavailable
from heirloom.core.lineage.graph import Document, Edge, Entry, Event, Node, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
# What counts the nodes of a kind, and so orders their list; runs are ordered by time.
_COUNTED = {"version": "number", "change": "revision"}
_UNLISTED = ("dataset", "incident")


class DynamoLineage:
    """The port Lineage on a table with the keys ``pk`` and ``sk``."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def add(self, node: Node, *edges: Edge) -> bool:
        try:
            self._write(f"adding {node.key}", additions(self._table, node, edges))
        except _StoppedError:
            return False
        return True

    def link(self, *edges: Edge) -> None:
        self._write("adding edges", [_put(self._table, item) for item in _edge_items(edges)])

    def put_project(self, node: Node) -> None:
        self._write(f"writing {node.key}", [_put(self._table, item) for item in (_node_item(node), _entry_item(node))])

    def withdraw_project(self, model: str) -> None:
        with translated(f"withdrawing project {model}"):
            self._client.delete_item(TableName=self._table, Key=_key("projects", model))

    def node(self, kind: str, identity: str) -> Node | None:
        with translated(f"reading {kind}#{identity}"):
            found = self._client.get_item(
                TableName=self._table, Key=_key(f"{kind}#{identity}", "node"), ConsistentRead=True
            )
        item = found.get("Item")
        return _node(item) if item else None

    def targets(self, source: str, relation: str) -> tuple[str, ...]:
        return self._neighbours(source, f"out#{relation}#")

    def sources(self, target: str, relation: str) -> tuple[str, ...]:
        return self._neighbours(target, f"in#{relation}#")

    def record(self, run: Node, event: Event) -> None:
        self._write(f"recording {event.stage} {event.state} of {run.key}", recordings(self._table, run, event))

    def history(self, run_id: str) -> tuple[Event, ...]:
        return tuple(map(_event, self._query(f"run#{run_id}", "event#")))

    def projects(self) -> tuple[Entry, ...]:
        return tuple(map(_entry, self._query("projects", "")))

    def runs(self, model: str, limit: int, cursor: str | None = None) -> Page:
        return self._page(model, "run#", limit, cursor)

    def versions(self, model: str, limit: int, cursor: str | None = None) -> Page:
        return self._page(model, "version#", limit, cursor)

    def changes(self, model: str, limit: int, cursor: str | None = None) -> Page:
        return self._page(model, "change#", limit, cursor)

    def _page(self, model: str, beginning: str, limit: int, cursor: str | None) -> Page:
        """One entry more than asked for tells whether there is a next page."""
        if cursor is not None and not cursor.startswith(beginning):
            raise Invalid(f"expected a cursor that a page of {beginning[:-1]}s gave, got {cursor!r}")
        after = _key(f"model#{model}", cursor) if cursor else None
        items = list(islice(self._query(f"model#{model}", beginning, limit + 1, after), limit + 1))
        entries = tuple(map(_entry, items[:limit]))
        return Page(entries, items[limit - 1]["sk"]["S"] if len(items) > limit else None)

    def _neighbours(self, pk: str, beginning: str) -> tuple[str, ...]:
        return tuple(item["sk"]["S"].removeprefix(beginning) for item in self._query(pk, beginning))

    def _query(self, pk: str, beginning: str, newest: int = 0, after: Item | None = None) -> Iterator[Item]:
        """The items of a partition whose sort key begins so, in order; ``newest`` of them, backwards, when given."""
        condition, values = "pk = :pk", {":pk": {"S": pk}}
        if beginning:
            condition, values = f"{condition} AND begins_with(sk, :sk)", {**values, ":sk": {"S": beginning}}
        asked: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
            "ScanIndexForward": not newest,
            **({"Limit": newest} if newest else {}),
            **({"ExclusiveStartKey": after} if after else {}),
        }
        with translated(f"querying {pk}"):
            for page in self._client.get_paginator("query").paginate(**asked):
                yield from page["Items"]

    def _write(self, what: str, writes: list[Any]) -> None:
        """All or nothing. Raises _StoppedError when a condition did not hold."""
        with translated(what):
            try:
                self._client.transact_write_items(TransactItems=writes)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
                if "ConditionalCheckFailed" in reasons:
                    raise _StoppedError from error
                raise Unavailable(f"{what}: {error}") from error


class _StoppedError(Exception):
    """A condition of a transaction did not hold."""


def additions(table: str, node: Node, edges: Iterable[Edge], last: Event | None = None) -> list[Item]:
    """The writes of a transaction that adds a node, its list entry and edges, if the node is not there.

    The first one has the condition. The entry shows ``last``, the event of a run that begins with one.
    """
    once = _put(table, _node_item(node), "attribute_not_exists(pk)")
    shown = _texts({"last": _json(vars(last))}) if last else {}
    entry = [] if node.kind in _UNLISTED else [_put(table, {**_entry_item(node), **shown})]
    return [once, *entry, *(_put(table, item) for item in _edge_items(edges))]


def recordings(table: str, run: Node, event: Event, listed: bool = True) -> list[Item]:
    """The writes of a transaction that adds to a run's history; its list entry shows that, if it is ``listed``."""
    history = _put(table, _event_item(run.key, event))
    if not listed:
        return [history]
    shown = {
        "TableName": table,
        "Key": _key(*_list_key(run)),
        "UpdateExpression": "SET #last = :last",
        "ExpressionAttributeNames": {"#last": "last"},
        "ExpressionAttributeValues": {":last": {"S": _json(vars(event))}},
    }
    return [history, {"Update": shown}]


def _put(table: str, item: Item, condition: str = "") -> Item:
    write = {"TableName": table, "Item": item}
    return {"Put": {**write, "ConditionExpression": condition} if condition else write}


def _list_key(node: Node) -> tuple[str, str]:
    """Where the node's line stands in its list; all but projects are read backwards, newest first."""
    if node.kind == "project":
        return "projects", node.id
    if node.kind == "run":
        return f"model#{node.model}", f"run#{node.created_at}#{node.id}"
    return f"model#{node.model}", f"{node.kind}#{node.summary[_COUNTED[node.kind]]:08d}"


def _key(pk: str, sk: str) -> Item:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _json(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False)


def _node_item(node: Node) -> Item:
    texts = {"kind": node.kind, "id": node.id, "model": node.model, "created_at": node.created_at}
    documents = {"data": _json(node.data), "summary": _json(node.summary)}
    return {**_key(node.key, "node"), **_texts({**texts, **documents})}


def _entry_item(node: Node) -> Item:
    texts = {"id": node.id, "model": node.model, "created_at": node.created_at, "summary": _json(node.summary)}
    return {**_key(*_list_key(node)), **_texts(texts)}


def _event_item(run: str, event: Event) -> Item:
    texts = {"at": event.at, "stage": event.stage, "state": event.state, "detail": _json(event.detail)}
    return {**_key(run, f"event#{event.at}#{event.stage}#{event.state}"), **_texts(texts)}


def _edge_items(edges: Iterable[Edge]) -> Iterator[Item]:
    """Each edge twice, so that both of its ends find it by their own key."""
    for edge in edges:
        yield _key(edge.source, f"out#{edge.relation}#{edge.target}")
        yield _key(edge.target, f"in#{edge.relation}#{edge.source}")


def _texts(values: Mapping[str, str]) -> Item:
    return {name: {"S": value} for name, value in values.items()}


def _text(item: Item, name: str) -> str:
    return str(item[name]["S"])


def _node(item: Item) -> Node:
    return Node(
        kind=_text(item, "kind"),
        id=_text(item, "id"),
        model=_text(item, "model"),
        created_at=_text(item, "created_at"),
        data=json.loads(_text(item, "data")),
        summary=json.loads(_text(item, "summary")),
    )


def _entry(item: Item) -> Entry:
    return Entry(
        id=_text(item, "id"),
        model=_text(item, "model"),
        created_at=_text(item, "created_at"),
        summary=json.loads(_text(item, "summary")),
        last=Event(**json.loads(_text(item, "last"))) if "last" in item else None,
    )


def _event(item: Item) -> Event:
    return Event(_text(item, "at"), _text(item, "stage"), _text(item, "state"), json.loads(_text(item, "detail")))
