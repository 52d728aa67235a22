"""Automatic rollbacks in figures: from the label that breaks the promise to the last answer of the bad version."""

from __future__ import annotations

import csv
import io
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from heirloom.core.incident.incident import RESOLVED, Incident
from heirloom.core.monitoring.breach import ACCURACY
from heirloom.core.project.watching import CRITICAL
from heirloom.core.rollback.history import MONITOR
from tests.local.stack.client import Stack
from tests.local.stack.load import last_of, load

RUNS = 30
CALLERS = 2
LABELS = 100
"""Told at once: with a version that is nearly always wrong the breach is among the first twenty."""
LATE = 1.5
PATIENCE = 90.0
Labelled = Sequence[tuple[dict[str, Any], Any]]


@dataclass(frozen=True)
class Run:
    """Seconds after the labels were accepted: until people were paged, the route changed, the last request began that
    the bad version answered, and the incident was closed."""

    paged: float
    moved: float
    spread: float
    closed: float


def upside_down(body: bytes, label: str) -> bytes:
    """The file with every label the other one: a version that learns from it is wrong where others are right."""
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    first, second = sorted({row[label] for row in rows})
    other = {first: second, second: first}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, label: other[row[label]]} for row in rows)
    return text.getvalue().encode()


def table(stack: Stack, model: str, flights: Labelled, good: int, bad: int) -> list[str]:
    """RUNS rollbacks of ``bad``, which a person promotes each time; ``flights`` are rows and what was true of them."""
    with click.progressbar(range(RUNS), label="automatic rollbacks", file=click.get_text_stream("stderr")) as bar:
        runs = [_run(stack, model, flights, good, bad) for _ in bar]
    return [
        f"| automatic rollback, {RUNS} times; the alarms' period is {_period(stack, model)} s | p50 s | p99 s |",
        "|---|---|---|",
        _percentiles("from the accepted labels to the page", (run.paged for run in runs)),
        _percentiles("to the changed route", (run.moved for run in runs)),
        _percentiles("to all traffic on the good version", (run.spread for run in runs)),
        _percentiles("to the incident closed, after what answers was checked", (run.closed for run in runs)),
    ]


def _run(stack: Stack, model: str, flights: Labelled, good: int, bad: int) -> Run:
    _put_in_charge(stack, model, bad)
    known = {each.id for each in _incidents(stack, model)}
    with load(stack, model, flights[0][0], CALLERS) as asked:
        accepted = _label(stack, model, flights[:LABELS], bad)
        clocks = time.time() - time.monotonic()
        _until(lambda: stack.release(model)["route"]["champion"] == good, f"version {good} answers")
        time.sleep(LATE)
    incident = _until(lambda: _closed(stack, model, known), "the incident is closed")
    change = stack.release(model)["route"]["change"]
    assert change["by"] == MONITOR, change

    def after(stamp: str | None) -> float:
        return datetime.fromisoformat(stamp or "").timestamp() - accepted

    return Run(
        paged=after(incident.paged_at),
        moved=after(change["at"]),
        spread=last_of(asked, bad) + clocks - accepted,
        closed=after(incident.resolved_at),
    )


def _put_in_charge(stack: Stack, model: str, version: int) -> None:
    """A person promotes the version, bad as it is, at any moment of the alarms' period.

    First the alarm of before is off for good, or it could not go off again: it may have been about to go off only when
    the look that the rollback takes by itself was quicker.
    """
    period = _period(stack, model)
    time.sleep(period * (1 + random.random()))
    if str(version) in stack.release(model)["route"]["quarantined"]:
        stack.moved(model, "clear", version=version)
    if stack.release(model)["route"]["champion"] != version:
        stack.moved(model, "promote", version=version)
    _until(lambda: _state(stack, model) != "ALARM", "the critical alarm is off")
    time.sleep(2 * LATE)


def _label(stack: Stack, model: str, flights: Labelled, version: int) -> float:
    """Have the version answer, and say what was true; the moment (``time.time``) when all of it was accepted."""
    status, answer = stack.predict(model, [row for row, _ in flights])
    assert (status, answer["version"]) == (200, version), answer
    told = zip(answer["predictions"], flights, strict=True)
    stack.label(model, [{"id": one["id"], "label": true} for one, (_, true) in told])
    return time.time()


def _incidents(stack: Stack, model: str) -> list[Incident]:
    """Of the accuracy alone: callers who ask for one flight over and over make the inputs drift, too."""
    return [each for each in stack.incidents(model) if each.alarm == ACCURACY]


def _closed(stack: Stack, model: str, known: set[str]) -> Incident | None:
    new = [each for each in _incidents(stack, model) if each.id not in known]
    return new[0] if new and all(each.status == RESOLVED for each in new) else None


def _alarm(stack: Stack, model: str, name: str) -> str:
    return f"{stack.outputs['Prefix']}-{model}-{name}"


def _state(stack: Stack, model: str) -> str:
    kinds, names = ["CompositeAlarm"], [_alarm(stack, model, CRITICAL)]
    (alarm,) = stack.aws.client("cloudwatch").describe_alarms(AlarmNames=names, AlarmTypes=kinds)["CompositeAlarms"]
    return str(alarm["StateValue"])


def _period(stack: Stack, model: str) -> int:
    names = [_alarm(stack, model, "accuracy-rollback")]
    (alarm,) = stack.aws.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return int(alarm["Period"])


def _until(what: Callable[[], Any], name: str) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := what()):
        if time.monotonic() > deadline:
            raise SystemExit(f"not within {PATIENCE:.0f} s: {name}")
        time.sleep(0.1)
    return found


def _percentiles(name: str, seconds: Iterable[float]) -> str:
    found = sorted(seconds)
    p99 = statistics.quantiles(found, n=100, method="inclusive")[98]
    return f"| {name} | {statistics.median(found):.1f} | {p99:.1f} |"
