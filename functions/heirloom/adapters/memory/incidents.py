"""The incidents and the pager in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from heirloom.core.errors import Conflict, Invalid
from heirloom.core.incident.incident import RESOLVE, TRIGGER, Incident, Page


class MemoryIncidents:
    """The port Incidents."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incident] = {}
        self._ok: dict[tuple[str, str], str] = {}

    def open(self, incident: Incident) -> Incident:
        return self._incidents.setdefault(incident.id, _stored(incident))

    def get(self, identity: str) -> Incident | None:
        return self._incidents.get(identity)

    def change(self, incident: Incident) -> None:
        stored = self._incidents.get(incident.id)
        if stored is None or stored.revision != incident.revision - 1:
            raise Conflict(f"writing incident {incident.id}: revision {incident.revision} is not the next one")
        self._incidents[incident.id] = _stored(incident)

    def of(self, model: str, limit: int, cursor: str | None = None) -> Page:
        if cursor and not cursor.startswith(f"{model}/"):
            raise Invalid(f"expected a cursor that a page of {model}'s incidents gave, got {cursor!r}")
        found = [each for each in self._incidents.values() if each.model == model]
        found.sort(key=lambda each: _place(each.id), reverse=True)
        older = [each for each in found if cursor is None or _place(each.id) < _place(cursor)]
        return Page(tuple(older[:limit]), older[limit - 1].id if len(older) > limit else None)

    def note_ok(self, model: str, alarm: str, at: str) -> None:
        self._ok[model, alarm] = max(at, self._ok.get((model, alarm), ""))

    def last_ok(self, model: str, alarm: str) -> str | None:
        return self._ok.get((model, alarm))


@dataclass
class MemoryPager:
    """The port Pager, and what is told of PagerDuty's alerts: a trigger with the key of one that is resolved opens
    another one. ``alerts`` are the actions and severities of each, by dedup_key; ``changes`` the change events."""

    alerts: dict[str, list[list[tuple[str, str | None]]]] = field(default_factory=dict)
    changes: list[Mapping[str, Any]] = field(default_factory=list)
    sent: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, event: Mapping[str, Any]) -> bool:
        event = json.loads(json.dumps(event))
        self.sent.append(event)
        action, known = event["event_action"], self.alerts.setdefault(event["dedup_key"], [])
        open_one = known[-1] if known and known[-1][-1][0] != RESOLVE else None
        if action == TRIGGER and open_one is None:
            known.append([])
            open_one = known[-1]
        if open_one is not None:
            open_one.append((action, event.get("payload", {}).get("severity")))
        return True

    def change(self, event: Mapping[str, Any]) -> bool:
        self.changes.append(json.loads(json.dumps(event)))
        return True


def _place(identity: str) -> tuple[str, str]:
    """The stamp that an id ends with, then what is before it."""
    about, _, opened_at = identity.partition("/")[2].rpartition("/")
    return opened_at, about


def _stored(incident: Incident) -> Incident:
    """As it comes back from a table: lists for tuples, and nobody else's objects."""
    return Incident.from_document(json.loads(json.dumps(incident.to_document())))
