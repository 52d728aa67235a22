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
from heirloom.core.prediction.answer import Served, champion, new_ids, predict
from heirloom.core.prediction.request import LARGEST_BODY, LONGEST_ENTITY, MOST_ROWS, Request, body_of, request_of
from heirloom.core.prediction.warmth import Warmth
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
    return predict(route, ONE_ROW, answering, Warmth(), NOW, times or iter(n / 1000 for n in range(99)).__next__)


def facts(done: Served) -> tuple[Any, ...]:
    return done.arm, done.failed, done.slow, done.fallback


def test_answers_each_row_in_its_order_with_an_id() -> None:
    answering = endpoints(champion=[RED, WHITE])

    answer = predict(ROUTE, Request([{"alcohol": 12}, {"alcohol": 9}], "r"), answering, Warmth(), NOW).answer

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


def test_the_champion_answers_for_a_canary_that_is_starting() -> None:
    """It is late before its time is over, and has not failed: SageMaker says ModelNotReadyException at once."""
    done = served(endpoints(canary=Unavailable("starting", starting=True)))

    assert done.answer.version == 3
    assert facts(done) == ("canary", False, True, True)


def test_a_champion_that_is_starting_has_failed_its_caller() -> None:
    route = replace(ON_TRIAL, canary=canary(share=1e-9))

    done = served(endpoints(champion=Unavailable("starting", starting=True)), route)

    assert facts(done) == ("champion", True, True, False)


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

    assert facts(done) == ("canary", True, False, False)
    with pytest.raises(Unavailable, match="too"):
        _ = done.answer


def test_a_refusal_while_the_champion_is_down_is_no_failure_of_the_canary() -> None:
    """Nobody knows whether the champion would have taken it."""
    done = served(endpoints(canary=Invalid("no"), champion=Unavailable("down")))

    assert facts(done) == ("canary", False, False, False)
    with pytest.raises(Unavailable, match="down"):
        _ = done.answer


def test_an_id_of_the_model_s_own_does_not_take_the_place_of_ours() -> None:
    done = served(endpoints(champion=[{"label": "red", "id": "of the model"}]), ROUTE)

    assert done.answer.predictions == ({"id": done.ids[0], "label": "red"},)


def test_numbers_that_json_has_not_are_the_caller_s_mistake() -> None:
    answering = endpoints()

    done = predict(ON_TRIAL, Request([{"alcohol": float("nan")}], "r"), answering, Warmth(), NOW)

    assert done.refused
    assert answering.asked == []
    with pytest.raises(Invalid, match="inputs: expected finite numbers"):
        _ = done.answer


def test_an_endpoint_is_asked_in_utf_8() -> None:
    assert body_of([{"name": "Dvořák \U0001f377"}]) == '{"inputs":[{"name":"Dvořák \U0001f377"}]}'.encode()


def test_names_the_rows_with_characters_that_utf_8_has_not() -> None:
    rows: list[dict[str, Any]] = [{"a": "\ud83c\udf77"}, {"a": "\U0001f377"}, {"b": 1, "a": ["\udfff"]}, {"\ud800": 1}]

    with pytest.raises(Invalid) as refused:
        body_of(rows)

    assert [problem.where for problem in refused.value.problems] == ["inputs[0]", "inputs[2]", "inputs[3]"]
    assert str(refused.value).isascii()


def test_half_of_a_surrogate_pair_is_the_caller_s_mistake() -> None:
    answering = endpoints()

    done = predict(ON_TRIAL, Request([{"name": "\ud800"}], "r"), answering, Warmth(), NOW)

    assert (done.refused, answering.asked) == (True, [])


def test_refuses_more_than_a_serverless_endpoint_takes() -> None:
    around = len('{"inputs":[{"a":""}]}')

    assert len(body_of([{"a": "x" * (LARGEST_BODY - around)}])) == LARGEST_BODY
    with pytest.raises(Invalid, match=r"at most 4194304 bytes .* send fewer rows at once, got 4194305"):
        body_of([{"a": "x" * (LARGEST_BODY - around + 1)}])


class Clocked(MemoryEndpoints):
    """Notes how many seconds each endpoint was given."""

    def invoke(
        self, endpoint: str, body: bytes, *, content_type: str = "application/json", seconds: float | None = None
    ) -> Any:
        self.given = [*getattr(self, "given", []), seconds]
        return super().invoke(endpoint, body, content_type=content_type, seconds=seconds)


def test_the_champion_has_what_the_canary_left_of_the_function_s_time() -> None:
    clocked = Clocked({CHAMPION: {"predictions": [RED]}, CHALLENGER: Unavailable("late")})
    route = replace(ON_TRIAL, canary=canary(limit_ms=15_000))

    done = served(clocked, route, iter([100.0, 115.0, 115.0, 116.0]).__next__)

    assert done.answer.version == 3
    assert clocked.given == [15.0, 12.0]


def test_who_is_asked_first_has_the_usual_time() -> None:
    clocked = Clocked({CHAMPION: {"predictions": [RED]}})

    served(clocked, ROUTE)

    assert clocked.given == [None]


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


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {"predictions": 3},
        {"predictions": []},
        {"predictions": ["yes"]},
        {"predictions": [{}]},
        {"predictions": [{"probability": 0.9}]},
    ],
)
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
