"""What the columns of a block hold of its runs, and their ids, which no column has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from heirloom.core.tracking.documents import Data
from heirloom.core.tracking.experiments import DELETED
from heirloom.core.tracking.index.column import encode
from heirloom.core.tracking.search.kinds import ATTRIBUTE, METRIC, PARAM, TAG

ATTRIBUTES = ("status", "start_time", "end_time", "run_name", "user_id", "lifecycle_stage")
"""Of a run's info, those that columns hold."""
COLUMNAR = frozenset({METRIC, PARAM, TAG})
IDS_TOGETHER = 256
"""Rows whose ids are read together: a page of results has rows of many blocks."""
_DRAWN = slice(8, 32)
"""The digits of a run's id that its experiment does not give it."""
_BYTES = 12


def column_id(entity: str, key: str) -> str:
    """The id of a column."""
    return f"{entity}#{key}"


def ids_id(row: int) -> str:
    """The id of the column that has the run's id of this row."""
    return f"ids#{row // IDS_TOGETHER:04d}"


def drawn_at(ids: bytes, row: int) -> str:
    """What ends the id of the run in this row."""
    start = row % IDS_TOGETHER * _BYTES
    return ids[start : start + _BYTES].hex()


def all_drawn(ids: bytes) -> list[str]:
    """What ends the ids of all runs that were kept together."""
    return [ids[start : start + _BYTES].hex() for start in range(0, len(ids), _BYTES)]


@dataclass
class Cells:
    """Mutable: the rows of a block that is being made."""

    runs: list[str] = field(default_factory=list)
    cells: int = 0
    deleted: bool = False
    _columns: defaultdict[str, dict[int, Any]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, run: Data) -> None:
        """Another row."""
        row = len(self.runs)
        self.runs.append(run["info"]["run_id"])
        self.deleted = self.deleted or run["info"]["lifecycle_stage"] == DELETED
        for name, value in _values(run):
            self._columns[name][row] = value
            self.cells += 1

    def columns(self) -> Mapping[str, bytes]:
        """All of them, by their ids."""
        known = {name: encode(values, len(self.runs)) for name, values in self._columns.items()}
        parts: Sequence[int] = range(0, len(self.runs), IDS_TOGETHER)
        return {**known, **{ids_id(start): _packed(self.runs[start : start + IDS_TOGETHER]) for start in parts}}


def _values(run: Data) -> Iterator[tuple[str, Any]]:
    yield from ((column_id(ATTRIBUTE, key), run["info"][key]) for key in ATTRIBUTES if run["info"].get(key) is not None)
    yield from ((column_id(METRIC, key), float(point["value"])) for key, point in run["metrics"].items())
    yield from ((column_id(PARAM, key), value) for key, value in run["params"].items())
    yield from ((column_id(TAG, key), value) for key, value in run["tags"].items())


def _packed(runs: Sequence[str]) -> bytes:
    return b"".join(bytes.fromhex(run[_DRAWN]) for run in runs)
