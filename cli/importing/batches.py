"""What is logged to a run, in batches as MLflow's protocol takes them. https://mlflow.org/docs/latest/rest-api.html"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cli.importing.records import Point
from heirloom.core.tracking.limits import ENTITIES, METRICS, PARAMS, TAGS
from heirloom.core.tracking.log import LARGEST_BATCH

Batch = dict[str, list[dict[str, Any]]]
_MOST = {"metrics": METRICS, "params": PARAMS, "tags": TAGS}
_ROOM = LARGEST_BATCH - 10_000
"""Bytes of a batch's entries; the rest is for what is around them."""


def batches(points: Iterable[Point], params: Mapping[str, str], tags: Mapping[str, str]) -> list[Batch]:
    """As few as hold all of it, in this order; the last one may take one more tag."""
    found: list[Batch] = [_empty()]
    entities = size = 0
    for kind, entry in _entries(points, params, tags):
        length = len(json.dumps(entry))
        full = len(found[-1][kind]) >= _MOST[kind] - (kind == "tags") or entities >= ENTITIES - 1
        if full or size + length > _ROOM:
            found.append(_empty())
            entities = size = 0
        found[-1][kind].append(entry)
        entities, size = entities + 1, size + length
    return found


def pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    """As MLflow's protocol tells tags and parameters."""
    return [{"key": key, "value": value} for key, value in values.items()]


def number(value: float) -> float | str:
    """JSON knows no NaN and no infinities: MLflow's protocol writes them as texts."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"


def _empty() -> Batch:
    return {"metrics": [], "params": [], "tags": []}


def _entries(
    points: Iterable[Point], params: Mapping[str, str], tags: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for pair in pairs(params):
        yield "params", pair
    for point in points:
        yield "metrics", _told(point)
    for pair in pairs(tags):
        yield "tags", pair


def _told(point: Point) -> dict[str, Any]:
    known = {"model_id": point.model, "dataset_name": point.dataset_name, "dataset_digest": point.dataset_digest}
    where = {"key": point.key, "value": number(point.value), "timestamp": point.timestamp, "step": point.step}
    return where | {name: value for name, value in known.items() if value}
