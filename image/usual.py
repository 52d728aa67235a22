"""How far one day of the training rows is from the others: what a change must exceed to be worth a word.

Days differ with nothing changed: weekdays, storms, the hours that the first rows of a day come from. So training's own
days are looked at as the monitor will look at days to come (core/drift/day.py), each against all the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from heirloom.core.drift.comparison import Compared
from heirloom.core.drift.histogram import Cells, merge
from heirloom.core.drift.verdict import FEWEST_ROWS

MOST_DAYS = 100
"""The last ones are looked at. Fewer where there are many columns, so that it takes seconds."""
_FEWEST_DAYS = 10
_DAYS_AND_COLUMNS = 5000
_DAY = 86_400
_MOMENTS = (1e8, 1e11)
"""Seconds since 1970 that a time column is taken to mean: the years 1973 to 5138. Other numbers make no days."""

Day = Sequence[int]
"""The places of a day's rows, in the order of time."""


def days(times: Sequence[float] | None, columns: int) -> list[Day]:
    """The days that have rows enough to be looked at; [] where rows have no times, or fewer than two such days."""
    if times is None or not all(_MOMENTS[0] < time < _MOMENTS[1] for time in times):
        return []
    moments = np.asarray(times)
    order = np.argsort(moments, kind="stable")
    starts = np.flatnonzero(np.diff(moments[order] // _DAY)) + 1
    found = [day.tolist() for day in np.split(order, starts) if len(day) >= FEWEST_ROWS]
    most = max(_FEWEST_DAYS, min(MOST_DAYS, _DAYS_AND_COLUMNS // max(1, columns)))
    return found[-most:] if len(found) > 1 else []


def usual(column: Compared, values: Sequence[Any], among: Sequence[Day]) -> float | None:
    """The largest stability index, without its noise, of a day so far; None without days.

    ``column`` has the counts of all rows as ``training``; ``values`` are the column of the rows that the days are of.
    """
    every = sum(column.training.get(cell, 0) for cell, _, _ in column.cells()) == len(values)
    found = (_of_day(column, [values[row] for row in day], every) for day in among)
    return max((distance for day in found for distance in day), default=None)


def _of_day(column: Compared, values: Sequence[Any], every: bool) -> Iterator[float]:
    """``every``: training counted all rows, this day's among them, and not half of them."""
    others = _without(column.training, column.column.count(values)) if every else column.training
    so_far: Cells = {}
    done = 0
    for rows in _looks(len(values)):
        so_far = merge(so_far, column.column.count(values[done:rows]))
        done = rows
        yield replace(column, training=others, now=so_far).divergence().psi.excess


def _looks(rows: int) -> Iterator[int]:
    """After how many rows the day is looked at, and its end, where people look."""
    due = FEWEST_ROWS
    while due < rows:
        yield due
        due *= 2
    yield rows


def _without(cells: Cells, day: Cells) -> Cells:
    """The other days' counts. No cell is less than 0, even if training counted other rows than these."""
    return {cell: max(0, count - day.get(cell, 0)) for cell, count in cells.items()}
