"""What logging metrics to a run adds to a logged model."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from heirloom.core.tracking.models.metrics import with_metrics
from tests.unit.tracking.models.desk import Desk

EMPTY: dict[str, Any] = {"metrics": []}


def point(value: float, timestamp: int = 0, step: int = 0, **known: str) -> dict[str, Any]:
    return {"key": "loss", "value": value, "timestamp": timestamp, "step": step, **known}


def values(*points: dict[str, Any]) -> list[float]:
    return [each["value"] for each in with_metrics(EMPTY, points)["metrics"]]


POINTS = st.lists(
    st.builds(
        point,
        st.sampled_from([0.5, 1.0, math.nan, math.inf, -math.inf]),
        st.integers(0, 2),
        st.integers(-1, 1),
        dataset_name=st.sampled_from(["", "sky"]),
        run_id=st.sampled_from(["a", "b"]),
    ),
    max_size=6,
)


def test_the_newest_point_counts_by_its_step_and_then_its_time() -> None:
    assert values(point(1, step=2), point(2, timestamp=9, step=1)) == [1]
    assert values(point(1, timestamp=2), point(2, timestamp=1)) == [1]
    assert values(point(1), point(2), point(1.5)) == [2]


def test_each_dataset_has_a_point_of_its_own() -> None:
    sky, sea = {"dataset_name": "sky", "dataset_digest": "1"}, {"dataset_name": "sea", "dataset_digest": "1"}

    assert values(point(1, **sky), point(2, **sea), point(3), point(4, step=1, **sky)) == [4, 2, 3]
    assert values(point(1, **sky), point(2, **{**sky, "dataset_digest": "2"})) == [1, 2]


def test_a_number_is_newer_than_no_number() -> None:
    assert values(point(math.nan), point(-math.inf)) == [-math.inf]
    assert values(point(-math.inf), point(math.nan)) == [-math.inf]


def test_keeps_what_is_known_of_a_point_and_nothing_else() -> None:
    full = {**point(1, 7, 3), "dataset_name": "sky", "dataset_digest": "1", "run_id": "r"}
    logged = with_metrics(EMPTY, [{**full, "model_id": "m-1"}, {"key": "auc", "value": 2, "timestamp": 1}])

    assert logged == {"metrics": [full, {"key": "auc", "value": 2, "timestamp": 1, "step": 0}]}


@given(POINTS, st.randoms())
def test_order_and_repetition_make_no_difference(points: list[dict[str, Any]], chance: Any) -> None:
    shuffled = chance.sample(points, len(points))

    at_once = with_metrics(EMPTY, points)
    one_by_one: Any = EMPTY
    for each in (*shuffled, *points):
        one_by_one = with_metrics(one_by_one, [each])

    assert sorted(map(repr, at_once["metrics"])) == sorted(map(repr, one_by_one["metrics"]))


def test_is_told_with_the_model(desk: Desk, experiment: str) -> None:
    identity = desk.create(experiment)

    desk.log(identity, point(1, 7, 3, run_id="r"))

    told = {"key": "loss", "value": 1, "timestamp": 7, "step": 3, "run_id": "r", "model_id": identity}
    assert desk.model(identity)["data"] == {"metrics": [told]}
