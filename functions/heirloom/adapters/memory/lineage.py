"""The lineage in memory."""

from __future__ import annotations

import json
from dataclasses import replace

from heirloom.core.errors import Invalid
from heirloom.core.lineage.graph import Document, Edge, Entry, Event, Node, Page


class MemoryLineage:
    """The port Lineage."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._edges: set[Edge] = set()
        self._events: dict[str, dict[tuple[str, str, str], Event]] = {}
        self._projects: dict[str, Entry] = {}

    def add(self, node: Node, *edges: Edge) -> bool:
        if node.key in self._nodes:
            return False
        self._nodes[node.key] = _stored(node)
        self.link(*edges)
        return True

    def link(self, *edges: Edge) -> None:
        self._edges.update(edges)

    def put_project(self, node: Node) -> None:
        self._nodes[node.key] = _stored(node)
        self._projects[node.id] = self._entry(_stored(node))

    def withdraw_project(self, model: str) -> None:
        self._projects.pop(model, None)

    def node(self, kind: str, identity: str) -> Node | None:
        return self._nodes.get(f"{kind}#{identity}")

    def targets(self, source: str, relation: str) -> tuple[str, ...]:
        return tuple(sorted(edge.target for edge in self._edges if (edge.source, edge.relation) == (source, relation)))

    def sources(self, target: str, relation: str) -> tuple[str, ...]:
        return tuple(sorted(edge.source for edge in self._edges if (edge.target, edge.relation) == (target, relation)))

    def record(self, run: Node, event: Event) -> None:
        event = replace(event, detail=_plain(event.detail))
        self._events.setdefault(run.id, {})[event.at, event.stage, event.state] = event

    def history(self, run_id: str) -> tuple[Event, ...]:
        events = self._events.get(run_id, {})
        return tuple(events[key] for key in sorted(events))

    def projects(self) -> tuple[Entry, ...]:
        return tuple(self._projects[name] for name in sorted(self._projects))

    def runs(self, model: str, limit: int, cursor: str | None = None) -> Page:
        return self._page("run", model, limit, cursor)

    def versions(self, model: str, limit: int, cursor: str | None = None) -> Page:
        return self._page("version", model, limit, cursor)

    def changes(self, model: str, limit: int, cursor: str | None = None) -> Page:
        return self._page("change", model, limit, cursor)

    def _page(self, kind: str, model: str, limit: int, cursor: str | None) -> Page:
        if cursor is not None and not cursor.startswith(f"{kind}#"):
            raise Invalid(f"expected a cursor that a page of {kind}s gave, got {cursor!r}")
        nodes = [node for node in self._nodes.values() if (node.kind, node.model) == (kind, model)]
        places = {f"{kind}#{_place(node)}": node for node in nodes}
        keys = [key for key in sorted(places, reverse=True) if cursor is None or key < cursor]
        entries = tuple(self._entry(places[key]) for key in keys[:limit])
        return Page(entries, keys[limit - 1] if len(keys) > limit else None)

    def _entry(self, node: Node) -> Entry:
        events = list(self._events.get(node.id, {}).values())
        return Entry(node.id, node.model, node.created_at, node.summary, events[-1] if events else None)


def _place(node: Node) -> str:
    count = {"version": "number", "change": "revision"}.get(node.kind)
    return f"{node.summary[count]:08d}" if count else f"{node.created_at}#{node.id}"


def _stored(node: Node) -> Node:
    """As it comes back from a table: lists for tuples, and nobody else's objects."""
    return replace(node, data=_plain(node.data), summary=_plain(node.summary))


def _plain(document: Document) -> Document:
    plain: Document = json.loads(json.dumps(document))
    return plain
