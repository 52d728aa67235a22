"""A file of labels, whatever its format: the rows that adapters/label_files.py reads, and what its cells mean.

Called by label_reading.py, which takes the rows of a file below labels/ in the data bucket, and by `heirloom feedback`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from heirloom.core.dataset.csv_stream import refused
from heirloom.core.spelling import did_you_mean
from heirloom.core.storage import Stored


class LabelRow(NamedTuple):
    """A row as it is in the file, right or wrong; what is not there is None. All that a CSV has is text: labels are
    compared as what was answered (truth.py).

    ``line`` is, of a CSV, the line that the row begins on; of another file the row's number, from 1.
    """

    line: int
    id: Any
    label: Any
    at: Any = None

    def to_document(self) -> dict[str, Any]:
        """The row as POST /feedback takes a label."""
        told = {"id": self.id, "label": self.label}
        return {**told, "at": self.at} if self.at else told


class LabelFiles(Protocol):
    """Reads label files: CSV (.csv) and Parquet (.parquet) with the columns ``id``, ``label`` and perhaps ``at``."""

    def rows(self, stored: Stored) -> Iterator[LabelRow]:
        """The rows in their order, read as they are asked for, with a constant amount of memory.

        Raises InvalidData for what is no such file, at the latest with its last row; NotFound, Denied, Unavailable.
        """


@dataclass(frozen=True)
class Columns:
    """The names of the columns that are read; ``at`` may be missing in the file."""

    id: str = "id"
    label: str = "label"
    at: str = "at"

    def places(self, header: Sequence[str]) -> tuple[int, int, int | None]:
        """Where id, label and at stand in a header. Raises InvalidData."""
        wanted = [name for name in (self.id, self.label, self.at) if name in header]
        twice = [name for name in wanted if header.count(name) > 1]
        if twice:
            raise refused("header", "each column once", f"{', '.join(twice)} more than once")
        for name in (self.id, self.label):
            if name not in header:
                shown = ", ".join(header) or "nothing"
                raise refused("header", f"the column {name}{did_you_mean(name, header)}", shown)
        return header.index(self.id), header.index(self.label), header.index(self.at) if self.at in header else None


def csv_of(rows: Iterable[LabelRow], *, header: bool = True) -> bytes:
    """A CSV of well-formed rows, which is a file of labels itself."""
    body = io.BytesIO()
    with io.TextIOWrapper(body, encoding="utf-8", newline="") as text:
        writer = csv.writer(text)
        writer.writerows([_HEADER] if header else [])
        writer.writerows((row.id, _cell(row.label), row.at or "", row.line) for row in rows)
        text.flush()
        return body.getvalue()


def rows_of(body: bytes) -> Iterator[LabelRow]:
    """What ``csv_of`` wrote, with the rows' lines in the file that they came from."""
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline=""), strict=True)
    next(rows)
    return (LabelRow(int(line), identity, label, at or None) for identity, label, at, line in rows)


def _cell(label: Any) -> str:
    """A label as text: the same one, where it is compared with an answer (truth.py)."""
    return label if isinstance(label, str) else json.dumps(label)


_HEADER = ("id", "label", "at", "line")
