"""The monitor's watches in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any

from heirloom.core.errors import Conflict
from heirloom.core.monitoring.breach import Breach
from heirloom.core.monitoring.watch import LABELS, REQUESTS, Document, Kept, Subject, Writing


class MemoryWatches:
    """The port Watches."""

    def __init__(self) -> None:
        self._halves: dict[tuple[Subject, str], Kept] = {}
        self._counted: set[tuple[Subject, str]] = set()
        self._hours: dict[Subject, dict[str, Document]] = {}
        self._breaches: dict[tuple[str, str, bool], Breach] = {}
        self._lock = Lock()

    def get(self, subject: Subject) -> Mapping[str, Kept]:
        halves = {half: self._halves.get((subject, half), Kept()) for half in (LABELS, REQUESTS)}
        return {half: Kept(kept.revision, _stored(kept.document)) for half, kept in halves.items()}

    def counted(self, subject: Subject, names: Iterable[str]) -> frozenset[str]:
        return frozenset(name for name in names if (subject, name) in self._counted)

    def put(self, writing: Writing) -> None:
        with self._lock:
            before = self._halves.get((writing.subject, writing.half), Kept())
            breach = writing.breach
            known = self._breaches.get((breach.model, breach.slo, breach.drill)) if breach else None
            if (
                before.revision != writing.revision - 1
                or self.counted(writing.subject, writing.names)
                or (breach and known != writing.known)
            ):
                raise Conflict("somebody else was faster")
            self._halves[writing.subject, writing.half] = Kept(writing.revision, _stored(writing.document))
            self._counted.update((writing.subject, name) for name in writing.names)
            self._hours.setdefault(writing.subject, {}).update(_stored(writing.hours))
            if breach:
                self._breaches[breach.model, breach.slo, breach.drill] = breach

    def hours(self, subject: Subject, beginning: str) -> Mapping[str, Document]:
        kept = self._hours.get(subject, {})
        return {hour: counts for hour, counts in sorted(kept.items()) if hour.startswith(beginning)}

    def of(self, model: str) -> tuple[Breach, ...]:
        return tuple(breach for (owner, _, _), breach in sorted(self._breaches.items()) if owner == model)

    def end(self, breach: Breach, at: str) -> None:
        with self._lock:
            for key, known in self._breaches.items():
                if known.id == breach.id and known.ended_at is None:
                    self._breaches[key] = replace(known, ended_at=at)


def _stored(document: Any) -> Any:
    """As it comes back from a table."""
    return json.loads(json.dumps(document))
