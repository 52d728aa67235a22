"""What a rollback needs beside the route, in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Any

from heirloom.core.errors import Conflict
from heirloom.core.lineage.graph import Document
from heirloom.core.prediction.capture import Captured
from heirloom.core.rollback.answering import Reply
from heirloom.core.rollback.latch import DEAD_AFTER, Claim


class MemoryDecisions:
    """The port Decisions."""

    def __init__(self) -> None:
        self._claims: dict[str, Claim] = {}
        self._free: set[str] = set()
        self.finished: set[str] = set()
        self._lock = Lock()

    def claim(self, breach: str, at: datetime) -> Claim | None:
        with self._lock:
            known = self._claims.get(breach)
            if breach in self.finished:
                return None
            if known is not None and breach not in self._free and known.at > at - DEAD_AFTER:
                raise Conflict(f"claiming the breach {breach}: somebody else is at it")
            self._free.discard(breach)
            self._claims[breach] = Claim(breach, at, known.decision if known else None)
            return self._claims[breach]

    def record(self, claim: Claim, decision: Document) -> None:
        with self._lock:
            self._check(claim)
            self._claims[claim.breach] = replace(claim, decision=json.loads(json.dumps(decision)))

    def give_back(self, claim: Claim) -> None:
        with self._lock:
            self._check(claim)
            self._free.add(claim.breach)

    def finish(self, claim: Claim) -> None:
        with self._lock:
            self._check(claim)
            self.finished.add(claim.breach)

    def of(self, breach: str) -> Document | None:
        claim = self._claims.get(breach)
        return claim.decision if claim else None

    def _check(self, claim: Claim) -> None:
        gone = claim.breach in self._free or claim.breach in self.finished
        if gone or self._claims[claim.breach].at != claim.at:
            raise Conflict(f"writing the decision on {claim.breach}: somebody else has it now")


@dataclass
class MemoryAnnouncements:
    """The port Announcements; ``published`` is what was told."""

    published: list[Document] = field(default_factory=list)

    def publish(self, document: Document) -> None:
        self.published.append(json.loads(json.dumps(document)))


@dataclass
class MemoryProbe:
    """The port Probe; ``answer`` is asked with model and rows, and may raise. ``asked`` is what was asked."""

    answer: Callable[[str, Sequence[Mapping[str, Any]]], Reply]
    asked: list[tuple[str, Sequence[Mapping[str, Any]]]] = field(default_factory=list)

    def ask(self, model: str, rows: Sequence[Mapping[str, Any]]) -> Reply:
        self.asked.append((model, rows))
        return self.answer(model, rows)


@dataclass
class MemoryRecent:
    """The port Recent; ``log`` is every line, oldest first."""

    log: list[Captured] = field(default_factory=list)

    def lines(self, model: str, version: int, since: datetime, most: int) -> Sequence[Captured]:  # noqa: ARG002
        return [
            line
            for line in self.log
            if (line.model, line.version) == (model, version) and datetime.fromisoformat(line.at) >= since
        ]
