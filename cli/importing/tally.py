"""What became of everything: counted while many are at it, told at the end."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

EXPERIMENTS, RUNS, MODELS = "experiments", "runs", "logged models"
REGISTERED, VERSIONS = "registered models", "versions"
KINDS = (EXPERIMENTS, RUNS, MODELS, REGISTERED, VERSIONS)
IMPORTED, UNCHANGED, FAILED = "imported", "unchanged", "failed"
STATES = (IMPORTED, UNCHANGED, FAILED)


@dataclass(frozen=True)
class Failure:
    """What could not be imported, and why."""

    kind: str
    name: str
    reason: str


class Tally:
    """Counts by kind and state, and what was written; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: Counter[tuple[str, str]] = Counter()
        self.written: Counter[str] = Counter()
        self.failures: list[Failure] = []

    def count(self, kind: str, state: str, how_many: int = 1) -> None:
        """So many more of a kind came to this."""
        with self._lock:
            self.counts[kind, state] += how_many

    def wrote(self, **amounts: int) -> None:
        """Points, artifacts, bytes."""
        with self._lock:
            self.written.update(amounts)

    def fail(self, kind: str, name: str, reason: str, how_many: int = 1) -> None:
        """Something could not be imported; ``how_many`` with all that wait for it."""
        with self._lock:
            self.counts[kind, FAILED] += how_many
            self.failures.append(Failure(kind, name, reason))

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        counts = {kind.replace(" ", "_"): {state: self.counts[kind, state] for state in STATES} for kind in KINDS}
        written = {name: self.written[name] for name in ("points", "artifacts", "bytes")}
        return {**counts, **written, "failures": [vars(each) for each in self.failures]}
