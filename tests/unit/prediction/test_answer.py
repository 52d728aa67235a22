"""Rows in, answers out, each with an id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import RFC_4122, UUID

import pytest

from heirloom.adapters.memory import MemoryEndpoints
from heirloom.core.errors import Invalid, NotFound, Unavailable
from heirloom.core.prediction.answer import MOST_ROWS, champion, new_ids, predict, rows_of
from heirloom.core.release.route import Route
from tests.unit.world import World

NOW = datetime(2026, 11, 23, 15, 10, 9, 123000, tzinfo=UTC)
ROUTE = Route("wine", 4, 3, "heirloom-wine-v3", 2, "pipeline", "2026-11-23T15:10:09.000Z", "")


def endpoints(*predictions: Any) -> MemoryEndpoints:
    return MemoryEndpoints({"heirloom-wine-v3": {"predictions": list(predictions)}})


def test_answers_each_row_in_its_order_with_an_id() -> None:
    answering = endpoints({"label": "red", "probability": 0.9}, {"label": "white", "probability": 0.6})

    answer = predict(ROUTE, {"inputs": [{"alcohol": 12}, {"alcohol": 9}]}, answering, NOW)

    assert (answer.model, answer.version) == ("wine", 3)
    assert [prediction["label"] for prediction in answer.predictions] == ["red", "white"]
    assert list(answer.predictions[0]) == ["id", "label", "probability"]
    assert answering.asked == [("heirloom-wine-v3", {"inputs": [{"alcohol": 12}, {"alcohol": 9}]})]


def test_knows_no_route_of_an_unknown_model(world: World) -> None:
    with pytest.raises(NotFound, match="there is no model 'wine'"):
        champion("wine", world.routes)


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ([], ["body"]),
        (None, ["body"]),
        ({}, ["inputs"]),
        ({"rows": []}, ["inputs", "rows"]),
        ({"inputs": []}, ["inputs"]),
        ({"inputs": {}}, ["inputs"]),
        ({"inputs": "a"}, ["inputs"]),
        ({"inputs": 3}, ["inputs"]),
        ({"inputs": [{}] * (MOST_ROWS + 1)}, ["inputs"]),
        ({"inputs": [{}, 3, [], None]}, ["inputs[1]", "inputs[2]", "inputs[3]"]),
        ({"inputs": [{}], "version": 3}, ["version"]),
        ({"inputs": [True], "version": 3}, ["inputs[0]", "version"]),
    ],
)
def test_names_every_field_that_is_wrong(document: object, fields: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        rows_of(document)

    assert [problem.where for problem in refused.value.problems] == fields


def test_takes_as_many_rows_as_it_says() -> None:
    assert len(rows_of({"inputs": [{}] * MOST_ROWS})) == MOST_ROWS


@pytest.mark.parametrize("answer", [None, [], {"predictions": 3}, {"predictions": []}, {"predictions": ["yes"]}])
def test_a_model_that_answers_nonsense_is_unavailable(answer: object) -> None:
    with pytest.raises(Unavailable, match="one prediction a row to 1 rows"):
        predict(ROUTE, {"inputs": [{}]}, MemoryEndpoints({"heirloom-wine-v3": answer}), NOW)


def test_an_endpoint_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="heirloom-wine-v3"):
        predict(ROUTE, {"inputs": [{}]}, MemoryEndpoints(), NOW)


def test_ids_are_uuids_of_version_7_at_their_millisecond() -> None:
    identity = UUID(new_ids(1, NOW)[0])

    assert (identity.version, identity.variant) == (7, RFC_4122)
    assert datetime.fromtimestamp((identity.int >> 80) / 1000, UTC) == NOW


def test_ids_sort_by_time_then_by_row() -> None:
    ids = [*new_ids(MOST_ROWS, NOW), *new_ids(MOST_ROWS, NOW + timedelta(milliseconds=1))]

    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_ids_of_two_requests_at_the_same_millisecond_differ() -> None:
    assert not set(new_ids(100, NOW)) & set(new_ids(100, NOW))
