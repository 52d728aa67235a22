"""The metrics of a logged model: of each metric on each dataset the newest point. Logging to a run adds to them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from heirloom.core.tracking.documents import Data

Point = Mapping[str, Any]
"""key, value, timestamp (ms since 1970), step, and where they are known dataset_name, dataset_digest and run_id."""
_NEEDED, _KNOWN = ("key", "value", "timestamp"), ("dataset_name", "dataset_digest", "run_id")


def with_metrics(data: Data, points: Iterable[Point]) -> Data:
    """A logged model's data with these points logged: in any order, and as often as you like, with the same result."""
    newest = {_of(point): point for point in data["metrics"]}
    for point in map(_plain, points):
        before = newest.get(_of(point))
        if before is None or _age(before) < _age(point):
            newest[_of(point)] = point
    return {**data, "metrics": list(newest.values())}


def _plain(point: Point) -> Point:
    """As it is kept: what is not known is left out."""
    known = {name: point[name] for name in _KNOWN if point.get(name)}
    return {**{name: point[name] for name in _NEEDED}, "step": point.get("step", 0), **known}


def _of(point: Point) -> tuple[str, str, str]:
    """What a point is of."""
    return point["key"], point.get("dataset_name", ""), point.get("dataset_digest", "")


def _age(point: Point) -> tuple[int, int, bool, float, str]:
    """Of two points that of the greater is the newer one: NaN is before all numbers, and the last word is the run's."""
    value = point["value"]
    known = not math.isnan(value)
    return point["step"], point["timestamp"], known, value if known else 0, point.get("run_id", "")
