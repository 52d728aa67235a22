"""Curves of metrics: of long histories so many points as a chart has room for, at the same steps for all runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from heirloom.core.errors import Invalid
from heirloom.core.tracking import history
from heirloom.core.tracking.asked import Asked, missing
from heirloom.core.tracking.run import Point
from heirloom.core.tracking.tracking import Answer, Tracking

MOST_STEPS = 2500
"""Steps that are shown, and as many where nothing is said of how many."""


def get(asked: Asked, tracking: Tracking) -> Answer:
    """GET metrics/get-history-bulk-interval: every first and last step, and ``max_results`` others evenly between.

    A step is shown with all of its points, but for a run with more than its part of the answer: of that evenly fewer.
    """
    runs, key, most = _runs(asked), asked.needed("metric_key"), asked.whole("max_results", MOST_STEPS)
    if not 0 < most <= MOST_STEPS:
        raise Invalid(f"max_results must be between 1 and {MOST_STEPS}.")
    span = _span(asked)
    found = {run: history.of(run, key, tracking) for run in runs}
    steps = shown_steps([[point.step for point in points] for points in found.values()], most, span)
    room = history.MOST_POINTS // len(runs)
    told = [point for run, points in found.items() for point in _told(run, points, steps, room)]
    return {"metrics": told} if told else {}


def shown_steps(runs: Sequence[Sequence[int]], most: int, span: tuple[int, int] | None) -> set[int]:
    """The steps that are shown of these, a sequence a run.

    As MLflow 3.11 chooses them, SqlAlchemyStore.get_metric_history_bulk_interval: ``most`` at equal distances among
    all that there are from the beginning of the span to its end, the last one, and of each run the first and the last.
    Without a span that is from 0 to the greatest.
    """
    known = sorted({step for steps in runs for step in steps})
    first, last = span or (0, known[-1] if known else 0)
    within = [step for step in known if first <= step <= last]
    ends = {step for steps in runs if steps for step in (min(steps), max(steps)) if first <= step <= last}
    if len(within) <= most:
        return {*within, *ends}
    return {*(within[place * len(within) // most] for place in range(most)), within[-1], *ends}


def _told(run: str, points: Sequence[Point], steps: set[int], room: int) -> Iterator[Answer]:
    shown = sorted((point for point in points if point.step in steps), key=lambda point: point.newer)
    for point in _thinned(shown, room):
        yield {"key": point.key, "value": point.value, "timestamp": point.timestamp, "step": point.step, "run_id": run}


def _thinned(points: Sequence[Point], room: int) -> Sequence[Point]:
    """At most so many of them, evenly, with the first and the last."""
    if len(points) <= room:
        return points
    return [points[place * (len(points) - 1) // (room - 1)] for place in range(room)]


def _runs(asked: Asked) -> list[str]:
    runs = list(dict.fromkeys(asked.texts("run_ids")))
    if not runs:
        raise missing("run_ids")
    history.check_runs(runs, "GetMetricHistoryBulkInterval request must specify at most")
    return runs


def _span(asked: Asked) -> tuple[int, int] | None:
    if asked.has("start_step") != asked.has("end_step"):
        raise Invalid("If either start step or end step are specified, both must be specified.")
    if not asked.has("start_step"):
        return None
    start, end = asked.whole("start_step"), asked.whole("end_step")
    if start > end:
        raise Invalid(f"end_step must be greater than start_step. Found start_step={start} and end_step={end}.")
    return start, end
