"""What a CSV file looks like, for a person who is about to describe it: its columns, and which may be the label.

Looks at the first rows only, and judges nothing: `heirloom.core.dataset.schema` does.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from heirloom.core.errors import InvalidData

ROWS = 10_000
# A label worth suggesting has a few distinct values, or one of the names that labels usually have.
MOST_CLASSES = 30
USUAL = ("label", "target", "class", "outcome", "y")


@dataclass(frozen=True)
class Column:
    """A column and how often each of its values is there, in the rows that were looked at."""

    name: str
    values: Counter[str]

    @property
    def examples(self) -> str:
        """Some of what it holds, the most frequent first."""
        return ", ".join(value if len(value) <= 20 else f"{value[:19]}…" for value, _ in self.values.most_common(4))


@dataclass(frozen=True)
class Sample:
    """The first rows of a file."""

    file: str
    columns: tuple[Column, ...]

    @property
    def candidates(self) -> list[Column]:
        """Columns that may be the label, the likeliest first: by name, else from the last column backwards."""
        few = [column for column in self.columns[::-1] if 2 <= len(column.values) <= MOST_CLASSES]
        return sorted(few, key=lambda column: column.name.lower() not in USUAL)


def look(file: Path) -> Sample:
    """Read the first rows. Raises InvalidData for a file that is no CSV with a header."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            header, *rows = islice(csv.reader(lines), ROWS + 1)
    except ValueError as error:  # no header to take, or not UTF-8
        raise InvalidData(f"{file}: expected a CSV file in UTF-8 with a header line") from error
    cells = zip(*(row for row in rows if len(row) == len(header)), strict=True) if rows else ()
    counted = [Counter(column) for column in cells] or [Counter[str]() for _ in header]
    return Sample(file.name, tuple(Column(name, values) for name, values in zip(header, counted, strict=True)))
