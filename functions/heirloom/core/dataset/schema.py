"""The uploaded data: what a CSV holds, checked in one streaming pass before anything trains on it.

Called by the pipeline's validation step, which quarantines a file that is refused here, and by the image, which reads
training rows and prediction rows by the schema found. Memory stays constant however large the file: rows are looked at
in blocks, and of all values only distinct ones are remembered: labels up to ``MOST_CLASSES``, a column's categories up
to ``MOST_CATEGORIES``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from heirloom.core.dataset.cells import (
    MISSING,
    Label,
    first_wrong_moment,
    first_wrong_number,
    is_number,
    label_type,
    read_label,
)
from heirloom.core.dataset.csv_stream import Block, CsvStream, refused
from heirloom.core.errors import InvalidData, Problem
from heirloom.core.project.definition import Data
from heirloom.core.spelling import did_you_mean

FEWEST_ROWS = 10
MOST_CLASSES = 1000
MOST_CATEGORIES = 10_000
LARGEST_CATEGORIES = 2**20
"""Characters of all categories of a column together: a schema stays a file that is read at once."""


@dataclass(frozen=True)
class Schema:
    """The columns a model learns from, in the order of a CSV without a header, and what it predicts.

    ``features`` maps a column to number, category or text. ``classes`` are the labels of a classification, sorted;
    () for a regression. ``categories`` are the values seen of each category column, sorted; a column with more of them
    than are remembered is not in it. ``unseen`` is model.yaml's data.unseen: whether others are refused or accepted.
    """

    label: str
    time: str | None
    task: str
    features: Mapping[str, str]
    classes: tuple[Label, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unseen: str = "refuse"

    def to_document(self) -> dict[str, Any]:
        """Plain JSON; the categories of a column that has too many to remember are null."""
        features = [self._feature(name, kind) for name, kind in self.features.items()]
        columns = {"label": self.label, "time": self.time, "task": self.task}
        return {**columns, "features": features, "classes": list(self.classes), "unseen": self.unseen}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Schema:
        """What ``to_document`` wrote."""
        features = {feature["name"]: feature["type"] for feature in document["features"]}
        categories = {
            feature["name"]: tuple(feature["categories"])
            for feature in document["features"]
            if feature.get("categories") is not None
        }
        columns = (document["label"], document["time"], document["task"])
        return cls(*columns, features, tuple(document["classes"]), categories, document.get("unseen", "refuse"))

    def _feature(self, name: str, kind: str) -> dict[str, Any]:
        if kind != "category":
            return {"name": name, "type": kind}
        seen = self.categories.get(name)
        return {"name": name, "type": kind, "categories": None if seen is None else list(seen)}

    def label_of(self, text: str) -> Label | None:
        """The class that a cell of the label column stands for, None where the cell is missing."""
        return None if text.strip() in MISSING else read_label(type(self.classes[0]), text.strip())


@dataclass(frozen=True)
class Summary:
    """What one pass over a file found; ``unlabelled`` of the ``rows`` have no label and can't be trained on."""

    rows: int
    unlabelled: int
    bytes: int
    sha256: str
    schema: Schema


def inspect(chunks: Iterable[bytes], data: Data) -> Summary:
    """Check a CSV file (UTF-8, commas, a header) against model.yaml's ``data``.

    Raises InvalidData with the line and the column of what is wrong.
    """
    stream = CsvStream(chunks)
    label = _Classes() if data.task == "classification" else _Values()
    features = {name: _Feature(kind) for name, kind in _feature_types(stream.header, data).items()}
    columns: list[tuple[str, _Column]] = [*features.items(), (data.label, label)]
    if data.time is not None:
        columns.append((data.time, _Times()))
    placed = [(stream.header.index(name), name, column) for name, column in columns]
    rows = sum(_check(block, placed) for block in stream.blocks())
    if rows < FEWEST_ROWS:
        raise refused("file", f"at least {FEWEST_ROWS} rows below the header", str(rows) if rows else "the header only")
    if rows - label.missing < FEWEST_ROWS:
        raise refused(f"column {data.label}", f"labels in at least {FEWEST_ROWS} rows", str(rows - label.missing))
    classes = label.classes()
    if len(classes) == 1:
        raise refused(f"column {data.label}", "at least two different labels", f"{classes[0]!r} in every row")
    types = {name: feature.decided(name) for name, feature in features.items()}
    kept = {name: features[name].categories() for name, kind in types.items() if kind == "category"}
    categories = {name: seen for name, seen in kept.items() if seen is not None}
    schema = Schema(data.label, data.time, data.task, types, classes, categories, data.unseen)
    return Summary(rows, label.missing, stream.size, stream.sha256, schema)


def _feature_types(header: Sequence[str], data: Data) -> dict[str, str | None]:
    """The features and their declared types, None where the type is to be inferred; refuses what the header lacks."""
    if not header:
        raise refused("file", "a header and rows", "an empty file")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise refused("header", "each column once", f"{', '.join(twice)} more than once", 1)
    wanted = [data.label, *([data.time] if data.time else []), *(data.features or ())]
    problems = tuple(_missing_column(name, header) for name in wanted if name not in header)
    if problems:
        raise InvalidData("\n".join(map(str, problems)), problems)
    if data.features is not None:
        return dict(data.features)
    if "" in header:
        raise refused("header", "a name for each column", f"none for column {header.index('') + 1}", 1)
    others = [name for name in header if name not in (data.label, data.time)]
    if not others:
        raise refused("header", "columns to predict from beside the label", ", ".join(header), 1)
    return dict.fromkeys(others)


