"""What a batch of log lines shows of each version: how many rows it answered, how fast, and which."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from heirloom.core.drift.histogram import count
from heirloom.core.drift.profiles import Profiles
from heirloom.core.monitoring.observation import Requests
from heirloom.core.prediction.capture import Captured
from heirloom.core.prediction.request import is_probe
from heirloom.core.project.definition import Slo
from heirloom.core.project.recent import RecentProjects

LARGEST_COUNTS = 350_000
"""Bytes, as JSON: an item of DynamoDB may have 400 KB. Counts of some thousand columns are larger, and left out."""

Row = tuple[Mapping[str, Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Observer:
    """Knows what was promised of a model, and what each version was trained on."""

    projects: RecentProjects
    profiles: Profiles

    def requests(self, captured: Iterable[Captured], batch: str) -> Iterator[Requests]:
        """An observation a version: of what it answered itself, also in a canary's place; not of probes.

        Whoever observes the batch of this name finds the same, as long as the project is the same.
        """
        for (model, version), group in _by_version(captured).items():
            rows = [row for each in group for row in _rows(each)]
            yield Requests(
                name=f"{batch}-{model}-{version}",
                model=model,
                version=version,
                at=max(each.at for each in group),
                rows=len(rows),
                slow=self._slow(model, group),
                counts=self._counts(model, version, rows),
            )

    def _slow(self, model: str, group: Sequence[Captured]) -> str:
        """A character a request. How long a fallback took says something of the canary, and nothing of who answered."""
        project = self.projects.get(model)
        limit = (project.slo if project else Slo()).latency_p95_ms
        return "".join("01"[each.ms > limit] for each in group if each.part == 0 and not each.fallback)

    def _counts(self, model: str, version: int, rows: Sequence[Row]) -> Mapping[str, Any] | None:
        profile = self.profiles.get(model, version)
        if profile is None:
            return None
        counts = count(profile, rows)
        return counts if len(json.dumps(counts)) <= LARGEST_COUNTS else None


def _by_version(captured: Iterable[Captured]) -> dict[tuple[str, int], list[Captured]]:
    """The lines of people's requests that were answered: without rows there was no answer."""
    groups: dict[tuple[str, int], list[Captured]] = {}
    for each in captured:
        if each.rows and not is_probe(each.entity):
            groups.setdefault((each.model, each.version), []).append(each)
    return groups


def _rows(captured: Captured) -> Iterator[Row]:
    """The rows that are whole."""
    for row in captured.rows:
        asked, answered = row.get("input"), row.get("answer")
        if isinstance(asked, Mapping) and isinstance(answered, Mapping):
            yield asked, answered
