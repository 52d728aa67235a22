"""Orders: what comes first, what last, and what decides where all is equal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from heirloom.core.errors import Invalid
from heirloom.core.tracking.search.kinds import EXPERIMENTS, MODEL_VERSIONS, REGISTERED_MODELS, RUNS, Kind
from heirloom.core.tracking.search.order import parse_model_order, parse_order
from heirloom.core.tracking.search.row import Row


def row(
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    points: Sequence[Mapping[str, Any]] = (),
    **attributes: Any,
) -> Row:
    return Row(attributes, metrics or {}, params or {}, tags or {}, metric_points=points)


def order(order_by: Sequence[str], kind: Kind, rows: Mapping[str, Row]) -> str:
    """The names of the rows, in order."""
    return " ".join(parse_order(order_by, kind).sort(rows, rows.__getitem__))


VALUES = {"none": None, "nan": math.nan, "inf": math.inf, "-inf": -math.inf, "-1": -1.0, "0": 0.0, "1": 1.0}
MEASURED = {
    name: row({} if value is None else {"x y": value}, start_time=0, run_id=name) for name, value in VALUES.items()
}


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ("metrics.`x y`", "-inf -1 0 1 inf nan none"),
        ('metric."x y"  aSc', "-inf -1 0 1 inf nan none"),
        ("metrics.'x y' DESC", "inf 1 0 -1 -inf nan none"),
    ],
)
def test_nan_comes_behind_numbers_and_what_is_missing_behind_that(order_by: str, expected: str) -> None:
    assert order([order_by], RUNS, MEASURED) == expected


RUN_ROWS = {
    "a": row(params={"p": "2"}, tags={"t": "x"}, start_time=1, run_id="a", end_time=None, status="FINISHED"),
    "b": row(params={"p": "10"}, tags={"t": "x"}, start_time=3, run_id="b", end_time=9, status="FAILED"),
    "c": row(params={"p": "2"}, tags={}, start_time=3, run_id="c", end_time=4, status="RUNNING"),
}


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "b c a"),
        (["tags.none"], "b c a"),
        (["params.p"], "b c a"),
        (["params.p DESC"], "c a b"),
        (["tag.t desc", "created asc"], "a b c"),
        (["attribute.end_time DESC"], "b c a"),
        (["end_time"], "c b a"),
        (["Created", "run_id DESC"], "a c b"),
        (["status", "run_id"], "b a c"),
    ],
)
def test_runs_are_sorted_by_what_is_asked_then_newest_first(order_by: list[str], expected: str) -> None:
    assert order(order_by, RUNS, RUN_ROWS) == expected


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "10 9 2 x"),
        (["name"], "2 10 9 x"),
        (["name DESC", "name"], "10 9 2 x"),
        (["experiment_id"], "2 9 10 x"),
        (["last_update_time"], "10 9 2 x"),
    ],
)
def test_experiments_are_sorted_newest_first_and_their_ids_as_numbers(order_by: list[str], expected: str) -> None:
    rows = {
        "2": row(name="a", experiment_id="2", creation_time=1),
        "9": row(name="b", experiment_id="9", creation_time=2),
        "10": row(name="b", experiment_id="10", creation_time=5),
        "x": row(),
    }

    assert order(order_by, EXPERIMENTS, rows) == expected


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "a b c"),
        (["name DESC"], "c b a"),
        (["timestamp"], "c a b"),
        (["timestamp  desc"], "a b c"),
        (["last_updated_timestamp DESC", "name DESC"], "b a c"),
    ],
)
def test_registered_models_are_sorted_by_name(order_by: list[str], expected: str) -> None:
    rows = {name: row(name=name, last_updated_timestamp=time) for name, time in (("b", 2), ("a", 2), ("c", 1))}

    assert order(order_by, REGISTERED_MODELS, rows) == expected


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "b1 a2 a1"),
        (["name DESC"], "b1 a2 a1"),
        (["version_number"], "a1 b1 a2"),
        (["creation_timestamp", "version_number ASC"], "a1 b1 a2"),
    ],
)
def test_model_versions_are_sorted_last_changed_first(order_by: list[str], expected: str) -> None:
    rows = {
        "a1": row(name="a", version_number=1, last_updated_timestamp=1, creation_timestamp=1),
        "a2": row(name="a", version_number=2, last_updated_timestamp=1, creation_timestamp=1),
        "b1": row(name="b", version_number=1, last_updated_timestamp=2, creation_timestamp=1),
    }

    assert order(order_by, MODEL_VERSIONS, rows) == expected


@pytest.mark.parametrize(
    ("kind", "order_by", "message"),
    [
        (RUNS, ["m.acc"], "Invalid entity type 'm'"),
        (RUNS, ["acc"], "Invalid attribute key 'acc' specified. Valid keys are '{'Created', 'artifact_uri', "),
        (RUNS, ["`run name`"], "Invalid attribute key 'run name'"),
        (RUNS, ["`metrics.A"], "Invalid order_by clause '`metrics.A'. Could not be parsed."),
        (RUNS, ["metrics.A != 1"], "Invalid order_by clause"),
        (RUNS, ["params.my_param "], "Invalid order_by clause"),
        (RUNS, [""], "Invalid order_by clause"),
        (RUNS, ["metrics.a DESC NULLS LAST"], "Invalid order_by clause"),
        (RUNS, ["attribute.run_id ACS"], "Invalid ordering key in order_by clause 'attribute.run_id ACS'."),
        (RUNS, ["dataset.name"], "Invalid order_by entity: dataset"),
        (RUNS, ["created", "start_time DESC"], "`order_by` contains duplicate fields: ['created', 'start_time DESC']"),
        (EXPERIMENTS, ["tags.a"], "Invalid order_by entity: tag"),
        (
            REGISTERED_MODELS,
            ["name", "creation_timestamp DESC"],
            "Invalid order by key 'creation_timestamp' specified.",
        ),
        (REGISTERED_MODELS, ["timestamp decs"], "Invalid order_by clause 'timestamp decs'"),
        (REGISTERED_MODELS, ["name aCs"], "Invalid ordering key"),
        (REGISTERED_MODELS, ["timestamp", "last_updated_timestamp"], "`order_by` contains duplicate fields:"),
        (MODEL_VERSIONS, ["name ASC", "run_id DESC"], "Invalid attribute key 'run_id' specified"),
    ],
)
def test_refuses_what_is_wrong_in_the_words_of_mlflow(kind: Kind, order_by: list[str], message: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_order(order_by, kind)

    assert message in str(refused.value)


def point(
    value: float, time: int | None = None, step: int = 0, name: str = "one", digest: str = "d1"
) -> dict[str, Any]:
    known = {} if time is None else {"timestamp": time, "step": step}
    return {"key": "acc", "value": value, "dataset_name": name, "dataset_digest": digest, **known}


MODELS = {
    "a": row(points=[point(9, 2, 1), point(1, 2, 0), point(0, 1), point(5, 9, name="two", digest="d2")], model_id="a"),
    "b": row(points=[point(1), point(3), point(2, name="two", digest="d2")], model_id="b", creation_timestamp=7),
    "c": row(points=[{**point(1), "key": "other"}], model_id="c", creation_timestamp=8),
    "d": row(points=[point(math.nan)], model_id="d", creation_timestamp=8),
}


@pytest.mark.parametrize(
    ("order_by", "expected"),
    [
        ([], "c d b a"),
        ([{"field_name": "creation_time", "ascending": True}], "b c d a"),
        ([{"field_name": " model_id ", "ascending": False}], "d c b a"),
        ([{"field_name": "metrics.acc"}], "b a d c"),
        ([{"field_name": "metrics.`acc`", "ascending": False, "dataset_name": None}], "a b d c"),
        ([{"field_name": "metrics.acc", "dataset_name": "one"}], "b a d c"),
        ([{"field_name": "metrics.acc", "dataset_digest": "d1", "ascending": False}], "a b d c"),
        ([{"field_name": "metrics.acc", "dataset_name": "two", "dataset_digest": "d1"}], "c d b a"),
    ],
)
def test_logged_models_are_sorted_by_the_latest_point_of_a_dataset(order_by: Any, expected: str) -> None:
    assert " ".join(parse_model_order(order_by).sort(MODELS, MODELS.__getitem__)) == expected


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "`field_name` in the `order_by` clause must be specified."),
        ({"field_name": 5}, "`field_name` in the `order_by` clause must be specified."),
        ({"field_name": "nothing"}, "Invalid order by field name: nothing"),
        ({"field_name": "params.a"}, "Invalid order by field name: params.a. Only metrics are supported."),
        ({"field_name": "name", "ascending": "no"}, "must be a boolean, got <class 'str'> for field name."),
    ],
)
def test_refuses_what_is_wrong_about_logged_models(asked: Any, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_model_order([asked])

    assert message in str(refused.value)