def _missing_column(name: str, header: Sequence[str]) -> Problem:
    hint = did_you_mean(name, header)
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        hint = " and commas between the columns"
    columns = ", ".join(header)
    got = columns if len(columns) <= 200 else f"{columns[:197]}..."
    return Problem("header", f"a column {name}{hint}", f"the columns {got}", 1)


def _check(block: Block, columns: Sequence[tuple[int, str, _Column]]) -> int:
    """Let each column see its cells; how many rows there were. Raises InvalidData with the first wrong cell of each."""
    rows = block.rows()
    cells = list(zip(*rows, strict=True))
    problems = []
    for place, name, column in columns if rows else ():
        wrong = column.add(cells[place])
        if wrong is not None:
            index, expected = wrong
            line = block.line_of(index)
            problems.append(Problem(f"line {line}, column {name}", expected, repr(rows[index][place][:60]), line))
    if problems:
        ordered = tuple(sorted(problems, key=lambda problem: problem.line))
        raise InvalidData("\n".join(map(str, ordered)), ordered)
    return len(rows)


Wrong = tuple[int, str]
"""Which cell of a block is wrong, and what was expected there."""


class _Column(Protocol):
    """What is remembered of a column from block to block."""

    def add(self, cells: Sequence[str]) -> Wrong | None:
        """Look at a block's cells; the first wrong one."""


class _Feature:
    """A feature; its type is inferred where none is declared: numbers, else long values are texts, else categories."""

    def __init__(self, kind: str | None) -> None:
        self._kind = kind
        self._numeric = kind in (None, "number")
        self._seen = False
        self._texts = self._characters = self._spaces = 0
        self._distinct: set[str] | None = set() if kind in (None, "category") else None

    def add(self, cells: Sequence[str]) -> Wrong | None:
        self._seen = self._seen or not MISSING.issuperset(cells)
        self._remember(cells)
        wrong = first_wrong_number(cells) if self._numeric else None
        if wrong is not None and self._kind == "number":
            return wrong, "a number"
        self._numeric = self._numeric and wrong is None
        if self._kind is None and not self._numeric:
            self._measure(cells)
        return None

    def _measure(self, cells: Sequence[str]) -> None:
        text = "".join(cells)
        self._texts += len(cells) - cells.count("")
        self._characters += len(text)
        self._spaces += text.count(" ")

    def _remember(self, cells: Sequence[str]) -> None:
        if self._distinct is None:
            return
        self._distinct.update(cells)
        self._distinct.discard("")
        if len(self._distinct) > MOST_CATEGORIES or sum(map(len, self._distinct)) > LARGEST_CATEGORIES:
            self._distinct = None

    def categories(self) -> tuple[str, ...] | None:
        """The distinct values but the missing one, sorted; None where there are too many to remember."""
        return None if self._distinct is None else tuple(sorted(self._distinct))

    def decided(self, name: str) -> str:
        """The type, once all cells were seen. A column without any value can't be learnt from."""
        if not self._seen:
            raise refused(f"column {name}", "values (or other columns in data.features)", "none in any row")
        if self._kind is not None:
            return self._kind
        if self._numeric:
            return "number"
        # More than five words or forty characters on average: sentences rather than names.
        long = self._spaces >= 5 * self._texts or self._characters > 40 * self._texts
        return "text" if long else "category"


class _Classes:
    """The label of a classification: its distinct values."""

    def __init__(self) -> None:
        self.missing = 0
        self._found: set[str] = set()

    def add(self, cells: Sequence[str]) -> Wrong | None:
        stripped = list(map(str.strip, cells))
        self.missing += sum(map(MISSING.__contains__, stripped))
        self._found |= set(stripped) - MISSING
        if len(self._found) > MOST_CLASSES:
            return 0, f"at most {MOST_CLASSES} different labels by here (for a quantity, choose a metric of regression)"
        return None

    def classes(self) -> tuple[Label, ...]:
        kind = label_type(self._found)
        return tuple(sorted({read_label(kind, text) for text in self._found}))


class _Values:
    """The label of a regression: numbers."""

    def __init__(self) -> None:
        self.missing = 0

    def add(self, cells: Sequence[str]) -> Wrong | None:
        self.missing += sum(map(MISSING.__contains__, cells))
        wrong = first_wrong_number(cells)
        return None if wrong is None else (wrong, "a number")

    def classes(self) -> tuple[Label, ...]:
        return ()


class _Times:
    """The column to split by: all numbers, or all ISO 8601."""

    def __init__(self) -> None:
        self._numeric: bool | None = None

    def add(self, cells: Sequence[str]) -> Wrong | None:
        if self._numeric is None:
            self._numeric = is_number(cells[0])
        if self._numeric:
            wrong = next((index for index, cell in enumerate(cells) if cell in MISSING), first_wrong_number(cells))
            return None if wrong is None else (wrong, "a time as a number, like in the rows before")
        wrong = first_wrong_moment(cells)
        return None if wrong is None else (wrong, "a time in ISO 8601, such as 2013-01-31T17:45:00Z")
