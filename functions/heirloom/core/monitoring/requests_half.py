"""The half of a watch that requests change: how fast the version answers, how its inputs drift, whether labels come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from heirloom.core.drift.day import Day
from heirloom.core.drift.histogram import ZERO, merge
from heirloom.core.drift.verdict import DriftReport
from heirloom.core.embedded_metrics import model_line, version_line
from heirloom.core.monitoring.breach import LATENCY
from heirloom.core.monitoring.half import Scene
from heirloom.core.monitoring.latency import Latency
from heirloom.core.monitoring.observation import Requests
from heirloom.core.monitoring.watch import LABELS, REQUESTS, Document, RequestWatch, Writing

LEAST_LABELS = 100
"""Of a version that has had fewer labels nobody knows yet when they come."""
LEAST_WAIT = 3600.0
"""Seconds without a label after which they are overdue at the earliest; later where labels usually take their time."""


class RequestsHalf:
    """The half in a scene; ``watch`` is how it is then."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._kept = scene.kept[REQUESTS]
        slo = scene.standard.project.slo
        self.watch = RequestWatch.from_document(self._kept.document, slo)
        self._hours: dict[str, Document] = {}
        self._report: DriftReport | None = None
        if scene.is_over(LATENCY, self.watch.latency):
            self.watch.latency = Latency(slo.rolling_accuracy.rule)

    def add(self, observations: Sequence[Requests]) -> Writing:
        self.watch.labelled_at(self._labels.get("last_at"))
        for requests in observations:
            self.watch.take(requests)
            self._count(requests)
        self._look()
        return Writing(
            subject=self._scene.subject,
            half=REQUESTS,
            revision=self._kept.revision + 1,
            document=self.watch.to_document(),
            names=tuple(requests.name for requests in observations),
            hours=self._hours,
            breach=self._scene.changed(LATENCY, self.watch.latency),
            known=self._scene.newest(LATENCY),
        )

    def metrics(self) -> Iterable[str]:
        scene, subject = self._scene, self._scene.subject
        day = self._day()
        if scene.reigns:
            calls = {"LatencyBreach": self.watch.latency.severity, "LabelsOverdue": int(self._overdue())}
            drifted = {"Drift": int(bool(day.drifted))} if day else {}
            yield model_line(subject.model, scene.now, {**calls, **drifted})
        if self._report:
            yield version_line(subject.model, subject.version, scene.now, {"DriftPsi": self._report.psi})

    @property
    def _labels(self) -> Document:
        return self._scene.kept[LABELS].document or {}

    def _count(self, requests: Requests) -> None:
        """Add the rows to their hour and, if that is today's, to today."""
        if requests.counts is None:
            return
        hour, date = requests.at[:13], requests.at[:10]
        before = self._hours.get(hour) or self._scene.hour(hour) or ZERO
        self._hours[hour] = merge(before, requests.counts)
        day = self.watch.day
        if day is None or day["date"] < date:
            self.watch.day, self.watch.counts = Day(date).to_document(), None
        if self.watch.day and self.watch.day["date"] == date:
            self.watch.counts = merge(self.watch.counts or ZERO, requests.counts)

    def _look(self) -> None:
        """Compare today with the training, as often as the day's plan of looks allows."""
        day, profile = self._day(), self._scene.standard.profile
        if day and profile and self.watch.counts:
            drift = self._scene.standard.project.drift
            day, self._report = day.take(self.watch.counts, profile, drift)
            self.watch.day = day.to_document()

    def _day(self) -> Day | None:
        return Day.from_document(self.watch.day) if self.watch.day else None

    def _overdue(self) -> bool:
        """Whether labels have come, and come no more, though the version goes on answering."""
        labels: Any = self._labels
        if labels.get("labelled", 0) < LEAST_LABELS or not labels.get("last_at"):
            return False
        usual = labels["seconds"] / labels["labelled"]
        waited = (self._scene.now - datetime.fromisoformat(labels["last_at"])).total_seconds()
        window = self._scene.standard.project.slo.rolling_accuracy.window
        return self.watch.unlabelled >= window and waited > max(LEAST_WAIT, 3 * usual)
