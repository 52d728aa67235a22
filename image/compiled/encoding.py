"""A request's rows as the matrix that a compiled model takes: look-ups and arithmetic read from fitted transformers.

Each column of the matrix comes from one feature of the schema. The arithmetic is done in scikit-learn's order and in
its float64, so that the matrix is the same to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from heirloom.core.errors import Invalid

Cell = float | str | None
Matrix = npt.NDArray[np.float64]
Rows = Sequence[Sequence[Any]] | Matrix
"""Checked cells in the schema's order: numbers, texts or None; an array where all are numbers, NaN for None."""

_STEPS: Mapping[str, tuple[float, Callable[..., Any]]] = {
    "minus": (0.0, np.subtract),
    "divide": (1.0, np.divide),
    "times": (1.0, np.multiply),
    "plus": (0.0, np.add),
}
"""What may be done to a number, with the operand that changes nothing."""


@dataclass(frozen=True)
class Number:
    """A number as it is, or ``fill`` where it is missing, and then ``steps`` of (operation, operand)."""

    column: str
    fill: float | None = None
    steps: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Table:
    """A value by cell; None for a missing one. ``unknown`` stands for every other cell, None: there is no such value.

    ``width`` 0: the value itself is the column. Else the value is which of ``width`` columns is 1, none where it is -1.
    """

    column: str
    values: Mapping[Cell, float]
    unknown: float | None
    width: int = 0


Part = Number | Table


def to_document(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Plain JSON; NaN, which JSON has not, is the text nan."""
    return [_number_document(part) if isinstance(part, Number) else _table_document(part) for part in parts]


def from_document(document: Sequence[Mapping[str, Any]]) -> list[Part]:
    """What ``to_document`` wrote."""
    return [_table(part) if "values" in part else _number(part) for part in document]


def _number_document(part: Number) -> dict[str, Any]:
    return {"column": part.column, "fill": part.fill, "steps": [list(step) for step in part.steps]}


def _number(part: Mapping[str, Any]) -> Number:
    return Number(part["column"], part["fill"], tuple((name, operand) for name, operand in part["steps"]))


def _table_document(part: Table) -> dict[str, Any]:
    values = [[cell, _plain(value)] for cell, value in part.values.items()]
    return {"column": part.column, "values": values, "unknown": _plain(part.unknown), "width": part.width}


def _table(part: Mapping[str, Any]) -> Table:
    values = {cell: float(value) for cell, value in part["values"]}
    unknown = part["unknown"]
    return Table(part["column"], values, None if unknown is None else float(unknown), part["width"])


def _plain(value: float | None) -> float | str | None:
    return "nan" if value is not None and math.isnan(value) else value


class _Complete(dict[Cell, float]):
    """A table that has a value for every cell."""

    def __init__(self, values: Mapping[Cell, float], unknown: float) -> None:
        super().__init__(values)
        self._unknown = unknown

    def __missing__(self, _cell: Cell) -> float:
        return self._unknown


class Encoding:
    """Rows in the order of ``features`` to the matrix that ``parts`` make up, one after another."""

    def __init__(self, parts: Sequence[Part], features: Sequence[str]) -> None:
        self.width = sum(width_of(part) for part in parts)
        places = [features.index(part.column) for part in parts]
        self._in_order = places == list(range(len(features)))
        self._pick = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)
        self._columns = places
        self._names = [part.column for part in parts]
        self._tables = [
            (place, _lookup(part, start, self.width))
            for place, (part, start) in enumerate(zip(parts, _starts(parts), strict=True))
            if isinstance(part, Table)
        ]
        self._fills = _fills(parts)
        self._steps = list(_steps(parts))
        self._ones = [place for place, part in enumerate(parts) if _is_choice(part)]
        self._plain = [place for place in range(len(parts)) if place not in self._ones]
        self._targets = [start for place, start in enumerate(_starts(parts)) if place in self._plain]

    def matrix(self, rows: Rows) -> Matrix:
        """float64, a row for each. Raises Invalid for a cell that the fitted encoder has no value for."""
        if isinstance(rows, np.ndarray):
            if not self._tables:
                return self._computed(rows[:, self._columns])
            rows = [[None if math.isnan(cell) else cell for cell in row] for row in rows.tolist()]
        if self._tables:
            cells: Sequence[Any] = [self._looked_up(row) for row in rows]
        else:
            cells = rows if self._in_order else [self._pick(row) for row in rows]
        return self._computed(np.array(cells, dtype=np.float64))

    def _looked_up(self, row: Sequence[Any]) -> list[Any]:
        cells = list(self._pick(row))
        try:
            for place, table in self._tables:
                cells[place] = table[cells[place]]
        except KeyError as unknown:
            column = self._names[place]
            raise Invalid(
                f"{column}: expected a value that the model's encoder knows, got {unknown.args[0]!r}"
            ) from unknown
        return cells

    def _computed(self, numbers: Matrix) -> Matrix:
        if self._fills is not None:
            numbers = np.where(np.isnan(numbers), self._fills, numbers)
        for operation, operands in self._steps:
            numbers = operation(numbers, operands)
        return self._spread(numbers) if self._ones else numbers

    def _spread(self, numbers: Matrix) -> Matrix:
        """The choices, which are columns of the matrix by number, as ones; a choice of none goes to one column more."""
        matrix = np.zeros((len(numbers), self.width + 1))
        matrix[:, self._targets] = numbers[:, self._plain]
        matrix[np.arange(len(numbers))[:, None], numbers[:, self._ones].astype(np.intp)] = 1.0
        return matrix[:, : self.width]


def _is_choice(part: Part) -> bool:
    return isinstance(part, Table) and part.width > 0


def width_of(part: Part) -> int:
    """How many columns of the matrix a part makes."""
    return part.width if isinstance(part, Table) and _is_choice(part) else 1


def _starts(parts: Sequence[Part]) -> list[int]:
    """The first column of the matrix that belongs to each part."""
    starts, start = [], 0
    for part in parts:
        starts.append(start)
        start += width_of(part)
    return starts


def _lookup(part: Table, start: int, nowhere: int) -> Mapping[Cell, float]:
    if part.width:
        values = {cell: float(_column(value, start, nowhere)) for cell, value in part.values.items()}
        unknown = None if part.unknown is None else float(_column(part.unknown, start, nowhere))
        part = replace(part, values=values, unknown=unknown)
    return part.values if part.unknown is None else _Complete(part.values, part.unknown)


def _column(choice: float, start: int, nowhere: int) -> float:
    return nowhere if choice < 0 else start + choice


def _fills(parts: Sequence[Part]) -> Matrix | None:
    fills = [part.fill if isinstance(part, Number) and part.fill is not None else math.nan for part in parts]
    return None if all(map(math.isnan, fills)) else np.array(fills)


def _steps(parts: Sequence[Part]) -> list[tuple[Callable[..., Any], Matrix]]:
    """The operations on whole rows that do each part's steps in its order: a part without one is left as it is."""
    steps = [part.steps if isinstance(part, Number) else () for part in parts]
    made = []
    for place in range(max(map(len, steps), default=0)):
        now = [each[place] if place < len(each) else ("", 0.0) for each in steps]
        for name, (nothing, operation) in _STEPS.items():
            if any(step == name for step, _ in now):
                made.append((operation, np.array([operand if step == name else nothing for step, operand in now])))
    return made
