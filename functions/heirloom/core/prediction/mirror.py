"""The shadow: a version that is asked what callers ask, after they were answered, and whose answer nobody gets.

Called by mirror_predictions for each batch of log lines that name a shadow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.errors import Unavailable
from heirloom.core.prediction.answer import Endpoints, Turn, ask
from heirloom.core.prediction.capture import Captured, Log, Shadow, metric_line
from heirloom.core.prediction.delivery import Line, read_all
from heirloom.core.prediction.records import Predictions, Record, shadow_part

SECONDS = 20.0
"""What a shadow may take for one line; a serverless endpoint that is cold takes most of it."""
FAILURES = 3
"""After so many in a row the shadow is not asked again in this batch: it would take all of the function's time."""
ALIKE = 0.01
"""Two values agree when they differ by this share at most: two versions never answer the same digits."""


def mirror(
    lines: Sequence[Line], endpoints: Endpoints, predictions: Predictions, log: Log, now: datetime
) -> Mapping[str, str]:
    """Ask each line's shadow the line's rows, keep what it answers, and publish ShadowLatency, ShadowErrors and
    Agreement, the share of the rows with the same answer. A shadow that fails is counted, and not asked again.

    Why lines were not understood, by their id. Raises what ``predictions`` raises.
    """
    captured, unreadable = read_all(lines)
    failures: dict[str, int] = {}
    for each in captured:
        if each.shadow is not None:
            endpoint = each.shadow.endpoint
            turn = _turn(each, each.shadow, endpoints, failures.get(endpoint, 0))
            silent = turn.error is not None and not turn.refused
            failures[endpoint] = failures.get(endpoint, 0) + 1 if silent else 0
            predictions.put(list(_records(each, turn, stamp(now))))
            log(metric_line(each.model, turn.version, now, _metrics(each, turn)))
    return unreadable


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two versions say the same of a row: the same label, or values that differ by 1% at most."""
    if "label" in one or "label" in other:
        return bool(one.get("label") == other.get("label"))
    first, second = one.get("value"), other.get("value")
    if isinstance(first, int | float) and isinstance(second, int | float):
        return math.isclose(first, second, rel_tol=ALIKE, abs_tol=1e-9)
    return bool(first == second)


def _turn(captured: Captured, shadow: Shadow, endpoints: Endpoints, failures: int) -> Turn:
    if failures >= FAILURES:
        return Turn(shadow.version, 0, error=Unavailable(f"{shadow.endpoint} failed {failures} times: not asked"))
    inputs = [row["input"] for row in captured.rows]
    return ask(shadow.version, shadow.endpoint, inputs, endpoints, seconds=SECONDS)


def _records(captured: Captured, turn: Turn, at: str) -> Iterator[Record]:
    for row, found in zip(captured.rows, turn.found, strict=False):
        part = shadow_part(turn.version)
        yield Record(row["id"], part, captured.model, turn.version, at, {"answer": found, "ms": round(turn.ms, 3)})


def _metrics(captured: Captured, turn: Turn) -> dict[str, float]:
    if turn.error is not None:
        return {"ShadowErrors": 1}
    alike = sum(agree(row["answer"], found) for row, found in zip(captured.rows, turn.found, strict=True))
    return {"ShadowErrors": 0, "ShadowLatency": turn.ms, "Agreement": alike / len(captured.rows)}
