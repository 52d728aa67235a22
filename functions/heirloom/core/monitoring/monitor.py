"""The monitor: observations in; watches, breaches and metrics out. Fed by the stream of the table of predictions.

watch_predictions calls it with a batch of observations, each delivered at least once, in any order and company. What
an observation adds is written together with its name, so that it counts once. Metrics are logged after each write, also
where a batch that was counted comes again: who died before the log line is made good for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heirloom.core.errors import Conflict, Unavailable
from heirloom.core.monitoring.half import Half, Scene
from heirloom.core.monitoring.labels_half import LabelsHalf
from heirloom.core.monitoring.observation import Outcomes, Requests
from heirloom.core.monitoring.requests_half import RequestsHalf
from heirloom.core.monitoring.standard import Standard, Standards
from heirloom.core.monitoring.watch import LABELS, REQUESTS, Subject, Watches
from heirloom.core.prediction.answer import ChampionSource

Observation = Outcomes | Requests
Log = Callable[[str], None]

MOST_AT_ONCE = 80
"""Observations of one write: a transaction of DynamoDB has 100 items at most, and some of them are no names."""
ATTEMPTS = 10
_HALVES: Mapping[str, Callable[[Scene], Half[Any]]] = {LABELS: LabelsHalf, REQUESTS: RequestsHalf}


@dataclass(frozen=True)
class Monitor:
    """``now`` is the moment of the call; ``log`` takes the lines of the metrics."""

    watches: Watches
    standards: Standards
    routes: ChampionSource
    log: Log
    now: datetime

    def observe(self, observations: Sequence[Observation]) -> None:
        """Count each observation that was not counted yet. Raises Denied, Unavailable: then call it again with all."""
        groups: dict[tuple[Subject, str], list[Observation]] = {}
        for each in observations:
            groups.setdefault(_group(each), []).append(each)
        for (subject, half), group in groups.items():
            for start in range(0, len(group), MOST_AT_ONCE):
                self._count(subject, half, group[start : start + MOST_AT_ONCE])

    def _count(self, subject: Subject, half: str, group: Sequence[Observation]) -> None:
        """Read, add, write; where somebody else has written meanwhile, again, without what was counted by then."""
        standard = self.standards.of(subject.model, subject.version)
        if standard is None:
            return  # the project was removed: nobody is told of its labels
        unnamed = {each.name: each for each in group}
        for _ in range(ATTEMPTS):
            made = _HALVES[half](self._scene(subject, standard))
            writing = made.add(list(unnamed.values()))
            try:
                if unnamed:
                    self.watches.put(writing)
            except Conflict:
                for name in self.watches.counted(subject, unnamed):
                    del unnamed[name]
                continue
            for line in made.metrics():
                self.log(line)
            return
        raise Unavailable(f"others were at the watch of {subject.model} {subject.version} {ATTEMPTS} times")

    def _scene(self, subject: Subject, standard: Standard) -> Scene:
        route = self.routes.get(subject.model)
        return Scene(
            subject,
            standard,
            reigns=route is not None and route.champion == subject.version,
            kept=self.watches.get(subject),
            breaches=self.watches.of(subject.model),
            hour=lambda name: self.watches.hours(subject, name).get(name),
            now=self.now,
        )


def _group(observation: Observation) -> tuple[Subject, str]:
    if isinstance(observation, Outcomes):
        return Subject(observation.model, observation.version, observation.drill), LABELS
    return Subject(observation.model, observation.version), REQUESTS
