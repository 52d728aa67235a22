"""The lineage graph: which data fed which run, which version it made, where that serves; and each run's history.

Nodes and edges are only ever added. A project is the one exception: its node says what is deployed now. Every step of
the pipeline writes here; the API and the CLI read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Document = Mapping[str, Any]

FEEDS, MAKES, SERVES, TRIES, SHADOWS = "feeds", "makes", "serves", "tries", "shadows"
BREACHES, CAUSES = "breaches", "causes"


@dataclass(frozen=True)
class Node:
    """One thing in the graph. ``kind``: project, dataset, run, version, change (of a route) or incident.

    ``summary`` is what lists show of it, kept beside the list's entry so that a list is one read. Datasets and
    incidents are not listed.
    """

    kind: str
    id: str
    model: str
    created_at: str
    data: Document
    summary: Document = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.kind}#{self.id}"


@dataclass(frozen=True)
class Edge:
    """``source`` and ``target`` are the keys of nodes: dataset -feeds-> run -makes-> version -serves-> change.

    A version also -tries-> a change that makes it the canary, and -shadows-> one that makes it the shadow. One that
    breaks a promise -breaches-> incident -causes-> change, the rollback that came of it.
    """

    source: str
    relation: str
    target: str


@dataclass(frozen=True)
class Event:
    """What happened to a run. ``stage`` is one of pipeline.STAGES or ``upload``; ``state`` is done or failed..."""

    at: str
    stage: str
    state: str
    detail: Document = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A line of a list. ``last`` is the newest event of a run; None for what has no history."""

    id: str
    model: str
    created_at: str
    summary: Document
    last: Event | None = None


@dataclass(frozen=True)
class Page:
    """Some lines of a list; ``cursor`` asks for the next ones, None when there are none."""

    entries: tuple[Entry, ...]
    cursor: str | None = None


class Lineage(Protocol):
    """Stores the graph. Each method raises Denied or Unavailable."""

    def add(self, node: Node, *edges: Edge) -> bool:
        """Add a node, its list entry and edges, all or nothing. False, and nothing written, if the node is there."""

    def link(self, *edges: Edge) -> None:
        """Add edges between nodes that exist; adding one again changes nothing."""

    def put_project(self, node: Node) -> None:
        """Create or replace a project's node and its entry in the list of projects."""

    def withdraw_project(self, model: str) -> None:
        """Take a project out of the list of projects; its node and all that it made stay."""

    def node(self, kind: str, identity: str) -> Node | None:
        """One node."""

    def targets(self, source: str, relation: str) -> tuple[str, ...]:
        """The keys that edges of this relation lead to from ``source``, in the order of their text."""

    def sources(self, target: str, relation: str) -> tuple[str, ...]:
        """The keys that edges of this relation come from to ``target``, in the order of their text."""

    def record(self, run: Node, event: Event) -> None:
        """Add to a run's history; the run's list entry shows the event."""

    def history(self, run_id: str) -> tuple[Event, ...]:
        """A run's events, oldest first."""

    def projects(self) -> tuple[Entry, ...]:
        """The deployed projects, by name."""

    def runs(self, model: str, limit: int, cursor: str | None = None) -> Page:
        """A model's runs, newest first. Raises Invalid for a cursor that is none."""

    def versions(self, model: str, limit: int, cursor: str | None = None) -> Page:
        """A model's versions, newest first. Raises Invalid for a cursor that is none."""

    def changes(self, model: str, limit: int, cursor: str | None = None) -> Page:
        """The changes of a model's route, newest first. Raises Invalid for a cursor that is none."""


def version_id(model: str, number: int) -> str:
    """The id of a version's node."""
    return f"{model}/{number}"
