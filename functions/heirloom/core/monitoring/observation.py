"""Observations: what a batch of requests or of labels showed of one version. Named, immutable, and so countable once.

record_predictions and take_labels keep them beside the predictions; the table's stream brings them to the monitor
(watch.py). However often one is delivered, and in whatever company, its name says whether it was counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from heirloom.core.prediction.records import OUTCOMES, REQUESTS, Record


@dataclass(frozen=True)
class Outcome:
    """A prediction whose label has come: ``id`` is the prediction's, a UUID version 7, so ids sort by time.

    ``error`` is prediction less label for a regression, None for a classification. ``seconds`` is how long the label
    took. ``slices`` has the value of each column of ``slices:`` in model.yaml. ``corrected`` is the stamp of a label
    that replaces an earlier one; None for the first label of a prediction.
    """

    id: str
    correct: bool
    error: float | None = None
    seconds: float = 0.0
    slices: Mapping[str, str] = field(default_factory=dict)
    corrected: str | None = None


@dataclass(frozen=True)
class Outcomes:
    """The labels of a batch that count: all of one version. ``drill``: of a rehearsal, which moves no real route."""

    name: str
    model: str
    version: int
    at: str
    outcomes: tuple[Outcome, ...]
    drill: bool = False

    def to_record(self) -> Record:
        data = {"outcomes": [asdict(outcome) for outcome in self.outcomes], "drill": self.drill}
        return Record(self.name, OUTCOMES, self.model, self.version, self.at, data)

    @classmethod
    def from_record(cls, record: Record) -> Outcomes:
        """What ``to_record`` wrote."""
        found = tuple(Outcome(**each) for each in record.data["outcomes"])
        return cls(record.id, record.model, record.version, record.at, found, record.data["drill"])


@dataclass(frozen=True)
class Requests:
    """What a version answered: ``rows`` predictions in as many requests as ``slow`` has characters, "1" for a slow one.

    ``slow`` is in the order of the log lines. ``counts`` is the histogram of the rows, as core/drift/histogram.py
    gives it; None for a version without a training profile.
    """

    name: str
    model: str
    version: int
    at: str
    rows: int
    slow: str
    counts: Mapping[str, Any] | None = None

    def to_record(self) -> Record:
        data = {"rows": self.rows, "slow": self.slow, "counts": self.counts}
        return Record(self.name, REQUESTS, self.model, self.version, self.at, data)

    @classmethod
    def from_record(cls, record: Record) -> Requests:
        """What ``to_record`` wrote."""
        return cls(record.id, record.model, record.version, record.at, **record.data)
