"""The shadow: a version that is asked what callers ask, after they were answered, and whose answer nobody gets.

Called by mirror_predictions for each batch of log lines that name a shadow.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.embedded_metrics import version_line
from heirloom.core.errors import Unavailable
from heirloom.core.prediction.answer import Endpoints, Turn, ask
from heirloom.core.prediction.capture import Captured, Log, Shadow
from heirloom.core.prediction.delivery import Line, read_all
from heirloom.core.prediction.records import Predictions, Record, shadow_part

SECONDS = 5.0
"""What a shadow may take for one line. One that hangs holds a function for FAILURES times as long a batch, while the
account's other functions want to run: to reserve concurrency would be no help, as an account whose limit is 10, like
many new ones, can't reserve any. A serverless endpoint that is cold may lose its first lines."""
FAILURES = 3
"""After so many in a row the shadow is not asked again in this batch."""
DEADLINE = 240.0
"""Seconds after which no shadow is asked any more: the function has 300, and one that does not end in time is given all
of its lines again. A line that is being asked then has its SECONDS, and most of a minute to be kept."""
ALIKE = 0.01
"""Two values agree when they differ by this share at most: two versions never answer the same digits."""


def mirror(
    lines: Sequence[Line],
    endpoints: Endpoints,
    predictions: Predictions,
    log: Log,
    now: datetime,
    monotonic: Callable[[], float] = time.monotonic,
) -> Mapping[str, str]:
    """Ask each line's shadow the line's rows, keep what it answers, and publish ShadowLatency, ShadowErrors and
    Agreement, the share of the rows with the same answer. A shadow that fails is counted, and not asked again. What
    there is no time for is not asked, and counted as failed.

    Why lines were not understood, by their id. Raises what ``predictions`` raises.
    """
    captured, unreadable = read_all(lines)
    failures: dict[str, int] = {}
    started = monotonic()
    for each in captured:
        if each.shadow is not None:
            endpoint = each.shadow.endpoint
            refrain = _refrain(failures.get(endpoint, 0), monotonic() - started)
            turn = _turn(each, each.shadow, endpoints, refrain)
            silent = turn.error is not None and not turn.refused
            failures[endpoint] = failures.get(endpoint, 0) + 1 if silent else 0
            predictions.put(list(_records(each, turn, stamp(now))))
            log(version_line(each.model, turn.version, now, _metrics(each, turn)))
    return unreadable


def agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two versions say the same of a row: the same label, or values that differ by 1% at most."""
    if "label" in one or "label" in other:
        return bool(one.get("label") == other.get("label"))
    first, second = one.get("value"), other.get("value")
    if isinstance(first, int | float) and isinstance(second, int | float):
        return math.isclose(first, second, rel_tol=ALIKE, abs_tol=1e-9)
    return bool(first == second)


def _refrain(failures: int, seconds: float) -> str:
    """Why a shadow is not to be asked, after so many failures in a row and so long since the batch began; or ""."""
    if failures >= FAILURES:
        return f"failed {failures} times"
    return f"had {DEADLINE:g} s for the batch" if seconds >= DEADLINE else ""


def _turn(captured: Captured, shadow: Shadow, endpoints: Endpoints, refrain: str) -> Turn:
    if refrain:
        return Turn(shadow.version, 0, error=Unavailable(f"{shadow.endpoint} {refrain}: not asked"))
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
