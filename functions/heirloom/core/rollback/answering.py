"""What really answers: the predict function is asked as a caller would ask it, with rows whose answer is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from heirloom.core.clock import Clock
from heirloom.core.errors import HeirloomError
from heirloom.core.lineage.graph import Lineage, version_id
from heirloom.core.release.smoke import alike

ENTITY = "heirloom-probe"
"""On whose behalf the probes ask: who counts or labels predictions can leave these out."""
PATIENCE = timedelta(seconds=10)
"""A function goes by a changed route within a second (wiring.py); the rest is for a serverless endpoint to wake."""
PAUSE = 0.5

Row = Mapping[str, Any]
Pause = Callable[[float], object]


@dataclass(frozen=True)
class Reply:
    """Which version answered, and a prediction a row."""

    version: int
    predictions: Sequence[Row]


class Probe(Protocol):
    """Asks the predict function, for ENTITY. Raises Invalid for rows that the model refuses, NotFound, Denied, and
    Unavailable when there is no answer."""

    def ask(self, model: str, rows: Sequence[Row]) -> Reply:
        """The function's own answer."""


@dataclass(frozen=True)
class Known:
    """Rows with the answers that ``version`` gave at its training; None where they are not known."""

    version: int
    inputs: Sequence[Row]
    predictions: Sequence[Row] | None = None

    def differs(self, found: Sequence[Row]) -> str | None:
        """How the answers differ from the known ones, or from what an answer looks like; None when they do not."""
        if len(found) != len(self.inputs):
            return f"{len(found)} answers to {len(self.inputs)} rows"
        for row, got in enumerate(found):
            answer = {name: value for name, value in got.items() if name != "id"}
            if "label" not in answer and "value" not in answer:
                return f"row {row}: neither a label nor a value in {answer}"
            if self.predictions is not None and not alike(self.predictions[row], answer):
                return f"row {row}: expected {self.predictions[row]}, as training answered, got {answer}"
        return None


def known(model: str, version: int, lineage: Lineage, rows_of: int | None = None) -> Known | None:
    """The rows by which a version is known; None where there are none. The baseline was not trained: it is asked those
    of ``rows_of``, and any answer is right."""
    own = _smoke(model, version, lineage)
    if own is not None:
        return Known(version, own["inputs"], own["predictions"])
    others = _smoke(model, rows_of, lineage) if rows_of is not None else None
    return Known(version, others["inputs"]) if others is not None else None


def verify(model: str, expected: Known, probe: Probe, clock: Clock, pause: Pause) -> str | None:
    """Ask until the version answers, for PATIENCE; None when it does, else what came in its place."""
    deadline = clock() + PATIENCE
    while True:
        problem = _problem(model, expected, probe)
        if problem is None or clock() >= deadline:
            return problem
        pause(PAUSE)


def _problem(model: str, expected: Known, probe: Probe) -> str | None:
    try:
        reply = probe.ask(model, expected.inputs)
    except HeirloomError as error:
        return f"predict does not answer: {error}"
    if reply.version != expected.version:
        return f"version {reply.version} answers, not version {expected.version}"
    return expected.differs(reply.predictions)


def _smoke(model: str, version: int, lineage: Lineage) -> Mapping[str, Any] | None:
    node = lineage.node("version", version_id(model, version))
    return node.data.get("smoke") if node else None
