"""What the predict function writes to its log, and what is read of it again: the log is the queue of the predictions.

A request is one line of JSON or, when it is larger than ``LARGEST_LINE``, several; only part 0 counts as a request. The
same line publishes the metrics (core/metrics.py). docs/predict.md has the format, and how a line gets from the log to
the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heirloom.core.clock import stamp
from heirloom.core.embedded_metrics import directive, dump, members
from heirloom.core.errors import Invalid
from heirloom.core.prediction.answer import Served, Turn
from heirloom.core.prediction.assignment import in_shadow

Log = Callable[[str], None]
"""Takes a line to the function's log, whole and at once."""

LARGEST_LINE = 60_000
"""Bytes. On its way from a function to CloudWatch Logs a longer line may be cut, and half a line is no JSON. An event
may have 256 KB, but on Node lines were measured to be split at 65 KB (https://github.com/DataDog/dd-trace-js/pull/967).
"""
_PIECE = 25_000  # characters of a row that is larger than a line: escaped once more, each is at most two bytes
_OF_A_VERSION = ("model", "version")
_OF_A_MODEL = directive(["model"], ["Latency"])


@dataclass(frozen=True)
class Shadow:
    """The version that is asked the same rows, and its endpoint."""

    version: int
    endpoint: str


@dataclass(frozen=True)
class Captured:
    """One line, read again. ``version`` answered; ``arm``, ``failed``, ``timed``, ``slow`` and ``fallback`` are about
    the version that the request fell to. Each row has ``id``, ``input`` and ``answer``, or is a piece of one: ``id``,
    ``piece``, ``pieces`` and ``text``."""

    part: int
    model: str
    version: int
    at: str
    ms: float
    entity: str | None
    release: str | None
    arm: str | None
    failed: bool
    timed: bool
    slow: bool
    fallback: bool
    shadow: Shadow | None
    rows: Sequence[Mapping[str, Any]]


def write(served: Served, log: Log) -> None:
    """Log what became of a request."""
    for text in lines(served):
        log(text)


def lines(served: Served) -> Iterator[str]:
    """The lines of a request: of each version that was asked its metrics, and with them the capture."""
    first, *others = served.turns
    capture = _capture(served) if _counts(served) else []
    numbers = {"Latency": first.ms, "Errors": int(served.failed), "Fallbacks": int(served.fallback)}
    metrics = _metrics(served.route.model, first.version, served.at, numbers)
    yield _joined(metrics, *capture[:1])
    yield from (f"{{{part}}}" for part in capture[1:])
    for turn in others:
        yield _joined(_metrics(served.route.model, turn.version, served.at, _of(turn)))


def read(message: str) -> Captured:
    """What ``lines`` wrote. Raises Invalid for anything else."""
    try:
        told = json.loads(message)["capture"]
        shadow = Shadow(**told["shadow"]) if told["shadow"] else None
        return _checked(Captured(**{**told, "shadow": shadow, "rows": tuple(told["rows"])}))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Invalid(f"expected a line that predict wrote: {type(error).__name__}: {error}") from error


def _checked(captured: Captured) -> Captured:
    """What a table would refuse later is refused now: one line must not keep the others from being stored."""
    datetime.fromisoformat(captured.at)
    if not (isinstance(captured.part, int) and isinstance(captured.version, int)):
        raise ValueError("part and version are whole numbers")
    if not (captured.model and isinstance(captured.model, str)):
        raise ValueError("model is a text")
    for row in captured.rows:
        if not (isinstance(row["id"], str) and row["id"] and ("answer" in row or "text" in row)):
            raise ValueError("a row has an id and an answer, or a piece of them")
    return captured


def _of(turn: Turn) -> dict[str, float]:
    """What a champion's turn in a canary's place counts."""
    return {"Latency": turn.ms, "Errors": int(turn.error is not None and not turn.refused), "Fallbacks": 0}


def _counts(served: Served) -> bool:
    """A request that is refused says nothing of the version; one without an answer only counts during a trial."""
    return not served.refused and (bool(served.ids) or served.arm is not None)


def _metrics(model: str, version: int, at: datetime, metrics: Mapping[str, float]) -> str:
    """The members of an object, without its braces."""
    directives = [directive(_OF_A_VERSION, list(metrics)), *([_OF_A_MODEL] if "Latency" in metrics else [])]
    return members(at, directives, {"model": model, "version": str(version), **metrics})


def _joined(*members: str) -> str:
    return f"{{{','.join(members)}}}"


def _capture(served: Served) -> list[str]:
    """The capture of a request as members of one or several objects, each small enough for a line."""
    last, release = served.turns[-1], served.route.canary.release if served.route.canary else None
    found = zip(served.ids, served.request.inputs, last.found, strict=False)  # no ids where there is no answer
    rows = [dump({"id": identity, "input": asked, "answer": answer}) for identity, asked, answer in found]
    head = {
        "model": served.route.model,
        "version": last.version,
        "at": stamp(served.at),
        "ms": round(served.turns[0].ms, 3),
        "entity": served.request.entity,
        "release": release,
        "arm": served.arm,
        "failed": served.failed,
        "timed": served.timed,
        "slow": served.slow,
        "fallback": served.fallback,
    }
    shadow, groups = _shadow(served), _groups(rows, served.ids)
    return [
        _part({"part": part, **head, "shadow": shadow if whole else None}, group)
        for part, (whole, group) in enumerate(groups)
    ]


def _part(head: Mapping[str, Any], rows: Sequence[str]) -> str:
    return f'"capture":{dump(head)[:-1]},"rows":[{",".join(rows)}]}}'


def _shadow(served: Served) -> dict[str, Any] | None:
    """Whom to ask the same rows: nobody where the shadow itself has answered."""
    shadow = served.route.shadow
    if shadow is None or not served.ids or shadow.version == served.turns[-1].version:
        return None
    if not in_shadow(served.route, served.request.caller):
        return None
    return {"version": shadow.version, "endpoint": served.route.ready[shadow.version]}


def _groups(rows: Sequence[str], ids: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Rows that fit into a line together, and whether they are whole; a row larger than a line comes in pieces."""
    room = LARGEST_LINE - 5000  # what stands around the rows: names, metrics, an entity of 256 characters, escaped
    group: list[str] = []
    size = 0
    for identity, row in zip(ids, rows, strict=True):
        if size + len(row) > room and group:
            yield True, group
            group, size = [], 0
        if len(row) > room:
            yield from ((False, [piece]) for piece in _pieces(identity, row))
            continue
        group.append(row)
        size += len(row) + 1
    if group or not rows:
        yield True, group


def _pieces(identity: str, row: str) -> Iterator[str]:
    texts = [row[start : start + _PIECE] for start in range(0, len(row), _PIECE)]
    for number, text in enumerate(texts):
        yield dump({"id": identity, "piece": number, "pieces": len(texts), "text": text})
