"""The half of a watch that labels change: the accuracy of the version, its slices, and how long labels take."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from heirloom.core.embedded_metrics import model_line, version_line
from heirloom.core.monitoring.accuracy import Accuracy
from heirloom.core.monitoring.breach import ACCURACY
from heirloom.core.monitoring.half import Scene
from heirloom.core.monitoring.observation import Outcomes
from heirloom.core.monitoring.watch import LABELS, REQUESTS, LabelWatch, Writing


class LabelsHalf:
    """The half in a scene; ``watch`` is how it is then."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._kept = scene.kept[LABELS]
        reference, slo = scene.standard.reference, scene.standard.project.slo.rolling_accuracy
        self.watch = LabelWatch.from_document(self._kept.document, reference, slo)
        if scene.is_over(ACCURACY, self.watch.accuracy):
            self.watch.accuracy = Accuracy(reference, slo)

    def add(self, observations: Sequence[Outcomes]) -> Writing:
        for outcomes in observations:
            self.watch.take(outcomes)
        return Writing(
            subject=self._scene.subject,
            half=LABELS,
            revision=self._kept.revision + 1,
            document=self.watch.to_document(),
            names=tuple(outcomes.name for outcomes in observations),
            breach=self._scene.changed(ACCURACY, self.watch.accuracy),
            known=self._scene.newest(ACCURACY),
        )

    def metrics(self) -> Iterable[str]:
        scene, subject = self._scene, self._scene.subject
        if scene.counts:
            yield model_line(subject.model, scene.now, {"AccuracyBreach": self.watch.accuracy.severity})
        if not subject.drill:
            yield version_line(subject.model, subject.version, scene.now, dict(self._gauges()))

    def _gauges(self) -> Iterable[tuple[str, float]]:
        gauge = self.watch.accuracy.gauge()
        asked = self._scene.kept[REQUESTS].document
        coverage = self.watch.labelled / asked["predicted"] if asked and asked["predicted"] else None
        known = {
            "Accuracy": gauge.accuracy,
            "AccuracyRatio": gauge.ratio,
            "Labelled": gauge.labelled,
            "LabelCoverage": None if coverage is None else min(1.0, coverage),
            "LabelDelay": self.watch.delay,
            "Rmse": gauge.rmse,
        }
        return ((name, value) for name, value in known.items() if value is not None)
