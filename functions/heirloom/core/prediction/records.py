"""What is kept of a prediction, and where: one record for what was asked and answered, others for what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from heirloom.core.prediction.capture import Captured

PREDICTION = "prediction"
LABEL = "label"
CORRECTION = "correction"
BATCH = "labels"
OUTCOMES, REQUESTS = "outcomes", "requests"
"""The parts of observations: core/monitoring/observation.py."""

Key = tuple[str, str]
"""The id of a prediction, and a part."""


@dataclass(frozen=True)
class Record:
    """One thing known of a prediction. ``part`` is prediction, shadow#<version>, label or correction (of a label), or
    prediction#<n> for a further piece of a row that is larger than a log line; ``at`` a stamp. Of the part labels,
    ``id`` is the name of a batch of labels, and ``data`` has them by prediction."""

    id: str
    part: str
    model: str
    version: int
    at: str
    data: Mapping[str, Any]

    @property
    def key(self) -> Key:
        return self.id, self.part

    @property
    def rank(self) -> str:
        """Of two labels of a prediction the higher one is true."""
        return rank(self.data["label"], self.data.get("at", self.at))  # the first labels that were kept have no ``at``


class Predictions(Protocol):
    """Stores records, each for 90 days from its ``at``. Each method raises Denied or Unavailable."""

    def put(self, records: Sequence[Record]) -> None:
        """Write them all, also over what is there. After an error some may be written: put them again."""

    def add(self, record: Record) -> bool:
        """Write it if nothing has its key; whether it was written."""

    def add_many(self, records: Sequence[Record]) -> list[bool]:
        """``add`` for each, in any order; of several with one key the first is meant. As many at once as there is room
        for. After an error some may be written: add them again."""

    def supersede(self, corrections: Sequence[Record]) -> list[bool]:
        """Write each unless what has its key is of the same rank or a higher one; whether it was written. Each has a
        key of its own. After an error some may be written: write them again."""

    def get_many(self, keys: Iterable[Key]) -> Mapping[Key, Record]:
        """Those of the records that are there."""


def rank(label: Any, at: str) -> str:
    """What orders the labels of a prediction: when they became known (a stamp), then their JSON text."""
    return f"{at} {json.dumps(label)}"


def shadow_part(version: int) -> str:
    return f"shadow#{version}"


def records_of(captured: Captured) -> list[Record]:
    """What a line says of each of its rows. ``data`` has what all rows of the request share, and the row's own."""
    names = ("release", "arm", "fallback", "entity", "ms")
    shared = {name: getattr(captured, name) for name in names}
    return [
        Record(
            row["id"],
            f"{PREDICTION}#{row['piece']}" if row.get("piece") else PREDICTION,
            captured.model,
            captured.version,
            captured.at,
            {**shared, **{name: value for name, value in row.items() if name != "id"}},
        )
        for row in captured.rows
    ]
