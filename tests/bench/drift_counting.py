"""Rows to count, as JSON gives them, and the same counts with numpy: what plain Python is measured beside."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np
from scipy.stats import norm

from heirloom.core.drift.histogram import Column, Profile, Row
from tests.bench.drift_days import Drawn

_BLOCK = 5000  # rows, as the product has them


def requests(rng: np.random.Generator, drawn: Drawn, rows: int) -> list[Row]:
    """Requests and answers like those of training: numbers of a normal distribution, names by their shares."""
    columns = {name: _values(rng, drawn.profile.features[name], truth, rows) for name, truth in drawn.truth.items()}
    late = rng.random(rows) < 0.15
    answers = [{"label": label, "probability": 0.9} for label in late.tolist()]
    inputs = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return list(zip(inputs, answers, strict=True))


def _values(rng: np.random.Generator, column: Column, truth: Any, rows: int) -> list[Any]:
    if column.kind == "number":
        return [float(number) for number in norm.ppf(rng.random(rows))]
    shares = np.array(list(truth.values()))
    names = np.array([*column.categories, *(f"other-{place}" for place in range(len(truth) - len(column.categories)))])
    found: list[Any] = rng.choice(names, rows, p=shares / shares.sum()).tolist()
    return found


def count_with_numpy(profile: Profile, rows: Sequence[Row]) -> dict[str, Any]:
    """The cells of each feature; numbers by numpy, whose arrays have to be made of the rows first.

    Categories are counted by a dictionary, as numpy has to sort texts to count them, which takes longer.
    """
    found: dict[str, Any] = {}
    remaining = iter(rows)
    while block := list(islice(remaining, _BLOCK)):
        columns = zip(*map(itemgetter(*profile.features), (asked for asked, _ in block)), strict=True)
        for (name, column), values in zip(profile.features.items(), columns, strict=True):
            if column.kind != "number":
                cells = column.count(values)
                found[name] = {cell: found.get(name, {}).get(cell, 0) + cells.get(cell, 0) for cell in cells}
                continue
            places = np.searchsorted(np.asarray(column.edges), np.array(values, dtype=float), side="left")
            found[name] = found.get(name, 0) + np.bincount(places, minlength=len(column.cells))
    return found
