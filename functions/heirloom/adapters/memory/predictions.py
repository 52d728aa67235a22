"""What is kept of predictions, in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from heirloom.core.prediction.records import Key, Record


class MemoryPredictions:
    """The port Predictions; ``records`` is all that is kept."""

    def __init__(self) -> None:
        self.records: dict[Key, Record] = {}

    def put(self, records: Sequence[Record]) -> None:
        self.records.update({record.key: _stored(record) for record in records})

    def add(self, record: Record) -> bool:
        if record.key in self.records:
            return False
        self.put([record])
        return True

    def add_many(self, records: Sequence[Record]) -> list[bool]:
        return [self.add(record) for record in records]

    def supersede(self, corrections: Sequence[Record]) -> list[bool]:
        return [self._supersede(correction) for correction in corrections]

    def _supersede(self, correction: Record) -> bool:
        known = self.records.get(correction.key)
        if known is not None and known.rank >= correction.rank:
            return False
        self.put([correction])
        return True

    def get_many(self, keys: Iterable[Key]) -> Mapping[Key, Record]:
        return {key: self.records[key] for key in keys if key in self.records}


def _stored(record: Record) -> Record:
    """As it comes back from a table: lists for tuples, and nobody else's objects."""
    return replace(record, data=json.loads(json.dumps(record.data)))
