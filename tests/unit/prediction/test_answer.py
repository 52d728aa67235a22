"""Rows in, answers out, each with an id; the champion stands in for a canary that can't answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import RFC_4122, UUID

import pytest

from heirloom.adapters.memory import MemoryEndpoints, MemoryRoutes
from heirloom.core.errors import Denied, Invalid, NotFound, Problem, Unavailable
from heirloom.core.prediction.answer import (
    LONGEST_ENTITY,
    MOST_ROWS,
    Request,
    Served,
    champion,
    new_ids,
    predict,
    request_of,
)
from heirloom.core.release.route import Route
from tests.unit.prediction.routes import CHALLENGER, CHAMPION, NOW, ON_TRIAL, ROUTE, canary

RED = {"label": "red", "probability": 0.9}
WHITE = {"label": "white", "probability": 0.6}
ONE_ROW = Request([{"alcohol": 12}], "passenger-13")


def endpoints(**answers: Any) -> MemoryEndpoints:
    """The champion says red, unless told otherwise; ``canary`` and ``champion`` are predictions, or what is raised."""
    told = {CHAMPION: answers.get("champion", [RED]), CHALLENGER: answers.get("canary", [WHITE])}
    return MemoryEndpoints(
        {name: found if isinstance(found, Exception) else {"predictions": found} for name, found in told.items()}
    )


def served(answering: MemoryEndpoints, route: Route = ON_TRIAL, times: Callable[[], float] | None = None) -> Served:
    return predict(route, ONE_ROW, answering, NOW, times or iter(n / 1000 for n in range(99)).__next__)


def facts(done: Served) -> tuple[Any, ...]:
    return done.arm, done.failed, done.slow, done.fallback


def test_answers_each_row_in_its_order_with_an_id() -> None:
    answering = endpoints(champion=[RED, WHITE])

    answer = predict(ROUTE, Request([{"alcohol": 12}, {"alcohol": 9}], "r"), answering, NOW).answer

    assert (answer.model, answer.version) == ("wine", 3)
    assert [prediction["label"] for prediction in answer.predictions] == ["red", "white"]
    assert list(answer.predictions[0]) == ["id", "label", "probability"]
    assert answering.asked == [(CHAMPION, {"inputs": [{"alcohol": 12}, {"alcohol": 9}]})]


def test_without_a_trial_a_request_falls_to_no_arm() -> None:
    assert facts(served(endpoints(), ROUTE)) == (None, False, False, False)


def test_a_caller_in_the_canary_s_share_gets_the_canary_s_answer() -> None:
    answering = endpoints()

    done = served(answering)

    assert (done.answer.version, done.answer.predictions[0]["label"]) == (4, "white")
    assert facts(done) == ("canary", False, False, False)
    assert [endpoint for endpoint, _ in answering.asked] == [CHALLENGER]


def test_the_other_callers_are_the_trial_s_champion_arm() -> None:
    route = replace(ON_TRIAL, canary=canary(share=1e-9))

    assert facts(served(endpoints(), route)) == ("champion", False, False, False)


@pytest.mark.parametrize(
    "fault",
    [
        Unavailable("crashed"),
        Denied("no right to ask it"),
        Invalid("what the champion takes"),
        [],
        ["no object"],
        [RED, RED],
    ],
    ids=["fails", "denied", "refuses", "too few", "garbage", "too many"],
)
def test_the_champion_answers_for_a_canary_that_can_not(fault: object) -> None:
    done = served(endpoints(canary=fault))

    assert (done.answer.version, done.answer.predictions[0]["label"]) == (3, "red")
    assert facts(done) == ("canary", True, False, True)


def test_the_champion_answers_for_a_canary_that_is_late() -> None:
    answering = endpoints()
    answering.silent[CHALLENGER] = 0.6
    times = iter([0, 0.5001, 0.5001, 0.51])

    done = served(answering, times=times.__next__)

    assert done.answer.version == 3
    assert facts(done) == ("canary", False, True, True)
    assert [turn.ms for turn in done.turns] == pytest.approx([500.1, 9.9])


def test_a_slow_champion_is_slow_and_has_not_failed() -> None:
    route = replace(ON_TRIAL, canary=canary(share=1e-9))

    assert facts(served(endpoints(), route, iter([0, 0.7]).__next__)) == ("champion", False, True, False)


def test_what_both_refuse_is_the_caller_s_mistake() -> None:
    wrong = Invalid("wrong", (Problem("inputs[0].alcohol", "a number"),))

    done = served(endpoints(canary=Invalid("no"), champion=wrong))

    assert facts(done) == ("canary", False, False, False)
    with pytest.raises(Invalid, match="wrong"):
        _ = done.answer


def test_a_champion_that_fails_in_the_canary_s_place_is_unavailable() -> None:
    done = served(endpoints(canary=Unavailable("crashed"), champion=Unavailable("too")))

    assert facts(done) == ("canary", True, False, True)
    with pytest.raises(Unavailable, match="too"):
        _ = done.answer


def test_numbers_that_json_has_not_are_the_caller_s_mistake() -> None:
    answering = endpoints()

    done = predict(ON_TRIAL, Request([{"alcohol": float("nan")}], "r"), answering, NOW)

    assert done.refused
    assert answering.asked == []
    with pytest.raises(Invalid, match="inputs: expected finite numbers"):
        _ = done.answer


def test_knows_the_route_of_a_model() -> None:
    class Routes:
        def get(self, model: str) -> Route | None:
            return ROUTE if model == "wine" else None

    assert champion("wine", Routes()) is ROUTE


def test_knows_no_route_of_an_unknown_model() -> None:
    with pytest.raises(NotFound, match="there is no model 'wine'"):
        champion("wine", MemoryRoutes())


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
        ({"inputs": [{}], "entity": ""}, ["entity"]),
        ({"inputs": [{}], "entity": 7}, ["entity"]),
        ({"inputs": [{}], "entity": "x" * (LONGEST_ENTITY + 1)}, ["entity"]),
    ],
)
def test_names_every_field_that_is_wrong(document: object, fields: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        request_of(document, "r")

    assert [problem.where for problem in refused.value.problems] == fields


def test_takes_as_many_rows_as_it_says() -> None:
    assert len(request_of({"inputs": [{}] * MOST_ROWS}, "r").inputs) == MOST_ROWS


@pytest.mark.parametrize(("entity", "caller"), [("passenger-13", "passenger-13"), (None, "request-1")])
def test_a_caller_is_the_entity_or_else_the_request(entity: str | None, caller: str) -> None:
    request = request_of({"inputs": [{}], "entity": entity}, "request-1")

    assert (request.caller, request.entity) == (caller, entity)


@pytest.mark.parametrize("answer", [None, [], {"predictions": 3}, {"predictions": []}, {"predictions": ["yes"]}])
def test_a_model_that_answers_nonsense_is_unavailable(answer: object) -> None:
    with pytest.raises(Unavailable, match="one prediction a row to 1 rows"):
        _ = served(MemoryEndpoints({CHAMPION: answer}), ROUTE).answer


def test_an_endpoint_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=CHAMPION):
        _ = served(MemoryEndpoints(), ROUTE).answer


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
