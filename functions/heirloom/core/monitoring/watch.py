"""What the monitor knows of a version, in two halves that are kept apart: of its labels, and of its requests.

Each half is a document that the monitor (monitor.py) reads, adds observations to, and writes back. The window and the
drift of the day take some 20 KB; nothing else grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from heirloom.core.monitoring.accuracy import Accuracy, Reference
from heirloom.core.monitoring.breach import Breach
from heirloom.core.monitoring.latency import Latency
from heirloom.core.monitoring.observation import Outcome, Outcomes, Requests
from heirloom.core.project.definition import RollingAccuracy, Slo

Document = Mapping[str, Any]

LABELS, REQUESTS = "labels", "requests"
"""The halves."""
MOST_VALUES = 50
"""Of a column whose answers are watched by value: the first that come have lines of their own, the others share one."""
OTHERS = "(others)"


@dataclass(frozen=True)
class Subject:
    """Whom a watch is about. ``drill``: a rehearsal's labels are counted apart from the version's own."""

    model: str
    version: int
    drill: bool = False


@dataclass(frozen=True)
class Kept:
    """One half as it is kept. ``revision`` counts its writes; 0, without a document, before the first."""

    revision: int = 0
    document: Document | None = None


@dataclass(frozen=True)
class Writing:
    """One write of a half: on the condition that it is at ``revision`` less 1, and that none of ``names`` was counted.

    ``hours`` are counts of the requests' rows by hour, such as 2026-11-28T22, in place of what is kept of those hours.
    ``breach`` takes the place of ``known``, which is what was read of this promise; None for neither.
    """

    subject: Subject
    half: str
    revision: int
    document: Document
    names: tuple[str, ...]
    hours: Mapping[str, Document] = field(default_factory=dict)
    breach: Breach | None = None
    known: Breach | None = None


class Watches(Protocol):
    """Stores watches, and the newest breach of each promise. Each method raises Denied or Unavailable."""

    def get(self, subject: Subject) -> Mapping[str, Kept]:
        """Both halves as they are now."""

    def counted(self, subject: Subject, names: Iterable[str]) -> frozenset[str]:
        """Which of the observations of these names were counted."""

    def put(self, writing: Writing) -> None:
        """Write all of it, or nothing. Raises Conflict where one of its conditions does not hold."""

    def hours(self, subject: Subject, beginning: str) -> Mapping[str, Document]:
        """The counts of the hours whose names begin so: of 2026-11-28 those of that day."""

    def of(self, model: str) -> tuple[Breach, ...]:
        """The newest breach of each promise of the model, ended ones too; a drill's apart."""

    def end(self, breach: Breach, at: str) -> None:
        """The breach is over, if it is still the newest of its promise and has not ended."""


@dataclass
class LabelWatch:
    """The half of the labels. ``labelled`` counts predictions, ``seconds`` is how long their labels took together.

    ``slices``: by column and value, how many were labelled and how many of them were wrong.
    """

    accuracy: Accuracy
    labelled: int = 0
    seconds: float = 0.0
    last_at: str | None = None
    slices: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def take(self, outcomes: Outcomes) -> None:
        """Add a batch, once."""
        for outcome in outcomes.outcomes:
            self.accuracy.take(outcome)
            if outcome.corrected is None:
                self._count(outcome)
        self.last_at = max(self.last_at or "", outcomes.at)

    def _count(self, outcome: Outcome) -> None:
        self.labelled += 1
        self.seconds += outcome.seconds
        for column, value in outcome.slices.items():
            values = self.slices.setdefault(column, {})
            known = value if value in values or len(values) < MOST_VALUES else OTHERS
            count = values.setdefault(known, [0, 0])
            count[0] += 1
            count[1] += not outcome.correct

    @property
    def delay(self) -> float | None:
        """How long a label takes, in seconds, on average; None before the first."""
        return self.seconds / self.labelled if self.labelled else None

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**vars(self), "accuracy": self.accuracy.to_document()}

    @classmethod
    def from_document(cls, document: Document | None, reference: Reference | None, slo: RollingAccuracy) -> LabelWatch:
        """What ``to_document`` wrote; of None, one that has seen nothing."""
        if document is None:
            return cls(Accuracy(reference, slo))
        return cls(**{**document, "accuracy": Accuracy.from_document(document["accuracy"], reference, slo)})


@dataclass
class RequestWatch:
    """The half of the requests: ``predicted`` counts rows, ``unlabelled`` those since a label came at ``label_at``.

    ``day`` is what is known of today's drift, a document of core/drift/day.py, and ``counts`` the rows of today.
    """

    latency: Latency
    predicted: int = 0
    last_at: str | None = None
    unlabelled: int = 0
    label_at: str | None = None
    day: Document | None = None
    counts: Document | None = None

    def take(self, requests: Requests) -> None:
        """Add a batch, once."""
        for slow in requests.slow:
            self.latency.take(slow == "1")
        self.predicted += requests.rows
        self.unlabelled += requests.rows
        self.last_at = max(self.last_at or "", requests.at)

    def labelled_at(self, at: str | None) -> None:
        """Note when the newest label came."""
        if at != self.label_at:
            self.unlabelled, self.label_at = 0, at

    def to_document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**vars(self), "latency": self.latency.to_document()}

    @classmethod
    def from_document(cls, document: Document | None, slo: Slo) -> RequestWatch:
        """What ``to_document`` wrote; of None, one that has seen nothing."""
        rule = slo.rolling_accuracy.rule
        if document is None:
            return cls(Latency(rule))
        return cls(**{**document, "latency": Latency.from_document(document["latency"], rule)})


@dataclass(frozen=True)
class Watch:
    """Both halves together, for people to look at."""

    labels: LabelWatch
    requests: RequestWatch
    breaches: tuple[Breach, ...] = ()
