"""What is kept of a prediction, and where: one record for what was asked and answered, others for what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from heirloom.core.prediction.capture import Captured

PREDICTION = "prediction"
LABEL = "label"
BATCH = "labels"

Key = tuple[str, str]
"""The id of a prediction, and a part."""


@dataclass(frozen=True)
class Record:
    """One thing known of a prediction. ``part`` is prediction, shadow#<version> or label, or prediction#<n> for a
    further piece of a row that is larger than a log line; ``at`` a stamp. Of the part labels, ``id`` is the name of a
    batch of labels, and ``data`` has them by prediction."""

    id: str
    part: str
    model: str
    version: int
    at: str
    data: Mapping[str, Any]

    @property
    def key(self) -> Key:
        return self.id, self.part


class Predictions(Protocol):
    """Stores records, each for 90 days from its ``at``. Each method raises Denied or Unavailable."""

    def put(self, records: Sequence[Record]) -> None:
        """Write them all, also over what is there. After an error some may be written: put them again."""

    def add(self, record: Record) -> bool:
        """Write it if nothing has its key; whether it was written."""

    def get_many(self, keys: Iterable[Key]) -> Mapping[Key, Record]:
        """Those of the records that are there."""


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
