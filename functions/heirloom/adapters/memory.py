"""Every port in memory: for unit tests, and for trying the use cases in a shell. Contract tests keep it honest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from heirloom.core.errors import Conflict, Invalid, NotFound, Unavailable
from heirloom.core.lineage.graph import Document, Edge, Entry, Event, Node, Page
from heirloom.core.release.route import Route
from heirloom.core.run.registry import Package, Submission
from heirloom.core.run.runs import Job
from heirloom.core.run.upload import Execution
from heirloom.core.storage import Location


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


class MemoryRoutes:
    """The port Routes."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def get(self, model: str) -> Route | None:
        return self._routes.get(model)

    def get_many(self, models: Iterable[str]) -> Mapping[str, Route]:
        return {model: self._routes[model] for model in models if model in self._routes}

    def put(self, route: Route) -> None:
        stored = self._routes.get(route.model)
        if (stored.revision if stored else 0) != route.revision - 1:
            raise Conflict(f"the route of {route.model} is not at revision {route.revision - 1}")
        self._routes[route.model] = route

    def delete(self, model: str) -> None:
        self._routes.pop(model, None)


class MemoryObjects:
    """The port Objects; every bucket is versioned. ``hidden`` keys have a delete marker as their newest version."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], dict[str, bytes]] = {}
        self.hidden: set[tuple[str, str]] = set()

    def put(self, bucket: str, key: str, body: bytes, version_id: str | None = None) -> Location:
        """Upload, and say which version it became."""
        versions = self._versions.setdefault((bucket, key), {})
        version = version_id or f"v{len(versions) + 1}"
        versions[version] = body
        self.hidden.discard((bucket, key))
        return Location(bucket, key, version)

    def keys(self, bucket: str) -> tuple[str, ...]:
        """What a listing of the bucket shows."""
        return tuple(sorted(key for name, key in self._versions if name == bucket and (name, key) not in self.hidden))

    def read(self, location: Location) -> Iterator[bytes]:
        body = self._body(location)
        yield from (body[start : start + 2**20] for start in range(0, len(body), 2**20))

    def write(self, location: Location, body: bytes, content_type: str) -> None:  # noqa: ARG002 - the port has it
        self.put(location.bucket, location.key, body)

    def copy(self, source: Location, target: Location) -> None:
        self.put(target.bucket, target.key, self._body(source))

    def hide(self, location: Location) -> None:
        versions = self._versions.get((location.bucket, location.key), {})
        if location.version_id in list(versions)[-1:]:
            self.hidden.add((location.bucket, location.key))

    def _body(self, location: Location) -> bytes:
        place = (location.bucket, location.key)
        versions = self._versions.get(place, {})
        newest = list(versions)[-1] if versions and place not in self.hidden else ""
        version = location.version_id or newest
        if version not in versions:
            raise NotFound(f"reading {location.uri}: there is no such object or version")
        return versions[version]


@dataclass
class MemoryExecutions:
    """The port Executions; ``started`` is every input by machine and name, ``ended`` says how some ended."""

    started: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    ended: dict[str, Execution] = field(default_factory=dict)

    def start(self, machine: str, name: str, document: Mapping[str, Any]) -> bool:
        if (machine, name) in self.started:
            return False
        self.started[machine, name] = document
        return True

    def find(self, machine: str, name: str) -> Execution | None:
        if (machine, name) not in self.started:
            return None
        return self.ended.get(name, Execution("RUNNING"))


@dataclass
class MemoryRegistry:
    """The port Registry; a token is known across groups."""

    submissions: dict[str, Submission] = field(default_factory=dict)
    _packages: dict[str, Package] = field(default_factory=dict)

    def submit(self, submission: Submission) -> Package:
        if submission.token not in self._packages:
            number = 1 + sum(known.group == submission.group for known in self.submissions.values())
            arn = f"arn:aws:sagemaker:us-east-1:111122223333:model-package/{submission.group}/{number}"
            self.submissions[submission.token] = submission
            self._packages[submission.token] = Package(number, arn)
        return self._packages[submission.token]


@dataclass
class MemoryDeployments:
    """The port Deployments."""

    up: set[str] = field(default_factory=set)

    def names(self, beginning: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.up if name.startswith(beginning)))

    def take_down(self, name: str) -> None:
        self.up.discard(name)


@dataclass
class MemoryEndpoints:
    """The port Endpoints; ``answers`` by endpoint: a document, or an error to raise. ``asked`` keeps what was sent."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    def invoke(self, endpoint: str, document: Mapping[str, Any]) -> Any:
        self.asked.append((endpoint, document))
        answer = self.answers.get(endpoint, Unavailable(f"asking {endpoint}: there is no such endpoint"))
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class MemoryJobs:
    """The port Jobs."""

    jobs: dict[str, Job] = field(default_factory=dict)

    def find(self, name: str) -> Job | None:
        return self.jobs.get(name)


def _place(node: Node) -> str:
    return f"{node.summary['number']:08d}" if node.kind == "version" else f"{node.created_at}#{node.id}"


def _stored(node: Node) -> Node:
    """As it comes back from a table: lists for tuples, and nobody else's objects."""
    return replace(node, data=_plain(node.data), summary=_plain(node.summary))


def _plain(document: Document) -> Document:
    plain: Document = json.loads(json.dumps(document))
    return plain
