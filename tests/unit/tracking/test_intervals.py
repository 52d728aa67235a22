"""Curves of metrics: which points a chart gets."""

from __future__ import annotations

from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.tracking import history, intervals
from tests.unit.tracking.server import Server

PATH = "metrics/get-history-bulk-interval"


def log(server: Server, run: str, steps: range, timestamp: int = 1) -> None:
    points = [{"key": "loss", "value": 0.5, "timestamp": timestamp, "step": step} for step in steps]
    server.post("runs/log-batch", run_id=run, metrics=points)


def steps(server: Server, **asked: Any) -> list[tuple[str, int]]:
    found = server.get(PATH, metric_key="loss", **asked).get("metrics", [])
    return [(each["run_id"], each["step"]) for each in found]


def test_of_a_long_curve_it_shows_so_many_steps_and_the_last_one(server: Server, run: str) -> None:
    log(server, run, range(10))

    assert steps(server, run_ids=[run], max_results=5) == [(run, step) for step in (0, 2, 4, 6, 8, 9)]
    assert steps(server, run_ids=[run]) == [(run, step) for step in range(10)]


def test_of_a_part_of_it_none_but_those_steps(server: Server, run: str) -> None:
    log(server, run, range(-3, 10))

    assert steps(server, run_ids=[run], start_step=-1, end_step=3, max_results=2) == [
        (run, -1),
        (run, 1),
        (run, 3),
    ]
    assert steps(server, run_ids=[run], start_step=50, end_step=60) == []


def test_several_runs_are_shown_at_the_same_steps_and_each_with_its_ends(
    server: Server, experiment: str, run: str
) -> None:
    other, empty = server.begin(experiment), server.begin(experiment)
    log(server, run, range(10))
    log(server, other, range(20))

    found = steps(server, run_ids=[run, other, empty, run], max_results=5)

    assert found == [
        *((run, step) for step in (0, 4, 8, 9)),
        *((other, step) for step in (0, 4, 8, 9, 12, 16, 19)),
    ]


def test_a_step_has_all_of_its_points_in_the_order_of_time(server: Server, run: str) -> None:
    for timestamp in (2, 1):
        log(server, run, range(2), timestamp)

    found = server.get(PATH, metric_key="loss", run_ids=[run])["metrics"]

    assert found[0] == {"key": "loss", "value": 0.5, "timestamp": 1, "step": 0, "run_id": run}
    assert [(each["step"], each["timestamp"]) for each in found] == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_an_answer_has_room_for_so_many_points(server: Server, run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_POINTS", 3)
    for timestamp in range(5):
        log(server, run, range(1), timestamp)

    found = server.get(PATH, metric_key="loss", run_ids=[run])["metrics"]

    assert [each["timestamp"] for each in found] == [0, 2, 4]


def test_no_points_are_no_steps() -> None:
    assert intervals.shown_steps([[], []], 10, None) == set()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"run_ids": []}, "'run_ids'"),
        ({"run_ids": ["r"] * 1}, "'metric_key'"),
        ({"run_ids": [f"r{n}" for n in range(101)], "metric_key": "k"}, "at most 100 run_ids. Received 101"),
        ({"run_ids": ["r"], "metric_key": "k", "max_results": 0}, "between 1 and 2500"),
        ({"run_ids": ["r"], "metric_key": "k", "start_step": 1}, "both must be specified"),
        ({"run_ids": ["r"], "metric_key": "k", "start_step": 1, "end_step": 0}, "must be greater than start_step"),
    ],
)
def test_says_what_it_needs(server: Server, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        server.get(PATH, **asked)


def test_a_run_that_is_not_there_has_no_curve(server: Server) -> None:
    assert steps(server, run_ids=["nowhere-to-be-found"]) == []
